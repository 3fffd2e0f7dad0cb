/*
 * What memory/ asks of task/ (memory/pressure.h, memory/limit.h). Out of memory: the process that
 * holds most of it, weighed by oom_score_adj, is killed, and the log says why. While somebody is on
 * its way out nobody is chosen.
 */
#include "log/log.h"
#include "memory/counters.h"
#include "memory/limit.h"
#include "memory/page.h"
#include "memory/pressure.h"
#include "memory/space.h"
#include "task/authority.h"
#include "task/credentials.h"
#include "task/signal.h"
#include "task/thread.h"
#include "time/clock_time.h"

#define ADJUST_NEVER (-1000)	/* oom_score_adj that exempts a process */
#define ADJUST_SCALE 1000
#define LINUX_IPC_LOCK 14	/* CAP_IPC_LOCK */
#define PATIENCE_NS (5 * NANOSECONDS_PER_SECOND)

static struct spin_lock choice_lock = SPIN_LOCK_INITIALIZER(LOCK_TASK_TREE);
static uint64_t kill_count;
static int64_t patience_end_ns;	/* of waiting for processes that leave; 0: nobody does */

/* Pages that its end would give back, page tables too; its space is looked at under the signal
 * lock. */
static uint64_t held_pages(struct process *process)
{
	bool were_enabled = spin_lock_irq(&process->signals.lock);
	struct space *space = process->space;
	int64_t pages = 0;

	if (space)
		pages = READ_ONCE(space->resident_file) + READ_ONCE(space->resident_anonymous) +
			READ_ONCE(space->resident_shared) + (int64_t)mmu_table_pages(&space->mmu);
	spin_unlock_irq(&process->signals.lock, were_enabled);
	return pages > 0 ? (uint64_t)pages : 0;
}

/* As Linux: pages and page tables plus so many thousandths of all memory; 0: not to be killed. */
static uint64_t badness(struct process *process, uint64_t total_pages)
{
	int64_t adjust = READ_ONCE(process->out_of_memory_adjust);
	int64_t points;

	/* Who is leaving was waited for in vain, or is the one who asks. */
	if (adjust == ADJUST_NEVER || process->is_exiting || process == process_first())
		return 0;
	points = (int64_t)held_pages(process);
	if (points == 0)
		return 0;
	points += adjust * (int64_t)(total_pages / ADJUST_SCALE);
	return points > 0 ? (uint64_t)points : 1;
}

static struct process *choose(uint64_t total_pages)
{
	struct process *process, *worst = NULL;
	uint64_t worst_badness = 0;
	int32_t id = 1;

	for (; (process = process_next(&id)); id++) {
		uint64_t own = badness(process, total_pages);

		if (own <= worst_badness) {
			process_put(process);
			continue;
		}
		if (worst)
			process_put(worst);
		worst = process;
		worst_badness = own;
	}
	return worst;
}

/* Whether some other process is on its way out: its files too may hold memory. */
static bool is_anybody_leaving(void)
{
	struct process *process;
	bool is_leaving = false;
	int32_t id = 1;

	for (; !is_leaving && (process = process_next(&id)); id++) {
		is_leaving = READ_ONCE(process->is_exiting) && !READ_ONCE(process->is_zombie) &&
			     process != process_current();
		process_put(process);
	}
	return is_leaving;
}

/* Who leaves is waited for, but not for ever: it may itself wait for whom we keep waiting. */
static bool is_worth_waiting(void)
{
	bool is_leaving = is_anybody_leaving(), is_worth;
	int64_t now_ns = time_monotonic_ns();

	spin_lock(&choice_lock);
	if (!is_leaving)
		patience_end_ns = 0;
	else if (patience_end_ns == 0)
		patience_end_ns = now_ns + PATIENCE_NS;
	is_worth = now_ns < patience_end_ns;
	spin_unlock(&choice_lock);
	return is_worth;
}

/* Claims the right to kill after a choice that began when there were so many kills. */
static bool choice_claim(uint64_t kills_seen)
{
	bool is_ours;

	spin_lock(&choice_lock);
	is_ours = kill_count == kills_seen;
	if (is_ours) {
		kill_count++;
		patience_end_ns = time_monotonic_ns() + PATIENCE_NS;
	}
	spin_unlock(&choice_lock);
	return is_ours;
}

static void mark(struct process *process)
{
	bool were_enabled = spin_lock_irq(&process->signals.lock);

	if (process->space)
		WRITE_ONCE(process->space->must_die, true);
	spin_unlock_irq(&process->signals.lock, were_enabled);
	signal_kill_process(process, SIGKILL);
}

bool pressure_kill(void)
{
	uint64_t kills = atomic_load_acquire(&kill_count);
	struct memory_statistics statistics;
	struct thread *leader;
	struct process *worst;
	char name[sizeof(leader->name)] = "?";

	if (is_worth_waiting())
		return true;
	memory_statistics_read(&statistics);
	worst = choose(statistics.total);
	if (!worst)
		return false;
	if (!choice_claim(kills)) {
		process_put(worst);
		return true;
	}
	rcu_read_lock();
	leader = rcu_dereference(worst->leader);
	if (leader)
		memcpy(name, leader->name, sizeof(name) - 1);
	rcu_read_unlock();
	log_print(LOG_ERROR,
		  "Out of memory: killed process %d (%s): %llu KB held, adjustment %d, "
		  "%llu of %llu KB free",
		  worst->id, name,
		  (unsigned long long)held_pages(worst) * 4, worst->out_of_memory_adjust,
		  (unsigned long long)statistics.free * 4,
		  (unsigned long long)statistics.total * 4);
	memory_count(COUNT_OUT_OF_MEMORY_KILLS, 1);
	mark(worst);
	process_put(worst);
	return true;
}

uint64_t memory_limit(enum memory_limit kind)
{
	static const enum limit_kind kinds[] = {
		[MEMORY_LIMIT_SPACE] = LIMIT_AS, [MEMORY_LIMIT_DATA] = LIMIT_DATA,
		[MEMORY_LIMIT_STACK] = LIMIT_STACK, [MEMORY_LIMIT_LOCKED] = LIMIT_MEMLOCK,
	};

	if (kind == MEMORY_LIMIT_LOCKED && capability_is_held(CAPABILITY_SYSTEM_TUNE) &&
	    (credentials_current()->linux_effective & BIT(LINUX_IPC_LOCK)))
		return LIMIT_INFINITE;
	return limit_current(kinds[kind]);
}

bool pressure_current_is_dying(void)
{
	return process_current()->is_exiting;
}

int pressure_thread_start(const char *name, void (*entry)(void *argument), void *argument)
{
	return kernel_thread_start(name, entry, argument, NULL);
}
