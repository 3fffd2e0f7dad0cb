/*
 * Signal frames made by hand: a handler that rewrites the frame it returns through, rt_sigreturn on
 * any stack, delivery onto stacks that are no memory, the trap flag across a call. And restartable
 * sequences whose area and description lie.
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>

enum {
	CONTEXT_WORDS = 37,		/* of ucontext_t up to the signal mask */
	VECTOR_WORDS = 140,		/* FXSAVE area, XSAVE header and some components */
	SOFTWARE_WORD = 464 / 8, HEADER_WORD = 512 / 8,
	FLAGS_REGISTER = 17, SELECTORS = 18, POINTER_OF_VECTORS = 23,
	SIGNATURE = 0x53053053,
	SPINS = 20000,
};

static struct fuzz_thread *current;
static volatile uint64_t spun;

struct action {
	void *handler;
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

static void handler_set(int signal, void *handler, unsigned long flags)
{
	struct action action = { handler, flags | 0x04000000, fuzz_restorer, 0 };

	fuzz_raw(SYS_rt_sigaction, signal, &action, NULL, 8);
}

static void raise_raw(int signal)
{
	fuzz_raw(SYS_tgkill, fuzz_raw(SYS_getpid), fuzz_raw(SYS_gettid), signal);
}

static void word_change(struct fuzz_thread *thread, uint64_t *word)
{
	switch (fuzz_below(thread, 4)) {
	case 0:
		*word ^= 1ull << fuzz_below(thread, 64);
		break;
	case 1:
		*word = fuzz_number(thread, 8);
		break;
	case 2:
		*word = (*word & ~0xffffffffull) | fuzz_number(thread, 4);
		break;
	default:
		*word = fuzz_address_make(thread, &(struct fuzz_value){ FUZZ_ADDRESS, 8, 0 });
		break;
	}
}

static void frame_change(int signal, siginfo_t *information, void *context)
{
	struct fuzz_thread *thread = current;
	uint64_t *words = context;
	uint64_t *registers = (uint64_t *)((ucontext_t *)context)->uc_mcontext.gregs;
	uint64_t *vectors = (uint64_t *)registers[POINTER_OF_VECTORS];

	(void)signal;
	(void)information;
	for (uint64_t changes = 1 + fuzz_below(thread, 3); changes; changes--) {
		switch (fuzz_below(thread, 6)) {
		case 0:
			word_change(thread, &words[fuzz_below(thread, CONTEXT_WORDS)]);
			break;
		case 1:
			/* Trap, direction, I/O privilege, nested, resume, virtual, alignment. */
			registers[FLAGS_REGISTER] ^= 1ull << fuzz_below(thread, 22);
			break;
		case 2:
			registers[SELECTORS] = fuzz_random(thread);
			break;
		case 3:
			word_change(thread, &vectors[fuzz_below(thread, VECTOR_WORDS)]);
			break;
		case 4:
			word_change(thread, &vectors[SOFTWARE_WORD + fuzz_below(thread, 6)]);
			break;
		default:
			word_change(thread, &vectors[HEADER_WORD + fuzz_below(thread, 8)]);
			break;
		}
	}
}

static void frame_move(int signal, siginfo_t *information, void *context)
{
	uint64_t *registers = (uint64_t *)((ucontext_t *)context)->uc_mcontext.gregs;
	uint64_t *vectors = (uint64_t *)registers[POINTER_OF_VECTORS];
	uint8_t *edge = fuzz_resources.edge + FUZZ_PAGE;

	(void)signal;
	(void)information;
	/* The vector state ends, or breaks off, where memory ends. */
	edge -= (512 + fuzz_below(current, 3000)) & ~(fuzz_percent(current, 90) ? 63ull : 0);
	memcpy(edge, vectors, (size_t)(fuzz_resources.edge + FUZZ_PAGE - edge));
	registers[POINTER_OF_VECTORS] = (uint64_t)edge;
}

/* rt_sigreturn, or a signal, with the stack pointer anywhere. */
static void on_stack(uint64_t stack, long number, uint64_t a, uint64_t b, uint64_t c)
{
	__asm__ volatile("mov %%rsp, %%rbx\n\tmov %1, %%rsp\n\tsyscall\n\tmov %%rbx, %%rsp"
			 : "+a"(number) : "r"(stack), "D"(a), "S"(b), "d"(c)
			 : "rbx", "rcx", "r11", "memory");
}

static uint64_t any_stack(struct fuzz_thread *thread)
{
	return fuzz_address_make(thread, &(struct fuzz_value){ FUZZ_ADDRESS, 8, 0 });
}

static void trap_across_call(void)
{
	__asm__ volatile("sub $128, %%rsp\n\tpushfq\n\torl $0x100, (%%rsp)\n\tpopfq\n\t"
			 "mov $39, %%eax\n\tsyscall\n\tpushfq\n\tandl $~0x100, (%%rsp)\n\tpopfq\n\t"
			 "add $128, %%rsp" : : : "rax", "rcx", "r11", "memory", "cc");
}

static void alternate_stack_set(struct fuzz_thread *thread)
{
	struct {
		uint64_t start;
		int flags;
		uint64_t bytes;
	} stack = { any_stack(thread), fuzz_percent(thread, 20) ? 1 << 31 : 0, 2048 };

	if (fuzz_percent(thread, 30))
		stack.bytes = fuzz_number(thread, 8);
	fuzz_raw(SYS_sigaltstack, &stack, NULL);
}

static void frame_round(struct fuzz_thread *thread)
{
	unsigned long flags = 4 | (fuzz_percent(thread, 40) ? 0x08000000 : 0) |
		(fuzz_percent(thread, 30) ? 0x40000000 : 0);

	current = thread;
	if (fuzz_percent(thread, 50))
		alternate_stack_set(thread);
	if (fuzz_percent(thread, 30))
		handler_set(SIGSEGV, fuzz_handler, flags | 0x80000000);
	switch (fuzz_below(thread, 8)) {
	case 0:
		on_stack(any_stack(thread), SYS_rt_sigreturn, 0, 0, 0);
		break;
	case 1:
		handler_set(SIGUSR2, fuzz_handler, flags);
		on_stack(any_stack(thread), SYS_tkill, (uint64_t)fuzz_raw(SYS_gettid), SIGUSR2, 0);
		break;
	case 2:
		handler_set(SIGTRAP, fuzz_handler, flags);
		trap_across_call();
		break;
	case 3:
		handler_set(SIGUSR2, frame_move, flags);
		raise_raw(SIGUSR2);
		break;
	default:
		handler_set(SIGUSR2, frame_change, flags);
		raise_raw(SIGUSR2);
		break;
	}
	/* Registers that are wrong in the kernel's eyes show when it saves them again. */
	fuzz_raw(SYS_sched_yield);
	raise_raw(SIGUSR2);
}

void fuzz_frames_run(struct fuzz_thread *thread)
{
	fuzz_rounds(thread, frame_round);
}

struct section {
	uint32_t version, flags;
	uint64_t start, length, abort;
} __attribute__((aligned(32)));

/* Leaves the CPU at places that the section names, or seems to. */
static void section_run(struct fuzz_thread *thread)
{
	const uint64_t shortly[] = { 0, 1000000 };

	for (unsigned i = 0; i < SPINS; i++)
		spun += i;
	raise_raw(SIGUSR1);
	fuzz_raw(SYS_sched_yield);
	if (fuzz_percent(thread, 50))
		fuzz_raw(SYS_nanosleep, shortly, NULL);
}

static void section_round(struct fuzz_thread *thread)
{
	uint8_t *area = (uint8_t *)(((uint64_t)thread->scratch + 63) & ~31ull);
	struct section *section = (struct section *)(area + 64);
	uint64_t flags = 0;

	if (fuzz_percent(thread, 20))
		area = fuzz_resources.edge + FUZZ_PAGE - 32;
	if (fuzz_percent(thread, 10))
		area = (uint8_t *)any_stack(thread);
	fuzz_raw(SYS_rseq, area, 32, 0, SIGNATURE);
	*section = (struct section){
		.start = (uint64_t)section_run, .length = 4096, .abort = (uint64_t)fuzz_handler,
	};
	for (uint64_t changes = fuzz_below(thread, 4); changes; changes--)
		word_change(thread, (uint64_t *)section + fuzz_below(thread, 4));
	if (area == fuzz_resources.edge + FUZZ_PAGE - 32 || area < fuzz_resources.edge) {
		uint64_t pointer = fuzz_percent(thread, 80) ? (uint64_t)section : any_stack(thread);

		memcpy(area + 8, &pointer, 8);
		area[16] = fuzz_percent(thread, 10) ? (uint8_t)fuzz_random(thread) : 0;
	}
	section_run(thread);
	if (fuzz_percent(thread, 30))
		fuzz_raw(SYS_mprotect, fuzz_resources.edge, FUZZ_PAGE, fuzz_below(thread, 4));
	if (fuzz_percent(thread, 30))
		flags = 1;
	fuzz_raw(SYS_rseq, fuzz_percent(thread, 70) ? (uint64_t)area : any_stack(thread),
		 fuzz_percent(thread, 70) ? 32 : fuzz_number(thread, 4), flags,
		 fuzz_percent(thread, 70) ? SIGNATURE : fuzz_number(thread, 4));
	section_run(thread);
	if (fuzz_percent(thread, 50))
		fuzz_raw(SYS_fork);
	section_run(thread);
}

void fuzz_sections_run(struct fuzz_thread *thread)
{
	fuzz_rounds(thread, section_round);
}
