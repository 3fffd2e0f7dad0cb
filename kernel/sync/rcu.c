/*
 * Grace periods. A read section runs with preemption off, so a CPU that switched threads, or whose
 * interrupt came where preemption was allowed, has left every section it was in: it counts
 * rcu_quiescent_count up. The thread notes all counts, waits a moment, then interrupts the CPUs
 * whose count stands still. Callbacks wait in lock-free stacks, one per CPU.
 */
#include "sync/rcu.h"

#include "base/panic.h"
#include "sync/late_wake.h"
#include "sync/wait.h"

#define BATCH_NS 10000000	/* callbacks gather this long before a grace period starts */
#define PATIENCE_NS 3000000	/* a CPU is interrupted when it was not quiescent for so long */
#define CHECK_NS 500000
#define HURRIED_CHECK_NS 50000

DEFINE_PER_CPU(uint64_t, rcu_quiescent_count);
DEFINE_PER_CPU(struct rcu_head *, rcu_queued);

static struct wait_queue thread_queue = WAIT_QUEUE_INITIALIZER(thread_queue);
static struct late_wake thread_wake = LATE_WAKE_INITIALIZER(&thread_queue);
static uint32_t is_started;
static uint32_t is_waiting;	/* the thread found nothing to do, and must be woken */
static uint32_t hurry_count;	/* callers of rcu_synchronise() at this moment */
static uint32_t hurry_rounds;	/* rounds left that rcu_hurry() asked for */

static uint64_t noted[CPU_LIMIT];	/* the thread's own */

void rcu_call(struct rcu_head *head, void (*function)(struct rcu_head *head))
{
	struct rcu_head **stack = per_cpu(rcu_queued, context_current()->cpu);
	struct rcu_head *first = atomic_load_relaxed(stack);

	head->function = function;
	/* Migrating between the two lines is harmless: any CPU's stack will do. */
	do {
		head->next = first;
	} while (!atomic_compare_swap(stack, &first, head));
	if (atomic_load_relaxed(&is_waiting))
		late_wake_queue(&thread_wake);
}

static bool has_callbacks(void)
{
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		if (atomic_load_relaxed(per_cpu(rcu_queued, cpu)))
			return true;
	}
	return false;
}

static bool is_hurried(void)
{
	return atomic_load_relaxed(&hurry_count) || atomic_load_relaxed(&hurry_rounds);
}

/* A wake-up by rcu_hurry() or another caller ends it early, which is what is wanted. */
static void pause_for(int64_t duration_ns)
{
	struct wait_entry entry;

	wait_entry_init(&entry, NULL);
	wait_begin(&thread_queue, &entry, SLEEP_IDLE);
	(void)blocking_sleep(blocking_now_ns() + duration_ns);
	wait_end(&thread_queue, &entry);
}

static bool is_past(unsigned cpu)
{
	return !cpu_is_online(cpu) || atomic_load_acquire(per_cpu(rcu_quiescent_count, cpu)) !=
	       noted[cpu];
}

/* The lowest CPU from `cpu` on that has not been quiescent since the counts were noted. */
static unsigned next_laggard(unsigned cpu)
{
	while (cpu < cpu_count() && is_past(cpu))
		cpu++;
	return cpu;
}

static void wait_for_grace_period(void)
{
	int64_t started_ns = blocking_now_ns();

	atomic_fence();
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++)
		noted[cpu] = atomic_load_relaxed(per_cpu(rcu_quiescent_count, cpu));
	for (unsigned first = 0;;) {
		bool hurried = is_hurried();

		if (hurried || blocking_now_ns() - started_ns >= PATIENCE_NS) {
			for (unsigned cpu = next_laggard(first); cpu < cpu_count();
			     cpu = next_laggard(cpu + 1))
				cpu_kick(cpu);
		}
		/* Sleeping also makes this CPU pass. */
		pause_for(hurried ? HURRIED_CHECK_NS : CHECK_NS);
		first = next_laggard(first);
		if (first >= cpu_count())
			break;
	}
	atomic_fence();
}

/* Takes every callback queued so far, as one list. */
static struct rcu_head *collect(void)
{
	struct rcu_head *all = NULL;

	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		struct rcu_head *list = atomic_swap_acquire(per_cpu(rcu_queued, cpu), NULL);

		while (list) {
			struct rcu_head *next = list->next;

			list->next = all;
			all = list;
			list = next;
		}
	}
	return all;
}

static void run_callbacks(struct rcu_head *list)
{
	while (list) {
		struct rcu_head *next = list->next;

		list->function(list);
		blocking_yield_point();
		list = next;
	}
}

static void wait_for_callbacks(void)
{
	atomic_store_ordered(&is_waiting, 1);
	WAIT_EVENT(&thread_queue, has_callbacks(), SLEEP_IDLE);
	atomic_store_relaxed(&is_waiting, 0);
}

NORETURN void rcu_thread(void *unused)
{
	(void)unused;
	atomic_store_release(&is_started, 1);
	for (;;) {
		struct rcu_head *list;

		wait_for_callbacks();
		if (!is_hurried())
			pause_for(BATCH_NS);
		list = collect();
		wait_for_grace_period();
		run_callbacks(list);
		if (atomic_load_relaxed(&hurry_rounds))
			atomic_fetch_subtract_relaxed(&hurry_rounds, 1);
	}
}

struct rcu_waiter {
	struct rcu_head head;
	struct context *context;
	bool is_done;
};

static void waiter_done(struct rcu_head *head)
{
	struct rcu_waiter *waiter = container_of(head, struct rcu_waiter, head);
	struct context *context = waiter->context;

	/* The structure is on the stack of the one who waits: gone once it sees is_done. */
	preemption_disable();
	atomic_store_ordered(&waiter->is_done, true);
	blocking_wake(context);
	preemption_enable();
}

void rcu_synchronise(void)
{
	struct rcu_waiter waiter;

	assert_may_sleep();
	/* Before there are threads nobody can be in a section of another context. */
	if (!atomic_load_acquire(&is_started))
		return;
	waiter.context = context_current();
	waiter.is_done = false;
	atomic_fetch_add_relaxed(&hurry_count, 1);
	rcu_call(&waiter.head, waiter_done);
	wait_queue_wake_all(&thread_queue, 0);
	for (;;) {
		blocking_prepare(SLEEP_UNINTERRUPTIBLE);
		if (atomic_load_acquire(&waiter.is_done))
			break;
		(void)blocking_sleep(NO_DEADLINE);
	}
	blocking_cancel();
	atomic_fetch_subtract_relaxed(&hurry_count, 1);
}

void rcu_barrier(void)
{
	/* The first round may have collected some CPUs' stacks before the callbacks in question
	 * were queued there, but the second one cannot; and rounds do not overlap. */
	rcu_synchronise();
	rcu_synchronise();
}

void rcu_hurry(void)
{
	if (!atomic_load_relaxed(&is_started) || atomic_load_relaxed(&hurry_rounds))
		return;
	atomic_store_relaxed(&hurry_rounds, 2);
	late_wake_queue(&thread_wake);
}
