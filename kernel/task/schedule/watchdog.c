/*
 * Watching for CPUs that are stuck: one that takes ticks but never switches tells by itself, and
 * of one that takes no interrupts its neighbour tells, which looks every few seconds, also when it
 * is idle.
 */
#include "log/log.h"
#include "sync/lock_check.h"
#include "sync/rcu.h"
#include "task/schedule/run_queue.h"
#include "time/clock_time.h"
#include "time/local_clock.h"

#define STUCK_NS (20 * NANOSECONDS_PER_SECOND)
#define BEAT_NS (4 * NANOSECONDS_PER_SECOND)
#define BEAT_SLACK_NS NANOSECONDS_PER_SECOND

/* The interrupted code has kept this CPU from switching for too long. */
void watchdog_tick(struct run_queue *queue, int64_t now_ns)
{
	uint64_t count = *this_cpu(rcu_quiescent_count);

	if (count != queue->progress_count || context_current()->preemption_count == 0) {
		queue->progress_count = count;
		queue->progress_ns = now_ns;
		return;
	}
	if (now_ns - queue->progress_ns < STUCK_NS)
		return;
	queue->progress_ns = now_ns;
	log_print_always(LOG_CRITICAL,
		"[KERNEL] CPU %u is stuck in %s (thread %d), not switching for %d s",
			 queue->cpu, queue->current->name, queue->current->id,
			 (int)(STUCK_NS / NANOSECONDS_PER_SECOND));
	lock_check_print();
	queue->report_due = true;	/* at the end of the interrupt, where the frame is known */
}

static void neighbour_check(unsigned self, int64_t now_ns)
{
	unsigned cpu = self;
	struct run_queue *queue;

	do {
		cpu = (cpu + 1) % cpu_count();
		queue = per_cpu(run_queues, cpu);
	} while (!READ_ONCE(queue->is_started));
	if (cpu == self || now_ns - READ_ONCE(queue->beat_ns) < STUCK_NS)
		return;
	WRITE_ONCE(queue->beat_ns, now_ns);
	log_print_always(LOG_CRITICAL, "[KERNEL] CPU %u takes no interrupts for %d s", cpu,
			 (int)(STUCK_NS / NANOSECONDS_PER_SECOND));
	cpu_request_backtrace(cpu);
}

static void beat(struct timer *timer)
{
	struct run_queue *queue = container_of(timer, struct run_queue, watchdog);
	int64_t now_ns = local_clock_ns();
	bool is_late = now_ns - queue->beat_ns > 2 * (int64_t)BEAT_NS;

	WRITE_ONCE(queue->beat_ns, now_ns);
	/* Whoever was held up itself (a debugger stopped the machine) cannot tell about others. */
	if (!is_late)
		neighbour_check(queue->cpu, now_ns);
	timer_arm(timer, time_monotonic_ns() + BEAT_NS);
}

void watchdog_cpu_start(struct run_queue *queue)
{
	queue->progress_ns = queue->beat_ns = local_clock_ns();
	timer_init(&queue->watchdog, beat);
	queue->watchdog.slack_ns = BEAT_SLACK_NS;
	timer_arm(&queue->watchdog, time_monotonic_ns() + BEAT_NS);
}
