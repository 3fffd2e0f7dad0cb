/*
 * Robust lists that lie: loops, entries outside of memory, offsets near 2^64, words held by nobody
 * or by others; with waiters that the death of the owner must wake, and whatever exit clears.
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

enum {
	NODES = 12,
	/* futex(2); musl has no header of its own for it. */
	FUTEX_WAIT = 0, FUTEX_LOCK_PI = 6, FUTEX_UNLOCK_PI = 7, FUTEX_TRYLOCK_PI = 8,
	FUTEX_PRIVATE_FLAG = 128,
};
#define FUTEX_WAITERS 0x80000000u

/* A node: the next one, and the word that the lock is. */
struct node {
	uint64_t next;
	uint32_t word, padding;
};

struct head {
	uint64_t first;
	int64_t offset;
	uint64_t pending;
};

static uint64_t entry_any(struct fuzz_thread *thread, struct node *nodes)
{
	if (fuzz_percent(thread, 12))
		return fuzz_address_make(thread, &(struct fuzz_value){ FUZZ_ADDRESS, 8, 0 });
	/* Bit 0 marks an entry with priority inheritance. */
	return (uint64_t)&nodes[fuzz_below(thread, NODES)] | fuzz_percent(thread, 20);
}

static void list_make(struct fuzz_thread *thread, struct head *head, struct node *nodes)
{
	uint32_t self = (uint32_t)fuzz_raw(SYS_gettid);

	head->first = entry_any(thread, nodes);
	head->offset = fuzz_percent(thread, 80) ? (int64_t)offsetof(struct node, word) :
		(int64_t)fuzz_number(thread, 8);
	head->pending = fuzz_percent(thread, 40) ? entry_any(thread, nodes) : 0;
	for (unsigned i = 0; i < NODES; i++) {
		bool is_chained = fuzz_percent(thread, 70);

		nodes[i].next = !is_chained ? entry_any(thread, nodes) :
			i + 1 < NODES ? (uint64_t)&nodes[i + 1] : (uint64_t)head;
		nodes[i].word = fuzz_percent(thread, 70) ? self : (uint32_t)fuzz_number(thread, 4);
		if (fuzz_percent(thread, 50))
			nodes[i].word |= FUTEX_WAITERS;
	}
}

static void wait_on(struct fuzz_thread *thread, struct node *nodes)
{
	struct node *node = &nodes[fuzz_below(thread, NODES)];
	uint64_t timeout[] = { 0, 30000000 };
	static const int operations[] = {
		FUTEX_WAIT, FUTEX_LOCK_PI, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, FUTEX_TRYLOCK_PI,
		FUTEX_LOCK_PI | FUTEX_PRIVATE_FLAG,
	};

	fuzz_raw(SYS_futex, &node->word, operations[fuzz_below(thread, 5)], node->word, timeout);
	fuzz_raw(SYS_futex, &node->word, FUTEX_UNLOCK_PI);
}

static int dying_thread(void *argument)
{
	struct fuzz_thread *thread = argument;
	struct head *head = (struct head *)fuzz_resources.words;

	fuzz_raw(SYS_set_robust_list, head, sizeof(*head));
	fuzz_raw(SYS_exit, fuzz_below(thread, 4));
	return 0;
}

static void list_round(struct fuzz_thread *thread)
{
	static const char *const empty[] = { NULL };
	struct head *head;
	struct node *nodes;

	if (fuzz_percent(thread, 60))
		fuzz_raw(SYS_mmap, fuzz_resources.words, FUZZ_PAGE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1);
	head = (struct head *)fuzz_resources.words;
	nodes = (struct node *)(fuzz_resources.words + 64);
	list_make(thread, head, nodes);
	for (uint64_t more = fuzz_below(thread, 3); more; more--) {
		if (fuzz_raw(SYS_clone, SIGCHLD) == 0) {
			wait_on(thread, nodes);
			fuzz_raw(SYS_exit_group, 0);
		}
	}
	if (fuzz_percent(thread, 40))
		clone(dying_thread, thread->scratch_end - 64, CLONE_VM | CLONE_FS | CLONE_FILES |
		      CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, thread);
	fuzz_raw(SYS_set_robust_list, fuzz_percent(thread, 90) ? (uint64_t)head :
		 fuzz_address_make(thread, &(struct fuzz_value){ FUZZ_ADDRESS, 8, 0 }),
		 fuzz_percent(thread, 95) ? sizeof(*head) : fuzz_number(thread, 8));
	if (fuzz_percent(thread, 40))
		fuzz_raw(SYS_set_tid_address,
			 fuzz_address_make(thread, &(struct fuzz_value){ FUZZ_ADDRESS, 8, 0 }));
	if (fuzz_percent(thread, 50))
		wait_on(thread, nodes);
	if (fuzz_percent(thread, 20))
		fuzz_raw(SYS_execve, "/proc/self/exe", empty, empty);
	fuzz_raw(fuzz_percent(thread, 50) ? SYS_exit : SYS_exit_group, 0);
}

void fuzz_lists_run(struct fuzz_thread *thread)
{
	fuzz_rounds(thread, list_round);
}
