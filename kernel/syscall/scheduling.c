/*
 * Scheduling calls: policies, priorities, affinity, nice values.
 */
#include "task/schedule.h"

#include "arch/pages.h"
#include "syscall/support.h"
#include "task/credentials.h"
#include "task/thread.h"

#define SCHED_ATTR_FIRST_SIZE 48		/* SCHED_ATTR_SIZE_VER0 */

/* A thread by id (0: the current one) with a reference; NULL: none. */
static struct thread *thread_by_id(int tid)
{
	if (tid < 0)
		return NULL;
	if (tid != 0)
		return thread_find(tid);
	thread_get(thread_current());
	return thread_current();
}

/* Another user's thread takes uid 0; raising what one has takes the right and RLIMIT's leave. */
static int may_schedule(struct thread *thread)
{
	const struct credentials *own = credentials_current();
	bool is_same;

	rcu_read_lock();
	is_same = own->euid == 0 || own->euid == rcu_dereference(thread->credentials)->euid ||
		own->euid == rcu_dereference(thread->credentials)->uid;
	rcu_read_unlock();
	if (!is_same)
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

	if (is_real_time(new->policy))
		return !(is_real_time(old->policy) && new->priority <= old->priority) &&
			new->priority > priority_limit;
	if (old->resets_on_fork && !new->resets_on_fork)
		return true;
	return new->nice < old->nice && (uint64_t)(20 - new->nice) > nice_limit;
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

/* A raise that is not allowed is `refusal`. */
static int parameters_apply(struct thread *thread, const struct schedule_parameters *wanted,
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
		if (credentials_current()->euid != 0)
			return refusal;
		if (capability_require(CAPABILITY_PROCESS_PRIORITY) < 0)
			return refusal;
	}
	return schedule_parameters_set(thread, wanted);
}

static int parameters_set(struct thread *thread, const struct schedule_parameters *wanted)
{
	return parameters_apply(thread, wanted, -EPERM);
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
	result = parameters_set(thread, &wanted);
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
	result = parameters_set(thread, &wanted);
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
	if (!(attributes.sched_flags & SCHED_FLAG_KEEP_POLICY))
		wanted.policy = attributes.sched_policy;
	if (!(attributes.sched_flags & SCHED_FLAG_KEEP_PARAMS)) {
		wanted.priority = attributes.sched_priority;
		if (!is_real_time(wanted.policy))
			wanted.nice = clamp(attributes.sched_nice, -20, 19);
	}
	wanted.resets_on_fork = attributes.sched_flags & SCHED_FLAG_RESET_ON_FORK;
	result = parameters_set(thread, &wanted);
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

/* Runs `act` on the threads that (which, who) names; -ESRCH when there are none. */
struct priority_walk {
	int which, who;
	int nice;		/* to set; out: the best nice value seen, as 20 - nice */
	long result;
	long (*act)(struct thread *thread, struct priority_walk *walk);
};

static bool priority_matches(struct process *process, const struct priority_walk *walk)
{
	if (walk->which == PRIO_PGRP)
		return process->group && process->group->id ==
			(walk->who ? walk->who : process_current()->group->id);
	return process->real_uid == (walk->who ? (uint32_t)walk->who :
				     credentials_current()->uid);
}

static void priority_walk(struct priority_walk *walk)
{
	struct process *process;
	struct thread *thread;
	int32_t id = 1;

	walk->result = -ESRCH;
	if (walk->which == PRIO_PROCESS) {
		thread = thread_by_id(walk->who);
		if (thread) {
			walk->result = walk->act(thread, walk);
			thread_put(thread);
		}
		return;
	}
	for (; (process = process_next(&id)) != NULL; id++) {
		thread = priority_matches(process, walk) ? thread_find(process->id) : NULL;
		if (thread) {
			long one = walk->act(thread, walk);

			if (walk->result == -ESRCH || one < 0)
				walk->result = one;
			thread_put(thread);
		}
		process_put(process);
	}
}

static long priority_read(struct thread *thread, struct priority_walk *walk)
{
	struct schedule_parameters parameters;

	schedule_parameters_read(thread, &parameters);
	walk->nice = max(walk->nice, 20 - parameters.nice);
	return 0;
}

static long priority_write(struct thread *thread, struct priority_walk *walk)
{
	struct schedule_parameters wanted;

	schedule_parameters_read(thread, &wanted);
	wanted.nice = walk->nice;
	return parameters_apply(thread, &wanted, -EACCES);
}

long sys_getpriority(int which, int who)
{
	struct priority_walk walk = { .which = which, .who = who, .act = priority_read };

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	priority_walk(&walk);
	return walk.result < 0 ? walk.result : walk.nice;
}

long sys_setpriority(int which, int who, int nice)
{
	struct priority_walk walk = {
		.which = which,
		.who = who,
		.nice = clamp(nice, -20, 19),
		.act = priority_write,
	};

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	priority_walk(&walk);
	return walk.result;
}

long sys_getcpu(user_address_t cpu, user_address_t node, user_address_t unused)
{
	(void)unused;
	if (cpu && user_store32(cpu, READ_ONCE(context_current()->cpu)) < 0)
		return -EFAULT;
	return node && user_store32(node, 0) < 0 ? -EFAULT : 0;
}
