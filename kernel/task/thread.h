/*
 * Threads and the processes they belong to. The structures live here; only process/ makes, copies
 * and drops a process's parts (space, descriptors, directories, image), which are incomplete types
 * at this level. Fields stand grouped under what guards them.
 */
#ifndef TASK_THREAD_H
#define TASK_THREAD_H

#include "arch/context.h"
#include "base/list.h"
#include "base/refcount.h"
#include "base/tree/rbtree.h"
#include "sync/rcu.h"
#include "sync/sequence.h"
#include "sync/wait.h"
#include "task/credentials.h"
#include "task/futex.h"
#include "task/schedule_entity.h"
#include "task/signal.h"
#include "task/statistics.h"
#include "task/limits.h"
#include "task/usage.h"
#include "task/tree/group.h"

struct capability_set;
struct descriptor_table;
struct directory_state;
struct space;
struct terminal;

/* What restart_syscall(2) goes on with. */
enum restart_kind {
	RESTART_NONE,
	RESTART_SLEEP,
	RESTART_FUTEX,
	RESTART_POLL,
};

enum thread_state {
	THREAD_RUNNING,			/* on a CPU or in a run queue */
	THREAD_SLEEPING,		/* interruptible: 'S' */
	THREAD_SLEEPING_DEEPLY,		/* killable or uninterruptible: 'D' */
	THREAD_STOPPED,			/* by a stop signal: 'T' */
	THREAD_TRACED,			/* by a tracer: 't' */
	THREAD_ZOMBIE,			/* 'Z' */
	THREAD_DEAD,			/* reaped; memory awaits the last reference */
};

struct thread {
	struct context context;			/* first: context_current() is the thread */
	uint32_t state;				/* enum thread_state; run-queue lock of its CPU */
	uint32_t sleep_kind;
	struct refcount references;
	int32_t id;				/* tid */
	struct process *process;
	struct list_node process_node;		/* process->threads; LOCK_SIGNAL, RCU to read */
	struct schedule_entity schedule;
	struct signal_thread signals;		/* LOCK_SIGNAL of the process */
	struct credentials *credentials;	/* immutable, replaced whole; own thread or RCU */
	char name[16];				/* comm; prctl(PR_SET_NAME) */

	/* Owned by the thread itself. */
	user_address_t clear_tid_address;	/* set_tid_address, CLONE_CHILD_CLEARTID */
	struct futex_thread futexes;
	/* NULL: a kernel thread, or it has left. Others look under LOCK_SIGNAL of the process. */
	struct descriptor_table *descriptors;	/* shared by CLONE_FILES */
	struct directory_state *directories;	/* root, cwd, umask; shared by CLONE_FS */
	user_address_t rseq_address;
	uint32_t rseq_length, rseq_signature;
	uint32_t no_new_privileges;
	uint32_t charged_uid;			/* thread_charge(); 0: nobody's */
	bool has_asked_right;		/* debug builds: since the call began (task/authority.c) */
	uint64_t timer_slack_ns;		/* PR_SET_TIMERSLACK; 0: the default */
	void *io_context;			/* schedule/io_priority.c; NULL until used */
	enum restart_kind restart_kind;		/* for restart_syscall(2) */
	union {
		struct {
			int clock;
			int64_t deadline_ns;
			user_address_t remaining;
		} sleep;
		struct {
			user_address_t address;
			uint32_t value, flags, bitset;
			int64_t deadline_ns;
		} futex;
		struct {
			user_address_t entries;
			uint32_t count;
			int64_t deadline_ns;
		} poll;
	} restart;
	struct vfork_wait *vfork_wait;		/* parent that sleeps until exec or exit */
	/* Part of run_ns that is in process->dead_threads. */
	uint64_t accounted_ns;
	bool is_accounted;			/* the rest of its usage is there too */

	/* Accounting, written by the scheduler. */
	uint64_t run_ns;			/* exact total on CPUs */
	uint64_t user_ticks, kernel_ticks;	/* samples, for the split */
	struct spin_lock divided_lock;		/* LOCK_LEAF: */
	uint64_t divided_ns[2];			/* told last: the program's part, the kernel's */
	uint64_t voluntary_switches, involuntary_switches;
	uint64_t minor_faults, major_faults;
	uint64_t read_bytes, write_bytes, read_calls, write_calls;
	int64_t started_ns;			/* CLOCK_BOOTTIME */

	struct rcu_head rcu;
};

struct process {
	struct refcount references;
	int32_t id;				/* tgid: id of its first thread */
	struct thread *leader;
	struct rcu_head rcu;

	/* LOCK_SIGNAL (readers may use RCU). */
	struct list_head threads;
	uint32_t thread_count;			/* live ones */
	/* The leader ended, its thread is in no list: shown as a zombie until the process ends. */
	bool leader_has_left;

	/* The children, and how they ended: in each child what is marked so is guarded too. */
	struct spin_lock children_lock;		/* LOCK_CHILDREN */
	struct list_head children;
	struct list_node child_node;		/* parent's children_lock: in parent->children */
	bool is_zombie;				/* parent's children_lock */
	int32_t exit_status;			/* parent's children_lock; as wait4 shows it */

	/* LOCK_TASK_TREE (readers may use RCU for the pointers). */
	struct process *parent;			/* changes with both parents' children_lock, too */
	struct process_group *group;
	struct session *session;
	struct group_member *membership;	/* its place in `group` */
	bool has_left;				/* to be a zombie: parent of nobody, no tie */
	bool is_child_subreaper;
	bool has_left_terminal;			/* TIOCNOTTY: its session's is not its own */
	bool has_executed;			/* setpgid on a child after exec is EACCES */
	bool is_exiting;			/* exit_group or fatal signal: all threads go */
	int32_t exit_signal;			/* tells the parent of the end; 0: nothing */
	uint32_t real_uid;			/* of its threads, kept after they are gone */
	struct thread *group_exec;		/* waits for the others to die in exec */
	int32_t parent_death_signal;

	/* Own locks inside. */
	struct signal_process signals;
	struct wait_queue child_changes;	/* parents wait here: own queue of this process */
	struct wait_queue pidfd_waiters;
	struct limits limits;			/* rlimits, LOCK_SIGNAL */
	struct process_timers *timers;		/* itimers and POSIX timers, task/process_timer.h */
	/* NULL: kernel or exited; pointer under LOCK_SIGNAL. */
	struct space *space;
	struct capability_set *capabilities;	/* immutable, replaced whole; RCU to read */
	struct capability_denials *denials;	/* NULL until the first refusal; atomic */

	/* Totals of threads that are gone, and of waited-for children; LOCK_SIGNAL. */
	struct usage dead_threads, waited_children;
	/* Around every move of a thread's usage to dead_threads: sums over both retry. */
	struct sequence_count usage_sequence;

	int32_t out_of_memory_adjust;		/* oom_score_adj */
	uint32_t dumpable;
	uint32_t personality;
	uint32_t memory_barriers;		/* membarrier(2) commands registered; atomic */
	int64_t started_ns;
	struct list_node all_node;		/* every process; LOCK_TASK_TREE, RCU */
};

static inline struct thread *thread_current(void)
{
	return (struct thread *)context_current();
}

static inline struct process *process_current(void)
{
	return thread_current()->process;
}

/* setuid(2) and its family: the process counts against another user's RLIMIT_NPROC. */
void process_real_uid_set(struct process *process, uint32_t uid);

/* The structures at boot: process 0 holds kernel threads and has no space. */
int task_start(void) MUST_CHECK;

/* Ids are below this (/proc/sys/kernel/pid_max). */
#define TASK_ID_LIMIT 32768

/* Process 0. */
struct process *process_kernel(void);

/*
 * Makes a thread in a process, not yet running. `frame` NULL: a kernel thread that runs
 * entry(argument); else a copy of the current program thread (process/clone.c). The result has one
 * reference, which thread_run() hands to the process (process_thread_remove() drops it), and one of
 * the scheduler until it is dead. May sleep.
 */
int thread_create(struct process *process, const struct frame *frame,
		  void (*entry)(void *argument), void *argument, struct thread **result)
	MUST_CHECK;
/* Counts a thread beyond the first one of its process against the current user's RLIMIT_NPROC,
 * until it ends: -EAGAIN. */
int thread_charge(struct thread *thread) MUST_CHECK;
void thread_run(struct thread *thread);		/* first wake-up: it becomes visible and runs */
/* Undoes thread_create() of one that never ran. */
void thread_abandon(struct thread *thread);
void thread_get(struct thread *thread);
bool thread_get_unless_dead(struct thread *thread);
void thread_put(struct thread *thread);

/* A kernel thread of process 0 with a name, running; for daemons. */
int kernel_thread_start(const char *name, void (*entry)(void *argument), void *argument,
			struct thread **result) MUST_CHECK;
/* The same bound to one CPU for ever. */
int kernel_thread_start_on(unsigned cpu, const char *name, void (*entry)(void *argument),
			   void *argument) MUST_CHECK;
/* Kernel threads end by this; program threads by process_exit_thread() in process/. */
NORETURN void thread_exit(void);

/*
 * A fresh process object with an id (`wanted_id` 0: any; -EEXIST when taken) and nothing else: no
 * parts, not visible. process/clone.c gives it parts and makes its first thread, then
 * process_publish() links it into the tree (as a child of the current process, or with
 * is_sibling of its parent; in the same group and session) and makes it findable: -EAGAIN beyond
 * RLIMIT_NPROC. process_abandon() undoes process_create() of one that was never published; its
 * parts were dropped by the caller and its thread abandoned.
 */
int process_create(int32_t wanted_id, struct process **result) MUST_CHECK;
int process_publish(struct process *process, bool is_sibling) MUST_CHECK;
void process_abandon(struct process *process);

/*
 * For the end of things: takes a dying thread out of its process (true: it was the last), and out
 * of its group a dead process that is not in its parent's list any more (its id becomes free, the
 * caller drops the tree's reference with process_put()).
 */
bool process_thread_remove(struct thread *thread);
void process_unlink(struct process *process);
/* How many the process has for others to see: a leader that left counts as long as it is shown. */
uint32_t process_threads_shown(const struct process *process);
/* The parent, whoever that is, with its children_lock taken. NULL: the first process has none. */
struct process *process_parent_lock(struct process *child);
void process_parent_unlock(struct process *parent);
/* The current thread, the last of its process, becomes its leader and takes its id (exec). */
void process_leader_set(struct thread *thread);
/* setsid and setpgid: moves the process; new group and session objects as needed. Lock held. */
int process_session_start(struct process *process) MUST_CHECK;
int process_group_move(struct process *process, int32_t group_id) MUST_CHECK;

/* Hang up the stopped group that became orphaned: that of a child which was just handed from the
 * leaving process to another parent; that of the leaving process, if it was the group's tie.
 * And whether a group is orphaned, not counting one member. Tree lock held. */
void orphan_child_check(struct process *child, struct process *leaving);
void orphan_group_check(struct process *leaving);
bool process_group_is_orphaned(struct process_group *group, struct process *except);

/* Process 1, once it was published; the reaper of orphans. */
struct process *process_first(void);

void process_get(struct process *process);
bool process_get_unless_dead(struct process *process);
void process_put(struct process *process);

/* Lookups give a counted reference or NULL. */
struct thread *thread_find(int32_t id);
struct thread *thread_next(int32_t *id);	/* the next one with id >= *id */
struct process *process_find(int32_t id);
/* The next process with id >= *id, and the n-th thread of one (procfs); NULL: no more. */
struct process *process_next(int32_t *id);
struct thread *process_thread_at(struct process *process, uint32_t n);

/* Ids: one number space for threads, processes, groups and sessions. */
int task_id_allocate(int32_t *id) MUST_CHECK;
void task_id_release(int32_t id);

/* LOCK_TASK_TREE. */
void task_tree_lock(void);
void task_tree_unlock(void);

#endif
