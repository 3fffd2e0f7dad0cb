/* Resource limits: Linux's defaults, and the current process's. */
#include "task/limits.h"

#include "task/thread.h"

#define DEFAULT_STACK (8u << 20)
#define DEFAULT_FILES 1024
#define DEFAULT_FILES_HARD 4096
#define DEFAULT_LOCKED (8u << 20)
#define DEFAULT_QUEUE_BYTES 819200

void limits_init(struct limits *limits)
{
	static const struct limits defaults = { {
		[LIMIT_CPU] = { LIMIT_INFINITE, LIMIT_INFINITE },
		[LIMIT_FSIZE] = { LIMIT_INFINITE, LIMIT_INFINITE },
		[LIMIT_DATA] = { LIMIT_INFINITE, LIMIT_INFINITE },
		[LIMIT_STACK] = { DEFAULT_STACK, LIMIT_INFINITE },
		[LIMIT_CORE] = { 0, LIMIT_INFINITE },
		[LIMIT_RSS] = { LIMIT_INFINITE, LIMIT_INFINITE },
		/* Half of all numbers, so that one user cannot take the last. */
		[LIMIT_NPROC] = { TASK_ID_LIMIT / 2, TASK_ID_LIMIT / 2 },
		[LIMIT_NOFILE] = { DEFAULT_FILES, DEFAULT_FILES_HARD },
		[LIMIT_MEMLOCK] = { DEFAULT_LOCKED, DEFAULT_LOCKED },
		[LIMIT_AS] = { LIMIT_INFINITE, LIMIT_INFINITE },
		[LIMIT_LOCKS] = { LIMIT_INFINITE, LIMIT_INFINITE },
		[LIMIT_SIGPENDING] = { TASK_ID_LIMIT / 2, TASK_ID_LIMIT / 2 },
		[LIMIT_MSGQUEUE] = { DEFAULT_QUEUE_BYTES, DEFAULT_QUEUE_BYTES },
		[LIMIT_NICE] = { 0, 0 },
		[LIMIT_RTPRIO] = { 0, 0 },
		[LIMIT_RTTIME] = { LIMIT_INFINITE, LIMIT_INFINITE },
	} };

	*limits = defaults;
}

uint64_t limit_current(enum limit_kind kind)
{
	return READ_ONCE(process_current()->limits.values[kind].soft);
}
