/*
 * I/O priorities of threads (ioprio_set(2)): kept for the block layer. A thread gets a context of
 * its own when its priority is set first, hands a copy to what it forks, and shares it by CLONE_IO.
 */
#include "base/errno.h"
#include "memory/heap.h"
#include "task/schedule.h"
#include "task/thread.h"

/* A thread keeps the first one it is given until it is freed: readers need no lock. */
struct io_context {
	struct refcount references;
	uint32_t priority;
};

static void context_put(struct io_context *context)
{
	if (refcount_put(&context->references))
		heap_free(context);
}

static int context_add(struct thread *thread, uint32_t priority)
{
	struct io_context *fresh = heap_allocate(sizeof(*fresh), HEAP_ACCOUNT);
	void *none = NULL;

	if (!fresh)
		return -ENOMEM;
	refcount_init(&fresh->references, 1);
	fresh->priority = priority;
	if (atomic_compare_swap(&thread->io_context, &none, (void *)fresh))
		return 0;
	heap_free(fresh);
	WRITE_ONCE(((struct io_context *)none)->priority, priority);
	return 0;
}

static bool has_ended(const struct thread *thread)
{
	return READ_ONCE(thread->state) >= THREAD_ZOMBIE;
}

int io_priority_set(struct thread *thread, uint32_t priority)
{
	struct io_context *context = atomic_load_acquire(&thread->io_context);

	/* A zombie does no I/O, and keeps nothing. */
	if (has_ended(thread))
		return 0;
	if (!context)
		return context_add(thread, priority);
	WRITE_ONCE(context->priority, priority);
	return 0;
}

uint32_t io_priority_own(const struct thread *thread)
{
	const struct io_context *context = atomic_load_acquire(&thread->io_context);

	return context && !has_ended(thread) ? READ_ONCE(context->priority) : 0;
}

/* As nice value and policy say, where none was set. */
uint32_t io_priority_effective(struct thread *thread)
{
	uint32_t own = io_priority_own(thread), class = IO_CLASS_BEST_EFFORT;
	struct schedule_parameters parameters;

	if (own >> IO_CLASS_SHIFT != IO_CLASS_NONE)
		return own;
	schedule_parameters_read(thread, &parameters);
	if (parameters.policy == SCHEDULE_IDLE)
		class = IO_CLASS_IDLE;
	else if (parameters.policy == SCHEDULE_FIFO || parameters.policy == SCHEDULE_ROUND_ROBIN)
		class = IO_CLASS_REAL_TIME;
	return class << IO_CLASS_SHIFT | (uint32_t)(parameters.nice + 20) / 5;
}

int io_priority_fork(struct thread *child, struct thread *parent, bool is_shared)
{
	struct io_context *context = atomic_load_acquire(&parent->io_context);
	uint32_t priority;

	if (!context)
		return 0;
	if (is_shared) {
		refcount_get(&context->references);
		child->io_context = context;
		return 0;
	}
	priority = READ_ONCE(context->priority);
	return priority >> IO_CLASS_SHIFT == IO_CLASS_NONE ? 0 : context_add(child, priority);
}

void io_priority_release(struct thread *thread)
{
	if (thread->io_context)
		context_put(thread->io_context);
}
