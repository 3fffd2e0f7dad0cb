/*
 * Sleeping and waking (sync/blocking.h). A sleeper stores its state, then looks at its condition; a
 * waker stores the condition, then looks at the state: one sees the other. Whether the sleeper has
 * left its CPU is settled by the lock of its run queue.
 */
#include "base/errno.h"
#include "base/panic.h"
#include "base/string.h"
#include "sync/blocking.h"
#include "task/schedule.h"
#include "task/schedule/run_queue.h"
#include "time/clock_time.h"

#define DEFAULT_SLACK_NS 50000	/* Linux's, unless PR_SET_TIMERSLACK said otherwise */

struct sleep_timer {
	struct timer timer;
	struct context *context;
};

int64_t blocking_now_ns(void)
{
	return time_monotonic_ns();
}

void blocking_prepare(enum sleep_kind kind)
{
	struct thread *self = thread_current();

	self->sleep_kind = kind;
	atomic_store_ordered(&self->state, kind == SLEEP_INTERRUPTIBLE ? THREAD_SLEEPING :
					   THREAD_SLEEPING_DEEPLY);
}

void thread_stop_prepare(uint32_t state)
{
	struct thread *self = thread_current();

	self->sleep_kind = SLEEP_KILLABLE;
	atomic_store_ordered(&self->state, state);
}

void blocking_cancel(void)
{
	struct thread *self = thread_current();

	/* A waker that finds the old state does nothing but store the same. */
	if (self->state != THREAD_RUNNING)
		atomic_store_relaxed(&self->state, THREAD_RUNNING);
}

static void sleep_timer_fire(struct timer *timer)
{
	struct context *context = container_of(timer, struct sleep_timer, timer)->context;

	blocking_wake(context);
}

/* True: the time is over. */
static WAITING_TEXT bool sleep_until(struct thread *self, int64_t deadline_ns)
{
	struct sleep_timer sleep = { .context = &self->context };

	if (deadline_ns <= time_monotonic_ns())
		return true;
	timer_init(&sleep.timer, sleep_timer_fire);
	if (!self->schedule.real_time)
		sleep.timer.slack_ns = self->timer_slack_ns ? self->timer_slack_ns :
				       DEFAULT_SLACK_NS;
	timer_arm(&sleep.timer, deadline_ns);
	schedule();
	return !timer_cancel_wait(&sleep.timer);
}

WAITING_TEXT int blocking_sleep(int64_t deadline_ns)
{
	struct thread *self = thread_current();
	enum sleep_kind kind = self->sleep_kind;
	bool is_over = false;

	if (!blocking_is_interrupted(kind)) {
		if (likely(deadline_ns == NO_DEADLINE))
			schedule();
		else
			is_over = sleep_until(self, deadline_ns);
	}
	blocking_cancel();
	if (unlikely(blocking_is_interrupted(kind)))
		return kind == SLEEP_INTERRUPTIBLE ? -ERESTARTSYS : -EINTR;
	return is_over ? -ETIMEDOUT : 0;
}

int32_t blocking_describe(char *name, size_t size)
{
	/* Not by the context: the first ones belong to no thread. */
	const struct thread *thread = this_cpu(run_queues)->current;

	if (!thread)
		return -1;
	strlcpy(name, thread->name, size);
	return thread->id;
}

bool blocking_is_running(const struct context *context)
{
	/* Only compared, so that a context that was freed meanwhile does no harm. */
	return READ_ONCE(per_cpu(run_queues, context->cpu)->current) ==
	       (const struct thread *)context;
}

NO_THREAD_ANALYSIS virtual_t thread_sleeps_at(struct thread *thread)
{
	bool were_enabled = interrupts_disable();
	/* Nobody wakes it, so that its stack stays, while the queue is locked. */
	struct run_queue *queue = run_queue_lock_of(thread);
	virtual_t counter = 0;

	if (is_sleeping_state(atomic_load_relaxed(&thread->state)) && !thread->schedule.is_queued)
		counter = context_sleep_address(&thread->context);
	spin_unlock_masked(&queue->lock);
	interrupts_restore(were_enabled);
	return counter;
}

/*
 * Queue locked and masked; gives the lock back. The thread sleeps, or is about to: its state was
 * seen under the lock.
 */
NO_THREAD_ANALYSIS
static void wake_locked(struct run_queue *queue, struct thread *thread, uint32_t state)
{
	bool was_asleep = !thread->schedule.is_queued && !thread->schedule.is_moving;
	unsigned cpu;

	if (!was_asleep) {
		/*
		 * It prepared to sleep, but has not yet: it will see the state. If it runs, it may
		 * have stored another one by now, even its last (thread_exit()), which stays: it
		 * looks, or has looked, at what the caller stored.
		 */
		(void)atomic_compare_swap_relaxed(&thread->state, &state, THREAD_RUNNING);
		spin_unlock_masked(&queue->lock);
		return;
	}
	if (state == THREAD_SLEEPING_DEEPLY && thread->sleep_kind == SLEEP_UNINTERRUPTIBLE)
		queue->sleeping_deeply--;
	atomic_store_relaxed(&thread->state, THREAD_RUNNING);
	cpu = placement_choose(thread, queue->cpu);
	if (likely(cpu == queue->cpu)) {
		run_queue_activate(queue, thread);
		spin_unlock_masked(&queue->lock);
		return;
	}
	/* From here it is in no queue, but others find it running and leave it alone. */
	atomic_store_relaxed(&thread->context.cpu, cpu);
	spin_unlock_masked(&queue->lock);
	placement_arrive(thread);
}

NO_THREAD_ANALYSIS bool blocking_wake(struct context *context)
{
	struct thread *thread = (struct thread *)context;
	struct run_queue *queue;
	bool were_enabled;
	uint32_t state;

	/* After the caller's stores, before the look at the state. */
	atomic_fence();
	if (!is_sleeping_state(atomic_load_relaxed(&thread->state)))
		return false;
	were_enabled = interrupts_disable();
	queue = run_queue_lock_of(thread);
	state = atomic_load_relaxed(&thread->state);
	if (!is_sleeping_state(state)) {
		spin_unlock_masked(&queue->lock);
		interrupts_restore_and_preempt(were_enabled);
		return false;
	}
	wake_locked(queue, thread, state);
	interrupts_restore_and_preempt(were_enabled);
	return true;
}

static bool may_interrupt(const struct thread *thread, bool is_fatal)
{
	switch (thread->sleep_kind) {
	case SLEEP_INTERRUPTIBLE:
		return true;
	case SLEEP_KILLABLE:
		return is_fatal;
	default:
		return false;
	}
}

NO_THREAD_ANALYSIS void thread_notify(struct thread *thread, uint32_t work, bool is_fatal)
{
	struct run_queue *queue;
	bool were_enabled;
	uint32_t state;

	atomic_fetch_or_ordered(&thread->context.work, work);
	if (thread == thread_current())
		return;
	were_enabled = interrupts_disable();
	queue = run_queue_lock_of(thread);
	state = atomic_load_relaxed(&thread->state);
	if (is_sleeping_state(state)) {
		if (may_interrupt(thread, is_fatal)) {
			wake_locked(queue, thread, state);
			interrupts_restore_and_preempt(were_enabled);
			return;
		}
	} else if (queue->current == thread && queue->cpu != cpu_current()) {
		/* Through the kernel, where it sees the bits. */
		cpu_kick(queue->cpu);
	}
	spin_unlock_masked(&queue->lock);
	interrupts_restore_and_preempt(were_enabled);
}

void schedule_leave(bool is_leaving)
{
	thread_current()->schedule.is_leaving = is_leaving;
}

void thread_run(struct thread *thread)
{
	unsigned cpu;
	bool were_enabled;

	were_enabled = interrupts_disable();
	cpu = placement_choose_first(thread);
	/* Before anybody finds it: from then on, who changes its scheduling holds this queue. */
	atomic_store_relaxed(&thread->context.cpu, cpu);
	thread_publish(thread);
	atomic_store_relaxed(&thread->state, THREAD_RUNNING);
	placement_arrive(thread);
	interrupts_restore_and_preempt(were_enabled);
}
