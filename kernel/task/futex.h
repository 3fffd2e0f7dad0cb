/*
 * futex(2): waiting on words of program memory, private and shared, with requeue, bitsets, priority
 * inheritance and robust lists.
 */
#ifndef TASK_FUTEX_H
#define TASK_FUTEX_H

#include "base/compiler.h"
#include "base/types.h"

struct thread;

/* Makes the buckets; before the first program. */
void futex_start(void);

/* The multiplexed call; deadline absolute monotonic or NO_DEADLINE (converted by the caller). */
struct futex_request {
	user_address_t address;
	uint32_t operation;		/* without FUTEX_PRIVATE_FLAG and FUTEX_CLOCK_REALTIME */
	bool is_private;
	uint32_t value, value2, value3;
	user_address_t address2;
	int64_t deadline_ns;
	bool has_deadline;
};
long futex_call(const struct futex_request *request);
/* futex_waitv(2) on an array in program memory; the index of the one that was woken. */
long futex_wait_many_user(user_address_t waiters, unsigned count, int64_t deadline_ns);
long futex_restart(void);

/* At thread exit, and at exec: walks the robust list (bounded), releases PI futexes, clears and
 * wakes clear_tid_address. Runs in the dying thread with its space. */
void futex_thread_exit(struct thread *thread);
int futex_robust_list_set(user_address_t head, size_t length) MUST_CHECK;
int futex_robust_list_get(struct thread *thread, user_address_t *head) MUST_CHECK;

int futex_wake_address(user_address_t address, unsigned count);

#endif
