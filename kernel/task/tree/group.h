/*
 * Process groups and sessions, which processes are members of.
 */
#ifndef TASK_TREE_GROUP_H
#define TASK_TREE_GROUP_H

#include "base/list.h"
#include "base/refcount.h"
#include "sync/rcu.h"

struct process;
struct terminal;

struct process_group {
	struct refcount references;
	int32_t id;
	struct session *session;
	struct list_head members;		/* struct group_member; RCU to read */
	struct rcu_head rcu;
};

/* Made anew for each group a process joins: who walks the members of one, without the lock, must
 * not find itself among those of another. */
struct group_member {
	struct list_node node;
	struct process *process;
	struct rcu_head rcu;
};

struct session {
	struct refcount references;
	int32_t id;
	/* Controlling terminal; LOCK_TERMINAL_SESSION. */
	struct terminal *terminal;
	struct process *leader;			/* NULL once it exited */
	uint32_t group_count;
	/* Seam: set by terminal/ with `terminal`; called when the leader exits. May sleep. */
	void (*leader_exits)(struct session *session);
	struct process_group *last_foreground;	/* of a terminal that was hung up; terminal/ */
	bool is_leader_gone;			/* and nobody takes last_foreground; terminal/ */
	struct rcu_head rcu;
};

/* With a reference, or NULL. */
struct process_group *process_group_find(int32_t id);
void process_group_put(struct process_group *group);
void session_put(struct session *session);
/* The number of the group a process is in at this moment; 0: none. */
int32_t process_group_id(struct process *process);

#endif
