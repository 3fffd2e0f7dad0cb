/* Signal frames as this CPU has them, and what its executables look like. */
#define _GNU_SOURCE
#include "fuzz.h"

#include <elf.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>

enum {
	CONTEXT_WORDS = 37,		/* of ucontext_t up to the signal mask */
	VECTOR_WORDS = 140,		/* FXSAVE area, XSAVE header and some components */
	SOFTWARE_WORD = 464 / 8, HEADER_WORD = 512 / 8,
	FLAGS_REGISTER = 17, SELECTORS = 18, POINTER_OF_VECTORS = 23,
};

void fuzz_frame_change(int signal, siginfo_t *information, void *context)
{
	struct fuzz_thread *thread = fuzz_frame_thread;
	uint64_t *words = context;
	uint64_t *registers = (uint64_t *)((ucontext_t *)context)->uc_mcontext.gregs;
	uint64_t *vectors = (uint64_t *)registers[POINTER_OF_VECTORS];

	(void)signal;
	(void)information;
	for (uint64_t changes = 1 + fuzz_below(thread, 3); changes; changes--) {
		switch (fuzz_below(thread, 6)) {
		case 0:
			fuzz_word_change(thread, &words[fuzz_below(thread, CONTEXT_WORDS)]);
			break;
		case 1:
			/* Trap, direction, I/O privilege, nested, resume, virtual, alignment. */
			registers[FLAGS_REGISTER] ^= 1ull << fuzz_below(thread, 22);
			break;
		case 2:
			registers[SELECTORS] = fuzz_random(thread);
			break;
		case 3:
			fuzz_word_change(thread, &vectors[fuzz_below(thread, VECTOR_WORDS)]);
			break;
		case 4:
			fuzz_word_change(thread, &vectors[SOFTWARE_WORD + fuzz_below(thread, 6)]);
			break;
		default:
			fuzz_word_change(thread, &vectors[HEADER_WORD + fuzz_below(thread, 8)]);
			break;
		}
	}
}

void fuzz_frame_move(int signal, siginfo_t *information, void *context)
{
	struct fuzz_thread *thread = fuzz_frame_thread;
	uint64_t *registers = (uint64_t *)((ucontext_t *)context)->uc_mcontext.gregs;
	uint64_t *vectors = (uint64_t *)registers[POINTER_OF_VECTORS];
	uint8_t *edge = fuzz_resources.edge + FUZZ_PAGE;

	(void)signal;
	(void)information;
	/* The vector state ends, or breaks off, where memory ends. */
	edge -= (512 + fuzz_below(thread, 3000)) & ~(fuzz_percent(thread, 90) ? 63ull : 0);
	memcpy(edge, vectors, (size_t)(fuzz_resources.edge + FUZZ_PAGE - edge));
	registers[POINTER_OF_VECTORS] = (uint64_t)edge;
}

void fuzz_on_stack(uint64_t stack, long number, uint64_t a, uint64_t b, uint64_t c)
{
	__asm__ volatile("mov %%rsp, %%rbx\n\tmov %1, %%rsp\n\tsyscall\n\tmov %%rbx, %%rsp"
			 : "+a"(number) : "r"(stack), "D"(a), "S"(b), "d"(c)
			 : "rbx", "rcx", "r11", "memory");
}

void fuzz_trap_across_call(void)
{
	__asm__ volatile("sub $128, %%rsp\n\tpushfq\n\torl $0x100, (%%rsp)\n\tpopfq\n\t"
			 "mov $39, %%eax\n\tsyscall\n\tpushfq\n\tandl $~0x100, (%%rsp)\n\tpopfq\n\t"
			 "add $128, %%rsp" : : : "rax", "rcx", "r11", "memory", "cc");
}

const char *const fuzz_changed_names[FUZZ_CHANGED_REGISTERS] = {
	"r15 (number)", "rdi", "rsi", "rdx", "r10", "r8", "r9", "rax", "rbx", "rbp", "r12",
	"r13", "r14", "rsp",
};

const uint16_t fuzz_elf_machine = EM_X86_64;
/* exit(3) */
const uint8_t fuzz_exit_code[FUZZ_EXIT_BYTES] = {
	0xb8, 0x3c, 0, 0, 0, 0xbf, 3, 0, 0, 0, 0x0f, 0x05, 0x0f, 0x0b,
};
