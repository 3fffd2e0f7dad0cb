/*
 * Restartable sequences: everything read from the area is the program's word and is checked.
 */
#include "task/program/restartable.h"

#include "arch/context.h"
#include "arch/mmu.h"
#include "base/errno.h"
#include "memory/user.h"
#include "task/signal.h"
#include "task/thread.h"
#include <abi/futex.h>

/* The length of the first version of struct rseq; later ones may be registered too. */
#define RSEQ_LENGTH_ORIGINAL 32

int restartable_register(user_address_t area, uint32_t length, int flags, uint32_t signature)
{
	struct thread *thread = thread_current();

	if (flags & RSEQ_FLAG_UNREGISTER) {
		if ((flags & ~RSEQ_FLAG_UNREGISTER) || !thread->rseq_address ||
		    thread->rseq_address != area || length != thread->rseq_length)
			return -EINVAL;
		if (thread->rseq_signature != signature)
			return -EPERM;
		if (user_store32(area + offsetof(struct rseq, cpu_id_start), 0) < 0 ||
		    user_store32(area + offsetof(struct rseq, cpu_id), -1) < 0)
			return -EFAULT;
		thread->rseq_address = 0;
		/* RSEQ_CPU_ID_UNINITIALIZED, so that the program sees that it is off. */
		if (user_store32(area + offsetof(struct rseq, cpu_id_start), 0) < 0 ||
		    user_store32(area + offsetof(struct rseq, cpu_id), UINT32_MAX) < 0)
			return -EFAULT;
		return 0;
	}
	if (flags)
		return -EINVAL;
	if (thread->rseq_address) {
		if (thread->rseq_address != area || length != thread->rseq_length)
			return -EINVAL;
		return thread->rseq_signature != signature ? -EPERM : -EBUSY;
	}
	if (length != RSEQ_LENGTH_ORIGINAL || area % RSEQ_LENGTH_ORIGINAL != 0)
		return -EINVAL;
	if (area >= USER_ADDRESS_LIMIT - length)
		return -EFAULT;
	thread->rseq_address = area;
	thread->rseq_length = length;
	thread->rseq_signature = signature;
	/* The CPU's number is written before the program runs on. */
	__atomic_or_fetch(&thread->context.work, WORK_NOTIFY, __ATOMIC_RELAXED);
	return 0;
}

/* Moves out of the critical section if the program counter is inside. */
static int section_abort(struct thread *thread, struct frame *frame)
{
	user_address_t slot = thread->rseq_address + offsetof(struct rseq, rseq_cs);
	user_address_t counter = frame_program_counter(frame);
	struct rseq_cs section;
	uint64_t address;
	uint32_t signature;

	if (user_load64(slot, &address) < 0)
		return -EFAULT;
	if (address == 0)
		return 0;
	if (user_copy_in(&section, address, sizeof(section)) < 0)
		return -EFAULT;
	if (section.version != 0 || section.abort_ip >= USER_ADDRESS_LIMIT ||
	    section.start_ip >= USER_ADDRESS_LIMIT ||
	    section.abort_ip - section.start_ip < section.post_commit_offset)
		return -EINVAL;
	if (user_load32(section.abort_ip - sizeof(signature), &signature) < 0)
		return -EFAULT;
	if (signature != thread->rseq_signature)
		return -EINVAL;
	if (user_store64(slot, 0) < 0)
		return -EFAULT;
	if (counter - section.start_ip < section.post_commit_offset)
		frame_program_counter_set(frame, section.abort_ip);
	return 0;
}

void restartable_fix_up(struct thread *thread, struct frame *frame)
{
	struct signal_information information = { .si_signo = SIGSEGV, .si_code = SI_KERNEL };
	uint32_t cpu = READ_ONCE(thread->context.cpu);

	if (!thread->rseq_address)
		return;
	if (user_store32(thread->rseq_address + offsetof(struct rseq, cpu_id_start), cpu) < 0 ||
	    user_store32(thread->rseq_address + offsetof(struct rseq, cpu_id), cpu) < 0 ||
	    section_abort(thread, frame) < 0) {
		thread->rseq_address = 0;
		signal_force(SIGSEGV, &information);
	}
}
