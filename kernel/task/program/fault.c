/*
 * What faults become: a resolved page, a signal with the right code and address, or, when the
 * kernel touched user memory, a recovery that the caller sees as -EFAULT.
 */
#include "arch/context.h"
#include "arch/mmu.h"
#include "arch/upcalls.h"
#include "memory/page.h"
#include "memory/pressure.h"
#include "memory/space.h"
#include "task/signal.h"
#include "task/thread.h"

static void fault_signal(const struct fault *fault, int number, int code, user_address_t address)
{
	struct signal_thread *signals = &thread_current()->signals;
	struct signal_information information = {
		.si_signo = number,
		.si_code = code,
		.si_addr = address,
	};

	signals->last_trap_number = fault->trap_number;
	signals->last_error_code = fault->error_code;
	signals->last_fault_address = fault->address;
	signal_force(number, &information);
}

/* Whether a fault for want of memory would repeat for ever: nobody else is left to end. */
static bool is_memory_gone(void)
{
	struct memory_statistics statistics;

	memory_statistics_read(&statistics);
	return statistics.free < statistics.total / 64 && !pressure_kill();
}

static bool page_fault(const struct fault *fault)
{
	struct space *space = space_current();
	enum fault_result result = FAULT_NO_REGION;

	if (!fault->is_user && (!space || fault->address >= USER_ADDRESS_LIMIT ||
				context_current()->faults_disabled))
		return false;
	if (space && fault->address < USER_ADDRESS_LIMIT)
		result = space_fault(space, fault);
	if (result == FAULT_RESOLVED) {
		thread_current()->minor_faults++;
		return true;
	}
	if (!fault->is_user)
		return false;
	switch (result) {
	case FAULT_NO_PERMISSION:
		fault_signal(fault, SIGSEGV, SEGV_ACCERR, fault->address);
		break;
	case FAULT_BUS:
		fault_signal(fault, SIGBUS, BUS_ADRERR, fault->address);
		break;
	case FAULT_OUT_OF_MEMORY:
		if (is_memory_gone())
			signal_kill_process(process_current(), SIGKILL);
		FALLTHROUGH;
	case FAULT_RETRY:
		/* Somebody dies, perhaps this process: the return path acts on that, and the
		 * program faults again if it lives. */
		break;
	default:
		fault_signal(fault, SIGSEGV, SEGV_MAPERR, fault->address);
		break;
	}
	return true;
}

bool upcall_fault(struct frame *frame, const struct fault *fault)
{
	user_address_t counter = frame_program_counter(frame);

	if (fault->kind == FAULT_PAGE)
		return page_fault(fault);
	if (!fault->is_user)
		return false;
	switch (fault->kind) {
	case FAULT_ILLEGAL:
		fault_signal(fault, SIGILL, fault->code, counter);
		break;
	case FAULT_ARITHMETIC:
		fault_signal(fault, SIGFPE, fault->code, counter);
		break;
	case FAULT_ALIGNMENT:
		fault_signal(fault, SIGBUS, BUS_ADRALN, fault->address);
		break;
	case FAULT_EXTERNAL:
		fault_signal(fault, SIGBUS, BUS_OBJERR, fault->address);
		break;
	case FAULT_BREAKPOINT:
		fault_signal(fault, SIGTRAP, SI_KERNEL, 0);
		break;
	case FAULT_STEP:
		fault_signal(fault, SIGTRAP, fault->code, counter);
		break;
	case FAULT_STACK_SEGMENT:
		fault_signal(fault, SIGBUS, SI_KERNEL, 0);
		break;
	default:
		fault_signal(fault, SIGSEGV, SI_KERNEL, 0);
		break;
	}
	return true;
}
