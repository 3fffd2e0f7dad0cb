/*
 * Making, changing and ending processes: the only place that makes, copies and drops their parts.
 */
#ifndef PROCESS_PROCESS_H
#define PROCESS_PROCESS_H

#include "base/compiler.h"
#include "base/types.h"
#include "task/thread.h"

struct file;

/* fork, vfork, clone, clone3. */
struct clone_request {
	uint64_t flags;			/* CLONE_* without the exit signal */
	int32_t exit_signal;
	user_address_t stack, stack_size;	/* 0: the parent's */
	user_address_t parent_tid, child_tid, pidfd;
	user_address_t thread_pointer;
	int32_t set_tid;		/* 0: any */
};
/* The child's id in the parent, or a negative errno. */
long process_clone(const struct clone_request *request);

/* execve on program strings: does not return to the old program once it has passed the point of no
 * return (then a failure kills). */
long process_execute(struct file *file, const char *name, user_address_t arguments,
		     user_address_t environment, int descriptor_for_script);
/* The first program, from kernel strings; run by init's thread. */
int process_execute_kernel(const char *path, const char *const *arguments,
			   const char *const *environment) MUST_CHECK;

/* exit(2) and exit_group(2); status as wait4 shows it. */
NORETURN void process_exit_thread(int status);
NORETURN void process_exit_group(int status);

/* wait4, waitid. */
struct wait_request {
	int kind;			/* P_ALL, P_PID, P_PGID, P_PIDFD */
	int32_t id;
	unsigned options;		/* WEXITED WSTOPPED WCONTINUED WNOHANG WNOWAIT __WALL... */
};
struct wait_result {
	int32_t id;			/* 0: nothing yet (WNOHANG) */
	uint32_t uid;
	int32_t status;			/* wait4's form */
	int32_t code, value;		/* siginfo's si_code and si_status */
	struct usage usage;
};
int process_wait(const struct wait_request *request, struct wait_result *result) MUST_CHECK;

/* Makes process 1 with the system role and runs the first program; then the boot thread idles. */
int process_start_init(const char *command_line) MUST_CHECK;

#endif
