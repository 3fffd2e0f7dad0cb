/*
 * Resource limits, in Linux's numbering.
 */
#ifndef TASK_LIMITS_H
#define TASK_LIMITS_H

#include "base/compiler.h"
#include "base/types.h"

#define LIMIT_INFINITE UINT64_MAX
#define LIMIT_NOFILE_CEILING 1048576u	/* fs.nr_open */

enum limit_kind {
	LIMIT_CPU, LIMIT_FSIZE, LIMIT_DATA, LIMIT_STACK, LIMIT_CORE, LIMIT_RSS, LIMIT_NPROC,
	LIMIT_NOFILE, LIMIT_MEMLOCK, LIMIT_AS, LIMIT_LOCKS, LIMIT_SIGPENDING, LIMIT_MSGQUEUE,
	LIMIT_NICE, LIMIT_RTPRIO, LIMIT_RTTIME, LIMIT_COUNT,
};

struct limit {
	uint64_t soft, hard;
};

struct limits {
	struct limit values[LIMIT_COUNT];
};

/* What the first process starts with: Linux's defaults. */
void limits_init(struct limits *limits);
/* How many threads memory is enough for (/proc/sys/kernel/threads-max). */
uint64_t thread_limit(void);

/* The soft limit of the current process. */
uint64_t limit_current(enum limit_kind kind);

#endif
