/*
 * futex(2): waiting on words of program memory, private and shared, with requeue, bitsets, priority
 * inheritance and robust lists.
 */
#ifndef TASK_FUTEX_H
#define TASK_FUTEX_H

#include "base/compiler.h"
#include "base/list.h"
#include "base/types.h"

struct futex_lock;
struct futex_waiter;
struct thread;

/* What a thread has of futexes. */
struct futex_thread {
	user_address_t robust_head;	/* set_robust_list(2); own thread */
	struct futex_lock *spare;	/* for the next PI futex that it waits for; own thread */
	uint32_t has_owned;		/* others ever waited for a PI futex of it; atomic */
	uint32_t has_left;		/* dies, and gave up what it owned; atomic */
	/* LOCK_PRIORITY_INHERITANCE. */
	struct list_head owned;		/* struct futex_lock: others wait for these */
	struct futex_waiter *waiting;	/* to own one; NULL: none */
};

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

void futex_thread_init(struct thread *thread);
/* At thread exit, and at exec: walks the robust list (bounded), gives up PI futexes, clears and
 * wakes clear_tid_address. Runs in the thread, with its old space. */
void futex_thread_exit(struct thread *thread);
void futex_thread_execute(struct thread *thread);
int futex_robust_list_set(user_address_t head, size_t length) MUST_CHECK;
user_address_t futex_robust_list_get(struct thread *thread);
/* The thread's own real-time priority is another: what it waits for, and lends, follows. */
void futex_priority_changed(struct thread *thread);

int futex_wake_address(user_address_t address, unsigned count);

#endif
