/*
 * A CPU's run queue. Its lock guards everything in it, and the scheduling state of every thread
 * whose context.cpu names this CPU. The lock is held across the switch: who gets it knows that a
 * thread found here is not on its CPU's registers any more, unless it is `current`.
 */
#ifndef TASK_SCHEDULE_RUN_QUEUE_H
#define TASK_SCHEDULE_RUN_QUEUE_H

#include "arch/cpu.h"
#include "base/bitmap.h"
#include "base/list.h"
#include "base/tree/rbtree.h"
#include "sync/spin_lock.h"
#include "task/thread.h"
#include "time/local_clock.h"
#include "time/timer.h"

#define REAL_TIME_PRIORITIES 100	/* 1..99; 0 is unused */
#define NICE_0_WEIGHT 1024
#define FAIR_SLICE_NS 3000000
#define ROUND_ROBIN_SLICE_NS 100000000

struct run_queue {
	struct spin_lock lock;
	uint32_t cpu;
	struct thread *current;
	struct thread *idle;		/* NULL: the CPU has not entered the scheduler */
	/* Left this CPU, and may not come back: for finish_switch(). */
	struct thread *pushed;
	uint32_t waiting;		/* threads in the queues below, without `current` */
	uint32_t real_time_waiting;	/* of them, real-time ones */
	uint32_t sleeping_deeply;	/* uninterruptible sleepers that slept here */

	/* Fair threads that wait, by virtual deadline; `current` is not in the tree. */
	struct rbtree fair;
	uint64_t base;			/* virtual times are kept relative to this */
	int64_t weighted_sum;		/* of (virtual_runtime - base) * weight, in the tree */
	int64_t load;			/* sum of weights in the tree */

	/* FIFO and RR threads that wait, by real_time. */
	struct list_head real_time[REAL_TIME_PRIORITIES];
	BITMAP(real_time_present, REAL_TIME_PRIORITIES);

	/* What real-time threads ran of the period that began then (see queue_is_fair_due()). */
	int64_t real_time_used_ns;
	int64_t period_started_ns;

	struct timer tick;		/* runs while the CPU is not idle */
	int64_t last_tick_ns;
	int64_t next_balance_ns;
	struct timer watchdog;
	int64_t beat_ns;		/* when that last ran; neighbours look at it */
	int64_t progress_ns;		/* when the CPU last could have switched */
	uint64_t progress_count;	/* rcu_quiescent_count at that time */
	bool sample_due, report_due;	/* for the end of the interrupt */
	bool is_started;		/* the CPU runs threads */

	/* Counted for /proc; written by this CPU. */
	uint64_t switches, steals, migrations, wakes;
	uint64_t user_samples, nice_samples, system_samples;
	/* What was told last of the time of user, nice and system; the lock is with the reader. */
	uint64_t divided_ns[3];
};

DECLARE_PER_CPU(struct run_queue, run_queues);

/* CPUs that wait for an interrupt with nothing to run. */
extern uint64_t idle_cpus[CPU_LIMIT / 64];

static inline struct thread *thread_of_entity(struct schedule_entity *entity)
{
	return container_of(entity, struct thread, schedule);
}

/* After a change of policy or priority. */
static inline void real_time_update(struct schedule_entity *entity)
{
	uint32_t own = entity->policy == SCHEDULE_FIFO || entity->policy == SCHEDULE_ROUND_ROBIN ?
		       entity->priority : 0;

	entity->real_time = max(own, entity->inherited_priority);
}

static inline bool is_sleeping_state(uint32_t state)
{
	return state >= THREAD_SLEEPING && state <= THREAD_TRACED;
}

/* Locks the queue of the thread's CPU, wherever it is by then. Interrupts masked. */
NO_THREAD_ANALYSIS static inline struct run_queue *run_queue_lock_of(struct thread *thread)
{
	for (;;) {
		uint32_t cpu = atomic_load_relaxed(&thread->context.cpu);
		struct run_queue *queue = per_cpu(run_queues, cpu);

		spin_lock_masked(&queue->lock);
		if (likely(cpu == atomic_load_relaxed(&thread->context.cpu)))
			return queue;
		spin_unlock_masked(&queue->lock);
	}
}

/* Of the thread that runs, 0: it is fair. A guess if the queue is not locked; masked, so that the
 * thread is not freed meanwhile. */
static inline uint32_t queue_running_priority(const struct run_queue *queue)
{
	const struct thread *current = READ_ONCE(queue->current);

	return current ? READ_ONCE(current->schedule.real_time) : 0;
}

/* How many others it has to share with, for comparisons: a real-time thread, which goes on for as
 * long as it likes, counts as one more. */
static inline uint32_t queue_length(const struct run_queue *queue)
{
	return READ_ONCE(queue->waiting) + (queue_running_priority(queue) > 0);
}

/* queue.c: the two kinds of queues. All with the queue locked. */
void run_queue_init(struct run_queue *queue, unsigned cpu);
void queue_insert(struct run_queue *queue, struct thread *thread);	/* as it is */
void queue_remove(struct run_queue *queue, struct thread *thread);
/* Takes out the best one; NULL: nobody waits. */
struct thread *queue_take_best(struct run_queue *queue);
/* A thread that waits and may run on `cpu`: the most urgent real-time one, else the fair one whose
 * turn here is last; NULL. Not taken out. */
struct thread *queue_find_stealable(struct run_queue *queue, unsigned cpu);
struct thread *queue_find_real_time(struct run_queue *queue, unsigned cpu);
/* The highest priority here, running or waiting; 0: all are fair. A guess if it is not locked. */
uint32_t queue_urgency(const struct run_queue *queue);
bool queue_best_beats(struct run_queue *queue, const struct thread *thread);
/* Real-time threads had their part of the period, and fair ones wait: those run first until its
 * end, so that no thread of any priority takes the machine away (sched(7)). */
bool queue_is_fair_due(const struct run_queue *queue);

/* Virtual time. Keeps the distance from the average while a thread is away, and restores it. */
void fair_leave(struct run_queue *queue, struct schedule_entity *entity);
void fair_arrive(struct run_queue *queue, struct schedule_entity *entity);
void fair_base_advance(struct run_queue *queue);
/* After a change of policy or nice value; the entity is in no tree. */
void fair_weight_set(struct schedule_entity *entity);

static inline int64_t fair_scale(int64_t run_ns, uint32_t weight)
{
	return likely(weight == NICE_0_WEIGHT) ? run_ns : run_ns * NICE_0_WEIGHT / weight;
}

/* Charges the running entity; true: its slice is over, and it has a new deadline. */
static inline bool fair_charge(struct schedule_entity *entity, int64_t run_ns)
{
	entity->virtual_runtime += (uint64_t)fair_scale(run_ns, entity->weight);
	if ((int64_t)(entity->virtual_runtime - entity->virtual_deadline) < 0)
		return false;
	entity->virtual_deadline = entity->virtual_runtime +
				   (uint64_t)fair_scale(entity->slice_ns, entity->weight);
	return true;
}

/* switch.c. Queue locked. */
void current_charge(struct run_queue *queue, int64_t now_ns);
/* Asks the CPU of the queue to pass through schedule(). */
void run_queue_reschedule(struct run_queue *queue);
/* Makes a thread that was away runnable here, and preempts if it is better. */
void run_queue_activate(struct run_queue *queue, struct thread *thread);
/* Away from a dead thread. Interrupts masked. */
NORETURN void schedule_last(void);
/* The body of idle threads. */
NORETURN void schedule_idle(void *unused);

/* placement.c. */
unsigned placement_choose(struct thread *thread, unsigned last_cpu);
/* For a new thread, which the running one starts. */
unsigned placement_choose_first(struct thread *child);
/* The running thread sleeps; its time is charged. Queue locked. */
void placement_note_sleep(struct schedule_entity *entity);
/* Has an idle CPU look for work, because a thread waits in this queue. Queue locked. */
void placement_call_help(struct run_queue *queue);
/*
 * A runnable thread that is in no queue goes to a CPU that it may use: leaves this one, whose queue
 * is locked, and then arrives (masked, no lock). Its new CPU is written down under the lock of the
 * old queue: whoever changes its policy or priority meanwhile holds one lock or the other, and so
 * never changes what orders a queue while the thread is put into it; and who wakes it (it may have
 * been preempted on its way to sleep) leaves it to who moves it.
 */
void placement_leave(struct run_queue *queue, struct thread *thread);
void placement_arrive(struct thread *thread);
/* A real-time thread that waits behind another leaves for a CPU whose threads are less urgent: to
 * placement_arrive(); NULL: there is none. Queue locked. */
struct thread *placement_push(struct run_queue *queue);
/* Brings over a thread that waits elsewhere, where the queue_length() is at least so much; masked,
 * no lock. True: there is somebody now. */
bool placement_steal(struct run_queue *queue, uint32_t least_length);

/* thread.c, tree/: parts of starting. */
void thread_publish(struct thread *thread);
struct thread *thread_create_idle(unsigned cpu);
void thread_cache_start(void);
/* Of a thread that is off its CPU for good: the next one made here gets a stack that is warm. */
void thread_free_stack(struct thread *thread);
void thread_counts_read(uint64_t *made, uint64_t *alive);

/* tick.c */
void tick_start(struct run_queue *queue);
void tick_sample(const struct frame *frame);
void tick_cpu_init(struct run_queue *queue);
void watchdog_cpu_start(struct run_queue *queue);	/* on that CPU */
void watchdog_tick(struct run_queue *queue, int64_t now_ns);

#endif
