/* Dates and times of day, as clocks with hands of their own have them. */
#ifndef BASE_CODEC_CALENDAR_H
#define BASE_CODEC_CALENDAR_H

#include "base/compiler.h"
#include "base/types.h"

struct calendar_time {
	unsigned year, month, day, hour, minute, second;	/* month and day from 1 */
};

/* Years that clocks are believed. Nanoseconds since 1970 of all of them have 63 bits. */
#define CALENDAR_YEAR_FIRST 1970u
#define CALENDAR_YEAR_LAST 2199u

/* Seconds since 1970, if the fields are a time of the Gregorian calendar in those years. */
bool calendar_seconds(const struct calendar_time *time, int64_t *seconds) MUST_CHECK;

#endif
