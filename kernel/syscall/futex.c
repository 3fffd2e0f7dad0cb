/*
 * futex(2), robust lists, rseq(2) and membarrier(2).
 */
#include "task/futex.h"

#include "arch/cpu.h"
#include "memory/space.h"
#include "sync/rcu.h"
#include "syscall/support.h"
#include "task/program/restartable.h"
#include "task/thread.h"
#include "time/clock_time.h"
#include "vfs/permission.h"
#include <abi/futex.h>
#include <abi/memory.h>

/* Whether the fourth argument is a time-out and not a second count. */
static bool has_timeout(unsigned operation)
{
	return operation == FUTEX_WAIT || operation == FUTEX_WAIT_BITSET ||
		operation == FUTEX_LOCK_PI || operation == FUTEX_LOCK_PI2 ||
		operation == FUTEX_WAIT_REQUEUE_PI;
}

/* FUTEX_WAIT's is relative, the others absolute, by the clock that the flag or operation says. */
static int timeout_fetch(user_address_t address, unsigned operation, bool is_realtime,
			 struct futex_request *request)
{
	struct timespec time;
	int64_t ns;
	int result;

	request->deadline_ns = NO_DEADLINE;
	if (address == 0)
		return 0;
	if (user_copy_in(&time, address, sizeof(time)) < 0)
		return -EFAULT;
	result = timespec_to_ns(&time, &ns);
	if (result < 0)
		return result;
	request->has_deadline = true;
	if (operation == FUTEX_WAIT) {
		request->deadline_ns = deadline_after(ns);
		return 0;
	}
	/* A wall-clock deadline counts from now by the difference of the clocks. */
	if (is_realtime && ns != NO_DEADLINE - 1)
		ns -= time_realtime_offset_ns();
	request->deadline_ns = max(ns, (int64_t)0);
	return 0;
}

long sys_futex(user_address_t address, int operation, unsigned value, user_address_t timeout,
	       user_address_t address2, unsigned value3)
{
	unsigned command = operation & FUTEX_COMMAND_MASK &
		~(unsigned)(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
	bool is_realtime = operation & FUTEX_CLOCK_REALTIME;
	struct futex_request request = {
		.address = address,
		.operation = command,
		.is_private = operation & FUTEX_PRIVATE_FLAG,
		.value = value,
		.value2 = (uint32_t)timeout,
		.value3 = value3,
		.address2 = address2,
		.deadline_ns = NO_DEADLINE,
	};
	int result;

	if (operation & ~(int)(FUTEX_COMMAND_MASK | FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME))
		return -ENOSYS;
	if (is_realtime && command != FUTEX_WAIT_BITSET && command != FUTEX_WAIT_REQUEUE_PI &&
	    command != FUTEX_LOCK_PI2)
		return -ENOSYS;
	if (has_timeout(command)) {
		/* FUTEX_LOCK_PI has always used the wall clock. */
		result = timeout_fetch(timeout, command, is_realtime || command == FUTEX_LOCK_PI,
				       &request);
		if (result < 0)
			return result;
	}
	return futex_call(&request);
}

long sys_futex_waitv(user_address_t waiters, unsigned count, unsigned flags,
		     user_address_t timeout, int clock)
{
	struct futex_request request;
	int result;

	if (flags != 0 || count == 0 || count > FUTEX_WAITV_MAX || waiters == 0)
		return -EINVAL;
	if (timeout && clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME)
		return -EINVAL;
	result = timeout_fetch(timeout, FUTEX_WAIT_BITSET, clock == CLOCK_REALTIME, &request);
	if (result < 0)
		return result;
	return futex_wait_many_user(waiters, count, request.deadline_ns);
}

long sys_set_robust_list(user_address_t head, size_t length)
{
	return futex_robust_list_set(head, length);
}

long sys_get_robust_list(int pid, user_address_t head, user_address_t length)
{
	struct thread *thread;
	user_address_t address = 0;
	int result = 0;

	if (pid == 0) {
		thread = thread_current();
		thread_get(thread);
	} else {
		thread = thread_find(pid);
	}
	if (!thread)
		return -ESRCH;
	if (thread->process != process_current()) {
		result = capability_require(CAPABILITY_PROCESS_INSPECT);
		if (result == 0 && !process_may_inspect(thread->process, false))
			result = -EPERM;
	} else {
		result = capability_not_needed();
	}
	if (result == 0)
		address = futex_robust_list_get(thread);
	thread_put(thread);
	if (result < 0)
		return result;
	if (user_store64(length, sizeof(struct robust_list_head)) < 0 ||
	    user_store64(head, address) < 0)
		return -EFAULT;
	return 0;
}

long sys_rseq(user_address_t area, unsigned length, int flags, unsigned signature)
{
	return restartable_register(area, length, flags, signature);
}

static void barrier_here(void *argument)
{
	(void)argument;
	cpu_barrier_full();
}

static void barrier_everywhere(void)
{
	struct cpu_mask mask;

	cpu_online_mask(&mask);
	cpu_call(&mask, barrier_here, NULL);
}

/* Every CPU is interrupted, so registration decides nothing but whether the command is allowed. */
#define MEMBARRIER_KNOWN (MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED | \
			  MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED | \
			  MEMBARRIER_CMD_PRIVATE_EXPEDITED | \
			  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED | \
			  MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE | \
			  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE)

long sys_membarrier(int command, unsigned flags, int cpu)
{
	struct process *process = process_current();

	(void)cpu;
	if (flags != 0)
		return -EINVAL;
	switch (command) {
	case MEMBARRIER_CMD_QUERY:
		return MEMBARRIER_KNOWN;
	case MEMBARRIER_CMD_GLOBAL:
	case MEMBARRIER_CMD_GLOBAL_EXPEDITED:
		barrier_everywhere();
		return 0;
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE:
		/* The register command's bit is the next one up. */
		if (!(READ_ONCE(process->memory_barriers) & (uint32_t)command << 1))
			return -EPERM;
		barrier_everywhere();
		return 0;
	case MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED:
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED:
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
		__atomic_or_fetch(&process->memory_barriers, command, __ATOMIC_RELAXED);
		return 0;
	default:
		return -EINVAL;
	}
}
