/*
 * Robust futexes and the end of threads: what a dying thread holds is marked and handed on
 * (set_robust_list(2)). The list is the program's: every pointer may lie.
 */
#include "base/errno.h"
#include "memory/heap.h"
#include "memory/user.h"
#include "sync/blocking.h"
#include "task/futex/futex_internal.h"

int futex_robust_list_set(user_address_t head, size_t length)
{
	if (length != sizeof(struct robust_list_head))
		return -EINVAL;
	thread_current()->futexes.robust_head = head;
	return 0;
}

user_address_t futex_robust_list_get(struct thread *thread)
{
	return READ_ONCE(thread->futexes.robust_head);
}

/* Marks one word as left by a dead owner, and wakes somebody who waits for it; who waits for a PI
 * futex is woken when the thread gives up what it owns. */
static int word_release(struct thread *thread, user_address_t address, bool is_priority,
			bool is_pending)
{
	uint32_t value, found;

	if (address % sizeof(uint32_t) != 0)
		return -EINVAL;
	for (;;) {
		if (user_load32(address, &value) < 0)
			return -EFAULT;
		/* An unlock that was on its way may have cleared the word without waking. */
		if (is_pending && !is_priority && (value & FUTEX_TID_MASK) == 0) {
			(void)futex_wake_address(address, 1);
			return 0;
		}
		if ((value & FUTEX_TID_MASK) != (uint32_t)thread->id)
			return 0;
		if (user_compare_exchange32_nofault(address, value, (value & FUTEX_WAITERS) |
						    FUTEX_OWNER_DIED, &found) < 0) {
			if (user_fault_in(address, sizeof(value), true) < 0)
				return -EFAULT;
			continue;
		}
		if (found == value)
			break;
	}
	if (!is_priority && (value & FUTEX_WAITERS))
		(void)futex_wake_address(address, 1);
	return 0;
}

static void robust_list_walk(struct thread *thread, user_address_t head_address)
{
	struct robust_list_head head;
	uint64_t entry, next, pending;
	unsigned limit = ROBUST_LIST_LIMIT;

	if (user_copy_in(&head, head_address, sizeof(head)) < 0)
		return;
	pending = head.list_op_pending & ~(uint64_t)1;
	for (entry = head.list; (entry & ~(uint64_t)1) != head_address && limit > 0; limit--) {
		/* The next entry first: the wake lets another thread reuse this one. */
		int result = user_load64(entry & ~(uint64_t)1, &next);

		if ((entry & ~(uint64_t)1) != pending &&
		    word_release(thread, (entry & ~(uint64_t)1) + head.futex_offset, entry & 1,
				 false) < 0)
			return;
		if (result < 0)
			return;
		entry = next;
		blocking_yield_point();
	}
	if (pending)
		(void)word_release(thread, pending + head.futex_offset, head.list_op_pending & 1,
				   true);
}

/* What the thread holds is given up; `leaves`: it can hold nothing any more. */
static void futexes_release(struct thread *thread, bool leaves)
{
	user_address_t clear = thread->clear_tid_address;

	if (thread->futexes.robust_head)
		robust_list_walk(thread, thread->futexes.robust_head);
	thread->futexes.robust_head = 0;
	futex_release_owned(thread, leaves);
	thread->clear_tid_address = 0;
	/* Nobody but other threads of the space could see it. */
	if (clear && thread->process->space &&
	    (thread->process->thread_count > 1 || thread->process->space->users > 1) &&
	    user_store32(clear, 0) == 0)
		(void)futex_wake_address(clear, 1);
}

void futex_thread_execute(struct thread *thread)
{
	futexes_release(thread, false);
}

void futex_thread_exit(struct thread *thread)
{
	futexes_release(thread, true);
	heap_free(thread->futexes.spare);
	thread->futexes.spare = NULL;
}
