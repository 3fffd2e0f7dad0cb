/*
 * Nice values of threads, of all threads of a group, or of a user.
 */
#include "syscall/support.h"
#include "task/credentials.h"
#include "task/schedule.h"
#include "task/thread.h"

/* Runs `act` on the threads that (which, who) names; -ESRCH when there are none. */
struct priority_walk {
	int which, who;		/* PRIO_PROCESS, PRIO_PGRP, PRIO_USER */
	int value;		/* to set; out: the best one seen */
	int32_t group;
	uint32_t uid;
	long (*act)(struct thread *thread, struct priority_walk *walk);
};

static bool walk_matches(struct thread *thread, const struct priority_walk *walk)
{
	uint32_t uid;

	if (thread->process == process_kernel())
		return false;
	if (walk->which == PRIO_PGRP)
		return process_group_id(thread->process) == walk->group;
	rcu_read_lock();
	uid = rcu_dereference(thread->credentials)->uid;
	rcu_read_unlock();
	return uid == walk->uid;
}

/* Several threads: one refusal or failure is the result, whatever the others said. */
static long walk_all(struct priority_walk *walk)
{
	struct thread *thread;
	long result = -ESRCH;
	int32_t id = 1;

	for (; (thread = thread_next(&id)) != NULL; id++) {
		if (walk_matches(thread, walk)) {
			long one = walk->act(thread, walk);

			if (result == -ESRCH || one < 0)
				result = one;
		}
		thread_put(thread);
		blocking_yield_point();
	}
	return result;
}

static long walk_threads(struct priority_walk *walk)
{
	struct thread *thread;
	long result;

	if (walk->which == PRIO_PGRP)
		walk->group = walk->who ? walk->who : process_group_id(process_current());
	if (walk->which != PRIO_PROCESS)
		return walk_all(walk);
	thread = thread_by_id(walk->who);
	if (!thread)
		return -ESRCH;
	result = walk->act(thread, walk);
	thread_put(thread);
	return result;
}

static long nice_read(struct thread *thread, struct priority_walk *walk)
{
	struct schedule_parameters parameters;

	schedule_parameters_read(thread, &parameters);
	walk->value = max(walk->value, 20 - parameters.nice);
	return 0;
}

static long nice_write(struct thread *thread, struct priority_walk *walk)
{
	struct schedule_parameters wanted;

	schedule_parameters_read(thread, &wanted);
	wanted.nice = walk->value;
	return thread_parameters_set(thread, &wanted, -EACCES);
}

static uint32_t user_of(int who)
{
	return who ? (uint32_t)who : credentials_current()->uid;
}

long sys_getpriority(int which, int who)
{
	struct priority_walk walk = {
		.which = which, .who = who, .uid = user_of(who), .act = nice_read,
	};
	long result;

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	result = walk_threads(&walk);
	return result < 0 ? result : walk.value;
}

long sys_setpriority(int which, int who, int nice)
{
	struct priority_walk walk = {
		.which = which, .who = who, .uid = user_of(who),
		.value = clamp(nice, -20, 19), .act = nice_write,
	};

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	return walk_threads(&walk);
}
