/*
 * Time structures and clock numbers: clock_gettime(2), setitimer(2), adjtimex(2), timer_create(2).
 */
#ifndef ABI_TIME_H
#define ABI_TIME_H

#include "base/types.h"
#include "base/compiler.h"

struct timespec {
	int64_t tv_sec;
	int64_t tv_nsec;
};

struct timeval {
	int64_t tv_sec;
	int64_t tv_usec;
};

struct timezone {
	int32_t tz_minuteswest;
	int32_t tz_dsttime;
};

struct itimerval {
	struct timeval it_interval;
	struct timeval it_value;
};

struct itimerspec {
	struct timespec it_interval;
	struct timespec it_value;
};

struct tms {
	int64_t tms_utime, tms_stime, tms_cutime, tms_cstime;
};

struct utimbuf {
	int64_t actime, modtime;
};

struct timex {
	uint32_t modes;
	int64_t offset, freq, maxerror, esterror;
	int32_t status;
	int64_t constant, precision, tolerance;
	struct timeval time;
	int64_t tick, ppsfreq, jitter;
	int32_t shift;
	int64_t stabil, jitcnt, calcnt, errcnt, stbcnt;
	int32_t tai;
	int32_t reserved[11];
};
static_assert(sizeof(struct timex) == 208, "struct timex of Linux");

enum {
	CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1, CLOCK_PROCESS_CPUTIME_ID = 2,
	CLOCK_THREAD_CPUTIME_ID = 3, CLOCK_MONOTONIC_RAW = 4, CLOCK_REALTIME_COARSE = 5,
	CLOCK_MONOTONIC_COARSE = 6, CLOCK_BOOTTIME = 7, CLOCK_REALTIME_ALARM = 8,
	CLOCK_BOOTTIME_ALARM = 9, CLOCK_TAI = 11,
};

#define TIMER_ABSTIME 1
#define TFD_TIMER_ABSTIME 1
#define TFD_TIMER_CANCEL_ON_SET 2

enum { ITIMER_REAL = 0, ITIMER_VIRTUAL = 1, ITIMER_PROF = 2 };

#define UTIME_NOW 0x3fffffff
#define UTIME_OMIT 0x3ffffffe

/* adjtimex modes and states. */
enum {
	ADJ_OFFSET = 0x1, ADJ_FREQUENCY = 0x2, ADJ_MAXERROR = 0x4, ADJ_ESTERROR = 0x8,
	ADJ_STATUS = 0x10, ADJ_TIMECONST = 0x20, ADJ_TAI = 0x80, ADJ_SETOFFSET = 0x100,
	ADJ_MICRO = 0x1000, ADJ_NANO = 0x2000, ADJ_TICK = 0x4000,
	ADJ_OFFSET_SINGLESHOT = 0x8001, ADJ_OFFSET_SS_READ = 0xa001,
};
enum { TIME_OK = 0, TIME_INS, TIME_DEL, TIME_OOP, TIME_WAIT, TIME_ERROR };
enum { STA_PLL = 0x1, STA_UNSYNC = 0x40, STA_NANO = 0x2000 };

#endif
