/*
 * Switching threads. schedule() runs with its CPU's queue locked until the thread it switched to
 * unlocks it (finish_switch): so nobody ever sees a thread as switched away that still uses its
 * stack, and a wake-up needs no handshake beyond the lock.
 */
#include "arch/upcalls.h"
#include "base/panic.h"
#include "sync/late_wake.h"
#include "sync/rcu.h"
#include "task/deferred.h"
#include "task/schedule.h"
#include "task/schedule/run_queue.h"
#include "time/clock_time.h"

void current_charge(struct run_queue *queue, int64_t now_ns)
{
	struct thread *current = queue->current;
	struct schedule_entity *entity = &current->schedule;
	int64_t run_ns = now_ns - entity->run_started_ns;

	if (run_ns <= 0)
		return;
	entity->run_started_ns = now_ns;
	/* Only this CPU writes it, but others read it. */
	WRITE_ONCE(current->run_ns, current->run_ns + (uint64_t)run_ns);
	if (current == queue->idle)
		return;
	entity->slice_used_ns += run_ns;
	if (unlikely(entity->real_time != 0))
		queue->real_time_used_ns += run_ns;
	else if (fair_charge(entity, run_ns))
		entity->slice_used_ns = 0;
}

void run_queue_reschedule(struct run_queue *queue)
{
	struct context *context = &queue->current->context;

	if (atomic_fetch_or_relaxed(&context->work, WORK_RESCHEDULE) & WORK_RESCHEDULE)
		return;
	if (queue->cpu != cpu_current())
		cpu_kick(queue->cpu);
}

/* What is left of a thread that was switched away from, once its stack is not in use. */
static void finish_switch(struct thread *previous)
{
	struct run_queue *queue = this_cpu(run_queues);
	struct thread *pushed = queue->pushed;
	bool is_dead = previous->state == THREAD_DEAD;

	queue->pushed = NULL;
	if (unlikely(pushed != NULL))
		placement_leave(queue, pushed);
	spin_lock_give(&queue->lock);
	if (unlikely(pushed != NULL))
		placement_arrive(pushed);
	if (unlikely(is_dead)) {
		thread_free_stack(previous);
		thread_put(previous);
	}
}

void upcall_context_start(struct context *previous)
{
	struct run_queue *queue = this_cpu(run_queues);

	if (unlikely(!queue->is_started)) {
		/* The boot context is no thread, and is left for ever. */
		queue->is_started = true;
		spin_lock_give(&queue->lock);
		return;
	}
	finish_switch((struct thread *)previous);
}

/* Queue locked: where the previous thread goes. */
static void put_previous(struct run_queue *queue, struct thread *previous, bool is_preempted)
{
	struct schedule_entity *entity = &previous->schedule;
	uint32_t state = atomic_load_relaxed(&previous->state);

	if (previous == queue->idle)
		return;
	if (state == THREAD_RUNNING || (is_preempted && is_sleeping_state(state))) {
		previous->involuntary_switches += is_preempted;
		previous->voluntary_switches += !is_preempted;
		if (unlikely(!cpu_mask_test(&entity->affinity, queue->cpu))) {
			queue->pushed = previous;
			return;
		}
		queue_insert(queue, previous);
		return;
	}
	previous->voluntary_switches++;
	entity->awake_ns = 0;
	entity->burst_ns += (entity->slice_used_ns - entity->burst_ns) / 4;
	placement_note_sleep(entity);
	if (likely(entity->real_time == 0))
		fair_leave(queue, entity);
	entity->is_queued = false;
	if (state == THREAD_SLEEPING_DEEPLY && previous->sleep_kind == SLEEP_UNINTERRUPTIBLE)
		queue->sleeping_deeply++;
}

static void set_idle(unsigned cpu, bool is_idle)
{
	if (is_idle)
		atomic_fetch_or_ordered(&idle_cpus[cpu / 64], BIT(cpu % 64));
	else
		atomic_fetch_and_ordered(&idle_cpus[cpu / 64], ~BIT(cpu % 64));
}

/* Queue locked: the next thread runs from here on, as far as the books go. */
static void set_current(struct run_queue *queue, struct thread *next, int64_t now_ns)
{
	struct thread *previous = queue->current;

	queue->current = next;
	next->schedule.run_started_ns = now_ns;
	queue->switches++;
	if (previous == queue->idle) {
		set_idle(queue->cpu, false);
		tick_start(queue);
	}
}

/* Interrupts masked. */
static WAITING_TEXT void switch_threads(bool is_preempted)
{
	struct thread *self = thread_current(), *next;
	struct run_queue *queue = this_cpu(run_queues);
	int64_t now_ns;

	if (READ_ONCE(self->context.work) & WORK_RESCHEDULE)
		atomic_fetch_and_relaxed(&self->context.work, ~WORK_RESCHEDULE);
	late_wake_run();
	rcu_quiescent();
	/* Given back by another thread, so the order checker cannot follow it. */
	spin_lock_take(&queue->lock);
	now_ns = local_clock_ns();
	current_charge(queue, now_ns);
	put_previous(queue, self, is_preempted);
	fair_base_advance(queue);
	next = queue_take_best(queue);
	if (!next)
		next = queue->idle;
	if (next == self) {
		spin_lock_give(&queue->lock);
		return;
	}
	set_current(queue, next, now_ns);
	/* A restartable sequence it was in is abandoned, and the area learns the CPU (rseq(2)). */
	if (unlikely(next->rseq_address))
		__atomic_or_fetch(&next->context.work, WORK_NOTIFY, __ATOMIC_RELAXED);
	finish_switch((struct thread *)context_switch(&self->context, &next->context));
}

WAITING_TEXT void schedule(void)
{
	bool were_enabled;

	if (DEBUG_BUILD)
		assert_may_sleep();
	were_enabled = interrupts_disable();
	deferred_run();
	switch_threads(false);
	interrupts_restore(were_enabled);
}

void schedule_last(void)
{
	switch_threads(false);
	panic("a dead thread was switched to");
}

/* Runs while somebody better waits. Interrupts masked, preemption allowed. */
static void preempt_while_needed(void)
{
	struct context *self = context_current();

	while (READ_ONCE(self->work) & WORK_RESCHEDULE)
		switch_threads(true);
}

void upcall_preempt(void)
{
	struct context *self = context_current();

	if (self->preemption_count || self->interrupt_depth || !interrupts_are_enabled())
		return;
	interrupts_disable();
	if (unlikely(!this_cpu(run_queues)->is_started)) {
		interrupts_enable();
		return;
	}
	deferred_run();
	preempt_while_needed();
	interrupts_enable();
}

void blocking_yield_point(void)
{
	if (READ_ONCE(context_current()->work) & WORK_RESCHEDULE)
		upcall_preempt();
}

void upcall_interrupt_exit(struct frame *frame)
{
	struct context *self = context_current();
	struct run_queue *queue = this_cpu(run_queues);

	if (unlikely(queue->sample_due))
		tick_sample(frame);
	if (self->preemption_count || self->interrupt_depth) {
		if (deferred_is_pending())
			atomic_fetch_or_relaxed(&self->work, WORK_RESCHEDULE);
		return;
	}
	rcu_quiescent();
	if (unlikely(!queue->is_started))
		return;
	deferred_run();
	/* The way back to a program looks at the bit itself, with its signals. */
	if (!frame_is_user(frame))
		preempt_while_needed();
}

void schedule_yield(void)
{
	struct schedule_entity *entity = &thread_current()->schedule;
	struct run_queue *queue;
	bool were_enabled = interrupts_disable();

	queue = this_cpu(run_queues);
	spin_lock_masked(&queue->lock);
	current_charge(queue, local_clock_ns());
	entity->slice_used_ns = 0;
	/* Behind everybody of its kind: a later deadline, or the end of its list. */
	entity->virtual_deadline += (uint64_t)entity->slice_ns;
	spin_unlock_masked(&queue->lock);
	interrupts_restore(were_enabled);
	schedule();
}

void run_queue_activate(struct run_queue *queue, struct thread *thread)
{
	struct schedule_entity *entity = &thread->schedule;
	struct thread *current = queue->current;

	entity->slice_used_ns = 0;
	if (likely(entity->real_time == 0)) {
		/* Clocks of different CPUs may differ: the others are charged as of their last
		 * look. */
		if (current != queue->idle && queue->cpu == cpu_current())
			current_charge(queue, local_clock_ns());
		fair_arrive(queue, entity);
	}
	entity->is_queued = true;
	queue_insert(queue, thread);
	queue->wakes++;
	/* Who is about to end is not interrupted for it by an equal. */
	if (current->schedule.is_leaving && !entity->real_time)
		return;
	if (current == queue->idle || queue_best_beats(queue, current))
		run_queue_reschedule(queue);
}

/* Interrupts masked: sleeps until an interrupt unless there is something to run. */
static void idle_wait(struct run_queue *queue)
{
	struct context *self = context_current();

	set_idle(queue->cpu, true);
	/* A waker puts a thread into the queue, then looks at the idle mask or `current`; the bit
	 * in `work` comes with an interrupt, which wakes us if it arrives after this look. */
	if (READ_ONCE(queue->waiting) || READ_ONCE(self->work) & WORK_RESCHEDULE) {
		interrupts_enable();
		return;
	}
	cpu_wait_for_interrupt();
}

NORETURN void schedule_idle(void *unused)
{
	struct run_queue *queue = this_cpu(run_queues);

	(void)unused;
	for (;;) {
		interrupts_disable();
		if (READ_ONCE(queue->waiting) || placement_steal(queue, 1)) {
			switch_threads(false);
			interrupts_enable();
			continue;
		}
		idle_wait(queue);
		time_update();
		if (READ_ONCE(context_current()->work) & WORK_RESCHEDULE) {
			interrupts_disable();
			switch_threads(false);
			interrupts_enable();
		}
	}
}

void schedule_cpu_enter(unsigned cpu)
{
	struct run_queue *queue = per_cpu(run_queues, cpu);
	struct thread *idle = queue->idle;

	ASSERT(cpu == cpu_current() && idle);
	spin_lock_take(&queue->lock);
	idle->context.cpu = cpu;
	idle->schedule.run_started_ns = local_clock_ns();
	queue->current = idle;
	queue->last_tick_ns = local_clock_ns();
	watchdog_cpu_start(queue);
	context_switch(context_current(), &idle->context);
	panic("the boot context of CPU %u was switched to", cpu);
}
