/*
 * Out of memory: the process that holds most of it, weighed by oom_score_adj, is killed, and the
 * log says why. While a victim is on its way out nobody else is chosen.
 */
#include "log/log.h"
#include "memory/limit.h"
#include "memory/page.h"
#include "memory/pressure.h"
#include "memory/space.h"
#include "task/authority.h"
#include "task/credentials.h"
#include "task/signal.h"
#include "task/thread.h"

#define ADJUST_NEVER (-1000)	/* oom_score_adj that exempts a process */
#define ADJUST_SCALE 1000
#define LINUX_IPC_LOCK 14	/* CAP_IPC_LOCK */

static struct spin_lock choice_lock = SPIN_LOCK_INITIALIZER(LOCK_TASK_TREE);
static struct process *victim;	/* the last one, with a reference, until it is gone */

/* Pages that its end would give back; its space is looked at under the signal lock. */
static uint64_t resident_pages(struct process *process)
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

	if (adjust == ADJUST_NEVER || process->is_zombie || process == process_first())
		return 0;
	points = (int64_t)resident_pages(process);
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

/* Whether somebody chosen before still has memory to give back. */
static bool is_victim_leaving(void)
{
	struct process *gone = NULL;
	bool is_leaving = false;

	spin_lock(&choice_lock);
	if (victim && !victim->is_zombie && resident_pages(victim) > 0) {
		is_leaving = true;
	} else {
		gone = victim;
		victim = NULL;
	}
	spin_unlock(&choice_lock);
	if (gone)
		process_put(gone);
	return is_leaving;
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
	struct memory_statistics statistics;
	struct thread *leader;
	struct process *worst, *other = NULL;
	char name[sizeof(leader->name)] = "?";

	if (is_victim_leaving())
		return true;
	memory_statistics_read(&statistics);
	worst = choose(statistics.total);
	if (!worst)
		return false;
	spin_lock(&choice_lock);
	if (victim) {
		other = worst;
		worst = victim;
	} else {
		victim = worst;
	}
	spin_unlock(&choice_lock);
	if (other) {
		process_put(other);
		return true;
	}
	rcu_read_lock();
	leader = rcu_dereference(worst->leader);
	if (leader)
		memcpy(name, leader->name, sizeof(name) - 1);
	rcu_read_unlock();
	log_print(LOG_ERROR,
		  "Out of memory: killed process %d (%s): %llu KB resident, adjustment %d, "
		  "%llu of %llu KB free",
		  worst->id, name,
		  (unsigned long long)resident_pages(worst) * 4, worst->out_of_memory_adjust,
		  (unsigned long long)statistics.free * 4,
		  (unsigned long long)statistics.total * 4);
	mark(worst);
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
