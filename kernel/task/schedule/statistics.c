/* What /proc/aegis shows of scheduling, timers and lock checking. */
#include "base/format.h"
#include "log/status.h"
#include "sync/lock_check.h"
#include "sync/lock_waits.h"
#include "task/schedule.h"
#include "task/schedule/run_queue.h"
#include "time/timer.h"

static void show_queue(struct run_queue *queue, struct format_sink *sink)
{
	format_to(sink, "cpu %u current %d waiting %u switches %llu wakes %llu steals %llu "
		  "migrations %llu\n", queue->cpu, READ_ONCE(queue->current)->id, queue->waiting,
		  (unsigned long long)queue->switches, (unsigned long long)queue->wakes,
		  (unsigned long long)queue->steals, (unsigned long long)queue->migrations);
}

static void show_schedule(struct format_sink *sink)
{
	struct schedule_statistics statistics;

	schedule_statistics_read(&statistics);
	format_to(sink, "threads %llu made %llu\n", (unsigned long long)statistics.threads,
		  (unsigned long long)statistics.forks);
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		if (READ_ONCE(per_cpu(run_queues, cpu)->is_started))
			show_queue(per_cpu(run_queues, cpu), sink);
	}
}

static void show_locks(struct format_sink *sink)
{
	format_to(sink, "checked %s\nreports %llu\n", DEBUG_BUILD ? "yes" : "no",
		  (unsigned long long)lock_check_report_count());
	lock_waits_describe(sink);
}

void schedule_statistics_start(void)
{
	static struct status_entry schedule = { .name = "schedule", .show = show_schedule };
	static struct status_entry timers = { .name = "timers", .show = timer_describe };
	static struct status_entry locks = { .name = "locks", .show = show_locks };

	status_add(&schedule);
	status_add(&timers);
	status_add(&locks);
}
