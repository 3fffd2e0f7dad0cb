/* What the files of time/ share: the state of the clocks, and the rate that adjtimex(2) sets. */
#ifndef TIME_INTERNAL_H
#define TIME_INTERNAL_H

#include "arch/vdso.h"
#include "base/compiler.h"
#include "base/list.h"
#include "base/types.h"
#include "sync/spin_lock.h"
#include "time/clock_time.h"

/* What a clock shows at some count; the fraction of a nanosecond is in 2^-VDSO_SHIFT. */
struct clock_value {
	int64_t ns;
	uint64_t fraction;
};

/* What it shows so many counts later, in whole nanoseconds. */
static inline int64_t clock_value_after(const struct clock_value *value, uint64_t counts,
					uint64_t multiplier)
{
	return value->ns + (int64_t)(((unsigned __int128)counts * multiplier + value->fraction) >>
				     VDSO_SHIFT);
}

/* Moves it on. Nothing is lost: in how many steps an interval is passed makes no difference. */
static inline void clock_value_move(struct clock_value *value, uint64_t counts,
				    uint64_t multiplier)
{
	unsigned __int128 sum = (unsigned __int128)counts * multiplier + value->fraction;

	value->ns += (int64_t)(sum >> VDSO_SHIFT);
	value->fraction = (uint64_t)sum & (BIT(VDSO_SHIFT) - 1);
}

extern struct spin_lock clock_lock;	/* LOCK_CLOCK: writers of everything here */

/* (10^9 << shift) / frequency without 128-bit division; shift >= 32. */
uint64_t clock_multiplier(uint64_t frequency_hz, unsigned shift);

/* Clock lock held, base moved to this moment. */
void clock_rate_set(uint64_t multiplier);
/* Steps the wall clock; -EINVAL to where it may not be. */
int clock_offset_add(int64_t step_ns) MUST_CHECK;
uint64_t clock_nominal_multiplier(void);
int64_t clock_base_realtime_ns(void);
int64_t clock_tai_offset_s(void);
void clock_tai_offset_set(int64_t seconds);

/* Takes the lock and moves the base; gives it back and publishes. */
bool clock_change_begin(void);
void clock_change_end(bool were_enabled);
/* After a step, without the lock. */
void clock_announce_step(void);

/* adjust.c: once a second, clock lock held: what is left to slew becomes a rate. */
void adjust_second(void);

#endif
