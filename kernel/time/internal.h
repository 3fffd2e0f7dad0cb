/* What the files of time/ share: the state of the clocks, and the rate that adjtimex(2) sets. */
#ifndef TIME_INTERNAL_H
#define TIME_INTERNAL_H

#include "base/list.h"
#include "base/types.h"
#include "sync/spin_lock.h"
#include "time/clock_time.h"

#define CLOCK_SHIFT 48			/* 128-bit products: never too coarse, never too big */

extern struct spin_lock clock_lock;	/* LOCK_CLOCK: writers of everything here */

/* (10^9 << shift) / frequency without 128-bit division; shift >= 32. */
uint64_t clock_multiplier(uint64_t frequency_hz, unsigned shift);

/* Clock lock held, base moved to this moment. */
void clock_rate_set(uint64_t multiplier);
void clock_offset_add(int64_t step_ns);
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
