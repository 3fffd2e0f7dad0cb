/*
 * The code that programs have mapped: clocks without a system call. Reads the page below it, which
 * time/ writes under a sequence count; built on its own, as a shared object.
 */
#include "arch/aarch64/vdso/vdso.h"

#include "base/compiler.h"

enum { CALL_CLOCK_GETTIME = 113, CALL_CLOCK_GETRES = 114, CALL_GETTIMEOFDAY = 169 };

enum vdso_clock {
	CLOCK_REALTIME = 0,
	CLOCK_MONOTONIC = 1,
	CLOCK_MONOTONIC_RAW = 4,
	CLOCK_REALTIME_COARSE = 5,
	CLOCK_MONOTONIC_COARSE = 6,
	CLOCK_BOOTTIME = 7,
	CLOCK_TAI = 11,
};

#define NS_PER_SECOND UINT64_C(1000000000)

static long call(long number, uint64_t first, uint64_t second)
{
	register uint64_t x8 __asm__("x8") = (uint64_t)number;
	register uint64_t x0 __asm__("x0") = first;
	register uint64_t x1 __asm__("x1") = second;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1) : "memory");
	return (long)x0;
}

/* The barrier keeps the counter from being read before what came earlier in the program. */
static inline uint64_t cycles_read(void)
{
	uint64_t count;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(count) : : "memory");
	return count;
}

static inline uint32_t sequence_begin(void)
{
	uint32_t sequence;

	while ((sequence = __atomic_load_n(&vdso_data.sequence, __ATOMIC_ACQUIRE)) & 1)
		__asm__ volatile("yield");
	return sequence;
}

static inline bool sequence_changed(uint32_t sequence)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&vdso_data.sequence, __ATOMIC_RELAXED) != sequence;
}

/* Nanoseconds of a clock; false if only the kernel can tell. Another CPU's counter may be a little
 * behind the one that wrote the page: time stands still until it has caught up. */
static inline bool read_precise(const uint64_t *base_ns, bool is_raw, uint64_t *ns)
{
	const uint64_t *multiplier = is_raw ? &vdso_data.raw_multiplier : &vdso_data.multiplier;
	const uint64_t *fraction = is_raw ? &vdso_data.raw_fraction : &vdso_data.monotonic_fraction;
	uint32_t sequence;
	uint64_t elapsed;

	do {
		sequence = sequence_begin();
		if (unlikely(!vdso_data.clock_mode))
			return false;
		elapsed = cycles_read() - READ_ONCE(vdso_data.cycle_last);
		if (unlikely((int64_t)elapsed < 0))
			elapsed = 0;
		*ns = READ_ONCE(*base_ns) +
		      (uint64_t)(((unsigned __int128)elapsed * READ_ONCE(*multiplier) +
				  READ_ONCE(*fraction)) >> vdso_data.shift);
	} while (unlikely(sequence_changed(sequence)));
	return true;
}

static inline uint64_t read_coarse(const uint64_t *base_ns)
{
	uint32_t sequence;
	uint64_t ns;

	do {
		sequence = sequence_begin();
		ns = READ_ONCE(*base_ns);
	} while (unlikely(sequence_changed(sequence)));
	return ns;
}

static bool clock_read(int clock, uint64_t *ns)
{
	const struct vdso_data *data = &vdso_data;

	switch (clock) {
	case CLOCK_REALTIME:
		return read_precise(&data->realtime_ns, false, ns);
	case CLOCK_MONOTONIC:
		return read_precise(&data->monotonic_ns, false, ns);
	case CLOCK_BOOTTIME:
		return read_precise(&data->boottime_ns, false, ns);
	case CLOCK_MONOTONIC_RAW:
		return read_precise(&data->raw_ns, true, ns);
	case CLOCK_REALTIME_COARSE:
		*ns = read_coarse(&data->realtime_ns);
		return true;
	case CLOCK_MONOTONIC_COARSE:
		*ns = read_coarse(&data->monotonic_ns);
		return true;
	case CLOCK_TAI:
		if (!read_precise(&data->realtime_ns, false, ns))
			return false;
		*ns += (uint64_t)data->tai_offset_s * NS_PER_SECOND;
		return true;
	default:
		return false;
	}
}

int __kernel_clock_gettime(int clock, struct vdso_timespec *time)
{
	uint64_t ns;

	if (unlikely(!clock_read(clock, &ns)))
		return (int)call(CALL_CLOCK_GETTIME, (uint64_t)clock, (uint64_t)time);
	time->seconds = (int64_t)(ns / NS_PER_SECOND);
	time->nanoseconds = (int64_t)(ns % NS_PER_SECOND);
	return 0;
}

int __kernel_clock_getres(int clock, struct vdso_timespec *resolution)
{
	int64_t ns;

	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
		ns = 1;
		break;
	case CLOCK_REALTIME_COARSE:
	case CLOCK_MONOTONIC_COARSE:
		ns = vdso_data.coarse_resolution_ns;
		break;
	default:
		return (int)call(CALL_CLOCK_GETRES, (uint64_t)clock, (uint64_t)resolution);
	}
	if (resolution) {
		resolution->seconds = 0;
		resolution->nanoseconds = ns;
	}
	return 0;
}

int __kernel_gettimeofday(struct vdso_timeval *time, struct vdso_timezone *zone)
{
	uint64_t ns;

	if (time) {
		if (unlikely(!clock_read(CLOCK_REALTIME, &ns)))
			return (int)call(CALL_GETTIMEOFDAY, (uint64_t)time, (uint64_t)zone);
		time->seconds = (int64_t)(ns / NS_PER_SECOND);
		time->microseconds = (int64_t)(ns % NS_PER_SECOND / 1000);
	}
	if (zone) {
		zone->minutes_west = vdso_data.timezone_minutes_west;
		zone->dst = vdso_data.timezone_dst;
	}
	return 0;
}
