/*
 * Which CPU a thread runs on. A woken thread goes back to where it ran last if that CPU idles, else
 * to an idle one, else to the shorter of the two queues at hand; idle CPUs steal. A CPU that is
 * about to be free needs no other's help: neither the turns of a conversation nor a parent and the
 * child that it waits for are spread. A real-time thread goes where it is the most urgent one, when
 * it wakes up or is found to wait behind another. Masks and lengths are read without locks: a wrong
 * guess costs a migration, or at most a tick of waiting.
 */
#include "base/errno.h"
#include "task/schedule.h"
#include "task/schedule/run_queue.h"

#define SHORT_BURST_NS 100000
#define STEAL_TRIES 1000

uint64_t idle_cpus[CPU_LIMIT / 64];

static bool is_usable(const struct thread *thread, unsigned cpu)
{
	return cpu_mask_test(&thread->schedule.affinity, cpu) &&
	       READ_ONCE(per_cpu(run_queues, cpu)->is_started);
}

static bool is_idle(unsigned cpu)
{
	return (atomic_load_relaxed(&idle_cpus[cpu / 64]) >> (cpu % 64) & 1) &&
	       READ_ONCE(per_cpu(run_queues, cpu)->waiting) == 0;
}

/* An idle CPU it may use, or CPU_LIMIT. */
static unsigned find_idle(const struct thread *thread)
{
	for (unsigned word = 0; word < CPU_LIMIT / 64; word++) {
		uint64_t bits = atomic_load_relaxed(&idle_cpus[word]) &
				thread->schedule.affinity.words[word];

		for (; bits; bits &= bits - 1) {
			unsigned cpu = word * 64 + (unsigned)__builtin_ctzll(bits);

			if (READ_ONCE(per_cpu(run_queues, cpu)->waiting) == 0)
				return cpu;
		}
		if (word * 64 + 64 >= cpu_count())
			break;
	}
	return CPU_LIMIT;
}

static unsigned find_usable(const struct thread *thread)
{
	unsigned best = 0;
	uint32_t least = UINT32_MAX;

	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		uint32_t waiting = READ_ONCE(per_cpu(run_queues, cpu)->waiting);

		if (is_usable(thread, cpu) && waiting < least) {
			least = waiting;
			best = cpu;
		}
	}
	return best;
}

/*
 * Two threads that wake each other and sleep at once, as through a pipe, take turns anyway: on one
 * CPU they need no interrupt and no idle CPU's wake-up. Should the waker run on after all, its next
 * tick ends its turn.
 */
static bool takes_turns(struct thread *thread, unsigned here)
{
	struct thread *self = thread_current();
	struct schedule_entity *own = &self->schedule, *other = &thread->schedule;
	bool is_mutual = own->last_waker == thread && other->last_waker == self;

	other->last_waker = self;
	return is_mutual && own->burst_ns < SHORT_BURST_NS && other->burst_ns < SHORT_BURST_NS &&
	       own->slice_used_ns < SHORT_BURST_NS && self->context.interrupt_depth == 0 &&
	       cpu_mask_test(&other->affinity, here) &&
	       READ_ONCE(per_cpu(run_queues, here)->waiting) == 0;
}

/* Whether the running thread will leave this CPU in a moment, to nobody else. */
static bool is_soon_free(const struct thread *thread, unsigned here, bool will_leave)
{
	return will_leave && thread_current()->context.interrupt_depth == 0 &&
	       is_usable(thread, here) && READ_ONCE(per_cpu(run_queues, here)->waiting) == 0;
}

unsigned placement_choose_first(struct thread *child)
{
	struct schedule_entity *own = &thread_current()->schedule;
	unsigned here = cpu_current();
	bool will_sleep = own->sleeps_after_start;

	own->child_started_ns = local_clock_ns();
	if (is_soon_free(child, here, will_sleep))
		return here;
	return placement_choose(child, here);
}

void placement_note_sleep(struct schedule_entity *entity)
{
	if (likely(!entity->child_started_ns))
		return;
	entity->sleeps_after_start = entity->run_started_ns - entity->child_started_ns <
				     SHORT_BURST_NS;
	entity->child_started_ns = 0;
}

/* Where a real-time thread need not wait: the least urgent CPU, the last one among equals; or
 * CPU_LIMIT. */
static unsigned find_less_urgent(const struct thread *thread, unsigned last_cpu)
{
	uint32_t least = thread->schedule.real_time;
	unsigned best = CPU_LIMIT;

	for (unsigned i = 0; i < cpu_count() && least > 0; i++) {
		unsigned cpu = (last_cpu + i) % cpu_count();
		uint32_t urgency = queue_urgency(per_cpu(run_queues, cpu));

		if (urgency < least && is_usable(thread, cpu)) {
			least = urgency;
			best = cpu;
		}
	}
	return best;
}

unsigned placement_choose(struct thread *thread, unsigned last_cpu)
{
	unsigned here = cpu_current(), cpu;

	if (cpu_count() == 1)
		return 0;
	if (is_soon_free(thread, here, thread_current()->schedule.is_leaving))
		return here;
	if (READ_ONCE(per_cpu(run_queues, here)->is_started) && takes_turns(thread, here))
		return here;
	if (is_usable(thread, last_cpu) && is_idle(last_cpu))
		return last_cpu;
	cpu = find_idle(thread);
	if (cpu < CPU_LIMIT)
		return cpu;
	if (unlikely(thread->schedule.real_time > 0)) {
		cpu = find_less_urgent(thread, last_cpu);
		if (cpu < CPU_LIMIT)
			return cpu;
	}
	if (!is_usable(thread, last_cpu))
		return find_usable(thread);
	if (here != last_cpu && is_usable(thread, here) &&
	    READ_ONCE(per_cpu(run_queues, here)->waiting) + 1 <
	    READ_ONCE(per_cpu(run_queues, last_cpu)->waiting))
		return here;
	return last_cpu;
}

void placement_arrive(struct thread *thread)
{
	unsigned cpu = atomic_load_relaxed(&thread->context.cpu);
	struct run_queue *queue = per_cpu(run_queues, cpu);

	spin_lock_masked(&queue->lock);
	/* Its affinity may have changed since the CPU was chosen. */
	while (unlikely(!cpu_mask_test(&thread->schedule.affinity, cpu))) {
		cpu = placement_choose(thread, cpu);
		atomic_store_relaxed(&thread->context.cpu, cpu);
		spin_unlock_masked(&queue->lock);
		queue = per_cpu(run_queues, cpu);
		spin_lock_masked(&queue->lock);
	}
	thread->schedule.is_moving = false;
	queue->migrations++;
	run_queue_activate(queue, thread);
	spin_unlock_masked(&queue->lock);
}

/* Queue locked; the thread is in no tree or list. */
static void leave_for(struct thread *thread, unsigned cpu)
{
	thread->schedule.is_queued = false;
	thread->schedule.is_moving = true;
	thread->schedule.lag = 0;
	atomic_store_relaxed(&thread->context.cpu, cpu);
}

void placement_leave(struct run_queue *queue, struct thread *thread)
{
	leave_for(thread, placement_choose(thread, queue->cpu));
}

struct thread *placement_push(struct run_queue *queue)
{
	if (likely(queue->real_time_waiting == 0) || queue_running_priority(queue) == 0)
		return NULL;
	for (unsigned i = 1; i < cpu_count(); i++) {
		unsigned cpu = (queue->cpu + i) % cpu_count();
		struct run_queue *other = per_cpu(run_queues, cpu);
		struct thread *thread;

		if (!READ_ONCE(other->is_started))
			continue;
		thread = queue_find_real_time(queue, cpu);
		if (thread && thread->schedule.real_time > queue_urgency(other)) {
			queue_remove(queue, thread);
			leave_for(thread, cpu);
			return thread;
		}
	}
	return NULL;
}

/* The CPU with the longest queue of at least this length where somebody waits; CPU_LIMIT: none. */
static unsigned find_busiest(unsigned except, uint32_t least_length)
{
	unsigned busiest = CPU_LIMIT;

	for (unsigned i = 1; i < cpu_count(); i++) {
		/* Starting behind oneself, so that thieves spread. */
		unsigned cpu = (except + i) % cpu_count();
		struct run_queue *queue = per_cpu(run_queues, cpu);
		uint32_t length;

		if (READ_ONCE(queue->waiting) == 0)
			continue;
		length = queue_length(queue);
		if (length >= least_length) {
			busiest = cpu;
			least_length = length + 1;
		}
	}
	return busiest;
}

/* Both or none, without waiting for either: nobody waits for a queue that waits for another. */
NO_THREAD_ANALYSIS static bool try_lock_both(struct run_queue *a, struct run_queue *b)
{
	if (!spin_try_lock_masked(&a->lock))
		return false;
	if (spin_try_lock_masked(&b->lock))
		return true;
	spin_unlock_masked(&a->lock);
	return false;
}

NO_THREAD_ANALYSIS static void unlock_both(struct run_queue *a, struct run_queue *b)
{
	spin_unlock_masked(&a->lock);
	spin_unlock_masked(&b->lock);
}

/* Both queues locked. */
static bool move_one(struct run_queue *from, struct run_queue *to)
{
	struct thread *thread = queue_find_stealable(from, to->cpu);

	if (!thread)
		return false;
	if (!thread->schedule.real_time)
		fair_leave(from, &thread->schedule);
	queue_remove(from, thread);
	atomic_store_relaxed(&thread->context.cpu, to->cpu);
	to->steals++;
	to->migrations++;
	run_queue_activate(to, thread);
	return true;
}

bool placement_steal(struct run_queue *queue, uint32_t least_length)
{
	uint32_t own_waiting = READ_ONCE(queue->waiting);
	struct run_queue *victim;
	bool has_moved;

	for (unsigned tries = 0;; tries++) {
		unsigned busiest = find_busiest(queue->cpu, least_length);

		/* In its next tick, a CPU whose queue is long calls those that idle. */
		if (busiest == CPU_LIMIT || tries == STEAL_TRIES)
			return false;
		victim = per_cpu(run_queues, busiest);
		if (try_lock_both(queue, victim))
			break;
		/* What somebody else put here meanwhile will do. */
		if (READ_ONCE(queue->waiting) > own_waiting)
			return false;
		cpu_relax();
	}
	has_moved = queue_length(victim) >= least_length && move_one(victim, queue);
	unlock_both(queue, victim);
	return has_moved;
}

void placement_call_help(struct run_queue *queue)
{
	struct rbtree_node *first = rbtree_first(&queue->fair);
	unsigned cpu;

	if (!first)
		return;
	cpu = find_idle(thread_of_entity(rbtree_entry(first, struct schedule_entity, node)));
	if (cpu < CPU_LIMIT)
		cpu_kick(cpu);
}

static bool mask_is_usable(const struct cpu_mask *mask)
{
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		if (cpu_mask_test(mask, cpu) && READ_ONCE(per_cpu(run_queues, cpu)->is_started))
			return true;
	}
	return false;
}

/* Queue locked: whether the thread waits here, but may not run here. */
static bool must_leave(struct run_queue *queue, struct thread *thread)
{
	return thread->schedule.is_queued && queue->current != thread &&
	       !cpu_mask_test(&thread->schedule.affinity, queue->cpu);
}

NO_THREAD_ANALYSIS int schedule_affinity_set(struct thread *thread, const struct cpu_mask *mask)
{
	struct run_queue *queue;
	bool were_enabled;

	if (thread->schedule.is_kernel_bound || !mask_is_usable(mask))
		return -EINVAL;
	were_enabled = interrupts_disable();
	queue = run_queue_lock_of(thread);
	thread->schedule.affinity = *mask;
	if (must_leave(queue, thread)) {
		queue_remove(queue, thread);
		placement_leave(queue, thread);
		spin_unlock_masked(&queue->lock);
		placement_arrive(thread);
		interrupts_restore_and_preempt(were_enabled);
		return 0;
	}
	/* A running thread leaves the CPU by itself, at its next switch. */
	if (queue->current == thread && !cpu_mask_test(mask, queue->cpu))
		run_queue_reschedule(queue);
	spin_unlock_masked(&queue->lock);
	interrupts_restore_and_preempt(were_enabled);
	return 0;
}

NO_THREAD_ANALYSIS void schedule_affinity_read(struct thread *thread, struct cpu_mask *mask)
{
	bool were_enabled = interrupts_disable();
	struct run_queue *queue = run_queue_lock_of(thread);

	*mask = thread->schedule.affinity;
	spin_unlock_masked(&queue->lock);
	interrupts_restore(were_enabled);
}
