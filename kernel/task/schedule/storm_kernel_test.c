/*
 * Storms of threads on all CPUs: each kind of lock, waiting, timers, RCU, deferred work, migration.
 * Every test counts what must come out exactly, and fails when it does not end in time.
 */
#include "base/errno.h"
#include "base/test.h"
#include "log/log.h"
#include "memory/heap.h"
#include "random/random.h"
#include "sync/mutex.h"
#include "sync/rcu.h"
#include "task/deferred.h"
#include "task/schedule.h"
#include "task/schedule/run_queue.h"
#include "task/thread.h"
#include "time/clock_time.h"

#define THREADS 12
#define ROUNDS 300
#define PATIENCE_NS (60 * NANOSECONDS_PER_SECOND)

static struct wait_queue all_done = WAIT_QUEUE_INITIALIZER(all_done);
static uint32_t running_threads;
static uint32_t next_number;

/* Threads run in the kernel only: elsewhere there is nothing to test. */
#define NEEDS_THREADS() do { \
	if (!this_cpu(run_queues)->is_started) \
		return; \
} while (0)

static void finish(void)
{
	atomic_fetch_subtract_ordered(&running_threads, 1);
	wait_queue_wake_all(&all_done, 0);
	thread_exit();
}

/* Runs so many threads of `body`, and waits until all have called finish(). */
static bool storm(unsigned count, void (*body)(void *argument))
{
	atomic_store_relaxed(&next_number, 0);
	atomic_store_relaxed(&running_threads, count);
	for (unsigned i = 0; i < count; i++) {
		if (kernel_thread_start("storm", body, NULL, NULL) < 0)
			atomic_fetch_subtract_ordered(&running_threads, 1);
	}
	return WAIT_EVENT_DEADLINE(&all_done, atomic_load_relaxed(&running_threads) == 0,
				   SLEEP_UNINTERRUPTIBLE,
				   time_monotonic_ns() + PATIENCE_NS) == 0;
}

static void nap(int64_t duration_ns)
{
	blocking_prepare(SLEEP_UNINTERRUPTIBLE);
	(void)blocking_sleep(time_monotonic_ns() + duration_ns);
}

static struct mutex test_mutex;
static uint64_t guarded;

static void mutex_body(void *unused)
{
	(void)unused;
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t seen;

		mutex_lock(&test_mutex);
		seen = guarded;
		if (i % 16 == 0)
			schedule_yield();
		if (i % 64 == 0)
			nap(10000);
		guarded = seen + 1;
		mutex_unlock(&test_mutex);
	}
	finish();
}

TEST(storm, mutex_excludes)
{
	NEEDS_THREADS();
	mutex_init(&test_mutex, LOCK_LEAF_SLEEP);
	guarded = 0;
	ASSERT_TRUE(storm(THREADS, mutex_body));
	EXPECT_EQUAL(guarded, THREADS * ROUNDS);
	EXPECT_EQUAL(test_mutex.owner, 0);
}

static struct shared_lock test_shared;
static int64_t shared_value, shared_errors;

static void shared_body(void *unused)
{
	(void)unused;
	for (unsigned i = 0; i < ROUNDS; i++) {
		if (i % 4 == 0) {
			shared_lock_write(&test_shared);
			shared_value++;
			schedule_yield();
			shared_value--;
			if (i % 8 == 0) {
				shared_lock_downgrade(&test_shared);
				shared_unlock_read(&test_shared);
			} else {
				shared_unlock_write(&test_shared);
			}
			continue;
		}
		shared_lock_read(&test_shared);
		if (READ_ONCE(shared_value) != 0)
			atomic_fetch_add_relaxed(&shared_errors, 1);
		if (i % 7 == 0)
			schedule_yield();
		shared_unlock_read(&test_shared);
	}
	finish();
}

TEST(storm, shared_lock_excludes_writers)
{
	NEEDS_THREADS();
	shared_lock_init(&test_shared, LOCK_LEAF_SLEEP);
	shared_value = shared_errors = 0;
	ASSERT_TRUE(storm(THREADS, shared_body));
	EXPECT_EQUAL(shared_errors, 0);
	EXPECT_EQUAL(test_shared.state, 0);
}

/* Pairs pass a ball; a lost wake-up hangs both. */
struct pair {
	struct wait_queue queue;
	uint32_t ball;
};
static struct pair pairs[THREADS / 2];

static void ball_body(void *unused)
{
	uint32_t number = atomic_fetch_add_relaxed(&next_number, 1);
	struct pair *pair = &pairs[number / 2];

	(void)unused;
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint32_t mine = i * 2 + number % 2;

		WAIT_EVENT(&pair->queue, READ_ONCE(pair->ball) == mine, SLEEP_UNINTERRUPTIBLE);
		WRITE_ONCE(pair->ball, mine + 1);
		wait_queue_wake(&pair->queue, 0);
	}
	finish();
}

TEST(storm, no_wake_up_is_lost)
{
	NEEDS_THREADS();
	for (unsigned i = 0; i < ARRAY_SIZE(pairs); i++) {
		wait_queue_init(&pairs[i].queue);
		pairs[i].ball = 0;
	}
	ASSERT_TRUE(storm(THREADS, ball_body));
	for (unsigned i = 0; i < ARRAY_SIZE(pairs); i++)
		EXPECT_EQUAL(pairs[i].ball, ROUNDS * 2);
}

static uint64_t early_wakes, late_wakes;

static void sleeper_body(void *unused)
{
	const int64_t limit_ns = 3 * NANOSECONDS_PER_SECOND;

	(void)unused;
	for (unsigned i = 0; i < ROUNDS / 4; i++) {
		int64_t deadline_ns = time_monotonic_ns() + (int64_t)random_below(1000000);
		int result;
		int64_t now_ns;

		blocking_prepare(SLEEP_UNINTERRUPTIBLE);
		result = blocking_sleep(deadline_ns);
		now_ns = time_monotonic_ns();
		if (result != -ETIMEDOUT || now_ns < deadline_ns)
			atomic_fetch_add_relaxed(&early_wakes, 1);
		if (now_ns - deadline_ns > limit_ns)
			atomic_fetch_add_relaxed(&late_wakes, 1);
	}
	finish();
}

TEST(storm, sleeps_end_in_time)
{
	NEEDS_THREADS();
	early_wakes = late_wakes = 0;
	ASSERT_TRUE(storm(THREADS, sleeper_body));
	EXPECT_EQUAL(early_wakes, 0);
	EXPECT_EQUAL(late_wakes, 0);
}

struct rcu_object {
	struct rcu_head rcu;
	uint64_t magic;
};
static struct rcu_object *published;
static uint64_t rcu_errors, rcu_freed;
#define RCU_ALIVE 0x616c697665ull

static void rcu_object_free(struct rcu_head *head)
{
	struct rcu_object *object = container_of(head, struct rcu_object, rcu);

	object->magic = 0;
	heap_free(object);
	atomic_fetch_add_relaxed(&rcu_freed, 1);
}

static void rcu_body(void *unused)
{
	uint32_t number = atomic_fetch_add_relaxed(&next_number, 1);

	(void)unused;
	for (unsigned i = 0; i < ROUNDS; i++) {
		if (number % 4 == 0) {
			struct rcu_object *fresh = heap_allocate(sizeof(*fresh), HEAP_PATIENT);

			fresh->magic = RCU_ALIVE;
			fresh = atomic_swap(&published, fresh);
			if (fresh)
				rcu_call(&fresh->rcu, rcu_object_free);
			if (i % 100 == 0)
				rcu_synchronise();
			schedule_yield();
			continue;
		}
		rcu_read_lock();
		for (unsigned look = 0; look < 20; look++) {
			struct rcu_object *seen = rcu_dereference(published);

			if (seen && seen->magic != RCU_ALIVE)
				atomic_fetch_add_relaxed(&rcu_errors, 1);
		}
		rcu_read_unlock();
	}
	finish();
}

TEST(storm, rcu_keeps_what_readers_see)
{
	NEEDS_THREADS();
	rcu_errors = rcu_freed = 0;
	ASSERT_TRUE(storm(THREADS, rcu_body));
	rcu_barrier();
	EXPECT_EQUAL(rcu_errors, 0);
	EXPECT_EQUAL(rcu_freed, THREADS / 4 * ROUNDS - 1);
	heap_free(published);
	published = NULL;
}

static void short_body(void *unused)
{
	(void)unused;
	finish();
}

TEST(storm, threads_come_and_go)
{
	struct schedule_statistics before, after;

	NEEDS_THREADS();
	rcu_barrier();
	schedule_statistics_read(&before);
	for (unsigned i = 0; i < 20; i++)
		ASSERT_TRUE(storm(THREADS, short_body));
	/* The last ones may still be on their way out. */
	for (unsigned i = 0; i < 600; i++) {
		rcu_barrier();
		schedule_statistics_read(&after);
		if (after.threads == before.threads)
			break;
		nap(100 * NANOSECONDS_PER_MILLISECOND);
	}
	EXPECT_EQUAL(after.threads, before.threads);
	EXPECT_EQUAL(after.forks - before.forks, 20 * THREADS);
}

static void almost_sleeping_body(void *unused)
{
	(void)unused;
	for (unsigned i = 0; i < 20; i++) {
		blocking_prepare(SLEEP_UNINTERRUPTIBLE);
		blocking_cancel();
	}
	thread_exit();
}

/* A waker that is late, because its CPU was stopped, does not call a dead thread back. */
TEST(storm, wakers_leave_the_dead_alone)
{
	NEEDS_THREADS();
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct thread *thread;

		ASSERT_EQUAL(kernel_thread_start("storm", almost_sleeping_body, NULL, &thread), 0);
		while (READ_ONCE(thread->state) != THREAD_DEAD) {
			blocking_wake(&thread->context);
			cpu_relax();
		}
		thread_put(thread);
	}
}

static uint64_t wrong_cpu;

static void migrate_body(void *unused)
{
	(void)unused;
	for (unsigned i = 0; i < ROUNDS / 10; i++) {
		struct cpu_mask mask;
		unsigned cpu = (unsigned)random_below(cpu_online_count());

		cpu_mask_clear_all(&mask);
		cpu_mask_set(&mask, cpu);
		if (schedule_affinity_set(thread_current(), &mask) < 0)
			atomic_fetch_add_relaxed(&wrong_cpu, 1);
		schedule();
		preemption_disable();
		if (cpu_current() != cpu)
			atomic_fetch_add_relaxed(&wrong_cpu, 1);
		preemption_enable();
	}
	finish();
}

TEST(storm, affinity_is_obeyed)
{
	NEEDS_THREADS();
	wrong_cpu = 0;
	ASSERT_TRUE(storm(THREADS, migrate_body));
	EXPECT_EQUAL(wrong_cpu, 0);
}

static uint64_t spun[THREADS];
static uint32_t must_stop;

static void spin_body(void *unused)
{
	uint32_t number = atomic_fetch_add_relaxed(&next_number, 1);
	struct schedule_parameters parameters = { .nice = number % 2 ? 5 : 0 };

	(void)unused;
	(void)!schedule_parameters_set(thread_current(), &parameters);
	while (!READ_ONCE(must_stop))
		cpu_relax();
	spun[number] = thread_run_ns(thread_current());
	finish();
}

static void stop_body(void *unused)
{
	(void)unused;
	nap(2 * NANOSECONDS_PER_SECOND);
	WRITE_ONCE(must_stop, 1);
	finish();
}

/* Spinning threads of two nice values on one CPU: preempted without a call, and fairly. */
TEST(storm, shares_follow_nice)
{
	uint64_t high, low;

	NEEDS_THREADS();
	must_stop = 0;
	atomic_store_relaxed(&next_number, 0);
	atomic_store_relaxed(&running_threads, 3);
	ASSERT_EQUAL(kernel_thread_start_on(0, "spin", spin_body, NULL), 0);
	ASSERT_EQUAL(kernel_thread_start_on(0, "spin", spin_body, NULL), 0);
	ASSERT_EQUAL(kernel_thread_start("stop", stop_body, NULL, NULL), 0);
	WAIT_EVENT(&all_done, atomic_load_relaxed(&running_threads) == 0, SLEEP_UNINTERRUPTIBLE);
	high = spun[0];
	low = spun[1];
	/* 1024 to 335 by the weights, on a noisy machine. */
	EXPECT(high * 2 > low * 3 && high < low * 8);
}

/* Whether the base of virtual time moves in ticks: nothing else happens to the queue. */
static bool base_moves_without_switches(void)
{
	struct run_queue *queue;
	int64_t until_ns;
	uint64_t base;
	bool has_moved;

	preemption_disable();
	queue = this_cpu(run_queues);
	base = READ_ONCE(queue->base);
	until_ns = time_monotonic_ns() + 10 * TIME_TICK_NS;
	while (READ_ONCE(queue->base) == base && time_monotonic_ns() < until_ns)
		cpu_relax();
	has_moved = READ_ONCE(queue->base) != base;
	preemption_enable();
	return has_moved;
}

TEST(storm, virtual_time_follows_a_lone_thread)
{
	int64_t until_ns = time_monotonic_ns() + PATIENCE_NS;
	bool has_moved = false;

	NEEDS_THREADS();
	/* Again, because somebody who waits behind the average holds it back. */
	while (!has_moved && time_monotonic_ns() < until_ns) {
		schedule_yield();
		has_moved = base_moves_without_switches();
	}
	EXPECT(has_moved);
}

static uint32_t deferred_runs, work_runs;
static struct work test_work[8];

static void deferred_ran(struct deferred *deferred)
{
	(void)deferred;
	atomic_fetch_add_relaxed(&deferred_runs, 1);
}

static void work_ran(struct work *work)
{
	(void)work;
	nap(1000000);
	atomic_fetch_add_relaxed(&work_runs, 1);
}

TEST(storm, put_off_work_is_done)
{
	struct deferred deferred;

	NEEDS_THREADS();
	deferred_runs = work_runs = 0;
	for (unsigned i = 0; i < 50; i++) {
		deferred_init(&deferred, deferred_ran);
		deferred_queue(&deferred);
		schedule();
		EXPECT_EQUAL(deferred_runs, i + 1);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(test_work); i++) {
		work_init(&test_work[i], work_ran);
		EXPECT(work_queue(&test_work[i]));
	}
	for (unsigned i = 0; i < ARRAY_SIZE(test_work); i++)
		work_flush(&test_work[i]);
	EXPECT_EQUAL(work_runs, ARRAY_SIZE(test_work));
}

enum { FIFO_THREADS = 3, FIFO_KEEPER = FIFO_THREADS + 1 };

static struct wait_queue fifo_gate = WAIT_QUEUE_INITIALIZER(fifo_gate);
static uint32_t fifo_arrived, fifo_is_open, fifo_order;

static void fifo_priority(uint32_t priority)
{
	struct schedule_parameters parameters = {
		.policy = SCHEDULE_FIFO, .priority = priority,
	};

	(void)!schedule_parameters_set(thread_current(), &parameters);
}

static void fifo_body(void *argument)
{
	uint32_t priority = (uint32_t)(uintptr_t)argument;

	fifo_priority(priority);
	atomic_fetch_add_ordered(&fifo_arrived, 1);
	wait_queue_wake_all(&fifo_gate, 0);
	WAIT_EVENT(&fifo_gate, READ_ONCE(fifo_is_open), SLEEP_UNINTERRUPTIBLE);
	fifo_order = fifo_order * 10 + priority;
	finish();
}

/* Lets all go at once, while none of them can run: they are on this CPU, and below. */
static void fifo_keeper_body(void *unused)
{
	(void)unused;
	fifo_priority(FIFO_KEEPER);
	WAIT_EVENT(&fifo_gate, atomic_load_relaxed(&fifo_arrived) == FIFO_THREADS,
		   SLEEP_UNINTERRUPTIBLE);
	WRITE_ONCE(fifo_is_open, 1);
	wait_queue_wake_all(&fifo_gate, 0);
	finish();
}

TEST(storm, real_time_goes_by_priority)
{
	NEEDS_THREADS();
	fifo_arrived = fifo_is_open = fifo_order = 0;
	atomic_store_relaxed(&running_threads, FIFO_THREADS + 1);
	ASSERT_EQUAL(kernel_thread_start_on(0, "keeper", fifo_keeper_body, NULL), 0);
	for (uintptr_t priority = 1; priority <= FIFO_THREADS; priority++)
		ASSERT_EQUAL(kernel_thread_start_on(0, "fifo", fifo_body, (void *)priority), 0);
	WAIT_EVENT(&all_done, atomic_load_relaxed(&running_threads) == 0, SLEEP_UNINTERRUPTIBLE);
	EXPECT_EQUAL(fifo_order, 321);
}

TEST(storm, cost_of_a_round_trip)
{
	uint64_t start, cycles;

	NEEDS_THREADS();
	wait_queue_init(&pairs[0].queue);
	pairs[0].ball = 0;
	start = clock_cycles();
	ASSERT_TRUE(storm(2, ball_body));
	cycles = clock_cycles() - start;
	log_print(LOG_INFO, "round trip of two threads: %llu ns",
		  (unsigned long long)((cycles * local_clock_multiplier >> LOCAL_CLOCK_SHIFT) /
				       ROUNDS));
}
