/*
 * Signals: per-thread masks and queues, per-process actions and shared queue. Guarded by the
 * process's signal lock (LOCK_SIGNAL), which interrupt handlers may take.
 */
#ifndef TASK_SIGNAL_H
#define TASK_SIGNAL_H

#include "base/compiler.h"
#include "base/list.h"
#include "base/types.h"
#include "sync/spin_lock.h"
#include "sync/wait.h"
#include <abi/signal.h>

struct frame;
struct process;
struct process_group;
struct thread;

/* Bit number - 1, as Linux's sigset_t: signals 1..64. */
typedef uint64_t signal_set;
#define SIGNAL_COUNT 64
#define SIGNAL_BIT(number) ((signal_set)1 << ((number) - 1))

struct signal_queue {
	struct list_head entries;	/* struct queued_signal, in order of arrival */
	signal_set pending;
};

struct signal_thread {
	signal_set blocked;
	signal_set saved_blocked;	/* of sigsuspend, ppoll...: restored at return */
	bool restores_mask;
	bool is_resting;		/* counted as stopped */
	bool has_left;			/* the thread ends: nothing is delivered to it any more */
	signal_set awaited;		/* by sigtimedwait(2): will be taken, not delivered */
	struct signal_queue queue;
	user_address_t stack_base;	/* sigaltstack */
	uint64_t stack_size;
	uint32_t stack_flags;
	uint32_t last_trap_number;
	uint64_t last_error_code, last_fault_address;
};

struct signal_process {
	struct spin_lock lock;		/* LOCK_SIGNAL */
	struct signal_action actions[SIGNAL_COUNT];
	struct signal_queue queue;
	struct wait_queue signalfd_waiters;
	uint32_t stop_requested;	/* signal number of a group stop, in progress or complete */
	uint32_t threads_to_stop;	/* that have not come to rest yet */
	struct wait_queue leaving;	/* whoever executes waits for the others to leave */
	uint32_t queued_count;		/* entries of all queues, against RLIMIT_SIGPENDING */
	bool is_stopped, stop_unreported, continue_unreported;
	bool has_cpu_timers;		/* some are armed on its CPU time: the tick looks */
	int32_t stop_signal;		/* that stopped it, for wait4 */
	int32_t group_exit_code;
	struct list_head notify;
};

/*
 * Sends. `information` is copied; NULL means SI_KERNEL with nothing else. All return 0, -ESRCH,
 * -EAGAIN (RLIMIT_SIGPENDING for real-time signals). Permission is the caller's concern. Any
 * context.
 */
int signal_send_process(struct process *process, int number,
			const struct signal_information *information);
int signal_send_thread(struct thread *thread, int number,
		       const struct signal_information *information);
int signal_send_group(struct process_group *group, int number,
		      const struct signal_information *information);
/* For faults: cannot be blocked or ignored; kills if the program tries. Current thread. */
void signal_force(int number, const struct signal_information *information);
void signal_force_fatal(int number);	/* even if the program has a handler for it */
/* Makes every thread of a process die with this signal or exit status. */
void signal_kill_process(struct process *process, int number);

/* Whether the current thread has a deliverable signal, or is being killed. */
bool signal_is_pending(void);
bool signal_is_fatal_pending(void);

/* Changes the current thread's mask (SIGKILL and SIGSTOP stay deliverable) and re-evaluates. */
void signal_mask_set(signal_set blocked);
/* For calls with a temporary mask: set now, restored on return to the program. */
void signal_mask_set_temporarily(signal_set blocked);
/* A temporary mask ended without a signal: restore now. */
void signal_mask_restore(void);

/* Takes a pending signal of the set without delivering it (sigtimedwait, signalfd): its number,
 * 0. */
int signal_take(signal_set set, struct signal_information *information);
/* An action was set: what it makes ignored is thrown away. Signal lock held. */
void signal_action_changed(struct process *process, int number);
signal_set signal_pending_set(struct thread *thread);	/* thread's and shared */

/* Before return to the program: delivers, stops, restarts calls. (upcall_return_to_program) */
void signal_deliver(struct frame *frame);

/* exec: caught signals go to default. fork: copies actions and mask. */
void signal_reset_for_exec(struct process *process);
void signal_actions_reset(struct process *process);	/* caught ones only */
int signal_process_init(struct process *process, const struct process *from) MUST_CHECK;
void signal_queue_drain(struct signal_queue *queue);
/* A thread joins the list of its process, whose signal lock is held: what the process was told
 * before, when the thread could not be woken for it, holds for it too. */
void signal_thread_join(struct thread *thread);
void signal_thread_exit(struct thread *thread);	/* hands shared signals to others */

/*
 * The process ends: sets is_exiting and the code as wait4 shows it, and makes every other thread
 * leave through its return to the program. False: somebody else did so before, keep that code.
 * Current process.
 */
bool signal_group_exit_begin(int32_t code);
/* exec: the other threads of the current process end, and the caller, then alone, becomes the
 * leader. -EINTR/-EAGAIN when another thread ends the process or executes first. May sleep. */
int signal_end_other_threads(void) MUST_CHECK;

/* Group stop and continue, used by ptrace and job control; also wakes the parent. */
void signal_notify_parent_of_stop(struct process *process, int number, bool continued);

/* process/ implements: ends every thread of the current process; never returns. Declared here as
 * the seam that delivery uses. `status` as wait4 shows it. */
NORETURN void process_exit_by_signal(int number, bool dumps_core);
NORETURN void process_exit_thread(int status);

/* CPU-time, interval and POSIX timers end in these. */
struct signal_event {
	int notify;		/* SIGEV_* */
	int number;
	struct thread *thread;	/* SIGEV_THREAD_ID */
	union { int integer; uint64_t pointer; } value;
};

#endif
