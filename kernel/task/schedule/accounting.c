/*
 * CPU time and other usage. The total of a thread is exact; what part of it was spent in the
 * program is estimated from the samples of the tick.
 */
#include "sync/sequence.h"
#include "task/schedule/load.h"
#include "task/schedule/run_queue.h"
#include "task/thread.h"
#include "time/clock_time.h"

/* With the pair of values protected: what was charged, and the time since. */
static uint64_t run_ns_now(const struct thread *thread, bool is_running)
{
	int64_t running_ns = is_running ? local_clock_ns() - thread->schedule.run_started_ns : 0;

	return thread->run_ns + (uint64_t)max(running_ns, (int64_t)0);
}

NO_THREAD_ANALYSIS uint64_t thread_run_ns(struct thread *thread)
{
	bool were_enabled = interrupts_disable();
	struct run_queue *queue;
	uint64_t run_ns;

	/* Its own CPU charges it in the tick and in switches, both of which are held off. */
	if (thread == thread_current()) {
		run_ns = run_ns_now(thread, true);
	} else {
		queue = run_queue_lock_of(thread);
		run_ns = run_ns_now(thread, queue->current == thread);
		spin_unlock_masked(&queue->lock);
	}
	interrupts_restore(were_enabled);
	return run_ns;
}

/* total * part / whole without overflow; whole > 0, part <= whole. */
static uint64_t scale(uint64_t total, uint64_t part, uint64_t whole)
{
	return total / whole * part + total % whole * part / whole;
}

/*
 * Divides a total that has grown by an estimate, the sum of whose parts it is; a part that was told
 * to somebody never shrinks, whatever later samples say.
 */
static void divide_again(uint64_t *parts, const uint64_t *estimate, size_t count, uint64_t total)
{
	uint64_t told = 0, rest;

	for (size_t i = 0; i < count; i++)
		told += parts[i];
	rest = total > told ? total - told : 0;
	for (size_t i = 0; i < count; i++) {
		uint64_t more = min(rest, estimate[i] > parts[i] ? estimate[i] - parts[i] : 0);

		parts[i] += more;
		rest -= more;
	}
}

static void usage_divide(struct thread *thread, struct usage *usage)
{
	uint64_t user = READ_ONCE(thread->user_ticks), kernel = READ_ONCE(thread->kernel_ticks);
	uint64_t estimate[2];
	bool were_enabled;

	/* Without a sample it is a program that calls little, or a kernel thread. */
	if (user + kernel == 0) {
		user = thread->context.space != NULL;
		kernel = !user;
	}
	estimate[0] = scale(usage->run_ns, user, user + kernel);
	estimate[1] = usage->run_ns - estimate[0];
	were_enabled = spin_lock_irq(&thread->divided_lock);
	divide_again(thread->divided_ns, estimate, ARRAY_SIZE(estimate), usage->run_ns);
	usage->user_ns = thread->divided_ns[0];
	usage->kernel_ns = thread->divided_ns[1];
	spin_unlock_irq(&thread->divided_lock, were_enabled);
	/* Another CPU may have told more already. */
	usage->run_ns = usage->user_ns + usage->kernel_ns;
}

void thread_usage(struct thread *thread, struct usage *usage)
{
	*usage = (struct usage){
		.run_ns = thread_run_ns(thread),
		.voluntary_switches = thread->voluntary_switches,
		.involuntary_switches = thread->involuntary_switches,
		.minor_faults = thread->minor_faults,
		.major_faults = thread->major_faults,
		.read_bytes = thread->read_bytes,
		.write_bytes = thread->write_bytes,
		.read_calls = thread->read_calls,
		.write_calls = thread->write_calls,
	};
	usage_divide(thread, usage);
}

void usage_add(struct usage *total, const struct usage *part)
{
	total->run_ns += part->run_ns;
	total->user_ns += part->user_ns;
	total->kernel_ns += part->kernel_ns;
	total->voluntary_switches += part->voluntary_switches;
	total->involuntary_switches += part->involuntary_switches;
	total->minor_faults += part->minor_faults;
	total->major_faults += part->major_faults;
	total->read_bytes += part->read_bytes;
	total->write_bytes += part->write_bytes;
	total->read_calls += part->read_calls;
	total->write_calls += part->write_calls;
	total->peak_resident_pages = max(total->peak_resident_pages, part->peak_resident_pages);
}

void thread_account(struct thread *thread)
{
	struct process *process = thread->process;
	struct usage usage;
	uint64_t rest_ns;
	bool were_enabled = spin_lock_irq(&process->signals.lock);

	sequence_write_begin(&process->usage_sequence);
	/* Inside, so that nobody has seen more of it than what goes into the totals. */
	thread_usage(thread, &usage);
	if (!thread->is_accounted) {
		usage_add(&process->dead_threads, &usage);
	} else {
		rest_ns = usage.run_ns - thread->accounted_ns;
		process->dead_threads.kernel_ns += rest_ns;
		process->dead_threads.run_ns += rest_ns;
	}
	thread->accounted_ns = usage.run_ns;
	thread->is_accounted = true;
	sequence_write_end(&process->usage_sequence);
	spin_unlock_irq(&process->signals.lock, were_enabled);
}

void process_usage(struct process *process, struct usage *usage)
{
	struct thread *thread;
	struct usage one;
	uint32_t sequence;

	rcu_read_lock();
	do {
		sequence = sequence_read_begin(&process->usage_sequence);
		*usage = process->dead_threads;
		list_for_each_rcu(thread, &process->threads, process_node) {
			if (READ_ONCE(thread->is_accounted))
				continue;
			thread_usage(thread, &one);
			usage_add(usage, &one);
		}
	} while (sequence_read_retry(&process->usage_sequence, sequence));
	rcu_read_unlock();
}

uint64_t process_run_ns(struct process *process)
{
	struct thread *thread;
	uint32_t sequence;
	uint64_t run_ns;

	rcu_read_lock();
	do {
		sequence = sequence_read_begin(&process->usage_sequence);
		run_ns = READ_ONCE(process->dead_threads.run_ns);
		list_for_each_rcu(thread, &process->threads, process_node) {
			if (!READ_ONCE(thread->is_accounted))
				run_ns += thread_run_ns(thread);
		}
	} while (sequence_read_retry(&process->usage_sequence, sequence));
	rcu_read_unlock();
	return run_ns;
}

void cpu_time_read(unsigned cpu, struct cpu_time_split *split)
{
	static struct spin_lock divided_lock = SPIN_LOCK_INITIALIZER(LOCK_LEAF);
	struct run_queue *queue = per_cpu(run_queues, cpu);
	uint64_t user, nice, system, all, busy_ns, estimate[3];
	int64_t up_ns = time_boot_ns();
	bool were_enabled;

	*split = (struct cpu_time_split){ 0 };
	if (!READ_ONCE(queue->is_started))
		return;
	split->idle_ns = thread_run_ns(queue->idle);
	busy_ns = (uint64_t)up_ns > split->idle_ns ? (uint64_t)up_ns - split->idle_ns : 0;
	user = READ_ONCE(queue->user_samples);
	nice = READ_ONCE(queue->nice_samples);
	system = READ_ONCE(queue->system_samples);
	all = max(user + nice + system, UINT64_C(1));
	estimate[0] = scale(busy_ns, user, all);
	estimate[1] = scale(busy_ns, nice, all);
	estimate[2] = busy_ns - estimate[0] - estimate[1];
	were_enabled = spin_lock_irq(&divided_lock);
	divide_again(queue->divided_ns, estimate, ARRAY_SIZE(estimate), busy_ns);
	split->user_ns = queue->divided_ns[0];
	split->nice_ns = queue->divided_ns[1];
	split->system_ns = queue->divided_ns[2];
	spin_unlock_irq(&divided_lock, were_enabled);
}

void schedule_statistics_read(struct schedule_statistics *statistics)
{
	*statistics = (struct schedule_statistics){ 0 };
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		struct run_queue *queue = per_cpu(run_queues, cpu);

		if (!READ_ONCE(queue->is_started))
			continue;
		statistics->context_switches += READ_ONCE(queue->switches);
		statistics->migrations += READ_ONCE(queue->migrations);
		statistics->steals += READ_ONCE(queue->steals);
		statistics->processes_running += READ_ONCE(queue->waiting) +
						 (READ_ONCE(queue->current) != queue->idle);
	}
	thread_counts_read(&statistics->forks, &statistics->threads);
	load_read(statistics->load_average);
}
