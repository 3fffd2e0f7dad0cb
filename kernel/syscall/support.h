/*
 * Shared among the handlers: stubs' helpers, conversion of times, and tracing.
 */
#ifndef SYSCALL_SUPPORT_H
#define SYSCALL_SUPPORT_H

#include "call_prototypes.h"
#include "syscall/stub.h"
#include "syscall/syscall.h"
#include "time/clock_time.h"

/* Prints one call and its result if the current thread is traced. */
void trace_call_enter(const struct call_entry *entry, const struct frame *frame);
void trace_call_leave(const struct call_entry *entry, const struct frame *frame, long result);
int trace_start(void) MUST_CHECK;

/* A number without an entry: counted per program for /proc/aegis/missing. Always -ENOSYS. */
long missing_call(long number);
int missing_start(void) MUST_CHECK;

/* Checked times: 0 or -EINVAL (negative, or nanoseconds of a second or more); saturates. */
int timespec_to_ns(const struct timespec *time, int64_t *ns) MUST_CHECK;
int timeval_to_ns(const struct timeval *time, int64_t *ns) MUST_CHECK;
void timespec_from_ns(int64_t ns, struct timespec *time);
void timeval_from_ns(int64_t ns, struct timeval *time);
/* now + ns, at most NO_DEADLINE - 1. */
int64_t deadline_after(int64_t ns);
/* A time-out in program memory, NULL for none; deadline absolute. -EFAULT, -EINVAL. */
int deadline_from_user(user_address_t timeout, int64_t *deadline_ns) MUST_CHECK;

/* Goes on with a poll(2) that a signal without handler interrupted (RESTART_POLL). */
long poll_restart(void);

struct timer_setting;
int itimerspec_check(const struct itimerspec *setting, struct timer_setting *times) MUST_CHECK;
void itimerspec_fill(const struct timer_setting *times, struct itimerspec *setting);

/* A versioned structure of a program: see the definition in file/name.c. */
int structure_fetch(void *to, size_t known, user_address_t from, size_t size, size_t minimum)
	MUST_CHECK;

/* A block of PATH_MAXIMUM bytes; call_path_put() frees it. -ENOMEM. */
int call_path_block(char **block) MUST_CHECK;

struct usage;
struct rusage;
void usage_to_rusage(const struct usage *usage, struct rusage *out);

/* A thread by id (0: the current one) with a reference; NULL: none. */
struct thread *thread_by_id(int tid);
struct schedule_parameters;
/* Checks the values and whether the caller may. -EINVAL, -EPERM. */
int thread_parameters_set(struct thread *thread, const struct schedule_parameters *wanted,
			  int refusal)
	MUST_CHECK;

/* dup(2) and F_DUPFD: the lowest number from `minimum` on. */
long descriptor_duplicate_from(struct file *file, unsigned long minimum, bool closes_on_exec);

#endif
