/* Brings threads up: process 0, idle threads, the threads of RCU and of deferred work. */
#include "arch/cpu.h"
#include "log/log.h"
#include "sync/rcu.h"
#include "task/deferred.h"
#include "task/schedule.h"
#include "task/schedule/run_queue.h"
#include "task/thread.h"
#include "task/tree/tree.h"
#include "task/work.h"

int task_start(void)
{
	schedule_statistics_start();
	task_id_start();
	thread_cache_start();
	process_kernel_start();
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		struct run_queue *queue = per_cpu(run_queues, cpu);

		run_queue_init(queue, cpu);
		queue->idle = thread_create_idle(cpu);
		/* Others may put threads there before the CPU has entered the scheduler. */
		queue->current = queue->idle;
	}
	return kernel_thread_start("rcu", rcu_thread, NULL, NULL);
}

int deferred_start(void)
{
	int result = work_start();

	for (unsigned cpu = 0; cpu < cpu_count() && result == 0; cpu++) {
		if (cpu_is_online(cpu))
			result = deferred_cpu_start(cpu);
	}
	return result;
}
