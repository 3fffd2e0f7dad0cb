/*
 * How often somebody had to wait for a lock, by class. Counted where waiting begins, so that a lock
 * that is free costs nothing more.
 */
#ifndef SYNC_LOCK_WAITS_H
#define SYNC_LOCK_WAITS_H

#include "base/format.h"
#include "base/types.h"

/* A lock was not free: looked at so many times before it was taken, or slept for. Any context. */
void lock_waits_note(unsigned class, uint64_t rounds);
void lock_sleeps_note(unsigned class);

/* A line for each class that was waited for. */
void lock_waits_describe(struct format_sink *sink);

#endif
