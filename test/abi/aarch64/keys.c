/*
 * Pointer authentication: whose keys a thread has, who gets others, and that each thread keeps its
 * own whatever runs in between. prctl(2), Documentation/arch/arm64/pointer-authentication.rst.
 */
#include "support.h"
#include <pthread.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/prctl.h>

#ifndef PR_PAC_RESET_KEYS
#define PR_PAC_RESET_KEYS 54
#endif
#define SET_ENABLED 60
#define GET_ENABLED 61
#define KEY_IA 1ul
#define KEY_IB 2ul
#define KEY_DA 4ul
#define KEY_DB 8ul
#define KEY_GA 16ul
#define ALL_ADDRESS_KEYS 15ul
#define CAPABILITY_PACA (1ul << 30)
#define POINTER 0x123456789ab0ul
#define THREADS 12
#define ROUNDS 120

__asm__(".arch armv8.3-a");

struct signatures {
	uint64_t ia, ib, da, db, ga;
};

static struct signatures sign(uint64_t modifier)
{
	struct signatures made = { POINTER, POINTER, POINTER, POINTER, 0 };

	__asm__ volatile("pacia %0, %5\n\tpacib %1, %5\n\tpacda %2, %5\n\tpacdb %3, %5\n\t"
			 "pacga %4, %6, %5"
			 : "+&r"(made.ia), "+&r"(made.ib), "+&r"(made.da), "+&r"(made.db),
			   "=&r"(made.ga) : "r"(modifier), "r"(POINTER));
	return made;
}

static bool same(struct signatures first, struct signatures second)
{
	return memcmp(&first, &second, sizeof(first)) == 0;
}

static void need_keys(void)
{
	if (!(getauxval(AT_HWCAP) & CAPABILITY_PACA))
		check_skip("this CPU has no pointer authentication");
}

static struct signatures *shared;

static void *thread_signs(void *unused)
{
	(void)unused;
	shared[1] = sign(7);
	prctl(PR_PAC_RESET_KEYS, 0, 0, 0, 0);
	shared[2] = sign(7);
	return NULL;
}

HELPER(print_signatures)
{
	struct signatures made = sign(7);

	(void)argc;
	(void)argv;
	printf("%lx %lx %lx %lx %lx %d\n", made.ia, made.ib, made.da, made.db, made.ga,
	       prctl(GET_ENABLED, 0, 0, 0, 0));
	return 0;
}

TEST(children_and_threads_have_the_same_keys)
{
	struct signatures own;
	pthread_t thread;

	need_keys();
	shared = pages_shared(1);
	own = sign(7);
	CHECK(same(own, sign(7)));
	IN_CHILD {
		CHECK(same(own, sign(7)));
		CHECK_OK(prctl(PR_PAC_RESET_KEYS, 0, 0, 0, 0));
		CHECK(!same(own, sign(7)));
	}
	CHECK(same(own, sign(7)));
	REQUIRE(pthread_create(&thread, NULL, thread_signs, NULL) == 0);
	pthread_join(thread, NULL);
	CHECK(same(own, shared[1]));
	CHECK(!same(own, shared[2]));
	CHECK(same(own, sign(7)));
}

TEST(exec_makes_new_keys)
{
	struct signatures own, other;
	char text[200] = "";
	int enabled = 0, ends[2];
	pid_t pid;

	need_keys();
	own = sign(7);
	REQUIRE_OK(pipe(ends));
	pid = REQUIRE_OK(fork());
	if (pid == 0) {
		prctl(SET_ENABLED, KEY_IA | KEY_DB, 0, 0, 0);
		dup2(ends[1], 1);
		execl(check_program, check_program, "--helper", "print_signatures", NULL);
		_exit(1);
	}
	CHECK_EQUAL(child_exit_code(pid), 0);
	CHECK_AT_LEAST(read(ends[0], text, sizeof(text) - 1), 1);
	CHECK_EQUAL(sscanf(text, "%lx %lx %lx %lx %lx %d", &other.ia, &other.ib, &other.da,
			   &other.db, &other.ga, &enabled), 6);
	CHECK(!same(own, other));
	CHECK_EQUAL(enabled, ALL_ADDRESS_KEYS);
}

TEST(each_key_is_reset_alone)
{
	struct signatures old, new;

	need_keys();
	for (unsigned long key = KEY_IA; key <= KEY_GA; key <<= 1) {
		bool has_changed = false;

		/* Seven bits of a signature may be the same by chance, not each time. */
		for (int i = 0; i < 20 && !has_changed; i++) {
			old = sign(7);
			CHECK_OK(prctl(PR_PAC_RESET_KEYS, key, 0, 0, 0));
			new = sign(7);
			CHECK_EQUAL(new.ia == old.ia || key == KEY_IA, 1);
			CHECK_EQUAL(new.ib == old.ib || key == KEY_IB, 1);
			CHECK_EQUAL(new.da == old.da || key == KEY_DA, 1);
			CHECK_EQUAL(new.db == old.db || key == KEY_DB, 1);
			CHECK_EQUAL(new.ga == old.ga || key == KEY_GA, 1);
			has_changed = !same(old, new);
		}
		CHECK(has_changed);
	}
}

TEST(refusals)
{
	struct signatures own;

	CHECK_ERRNO(prctl(PR_PAC_RESET_KEYS, 32, 0, 0, 0), EINVAL);
	CHECK_ERRNO(prctl(PR_PAC_RESET_KEYS, 1ul << 32, 0, 0, 0), EINVAL);
	CHECK_ERRNO(prctl(PR_PAC_RESET_KEYS, KEY_IA, 1, 0, 0), EINVAL);
	CHECK_ERRNO(prctl(PR_PAC_RESET_KEYS, KEY_IA, 0, 1, 0), EINVAL);
	CHECK_ERRNO(prctl(PR_PAC_RESET_KEYS, KEY_IA, 0, 0, 1), EINVAL);
	CHECK_ERRNO(prctl(SET_ENABLED, KEY_GA, 0, 0, 0), EINVAL);
	CHECK_ERRNO(prctl(SET_ENABLED, KEY_IA, KEY_IB, 0, 0), EINVAL);
	CHECK_ERRNO(prctl(SET_ENABLED, KEY_IA, 0, 1, 0), EINVAL);
	CHECK_ERRNO(prctl(SET_ENABLED, KEY_IA, 0, 0, 1), EINVAL);
	CHECK_ERRNO(prctl(GET_ENABLED, 1, 0, 0, 0), EINVAL);
	CHECK_ERRNO(prctl(GET_ENABLED, 0, 0, 0, 1), EINVAL);
	need_keys();
	own = sign(7);
	prctl(PR_PAC_RESET_KEYS, KEY_IA | 32, 0, 0, 0);
	CHECK(same(own, sign(7)));
	CHECK_OK(prctl(SET_ENABLED, 0, 0, 0, 0));
	CHECK_EQUAL(prctl(GET_ENABLED, 0, 0, 0, 0), ALL_ADDRESS_KEYS);
}

TEST(keys_that_are_off_do_nothing)
{
	struct signatures own, made;

	need_keys();
	own = sign(7);
	for (unsigned long off = 0; off <= ALL_ADDRESS_KEYS; off++) {
		CHECK_OK(prctl(SET_ENABLED, ALL_ADDRESS_KEYS, ALL_ADDRESS_KEYS & ~off, 0, 0));
		CHECK_EQUAL(prctl(GET_ENABLED, 0, 0, 0, 0), ALL_ADDRESS_KEYS & ~off);
		sched_yield();
		getpid();
		made = sign(7);
		CHECK_EQUAL(made.ia, off & KEY_IA ? POINTER : own.ia);
		CHECK_EQUAL(made.ib, off & KEY_IB ? POINTER : own.ib);
		CHECK_EQUAL(made.da, off & KEY_DA ? POINTER : own.da);
		CHECK_EQUAL(made.db, off & KEY_DB ? POINTER : own.db);
		CHECK_EQUAL(made.ga, own.ga);
		IN_CHILD {
			CHECK_EQUAL(prctl(GET_ENABLED, 0, 0, 0, 0), ALL_ADDRESS_KEYS & ~off);
			made = sign(7);
			CHECK_EQUAL(made.ia, off & KEY_IA ? POINTER : own.ia);
		}
	}
}

/* Every thread signs by keys of its own, some with keys off, while calls, faults and ticks come. */
static void *thread_keeps(void *argument)
{
	uintptr_t number = (uintptr_t)argument;
	volatile char *page = pages_private(1);
	struct signatures first;
	long wrong = 0;

	prctl(PR_PAC_RESET_KEYS, 0, 0, 0, 0);
	prctl(SET_ENABLED, ALL_ADDRESS_KEYS, number % 16, 0, 0);
	first = sign(number);
	for (int i = 0; i < ROUNDS; i++) {
		for (int j = 0; j < 20; j++)
			wrong += !same(first, sign(number));
		if (i % 3 == 0)
			sched_yield();
		else if (i % 12 == 1)	/* every CPU is told, which takes long in an emulator */
			madvise((void *)page, PAGE, MADV_DONTNEED);
		page[0]++;
		wrong += !same(first, sign(number));
	}
	return (void *)wrong;
}

TEST(keys_stay_with_their_threads)
{
	pthread_t threads[THREADS];
	void *wrong;

	need_keys();
	for (uintptr_t i = 0; i < THREADS; i++)
		REQUIRE(pthread_create(&threads[i], NULL, thread_keeps, (void *)(i + 9)) == 0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &wrong);
		CHECK_EQUAL((long)wrong, 0);
	}
}

/* Newer CPUs refuse at once, others leave an address that nothing is mapped at. */
TEST(wrong_signatures_are_deadly)
{
	pid_t pid;
	int status;

	need_keys();
	pid = REQUIRE_OK(fork());
	if (pid == 0) {
		uint64_t place = (uint64_t)&status;

		__asm__ volatile("pacda %0, %1" : "+r"(place) : "r"(1ul));
		place ^= 1ul << 50;
		__asm__ volatile("autda %0, %1\n\tldr %0, [%0]" : "+r"(place) : "r"(1ul));
		_exit(0);
	}
	status = child_wait(pid) & 0x7f;
	CHECK(status == SIGILL || status == SIGSEGV);
}
