/* Signal frames as this CPU has them, and what its executables look like. */
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

void fuzz_frame_change(int signal, siginfo_t *information, void *context)
{
	struct fuzz_thread *thread = fuzz_frame_thread;
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

void fuzz_on_stack(uint64_t stack, long number, uint64_t a, uint64_t b, uint64_t c)
{
	register long x8 __asm__("x8") = number;
	register uint64_t x0 __asm__("x0") = a;
	register uint64_t x1 __asm__("x1") = b;
	register uint64_t x2 __asm__("x2") = c;

	__asm__ volatile("mov x19, sp\n\tmov sp, %1\n\tsvc #0\n\tmov sp, x19"
			 : "+r"(x0) : "r"(stack), "r"(x8), "r"(x1), "r"(x2) : "x19", "memory");
}

/* The frame, which begins with the information, breaks off in its records where memory ends. */
void fuzz_frame_move(int signal, siginfo_t *information, void *context)
{
	uint64_t length = FRAME_BYTES_TO_RECORDS + (fuzz_below(fuzz_frame_thread, 600) & ~15ull);
	uint8_t *place = fuzz_resources.edge + FUZZ_PAGE - length;

	(void)signal;
	(void)context;
	memcpy(place, information, length);
	fuzz_on_stack((uint64_t)place, SYS_rt_sigreturn, 0, 0, 0);
}

/* The flag of single steps is not the program's. */
void fuzz_trap_across_call(void)
{
}

const char *const fuzz_changed_names[FUZZ_CHANGED_REGISTERS] = {
	"x8 (number)", "x0", "x1", "x2", "x3", "x4", "x5", "x0 (result)", "x19", "x20", "x21",
	"x22", "x23", "sp",
};

const uint16_t fuzz_elf_machine = EM_AARCH64;
/* exit(3) */
const uint8_t fuzz_exit_code[FUZZ_EXIT_BYTES] = {
	0x60, 0x00, 0x80, 0xd2, 0xa8, 0x0b, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4, 0, 0, 0, 0,
};
