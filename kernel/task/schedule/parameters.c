/*
 * Policies, priorities and nice values: sched_setattr(2) and its family. A change takes the thread
 * out of its queue, alters it, and puts it back.
 */
#include "base/errno.h"
#include "task/schedule.h"
#include "task/schedule/run_queue.h"

static bool is_real_time_policy(uint32_t policy)
{
	return policy == SCHEDULE_FIFO || policy == SCHEDULE_ROUND_ROBIN;
}

static bool is_valid(const struct schedule_parameters *parameters)
{
	switch (parameters->policy) {
	case SCHEDULE_FIFO:
	case SCHEDULE_ROUND_ROBIN:
		return parameters->priority >= 1 && parameters->priority < REAL_TIME_PRIORITIES;
	case SCHEDULE_OTHER:
	case SCHEDULE_BATCH:
	case SCHEDULE_IDLE:
		return parameters->priority == 0 && parameters->nice >= -20 &&
		       parameters->nice <= 19;
	default:
		return false;
	}
}

/* Queue locked: takes the thread out of the queue, if it waits there. */
static bool detach(struct run_queue *queue, struct thread *thread)
{
	bool is_waiting = thread->schedule.is_queued && queue->current != thread;

	if (is_waiting) {
		if (!thread->schedule.real_time)
			fair_leave(queue, &thread->schedule);
		queue_remove(queue, thread);
	} else if (queue->current == thread && queue->cpu == cpu_current()) {
		current_charge(queue, local_clock_ns());
	}
	return is_waiting;
}

static void attach(struct run_queue *queue, struct thread *thread, bool was_waiting)
{
	struct schedule_entity *entity = &thread->schedule;

	if (was_waiting) {
		run_queue_activate(queue, thread);
		return;
	}
	if (queue->current != thread)
		return;
	/* A fair thread that runs needs a place in virtual time; a queue may hold somebody
	 * better. */
	if (!entity->real_time) {
		entity->lag = 0;
		entity->is_queued = false;
		fair_arrive(queue, entity);
		entity->is_queued = true;
	}
	entity->slice_used_ns = 0;
	if (queue->waiting)
		run_queue_reschedule(queue);
}

NO_THREAD_ANALYSIS
int schedule_parameters_set(struct thread *thread, const struct schedule_parameters *parameters)
{
	struct schedule_entity *entity = &thread->schedule;
	struct run_queue *queue;
	bool were_enabled, was_waiting;

	if (!is_valid(parameters))
		return -EINVAL;
	were_enabled = interrupts_disable();
	queue = run_queue_lock_of(thread);
	was_waiting = detach(queue, thread);
	entity->policy = parameters->policy;
	entity->priority = parameters->priority;
	/* Real-time threads keep the nice value that they will have again. */
	if (!is_real_time_policy(parameters->policy))
		entity->nice = parameters->nice;
	entity->resets_on_fork = parameters->resets_on_fork;
	entity->slice_ns = parameters->policy == SCHEDULE_ROUND_ROBIN ? ROUND_ROBIN_SLICE_NS :
			   FAIR_SLICE_NS;
	fair_weight_set(entity);
	real_time_update(entity);
	attach(queue, thread, was_waiting);
	spin_unlock_masked(&queue->lock);
	interrupts_restore_and_preempt(were_enabled);
	futex_priority_changed(thread);
	return 0;
}

uint32_t schedule_own_priority(const struct thread *thread)
{
	const struct schedule_entity *entity = &thread->schedule;

	return is_real_time_policy(entity->policy) ? entity->priority : 0;
}

NO_THREAD_ANALYSIS void schedule_priority_inherit(struct thread *thread, uint32_t priority)
{
	bool were_enabled = interrupts_disable();
	struct run_queue *queue = run_queue_lock_of(thread);
	bool was_waiting = detach(queue, thread);

	thread->schedule.inherited_priority = priority;
	real_time_update(&thread->schedule);
	attach(queue, thread, was_waiting);
	spin_unlock_masked(&queue->lock);
	interrupts_restore_and_preempt(were_enabled);
}

NO_THREAD_ANALYSIS
void schedule_parameters_read(struct thread *thread, struct schedule_parameters *parameters)
{
	bool were_enabled = interrupts_disable();
	struct run_queue *queue = run_queue_lock_of(thread);

	parameters->policy = thread->schedule.policy;
	parameters->priority = thread->schedule.priority;
	parameters->nice = thread->schedule.nice;
	parameters->resets_on_fork = thread->schedule.resets_on_fork;
	spin_unlock_masked(&queue->lock);
	interrupts_restore(were_enabled);
}

uint64_t schedule_round_robin_ns(const struct thread *thread)
{
	switch (thread->schedule.policy) {
	case SCHEDULE_FIFO:
		return 0;
	case SCHEDULE_ROUND_ROBIN:
		return ROUND_ROBIN_SLICE_NS;
	default:
		return FAIR_SLICE_NS;
	}
}

void schedule_fork(struct thread *child, struct thread *parent)
{
	struct schedule_entity *entity = &child->schedule;

	entity->policy = parent->schedule.policy;
	entity->nice = parent->schedule.nice;
	entity->priority = parent->schedule.priority;
	child->timer_slack_ns = parent->timer_slack_ns;
	schedule_affinity_read(parent, &entity->affinity);
	if (parent->schedule.resets_on_fork) {
		if (is_real_time_policy(entity->policy) || entity->nice < 0) {
			entity->policy = SCHEDULE_OTHER;
			entity->nice = 0;
		}
		entity->priority = 0;
	}
	entity->slice_ns = entity->policy == SCHEDULE_ROUND_ROBIN ? ROUND_ROBIN_SLICE_NS :
			   FAIR_SLICE_NS;
	fair_weight_set(entity);
	real_time_update(entity);
}
