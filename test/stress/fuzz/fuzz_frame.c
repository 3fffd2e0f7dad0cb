/*
 * Signal frames made by hand: a handler that rewrites the frame it returns through or returns
 * through another one, rt_sigreturn on any stack, delivery onto stacks that are no memory, the trap
 * flag across a call.
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include <sys/syscall.h>

struct fuzz_thread *fuzz_frame_thread;

static void alternate_stack_set(struct fuzz_thread *thread)
{
	struct {
		uint64_t start;
		int flags;
		uint64_t bytes;
	} stack = { fuzz_any_address(thread), fuzz_percent(thread, 20) ? 1 << 31 : 0, MINSIGSTKSZ };

	if (fuzz_percent(thread, 30))
		stack.bytes = fuzz_number(thread, 8);
	fuzz_raw(SYS_sigaltstack, &stack, NULL);
}

static void frame_round(struct fuzz_thread *thread)
{
	unsigned long flags = 4 | (fuzz_percent(thread, 40) ? 0x08000000 : 0) |
		(fuzz_percent(thread, 30) ? 0x40000000 : 0);

	fuzz_frame_thread = thread;
	if (fuzz_percent(thread, 50))
		alternate_stack_set(thread);
	if (fuzz_percent(thread, 30))
		fuzz_handler_set(SIGSEGV, fuzz_handler, flags | 0x80000000);
	switch (fuzz_below(thread, 8)) {
	case 0:
		fuzz_on_stack(fuzz_any_address(thread), SYS_rt_sigreturn, 0, 0, 0);
		break;
	case 1:
		fuzz_handler_set(SIGUSR2, fuzz_handler, flags);
		fuzz_on_stack(fuzz_any_address(thread), SYS_tkill, (uint64_t)fuzz_raw(SYS_gettid),
			      SIGUSR2, 0);
		break;
	case 2:
		fuzz_handler_set(SIGTRAP, fuzz_handler, flags);
		fuzz_trap_across_call();
		break;
	case 3:
		fuzz_handler_set(SIGUSR2, fuzz_frame_move, flags);
		fuzz_raise(SIGUSR2);
		break;
	default:
		fuzz_handler_set(SIGUSR2, fuzz_frame_change, flags);
		fuzz_raise(SIGUSR2);
		break;
	}
	/* Registers that are wrong in the kernel's eyes show when it saves them again. */
	fuzz_raw(SYS_sched_yield);
	fuzz_raise(SIGUSR2);
}

void fuzz_frames_run(struct fuzz_thread *thread)
{
	fuzz_rounds(thread, frame_round);
}
