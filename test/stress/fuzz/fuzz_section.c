/*
 * Restartable sequences whose area and description lie; and what the makers of signal frames share
 * with them.
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

enum { SIGNATURE = 0x53053053, SPINS = 20000 };

static volatile uint64_t spun;

struct action {
	void *handler;
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

void fuzz_handler_set(int signal, void *handler, unsigned long flags)
{
	struct action action = { handler, flags | 0x04000000, fuzz_restorer, 0 };

	fuzz_raw(SYS_rt_sigaction, signal, &action, NULL, 8);
}

void fuzz_raise(int signal)
{
	fuzz_raw(SYS_tgkill, fuzz_raw(SYS_getpid), fuzz_raw(SYS_gettid), signal);
}

void fuzz_word_change(struct fuzz_thread *thread, uint64_t *word)
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

uint64_t fuzz_any_address(struct fuzz_thread *thread)
{
	return fuzz_address_make(thread, &(struct fuzz_value){ FUZZ_ADDRESS, 8, 0 });
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
	fuzz_raise(SIGUSR1);
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
		area = (uint8_t *)fuzz_any_address(thread);
	fuzz_raw(SYS_rseq, area, 32, 0, SIGNATURE);
	*section = (struct section){
		.start = (uint64_t)section_run, .length = 4096, .abort = (uint64_t)fuzz_handler,
	};
	for (uint64_t changes = fuzz_below(thread, 4); changes; changes--)
		fuzz_word_change(thread, (uint64_t *)section + fuzz_below(thread, 4));
	if (area == fuzz_resources.edge + FUZZ_PAGE - 32 || area < fuzz_resources.edge) {
		uint64_t pointer = fuzz_percent(thread, 80) ? (uint64_t)section :
			fuzz_any_address(thread);

		memcpy(area + 8, &pointer, 8);
		area[16] = fuzz_percent(thread, 10) ? (uint8_t)fuzz_random(thread) : 0;
	}
	section_run(thread);
	if (fuzz_percent(thread, 30))
		fuzz_raw(SYS_mprotect, fuzz_resources.edge, FUZZ_PAGE, fuzz_below(thread, 4));
	if (fuzz_percent(thread, 30))
		flags = 1;
	fuzz_raw(SYS_rseq, fuzz_percent(thread, 70) ? (uint64_t)area : fuzz_any_address(thread),
		 fuzz_percent(thread, 70) ? 32 : fuzz_number(thread, 4), flags,
		 fuzz_percent(thread, 70) ? SIGNATURE : fuzz_number(thread, 4));
	section_run(thread);
	if (fuzz_percent(thread, 50))
		fuzz_raw(SYS_clone, SIGCHLD);
	section_run(thread);
}

void fuzz_sections_run(struct fuzz_thread *thread)
{
	fuzz_rounds(thread, section_round);
}
