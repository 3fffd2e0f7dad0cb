/*
 * Load averages: exponential averages over 1, 5 and 15 minutes of the threads that run, want to run
 * or sleep uninterruptibly, sampled every five seconds by whichever CPU ticks first. Samples missed
 * while everybody idled count as zero.
 */
#include "task/schedule/load.h"

#include "task/schedule/run_queue.h"
#include "task/thread.h"
#include "time/clock_time.h"

#define FRACTION_BITS 11
#define ONE (1u << FRACTION_BITS)
#define SAMPLE_NS (5 * NANOSECONDS_PER_SECOND)
#define MISSED_LIMIT 720	/* an hour without a tick leaves nothing of the old averages */

static int64_t next_sample_ns = SAMPLE_NS;
static uint64_t averages[3];

static uint64_t count_active(void)
{
	int64_t active = 0;

	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		struct run_queue *queue = per_cpu(run_queues, cpu);

		if (!READ_ONCE(queue->is_started))
			continue;
		active += READ_ONCE(queue->waiting) + (READ_ONCE(queue->current) != queue->idle);
		/* One queue may be below zero: threads wake where they did not fall asleep. */
		active += (int32_t)READ_ONCE(queue->sleeping_deeply);
	}
	return active > 0 ? (uint64_t)active : 0;
}

static void add_sample(uint64_t active)
{
	/* 2^11 / e^(5 s / 1, 5, 15 min), as Linux rounds them. */
	static const uint64_t keep[3] = { 1884, 2014, 2037 };

	for (unsigned i = 0; i < 3; i++) {
		uint64_t sum = averages[i] * keep[i] + (active << FRACTION_BITS) * (ONE - keep[i]);

		if (active << FRACTION_BITS >= averages[i])
			sum += ONE - 1;
		WRITE_ONCE(averages[i], sum >> FRACTION_BITS);
	}
}

void load_update(void)
{
	int64_t due_ns = atomic_load_relaxed(&next_sample_ns);
	int64_t now_ns = time_monotonic_coarse_ns();
	int64_t missed;

	if (now_ns < due_ns)
		return;
	missed = (now_ns - due_ns) / SAMPLE_NS;
	/* Whoever moves the date does the work. */
	if (!atomic_compare_swap(&next_sample_ns, &due_ns, due_ns + (missed + 1) * SAMPLE_NS))
		return;
	for (int64_t i = 0; i < missed && i < MISSED_LIMIT; i++)
		add_sample(0);
	add_sample(count_active());
}

void load_read(uint64_t average[3])
{
	for (unsigned i = 0; i < 3; i++)
		average[i] = READ_ONCE(averages[i]);
}
