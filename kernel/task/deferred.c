/*
 * Deferred work: per CPU, at interrupt exit, in order of arrival. What does not fit into the budget
 * goes to a thread of that CPU, so that a flood of interrupts cannot keep programs from running.
 */
#include "task/deferred.h"

#include "arch/clock.h"
#include "base/atomic.h"
#include "base/format.h"
#include "sync/wait.h"
#include "task/thread.h"
#include "time/local_clock.h"
#include "task/work.h"

#define BUDGET_NS 2000000

DEFINE_PER_CPU(struct deferred *, deferred_pending);	/* latest first */

struct overflow {
	struct deferred *left;		/* earliest first; this CPU only, interrupts masked */
	struct deferred *last;
	struct wait_queue queue;
	bool has_thread;
};
static DEFINE_PER_CPU(struct overflow, overflows);

void deferred_init(struct deferred *deferred, void (*run)(struct deferred *deferred))
{
	deferred->next = NULL;
	deferred->run = run;
	deferred->is_queued = 0;
}

void deferred_queue(struct deferred *deferred)
{
	struct context *self = context_current();
	struct deferred **first;
	bool were_enabled;

	if (atomic_swap(&deferred->is_queued, 1))
		return;
	were_enabled = interrupts_disable();
	first = this_cpu(deferred_pending);
	deferred->next = *first;
	*first = deferred;
	/* Interrupts look on their way out; others are asked to pass through the scheduler. */
	if (self->interrupt_depth == 0)
		atomic_fetch_or_relaxed(&self->work, WORK_RESCHEDULE);
	interrupts_restore_and_preempt(were_enabled);
}

/* Takes all that is pending, in order of arrival. Masked. */
static struct deferred *take_pending(void)
{
	struct deferred *latest = *this_cpu(deferred_pending), *ordered = NULL;

	*this_cpu(deferred_pending) = NULL;
	while (latest) {
		struct deferred *earlier = latest->next;

		latest->next = ordered;
		ordered = latest;
		latest = earlier;
	}
	return ordered;
}

/* Runs a list, masked before and after, until the time is over: what is left of it. */
static struct deferred *run_list(struct deferred *list, int64_t end_ns)
{
	while (list) {
		struct deferred *deferred = list;

		list = list->next;
		/* From here it may be queued again, and freed by its own run(). */
		atomic_store_ordered(&deferred->is_queued, 0);
		interrupts_enable();
		deferred->run(deferred);
		interrupts_disable();
		if (local_clock_ns() >= end_ns)
			break;
	}
	return list;
}

static void leave_to_thread(struct overflow *overflow, struct deferred *list)
{
	if (overflow->left)
		overflow->last->next = list;
	else
		overflow->left = list;
	while (list->next)
		list = list->next;
	overflow->last = list;
	wait_queue_wake(&overflow->queue, 0);
}

void deferred_run_pending(void)
{
	struct context *self = context_current();
	struct overflow *overflow = this_cpu(overflows);
	int64_t end_ns = local_clock_ns() + BUDGET_NS;
	struct deferred *left;

	if (self->preemption_count)
		return;
	self->preemption_count++;
	do {
		left = run_list(take_pending(), end_ns);
	} while (!left && deferred_is_pending() && local_clock_ns() < end_ns);
	if (left && overflow->has_thread)
		leave_to_thread(overflow, left);
	else if (left)
		run_list(left, INT64_MAX);
	self->preemption_count--;
}

/* Bound to its CPU. */
static void overflow_thread(void *argument)
{
	struct overflow *overflow = argument;

	for (;;) {
		struct deferred *list;

		WAIT_EVENT(&overflow->queue, READ_ONCE(overflow->left), SLEEP_IDLE);
		preemption_disable();
		interrupts_disable();
		list = overflow->left;
		overflow->left = NULL;
		list = run_list(list, local_clock_ns() + BUDGET_NS);
		if (list)
			leave_to_thread(overflow, list);
		interrupts_enable();
		preemption_enable();
		blocking_yield_point();
	}
}

int deferred_cpu_start(unsigned cpu)
{
	struct overflow *overflow = per_cpu(overflows, cpu);
	char name[16];
	int result;

	wait_queue_init(&overflow->queue);
	format_print(name, sizeof(name), "deferred/%u", cpu);
	result = kernel_thread_start_on(cpu, name, overflow_thread, overflow);
	overflow->has_thread = result == 0;
	return result;
}
