/* Resource limits: Linux's defaults, and the current process's. */
#include "task/limits.h"

#include "arch/context.h"
#include "memory/page.h"
#include "task/thread.h"

#define DEFAULT_STACK (8u << 20)
#define DEFAULT_FILES 1024
#define DEFAULT_FILES_HARD 4096
#define DEFAULT_LOCKED (8u << 20)
#define DEFAULT_QUEUE_BYTES 819200
#define STACK_SHARE 8u		/* kernel stacks may take an eighth of memory */
#define THREADS_AT_LEAST 20

uint64_t thread_limit(void)
{
	struct memory_statistics memory;

	memory_statistics_read(&memory);
	return clamp(memory.total / (STACK_SHARE * KERNEL_STACK_BYTES / PAGE_SIZE),
		     (uint64_t)THREADS_AT_LEAST, (uint64_t)TASK_ID_LIMIT);
}

void limits_init(struct limits *limits)
{
	static const struct limits defaults = { {
		[LIMIT_CPU] = { LIMIT_INFINITE, LIMIT_INFINITE },
		[LIMIT_FSIZE] = { LIMIT_INFINITE, LIMIT_INFINITE },
		[LIMIT_DATA] = { LIMIT_INFINITE, LIMIT_INFINITE },
		[LIMIT_STACK] = { DEFAULT_STACK, LIMIT_INFINITE },
		[LIMIT_CORE] = { 0, LIMIT_INFINITE },
		[LIMIT_RSS] = { LIMIT_INFINITE, LIMIT_INFINITE },
		[LIMIT_NOFILE] = { DEFAULT_FILES, DEFAULT_FILES_HARD },
		[LIMIT_MEMLOCK] = { DEFAULT_LOCKED, DEFAULT_LOCKED },
		[LIMIT_AS] = { LIMIT_INFINITE, LIMIT_INFINITE },
		[LIMIT_LOCKS] = { LIMIT_INFINITE, LIMIT_INFINITE },
		[LIMIT_MSGQUEUE] = { DEFAULT_QUEUE_BYTES, DEFAULT_QUEUE_BYTES },
		[LIMIT_NICE] = { 0, 0 },
		[LIMIT_RTPRIO] = { 0, 0 },
		[LIMIT_RTTIME] = { LIMIT_INFINITE, LIMIT_INFINITE },
	} };

	/* Half of what there may be, so that one user cannot take the last. */
	uint64_t half = thread_limit() / 2;

	*limits = defaults;
	limits->values[LIMIT_NPROC] = (struct limit){ half, half };
	limits->values[LIMIT_SIGPENDING] = (struct limit){ half, half };
}

uint64_t limit_current(enum limit_kind kind)
{
	return READ_ONCE(process_current()->limits.values[kind].soft);
}
