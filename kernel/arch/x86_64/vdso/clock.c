/*
 * The code that programs have mapped: clocks without a system call. Reads the page below it, which
 * time/ writes under a sequence count; built on its own, as a shared object.
 */
#include "arch/x86_64/vdso/vdso.h"

#include "base/compiler.h"

enum { CALL_GETTIMEOFDAY = 96, CALL_TIME = 201, CALL_CLOCK_GETTIME = 228, CALL_CLOCK_GETRES = 229 };

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
#define SELECTOR_CPU_NUMBER 0x7b

static long call(long number, uint64_t first, uint64_t second)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result) : "a"(number), "D"(first), "S"(second)
			 : "rcx", "r11", "memory");
	return result;
}

/* The fence keeps the counter from being read before what came earlier in the program. */
static inline uint64_t cycles_read(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static inline uint32_t sequence_begin(void)
{
	uint32_t sequence;

	while ((sequence = __atomic_load_n(&vdso_data.sequence, __ATOMIC_ACQUIRE)) & 1)
		__asm__ volatile("pause");
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

int __vdso_clock_gettime(int clock, struct vdso_timespec *time)
{
	uint64_t ns;

	if (unlikely(!clock_read(clock, &ns)))
		return (int)call(CALL_CLOCK_GETTIME, (uint64_t)clock, (uint64_t)time);
	time->seconds = (int64_t)(ns / NS_PER_SECOND);
	time->nanoseconds = (int64_t)(ns % NS_PER_SECOND);
	return 0;
}

int __vdso_clock_getres(int clock, struct vdso_timespec *resolution)
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

int __vdso_gettimeofday(struct vdso_timeval *time, struct vdso_timezone *zone)
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

int64_t __vdso_time(int64_t *store)
{
	uint64_t ns;
	int64_t seconds;

	if (unlikely(!clock_read(CLOCK_REALTIME, &ns)))
		return call(CALL_TIME, (uint64_t)store, 0);
	seconds = (int64_t)(ns / NS_PER_SECOND);
	if (store)
		*store = seconds;
	return seconds;
}

/* The kernel keeps each CPU's number as the limit of a segment. */
long __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused)
{
	unsigned number;

	(void)unused;
	__asm__("lsl %1, %0" : "=r"(number) : "r"(SELECTOR_CPU_NUMBER) : "cc");
	if (cpu)
		*cpu = number;
	if (node)
		*node = 0;
	return 0;
}

VDSO_ALIAS(clock_gettime);
VDSO_ALIAS(clock_getres);
VDSO_ALIAS(gettimeofday);
VDSO_ALIAS(time);
VDSO_ALIAS(getcpu);
