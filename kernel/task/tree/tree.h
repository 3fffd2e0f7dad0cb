/* What the files of task/tree/ share: the map of ids, and the kernel's own process. */
#ifndef TASK_TREE_TREE_H
#define TASK_TREE_TREE_H

#include "base/refcount.h"
#include "base/types.h"
#include "sync/rcu.h"

struct process;
struct process_group;
struct session;
struct thread;

/*
 * What an id names. Every kind that uses the number holds it; it is free for others when nobody
 * does. LOCK_TASK_ID to add and remove; each pointer is its owner's to change; RCU to read.
 */
struct task_id {
	struct thread *thread;
	struct process *process;
	struct process_group *group;
	struct session *session;
	struct refcount holds;
	struct rcu_head rcu;
};

void task_id_start(void);
/* -EEXIST when it is in use, -EINVAL out of range. */
int task_id_allocate_at(int32_t id) MUST_CHECK;
/* One more use of an id in use. Its entry stays until task_id_release(). */
void task_id_hold(int32_t id);
/* The entry, NULL: not in use. RCU, or a hold. */
struct task_id *task_id_find(int32_t id);
/* The first in use at or after *id. RCU. */
struct task_id *task_id_next(int32_t *id);

/* Makes process 0. */
void process_kernel_start(void);

/* Processes of a user and their further threads, for RLIMIT_NPROC. -EAGAIN beyond `limit`. */
int user_charge(uint32_t uid, uint64_t limit) MUST_CHECK;
void user_uncharge(uint32_t uid);
void thread_uncharge(struct thread *thread);

/* Tree lock held: joins or leaves a group, with what hangs on it. -ENOMEM. */
int group_join(struct process_group *group, struct process *process) MUST_CHECK;
void group_leave(struct process *process);

#endif
