/*
 * Scheduling calls: policies, priorities, affinity, nice values.
 */
#include "task/schedule.h"

#include "arch/pages.h"
#include "syscall/support.h"
#include "task/credentials.h"
#include "task/thread.h"
#include "vfs/permission.h"

#define SCHED_ATTR_FIRST_SIZE 48		/* SCHED_ATTR_SIZE_VER0 */

struct thread *thread_by_id(int tid)
{
	if (tid < 0)
		return NULL;
	if (tid != 0)
		return thread_find(tid);
	thread_get(thread_current());
	return thread_current();
}

/* Another user's thread takes a privilege; raising what one has takes it or RLIMIT's leave. */
static int may_schedule(struct thread *thread)
{
	const struct credentials *own = credentials_current();
	bool is_same;

	rcu_read_lock();
	is_same = own->euid == rcu_dereference(thread->credentials)->euid ||
		own->euid == rcu_dereference(thread->credentials)->uid;
	rcu_read_unlock();
	if (!is_same && !privilege_is_held(PRIVILEGE_SYS_NICE))
		return -EPERM;
	return thread->process == process_current() ? capability_not_needed() :
		capability_require(CAPABILITY_PROCESS_PRIORITY);
}

static bool is_real_time(uint32_t policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

/* Whether the wanted parameters go beyond what the thread has and its limits allow. */
static bool is_raise(const struct schedule_parameters *old, const struct schedule_parameters *new)
{
	uint64_t nice_limit = limit_current(LIMIT_NICE);
	uint64_t priority_limit = limit_current(LIMIT_RTPRIO);

	if (is_real_time(new->policy)) {
		if ((new->policy != old->policy && priority_limit == 0) ||
		    (new->priority > old->priority && new->priority > priority_limit))
			return true;
	} else if (new->nice < old->nice && (uint64_t)(20 - new->nice) > nice_limit) {
		return true;
	}
	/* To leave SCHED_IDLE is like a better nice value than it has. */
	if (old->policy == SCHED_IDLE && new->policy != SCHED_IDLE &&
	    (uint64_t)(20 - old->nice) > nice_limit)
		return true;
	return old->resets_on_fork && !new->resets_on_fork;
}

static int parameters_check(const struct schedule_parameters *wanted)
{
	switch (wanted->policy) {
	case SCHED_FIFO:
	case SCHED_RR:
		return wanted->priority >= 1 && wanted->priority <= 99 ? 0 : -EINVAL;
	case SCHED_OTHER:
	case SCHED_BATCH:
	case SCHED_IDLE:
		return wanted->priority == 0 ? 0 : -EINVAL;
	default:
		return -EINVAL;		/* SCHED_DEADLINE is not known here */
	}
}

int thread_parameters_set(struct thread *thread, const struct schedule_parameters *wanted,
			  int refusal)
{
	struct schedule_parameters old;
	int result = parameters_check(wanted);

	if (result == 0)
		result = may_schedule(thread);
	if (result < 0)
		return result;
	schedule_parameters_read(thread, &old);
	if (is_raise(&old, wanted)) {
		result = capability_require(CAPABILITY_PROCESS_PRIORITY);
		if (result < 0 || !privilege_is_held(PRIVILEGE_SYS_NICE))
			return refusal;
	}
	return schedule_parameters_set(thread, wanted);
}

long sys_sched_setscheduler(int pid, int policy, const struct sched_param *parameters)
{
	struct thread *thread;
	struct schedule_parameters wanted;
	long result;

	if (!parameters || pid < 0 || policy < 0)
		return -EINVAL;
	thread = thread_by_id(pid);
	if (!thread)
		return -ESRCH;
	schedule_parameters_read(thread, &wanted);
	wanted.policy = policy & ~SCHED_RESET_ON_FORK;
	wanted.resets_on_fork = policy & SCHED_RESET_ON_FORK;
	wanted.priority = parameters->sched_priority;
	result = thread_parameters_set(thread, &wanted, -EPERM);
	thread_put(thread);
	return result;
}

long sys_sched_setparam(int pid, const struct sched_param *parameters)
{
	struct schedule_parameters wanted;
	struct thread *thread;
	long result;

	if (!parameters || pid < 0)
		return -EINVAL;
	thread = thread_by_id(pid);
	if (!thread)
		return -ESRCH;
	schedule_parameters_read(thread, &wanted);
	wanted.priority = parameters->sched_priority;
	result = thread_parameters_set(thread, &wanted, -EPERM);
	thread_put(thread);
	return result;
}

/* Reads a thread's parameters by id: 0, -EINVAL, -ESRCH. */
static int parameters_of(int pid, struct schedule_parameters *parameters)
{
	struct thread *thread;

	if (pid < 0)
		return -EINVAL;
	thread = thread_by_id(pid);
	if (!thread)
		return -ESRCH;
	schedule_parameters_read(thread, parameters);
	thread_put(thread);
	return 0;
}

long sys_sched_getscheduler(int pid)
{
	struct schedule_parameters parameters;
	int result = parameters_of(pid, &parameters);

	if (result < 0)
		return result;
	return parameters.policy | (parameters.resets_on_fork ? SCHED_RESET_ON_FORK : 0);
}

long sys_sched_getparam(int pid, struct sched_param *out)
{
	struct schedule_parameters parameters;
	int result = out ? parameters_of(pid, &parameters) : -EINVAL;

	if (result == 0)
		out->sched_priority = parameters.priority;
	return result;
}

long sys_sched_setattr(int pid, user_address_t address, unsigned flags)
{
	struct sched_attr attributes;
	struct schedule_parameters wanted;
	struct thread *thread;
	uint32_t size;
	long result;

	if (pid < 0 || flags != 0 || address == 0)
		return -EINVAL;
	if (user_load32(address, &size) < 0)
		return -EFAULT;
	result = structure_fetch(&attributes, sizeof(attributes), address,
				 size ? size : SCHED_ATTR_FIRST_SIZE, SCHED_ATTR_FIRST_SIZE);
	if (result == -E2BIG || result == -EINVAL) {
		/* Tell the program how much is known here (sched_setattr(2)). */
		if (user_store32(address, sizeof(attributes)) < 0)
			return -EFAULT;
		return -E2BIG;
	}
	if (result < 0)
		return result;
	if (attributes.sched_flags & ~(uint64_t)(SCHED_FLAG_RESET_ON_FORK |
	    SCHED_FLAG_KEEP_POLICY | SCHED_FLAG_KEEP_PARAMS))
		return -EINVAL;
	thread = thread_by_id(pid);
	if (!thread)
		return -ESRCH;
	schedule_parameters_read(thread, &wanted);
	/* The reset on fork is part of the policy. */
	if (!(attributes.sched_flags & SCHED_FLAG_KEEP_POLICY)) {
		wanted.policy = attributes.sched_policy;
		wanted.resets_on_fork = attributes.sched_flags & SCHED_FLAG_RESET_ON_FORK;
	}
	if (!(attributes.sched_flags & SCHED_FLAG_KEEP_PARAMS)) {
		wanted.priority = attributes.sched_priority;
		if (!is_real_time(wanted.policy))
			wanted.nice = clamp(attributes.sched_nice, -20, 19);
	}
	result = thread_parameters_set(thread, &wanted, -EPERM);
	thread_put(thread);
	return result;
}

long sys_sched_getattr(int pid, user_address_t address, unsigned size, unsigned flags)
{
	struct schedule_parameters parameters;
	struct sched_attr attributes = { 0 };
	int result;

	if (flags != 0 || address == 0 || size < SCHED_ATTR_FIRST_SIZE || size > PAGE_SIZE)
		return -EINVAL;
	result = parameters_of(pid, &parameters);
	if (result < 0)
		return result;
	attributes.size = min(size, (unsigned)sizeof(attributes));
	attributes.sched_policy = parameters.policy;
	attributes.sched_flags = parameters.resets_on_fork ? SCHED_FLAG_RESET_ON_FORK : 0;
	if (is_real_time(parameters.policy))
		attributes.sched_priority = parameters.priority;
	else
		attributes.sched_nice = parameters.nice;
	attributes.sched_util_max = 1024;
	return user_copy_out(address, &attributes, attributes.size);
}

long sys_sched_get_priority_max(int policy)
{
	if (policy == SCHED_FIFO || policy == SCHED_RR)
		return 99;
	return policy == SCHED_OTHER || policy == SCHED_BATCH || policy == SCHED_IDLE ||
		policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

long sys_sched_get_priority_min(int policy)
{
	long highest = sys_sched_get_priority_max(policy);

	return highest > 0 ? 1 : highest;
}

long sys_sched_rr_get_interval(int pid, struct timespec *interval)
{
	struct thread *thread;

	if (pid < 0)
		return -EINVAL;
	thread = thread_by_id(pid);
	if (!thread)
		return -ESRCH;
	timespec_from_ns(schedule_round_robin_ns(thread), interval);
	thread_put(thread);
	return 0;
}

long sys_sched_setaffinity(int pid, unsigned size, user_address_t address)
{
	struct cpu_mask mask = { 0 };
	struct thread *thread;
	long result;

	if (user_copy_in(&mask, address, min(size, (unsigned)sizeof(mask))) < 0)
		return -EFAULT;
	thread = thread_by_id(pid);
	if (!thread)
		return -ESRCH;
	result = may_schedule(thread);
	if (result == 0)
		result = schedule_affinity_set(thread, &mask);
	thread_put(thread);
	return result;
}

long sys_sched_getaffinity(int pid, unsigned size, user_address_t address)
{
	struct cpu_mask mask, online;
	struct thread *thread;
	unsigned bytes = align_up((cpu_count() + 7) / 8, sizeof(uint64_t));

	if (size * 8 < cpu_count() || size % sizeof(uint64_t) != 0)
		return -EINVAL;
	thread = thread_by_id(pid);
	if (!thread)
		return -ESRCH;
	schedule_affinity_read(thread, &mask);
	thread_put(thread);
	cpu_online_mask(&online);
	for (unsigned i = 0; i < ARRAY_SIZE(mask.words); i++)
		mask.words[i] &= online.words[i];
	bytes = min(size, bytes);
	return user_copy_out(address, &mask, bytes) < 0 ? -EFAULT : (long)bytes;
}

long sys_sched_yield(void)
{
	schedule_yield();
	return 0;
}

long sys_getcpu(user_address_t cpu, user_address_t node, user_address_t unused)
{
	(void)unused;
	if (cpu && user_store32(cpu, READ_ONCE(context_current()->cpu)) < 0)
		return -EFAULT;
	return node && user_store32(node, 0) < 0 ? -EFAULT : 0;
}
