/*
 * Clocks without a system call, for the code that programs have mapped: reads the page below it,
 * which time/ writes under a sequence count.
 */
#ifndef ARCH_COMMON_VDSO_CLOCK_H
#define ARCH_COMMON_VDSO_CLOCK_H

#include "arch/vdso.h"
#include "base/compiler.h"
#include "base/types.h"
#include "machine/clock.h"
#include "machine/vdso.h"

struct vdso_timespec {
	int64_t seconds, nanoseconds;
};

struct vdso_timeval {
	int64_t seconds, microseconds;
};

struct vdso_timezone {
	int32_t minutes_west, dst;
};

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

/* The page below the code, placed by vdso.lds. */
extern const struct vdso_data vdso_data __attribute__((visibility("hidden")));

static inline uint32_t sequence_begin(void)
{
	uint32_t sequence;

	while ((sequence = __atomic_load_n(&vdso_data.sequence, __ATOMIC_ACQUIRE)) & 1)
		wait_a_little();
	return sequence;
}

static inline bool sequence_changed(uint32_t sequence)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&vdso_data.sequence, __ATOMIC_RELAXED) != sequence;
}

/* The page is written at every tick, so that there is seldom a second to carry. */
static inline void time_set(struct vdso_timespec *time, uint64_t seconds, uint64_t ns)
{
	if (unlikely(ns >= NS_PER_SECOND)) {
		seconds += ns / NS_PER_SECOND;
		ns %= NS_PER_SECOND;
	}
	time->seconds = (int64_t)seconds;
	time->nanoseconds = (int64_t)ns;
}

/* What a clock shows; false if only the kernel can tell. Another CPU's counter may be a little
 * behind the one that wrote the page: time stands still until it has caught up. */
static inline bool read_precise(const struct vdso_moment *base, const uint64_t *multiplier,
				struct vdso_timespec *time)
{
	uint64_t elapsed, seconds, ns;
	uint32_t sequence;

	do {
		sequence = sequence_begin();
		if (unlikely(!vdso_data.clock_mode))
			return false;
		elapsed = clock_cycles_ordered() - READ_ONCE(vdso_data.cycle_last);
		if (unlikely((int64_t)elapsed < 0))
			elapsed = 0;
		seconds = READ_ONCE(base->seconds);
		ns = READ_ONCE(base->ns) +
		     (uint64_t)(((unsigned __int128)elapsed * READ_ONCE(*multiplier) +
				 READ_ONCE(base->fraction)) >> VDSO_SHIFT);
	} while (unlikely(sequence_changed(sequence)));
	time_set(time, seconds, ns);
	return true;
}

static inline bool read_coarse(const struct vdso_moment *base, struct vdso_timespec *time)
{
	uint32_t sequence;

	do {
		sequence = sequence_begin();
		time->seconds = (int64_t)READ_ONCE(base->seconds);
		time->nanoseconds = (int64_t)READ_ONCE(base->ns);
	} while (unlikely(sequence_changed(sequence)));
	return true;
}

static inline bool clock_read(int clock, struct vdso_timespec *time)
{
	const struct vdso_data *data = &vdso_data;

	switch (clock) {
	case CLOCK_REALTIME:
		return read_precise(&data->realtime, &data->multiplier, time);
	case CLOCK_MONOTONIC:
		return read_precise(&data->monotonic, &data->multiplier, time);
	case CLOCK_BOOTTIME:
		return read_precise(&data->boottime, &data->multiplier, time);
	case CLOCK_MONOTONIC_RAW:
		return read_precise(&data->raw, &data->raw_multiplier, time);
	case CLOCK_REALTIME_COARSE:
		return read_coarse(&data->realtime, time);
	case CLOCK_MONOTONIC_COARSE:
		return read_coarse(&data->monotonic, time);
	case CLOCK_TAI:
		if (!read_precise(&data->realtime, &data->multiplier, time))
			return false;
		time->seconds += data->tai_offset_s;
		return true;
	default:
		return false;
	}
}

/* Nanoseconds, or 0 for what only the kernel knows. */
static inline int64_t clock_resolution(int clock)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
		return 1;
	case CLOCK_REALTIME_COARSE:
	case CLOCK_MONOTONIC_COARSE:
		return vdso_data.coarse_resolution_ns;
	default:
		return 0;
	}
}

static inline int get_time(int clock, struct vdso_timespec *time)
{
	if (unlikely(!clock_read(clock, time)))
		return (int)call(CALL_CLOCK_GETTIME, (uint64_t)clock, (uint64_t)time);
	return 0;
}

static inline int get_resolution(int clock, struct vdso_timespec *resolution)
{
	int64_t ns = clock_resolution(clock);

	if (ns == 0)
		return (int)call(CALL_CLOCK_GETRES, (uint64_t)clock, (uint64_t)resolution);
	if (resolution)
		*resolution = (struct vdso_timespec){ 0, ns };
	return 0;
}

static inline int get_time_of_day(struct vdso_timeval *time, struct vdso_timezone *zone)
{
	struct vdso_timespec now;

	if (time) {
		if (unlikely(!clock_read(CLOCK_REALTIME, &now)))
			return (int)call(CALL_GETTIMEOFDAY, (uint64_t)time, (uint64_t)zone);
		time->seconds = now.seconds;
		time->microseconds = now.nanoseconds / 1000;
	}
	if (zone) {
		zone->minutes_west = vdso_data.timezone_minutes_west;
		zone->dst = vdso_data.timezone_dst;
	}
	return 0;
}

#endif
