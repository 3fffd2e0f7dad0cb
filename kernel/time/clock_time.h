/*
 * What time it is. All values are signed 64-bit nanoseconds. Reading takes no locks and works in
 * any context, interrupts included.
 */
#ifndef TIME_CLOCK_TIME_H
#define TIME_CLOCK_TIME_H

#include "base/compiler.h"
#include "base/list.h"
#include "base/types.h"

#define NANOSECONDS_PER_SECOND 1000000000LL
#define NANOSECONDS_PER_MILLISECOND 1000000LL
#define NANOSECONDS_PER_MICROSECOND 1000LL

int64_t time_monotonic_ns(void);	/* since boot; never steps, slewed by adjtimex */
int64_t time_raw_ns(void);		/* since boot; never slewed */
int64_t time_boot_ns(void);		/* since boot, sleep included */
int64_t time_realtime_ns(void);		/* since 1970 */
int64_t time_tai_ns(void);
/* The value at the last update: cheap, as coarse as the tick. */
int64_t time_realtime_coarse_ns(void);
int64_t time_monotonic_coarse_ns(void);

/* Reads a clock by its Linux number (CLOCK_REALTIME...), not the CPU-time ones; -EINVAL. */
int time_clock_read(int clock, int64_t *now_ns) MUST_CHECK;
int64_t time_clock_resolution_ns(int clock);

/* Sets the wall clock; wakes timers with TFD_TIMER_CANCEL_ON_SET and moves absolute ones. */
int time_realtime_set(int64_t now_ns) MUST_CHECK;

struct timex;	/* abi/time.h */
/* adjtimex(2) and clock_adjtime(2): the clock state, or negative errno. */
int time_adjust(struct timex *adjustment) MUST_CHECK;

/* Device clocks (HPET, PM timer) offer themselves as reference and fallback. */
struct clock_source {
	struct list_node node;
	const char *name;
	uint64_t frequency_hz;
	unsigned bits;			/* wraps at 2^bits */
	uint64_t (*read)(struct clock_source *source);
	unsigned rating;		/* higher is better; the CPU counter is 300 when reliable */
};
int clock_source_add(struct clock_source *source) MUST_CHECK;

/* What a wall clock says, read once at boot: the first one counts. */
void time_wall_clock_found(int64_t now_ns);

/* Starts timekeeping on the CPU counter, and this CPU's timers. */
void time_start(void);
/* The other CPUs run, and their counters were compared: goes on without them if they differ. */
void time_counters_compared(void);

/* Moves the base of the clocks forward: for the coarse ones, and for the slewing of each second.
 * The scheduler calls it at every tick and after idling. Any context. */
void time_update(void);
#define TIME_TICK_NS 4000000LL		/* how coarse the coarse clocks are */

/* The page of struct vdso_data that programs map read-only. */
const void *time_vdso_page(void);

/* CLOCK_REALTIME - CLOCK_MONOTONIC at this moment: converts absolute deadlines. */
int64_t time_realtime_offset_ns(void);

/* Told, from the setter's thread or a timer, when the wall clock was stepped. May not sleep. */
struct time_step_listener {
	struct list_node node;
	void (*stepped)(struct time_step_listener *listener);
};
void time_step_listener_add(struct time_step_listener *listener);
void time_step_listener_remove(struct time_step_listener *listener);
/* Counts steps of the wall clock: for TFD_TIMER_CANCEL_ON_SET. */
uint64_t time_step_count(void);

/* gettimeofday(2)'s timezone. */
void time_timezone_read(int32_t *minutes_west, int32_t *dst);
void time_timezone_set(int32_t minutes_west, int32_t dst);

#endif
