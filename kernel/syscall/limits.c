/*
 * Resource limits and what was used.
 */
#include "task/limits.h"

#include "memory/space.h"
#include "syscall/support.h"
#include "task/credentials.h"
#include "task/process_timer.h"
#include "task/thread.h"
#include "vfs/permission.h"

static int limit_check(unsigned resource, const struct rlimit64 *new)
{
	if (new->rlim_cur > new->rlim_max)
		return -EINVAL;
	return resource == LIMIT_NOFILE && new->rlim_max > LIMIT_NOFILE_CEILING ? -EPERM : 0;
}

static int may_raise_hard(void)
{
	int result = capability_require(CAPABILITY_SYSTEM_TUNE);

	return result == 0 && !privilege_is_held(PRIVILEGE_SYS_RESOURCE) ? -EPERM : result;
}

/* The two values change together, and a raise is judged by what is there at that moment: another
 * thread may be lowering the hard limit. */
static int limit_replace(struct process *process, unsigned resource, const struct rlimit64 *new,
			 struct limit *old, bool may_raise)
{
	struct limit *limit = &process->limits.values[resource];
	bool enabled = spin_lock_irq(&process->signals.lock);
	int result = new && new->rlim_max > limit->hard && !may_raise ? -EPERM : 0;

	*old = *limit;
	if (new && result == 0) {
		limit->soft = new->rlim_cur;
		limit->hard = new->rlim_max;
	}
	spin_unlock_irq(&process->signals.lock, enabled);
	return result;
}

static int limit_exchange(struct process *process, unsigned resource, const struct rlimit64 *new,
			  struct rlimit64 *old)
{
	struct limit before;
	int result = new ? limit_check(resource, new) : 0;

	if (result < 0)
		return result;
	result = limit_replace(process, resource, new, &before, false);
	if (result == 0)
		result = capability_not_needed();
	if (result == -EPERM) {
		result = may_raise_hard();
		if (result == 0)
			result = limit_replace(process, resource, new, &before, true);
	}
	if (result < 0)
		return result;
	if (old)
		*old = (struct rlimit64){ .rlim_cur = before.soft, .rlim_max = before.hard };
	return 0;
}

long sys_getrlimit(unsigned resource, struct rlimit64 *limit)
{
	if (resource >= LIMIT_COUNT)
		return -EINVAL;
	return limit_exchange(process_current(), resource, NULL, limit);
}

long sys_setrlimit(unsigned resource, const struct rlimit64 *limit)
{
	if (resource >= LIMIT_COUNT)
		return -EINVAL;
	return limit_exchange(process_current(), resource, limit, NULL);
}

/* Another process's limits: the right, domination, and Linux's rule that all ids agree. */
static int may_limit(struct process *target)
{
	const struct credentials *own = credentials_current(), *other;
	bool agrees, is_privileged = privilege_is_held(PRIVILEGE_SYS_RESOURCE);
	int result;

	if (target == process_current())
		return 0;
	result = capability_require(CAPABILITY_PROCESS_INSPECT);
	if (result < 0)
		return result;
	rcu_read_lock();
	other = process_credentials(target);
	agrees = is_privileged || !other ||
		(own->uid == other->uid && own->uid == other->euid && own->uid == other->suid &&
		 own->gid == other->gid && own->gid == other->egid && own->gid == other->sgid);
	rcu_read_unlock();
	return agrees && capability_dominates(target) ? 0 : -EPERM;
}

long sys_prlimit64(int pid, unsigned resource, const struct rlimit64 *new, struct rlimit64 *old)
{
	struct process *process;
	int result;

	if (resource >= LIMIT_COUNT)
		return -EINVAL;
	if (pid == 0)
		return limit_exchange(process_current(), resource, new, old);
	process = pid > 0 ? process_find(pid) : NULL;
	if (!process)
		return -ESRCH;
	result = may_limit(process);
	if (result == 0)
		result = limit_exchange(process, resource, new, old);
	process_put(process);
	return result;
}

long sys_getrusage(int who, struct rusage *out)
{
	struct process *process = process_current();
	struct usage usage;

	switch (who) {
	case RUSAGE_SELF:
		process_usage(process, &usage);
		if (process->space)
			usage.peak_resident_pages = max(usage.peak_resident_pages,
							process->space->resident_peak);
		break;
	case RUSAGE_CHILDREN:
		usage = process->waited_children;
		break;
	case RUSAGE_THREAD:
		thread_usage(thread_current(), &usage);
		break;
	default:
		return -EINVAL;
	}
	usage_to_rusage(&usage, out);
	return 0;
}

static int64_t ticks(uint64_t ns)
{
	return ns / (NANOSECONDS_PER_SECOND / USER_HZ);
}

long sys_times(struct tms *times)
{
	struct process *process = process_current();
	struct usage usage;

	process_usage(process, &usage);
	if (times) {
		times->tms_utime = ticks(usage.user_ns);
		times->tms_stime = ticks(usage.kernel_ns);
		times->tms_cutime = ticks(process->waited_children.user_ns);
		times->tms_cstime = ticks(process->waited_children.kernel_ns);
	}
	return ticks(time_boot_ns());
}
