/*
 * The queue of a CPU, with threads made by hand that never run.
 */
#include "base/string.h"
#include "base/test.h"
#include "task/schedule/run_queue.h"

#define THREAD_LIMIT 40

static struct run_queue queue;
static struct thread idle, threads[THREAD_LIMIT];
static unsigned thread_count;

static void queue_start(void)
{
	memset(&queue, 0, sizeof(queue));
	memset(threads, 0, sizeof(threads));
	thread_count = 0;
	run_queue_init(&queue, 0);
	queue.current = queue.idle = &idle;
}

static struct thread *thread_make(uint32_t policy, int32_t nice)
{
	struct thread *thread = &threads[thread_count++];
	struct schedule_entity *entity = &thread->schedule;

	entity->policy = policy;
	entity->nice = nice;
	entity->slice_ns = FAIR_SLICE_NS;
	fair_weight_set(entity);
	memset(&entity->affinity, 0xff, sizeof(entity->affinity));
	return thread;
}

static void thread_arrive(struct thread *thread)
{
	fair_arrive(&queue, &thread->schedule);
	thread->schedule.is_queued = true;
	queue_insert(&queue, thread);
}

/* How far it is behind the average, times its weight. */
static int64_t owed(const struct schedule_entity *entity)
{
	return entity->lag * entity->weight;
}

TEST(run_queue, weights_change_what_nobody_is_owed)
{
	const int64_t most = 2ll * FAIR_SLICE_NS * NICE_0_WEIGHT;
	struct schedule_entity *entity;

	queue_start();
	entity = &thread_make(SCHEDULE_IDLE, 0)->schedule;
	thread_arrive(thread_make(SCHEDULE_OTHER, 0));
	for (int sign = -1; sign <= 1; sign += 2) {
		/* Away for long: as far behind or ahead as may be. */
		entity->virtual_runtime = queue.base - (uint64_t)(sign * (int64_t)BIT(40));
		fair_leave(&queue, entity);
		EXPECT(owed(entity) * sign <= most && owed(entity) * sign > most - 10);
		entity->policy = SCHEDULE_OTHER;
		for (int nice = -20; nice < 20; nice++) {
			entity->nice = nice;
			fair_weight_set(entity);
			/* Each change rounds by less than one, times its weight. */
			EXPECT(owed(entity) * sign <= most);
			EXPECT(owed(entity) * sign > most - most / 100);
		}
		entity->policy = SCHEDULE_IDLE;
		fair_weight_set(entity);
		EXPECT(owed(entity) * sign <= most && owed(entity) * sign > most - most / 100);
	}
}

/* Nor does the change put it far from the others when it comes. */
TEST(run_queue, a_new_weight_keeps_the_distance_in_time)
{
	const uint64_t bound = 2ull * FAIR_SLICE_NS;
	struct thread *other, *thread;
	uint64_t distance;

	queue_start();
	other = thread_make(SCHEDULE_OTHER, 0);
	thread = thread_make(SCHEDULE_IDLE, 0);
	thread_arrive(other);
	thread->schedule.virtual_runtime = queue.base - BIT(40);
	fair_leave(&queue, &thread->schedule);
	thread->schedule.policy = SCHEDULE_OTHER;
	thread->schedule.nice = -20;
	fair_weight_set(&thread->schedule);
	thread_arrive(thread);
	/* It makes up the average nearly alone, so that the other is ahead by what it lacks. */
	distance = other->schedule.virtual_runtime - thread->schedule.virtual_runtime;
	EXPECT(distance <= bound + bound / 10);
}

static void pin(struct thread *thread, unsigned cpu)
{
	cpu_mask_clear_all(&thread->schedule.affinity);
	cpu_mask_set(&thread->schedule.affinity, cpu);
}

/* Threads that may not leave, and always have the latest deadlines, hide nobody from thieves. */
TEST(run_queue, pinned_threads_hide_no_other)
{
	struct thread *ordinary[3];

	queue_start();
	for (unsigned i = 0; i < 12; i++) {
		struct thread *pinned = thread_make(SCHEDULE_IDLE, 0);

		pin(pinned, 0);
		thread_arrive(pinned);
	}
	EXPECT(!queue_find_stealable(&queue, 1));
	for (unsigned i = 0; i < ARRAY_SIZE(ordinary); i++) {
		ordinary[i] = thread_make(SCHEDULE_OTHER, 0);
		thread_arrive(ordinary[i]);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(ordinary); i++) {
		struct thread *thread = queue_find_stealable(&queue, 1);

		ASSERT_TRUE(thread && thread->schedule.policy == SCHEDULE_OTHER);
		queue_remove(&queue, thread);
	}
	EXPECT(!queue_find_stealable(&queue, 1));
}

static struct thread *real_time_make(uint32_t priority)
{
	struct thread *thread = thread_make(SCHEDULE_FIFO, 0);

	thread->schedule.priority = priority;
	real_time_update(&thread->schedule);
	return thread;
}

TEST(run_queue, pinned_priorities_hide_no_other)
{
	struct thread *fair, *free;

	queue_start();
	for (unsigned i = 0; i < 12; i++) {
		struct thread *pinned = real_time_make(i < 10 ? 5 : 60);

		pin(pinned, 0);
		queue_insert(&queue, pinned);
	}
	EXPECT(!queue_find_stealable(&queue, 1));
	fair = thread_make(SCHEDULE_OTHER, 0);
	thread_arrive(fair);
	EXPECT(queue_find_stealable(&queue, 1) == fair);
	free = real_time_make(60);
	queue_insert(&queue, free);
	EXPECT(queue_find_stealable(&queue, 1) == free);
}

/* What others see of a queue: who runs there counts, too, if it is real-time. */
TEST(run_queue, a_real_time_thread_makes_it_longer)
{
	struct thread *fair, *low, *high;

	queue_start();
	fair = thread_make(SCHEDULE_OTHER, 0);
	low = real_time_make(7);
	high = real_time_make(70);
	EXPECT_EQUAL(queue_length(&queue), 0);
	EXPECT_EQUAL(queue_urgency(&queue), 0);
	thread_arrive(fair);
	EXPECT_EQUAL(queue_length(&queue), 1);
	EXPECT_EQUAL(queue_urgency(&queue), 0);
	queue.current = low;
	EXPECT_EQUAL(queue_length(&queue), 2);
	EXPECT_EQUAL(queue_urgency(&queue), 7);
	queue_insert(&queue, high);
	EXPECT_EQUAL(queue_urgency(&queue), 70);
	queue.current = high;
	queue_remove(&queue, high);
	queue_insert(&queue, low);
	EXPECT_EQUAL(queue_urgency(&queue), 70);
	EXPECT(queue_find_stealable(&queue, 1) == low);
	queue.current = &idle;
	EXPECT_EQUAL(queue_urgency(&queue), 7);
	EXPECT_EQUAL(queue_length(&queue), 2);
}

/* Each present priority is found once, from the highest down, in whichever word it lies. */
TEST(run_queue, the_most_urgent_is_stolen_first)
{
	static const uint32_t priorities[] = { 1, 63, 64, 65, 99 };
	struct thread *made[ARRAY_SIZE(priorities)];

	queue_start();
	for (unsigned i = 0; i < ARRAY_SIZE(priorities); i++) {
		made[i] = real_time_make(priorities[i]);
		pin(made[i], i);
		queue_insert(&queue, made[i]);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(priorities); i++)
		EXPECT(queue_find_real_time(&queue, i) == made[i]);
	EXPECT(!queue_find_real_time(&queue, ARRAY_SIZE(priorities)));
	for (unsigned i = ARRAY_SIZE(priorities); i-- > 0;) {
		memset(&made[i]->schedule.affinity, 0xff, sizeof(made[i]->schedule.affinity));
		EXPECT(queue_find_real_time(&queue, 9) == made[i]);
		pin(made[i], 0);
	}
}
