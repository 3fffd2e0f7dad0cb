/*
 * Signal frames made by hand: a handler that rewrites the frame it returns through or returns
 * through another one, rt_sigreturn on any stack, delivery onto stacks that are no memory.
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include <elf.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>

enum {
	CONTEXT_WORDS = 57,		/* of ucontext_t up to the processor state */
	STATE_WORD = 56,
	RECORDS_OFFSET = 464, RECORDS_WORD = RECORDS_OFFSET / 8,
	HEADS = 3,			/* of records: vectors, syndrome or end, end */
	RECORD_WORDS = 72,
	VECTOR_RECORD_WORDS = 66,
	FRAME_BYTES_TO_RECORDS = 128 + RECORDS_OFFSET,
};

static struct fuzz_thread *current;

/* The word of a record's head: its kind and its length. */
static uint64_t *head_choose(struct fuzz_thread *thread, uint64_t *words)
{
	static const unsigned places[HEADS] = { 0, VECTOR_RECORD_WORDS, VECTOR_RECORD_WORDS + 2 };

	return &words[RECORDS_WORD + places[fuzz_below(thread, HEADS)]];
}

static uint64_t head_make(struct fuzz_thread *thread)
{
	static const uint32_t kinds[] = {
		0x46508001, 0x45535201, 0x45585401, 0x53564501, 0x54504902, 0x5a410001, 0,
	};
	static const uint32_t lengths[] = { 0, 8, 16, 17, 32, 528, 544, 4080, 4096, 0xfffffff0 };
	uint32_t kind = kinds[fuzz_below(thread, sizeof(kinds) / sizeof(kinds[0]))];
	uint64_t length = lengths[fuzz_below(thread, sizeof(lengths) / sizeof(lengths[0]))];

	return kind | length << 32;
}

static void frame_change(int signal, siginfo_t *information, void *context)
{
	struct fuzz_thread *thread = current;
	uint64_t *words = context;

	(void)signal;
	(void)information;
	for (uint64_t changes = 1 + fuzz_below(thread, 3); changes; changes--) {
		switch (fuzz_below(thread, 5)) {
		case 0:
			fuzz_word_change(thread, &words[fuzz_below(thread, CONTEXT_WORDS)]);
			break;
		case 1:
			/* Exception level, AArch32, masks, single step, tags, access. */
			words[STATE_WORD] ^= 1ull << fuzz_below(thread, 34);
			break;
		case 2:
			*head_choose(thread, words) = head_make(thread);
			break;
		case 3:
			fuzz_word_change(thread, head_choose(thread, words));
			break;
		default:
			fuzz_word_change(thread, &words[RECORDS_WORD +
							fuzz_below(thread, RECORD_WORDS)]);
			break;
		}
	}
}

/* rt_sigreturn, or a signal, with the stack pointer anywhere. */
static void on_stack(uint64_t stack, long number, uint64_t a, uint64_t b, uint64_t c)
{
	register long x8 __asm__("x8") = number;
	register uint64_t x0 __asm__("x0") = a;
	register uint64_t x1 __asm__("x1") = b;
	register uint64_t x2 __asm__("x2") = c;

	__asm__ volatile("mov x19, sp\n\tmov sp, %1\n\tsvc #0\n\tmov sp, x19"
			 : "+r"(x0) : "r"(stack), "r"(x8), "r"(x1), "r"(x2) : "x19", "memory");
}

/* The frame, which begins with the information, breaks off in its records where memory ends. */
static void frame_move(int signal, siginfo_t *information, void *context)
{
	uint64_t length = FRAME_BYTES_TO_RECORDS + (fuzz_below(current, 600) & ~15ull);
	uint8_t *place = fuzz_resources.edge + FUZZ_PAGE - length;

	(void)signal;
	(void)context;
	memcpy(place, information, length);
	on_stack((uint64_t)place, SYS_rt_sigreturn, 0, 0, 0);
}

static void alternate_stack_set(struct fuzz_thread *thread)
{
	struct {
		uint64_t start;
		int flags;
		uint64_t bytes;
	} stack = { fuzz_any_address(thread), fuzz_percent(thread, 20) ? 1 << 31 : 0, 8192 };

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
		fuzz_handler_set(SIGSEGV, fuzz_handler, flags | 0x80000000);
	switch (fuzz_below(thread, 8)) {
	case 0:
		on_stack(fuzz_any_address(thread), SYS_rt_sigreturn, 0, 0, 0);
		break;
	case 1:
		fuzz_handler_set(SIGUSR2, fuzz_handler, flags);
		on_stack(fuzz_any_address(thread), SYS_tkill, (uint64_t)fuzz_raw(SYS_gettid),
			 SIGUSR2, 0);
		break;
	case 2:
	case 3:
		fuzz_handler_set(SIGUSR2, frame_move, flags);
		fuzz_raise(SIGUSR2);
		break;
	default:
		fuzz_handler_set(SIGUSR2, frame_change, flags);
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

const uint16_t fuzz_elf_machine = EM_AARCH64;
/* exit(3) */
const uint8_t fuzz_exit_code[FUZZ_EXIT_BYTES] = {
	0x60, 0x00, 0x80, 0xd2, 0xa8, 0x0b, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4, 0, 0, 0, 0,
};
