/*
 * Shared among the files of signals: queues, defaults, waking.
 */
#ifndef TASK_SIGNAL_INTERNAL_H
#define TASK_SIGNAL_INTERNAL_H

#include "task/signal.h"
#include "task/thread.h"

#define SIGNALS_STOPPING (SIGNAL_BIT(SIGSTOP) | SIGNAL_BIT(SIGTSTP) | SIGNAL_BIT(SIGTTIN) | \
			  SIGNAL_BIT(SIGTTOU))
#define SIGNALS_IGNORED (SIGNAL_BIT(SIGCONT) | SIGNAL_BIT(SIGCHLD) | SIGNAL_BIT(SIGWINCH) | \
			 SIGNAL_BIT(SIGURG))
#define SIGNALS_DUMPING (SIGNAL_BIT(SIGQUIT) | SIGNAL_BIT(SIGILL) | SIGNAL_BIT(SIGTRAP) | \
			 SIGNAL_BIT(SIGABRT) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGFPE) | \
			 SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGXCPU) | SIGNAL_BIT(SIGXFSZ) | \
			 SIGNAL_BIT(SIGSYS))
#define SIGNALS_UNBLOCKABLE (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))
/* Made by the program's own instructions: delivered before others. */
#define SIGNALS_SYNCHRONOUS (SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGILL) | \
			     SIGNAL_BIT(SIGTRAP) | SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGSYS))

struct process_timer;

struct queued_signal {
	struct list_node node;
	struct process_timer *timer;	/* whose own it is: not freed when it is taken; or NULL */
	struct signal_information information;
};

/* All with the process's signal lock held. */

/* Queues one signal; -EAGAIN when a real-time signal finds no room. */
int signal_enqueue(struct process *process, struct signal_queue *queue, int number,
		   const struct signal_information *information);
/* Takes the next signal of `set` off a queue: its number, or 0. */
int signal_dequeue(struct process *process, struct signal_queue *queue, signal_set set,
		   struct signal_information *information);
/* Throws away what is pending of `set`. */
void signal_discard(struct process *process, struct signal_queue *queue, signal_set set);
void signal_discard_everywhere(struct process *process, signal_set set);

/* Sends to a process that may be any; what signal_send_process() does. */
int signal_send_locked(struct process *process, int number,
		       const struct signal_information *information);
/* Sends a timer's own entry; one more expiration if it waits already. False: it is ignored. */
bool signal_send_timer(struct process *process, const struct signal_event *event,
		       struct queued_signal *entry);

/* Makes a thread look at its signals soon; is_fatal also ends killable sleeps and stops. */
void signal_wake(struct thread *thread, bool is_fatal);
void signal_wake_all(struct process *process, bool is_fatal);
/* Sets or clears WORK_SIGNAL of the current thread by what is pending. */
void signal_reevaluate(void);

/* A timer's entry, counted against RLIMIT_SIGPENDING while it exists; NULL: no room. These take
 * the lock themselves, signal_entry_set() does not. One that waits when it is freed will still be
 * taken. */
struct queued_signal *signal_entry_make(struct process *process, struct process_timer *timer);
void signal_entry_free(struct process *process, struct queued_signal *entry);
void signal_entry_set(struct queued_signal *entry, const struct signal_event *event, int id);

/* Every thread leaves with this code. False: the process was ending already. */
bool signal_group_exit_locked(struct process *process, int32_t code);

/* Whether the thread has a signal to take, or must stop or leave. */
bool signal_is_due(const struct thread *thread);

/* Whether nothing would happen if it were delivered. */
bool signal_is_ignored(struct process *process, int number);

#endif
