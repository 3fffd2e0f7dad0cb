/*
 * ioprio_get(2) and ioprio_set(2): a class and a level within it, of one thread, or of all of a
 * process group's or a user's.
 */
#include "syscall/support.h"
#include "task/schedule.h"
#include "task/thread.h"
#include "vfs/permission.h"

#define IO_DATA_MASK ((1u << IO_CLASS_SHIFT) - 1)
#define IO_CLASS_MASK 7u

enum { WHO_PROCESS = 1, WHO_PROCESS_GROUP, WHO_USER };

/* What is done to each thread that (which, who) names; a negative result of act() ends it. */
struct io_walk {
	int which, who;
	uint32_t user;			/* whose, by WHO_USER */
	uint32_t priority;		/* to set; or the best seen, 0: none yet */
	bool may_others;		/* act on other users' threads */
	long (*act)(struct thread *thread, struct io_walk *walk);
};

static bool is_matching(struct process *process, const struct io_walk *walk)
{
	int32_t group, wanted = walk->who;

	if (walk->which == WHO_USER)
		return process->real_uid == walk->user;
	task_tree_lock();
	group = process->group ? process->group->id : 0;
	if (wanted == 0)
		wanted = process_current()->group->id;
	task_tree_unlock();
	return group == wanted;
}

static long walk_process(struct process *process, struct io_walk *walk)
{
	struct thread *thread;
	long result = 0;

	for (uint32_t n = 0; result >= 0 && (thread = process_thread_at(process, n)); n++) {
		result = walk->act(thread, walk);
		thread_put(thread);
	}
	return result;
}

static long walk_all(struct io_walk *walk)
{
	struct process *process;
	long result = -ESRCH;
	int32_t id = 1;

	for (; (process = process_next(&id)) != NULL; id++) {
		bool matches = is_matching(process, walk);

		if (matches)
			result = walk_process(process, walk);
		process_put(process);
		if (matches && result < 0)
			break;
	}
	return result;
}

static struct thread *thread_named(int who)
{
	if (who)
		return thread_find(who);
	thread_get(thread_current());
	return thread_current();
}

static long walk_threads(struct io_walk *walk)
{
	struct thread *thread;
	long result;

	switch (walk->which) {
	case WHO_PROCESS:
		thread = thread_named(walk->who);
		if (!thread)
			return -ESRCH;
		result = walk->act(thread, walk);
		thread_put(thread);
		return result;
	case WHO_PROCESS_GROUP:
	case WHO_USER:
		return walk_all(walk);
	default:
		return -EINVAL;
	}
}

static long thread_set(struct thread *thread, struct io_walk *walk)
{
	const struct credentials *own = credentials_current();
	uint32_t uid;

	rcu_read_lock();
	uid = rcu_dereference(thread->credentials)->uid;
	rcu_read_unlock();
	if (uid != own->uid && uid != own->euid && !walk->may_others)
		return -EPERM;
	return io_priority_set(thread, walk->priority);
}

static long thread_look(struct thread *thread, struct io_walk *walk)
{
	uint32_t effective = io_priority_effective(thread);

	if (walk->priority == 0 || effective < walk->priority)
		walk->priority = effective;
	return 0;
}

static long thread_look_own(struct thread *thread, struct io_walk *walk)
{
	walk->priority = io_priority_own(thread);
	return 0;
}

/* The real-time class may starve all others: it is not for everybody. */
static long may_set(int value, bool has_privilege)
{
	switch ((unsigned)value >> IO_CLASS_SHIFT & IO_CLASS_MASK) {
	case IO_CLASS_REAL_TIME:
		return has_privilege || privilege_is_held(PRIVILEGE_SYS_ADMIN) ? 0 : -EPERM;
	case IO_CLASS_BEST_EFFORT:
	case IO_CLASS_IDLE:
		return 0;
	case IO_CLASS_NONE:
		return (unsigned)value & IO_DATA_MASK ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

long sys_ioprio_set(int which, int who, int value)
{
	struct io_walk walk = {
		.which = which,
		.who = who,
		.user = (uint32_t)who,
		.priority = (uint16_t)value,
		.may_others = privilege_is_held(PRIVILEGE_SYS_NICE),
		.act = thread_set,
	};
	long result = may_set(value, walk.may_others);

	if (result < 0)
		return result;
	/* One's own threads are one's own affair; others' ask for the right. */
	result = which == WHO_PROCESS && who == 0 ? capability_not_needed()
						  : capability_require(CAPABILITY_PROCESS_PRIORITY);
	return result < 0 ? result : walk_threads(&walk);
}

long sys_ioprio_get(int which, int who)
{
	struct io_walk walk = {
		.which = which,
		.who = who,
		/* Here 0 is the caller's user; to set, it is user 0. */
		.user = who ? (uint32_t)who : credentials_current()->uid,
		.act = which == WHO_PROCESS ? thread_look_own : thread_look,
	};
	long result = walk_threads(&walk);

	return result < 0 ? result : (long)walk.priority;
}
