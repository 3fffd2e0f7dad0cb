/*
 * Memory against the rules: limits that belong to somebody else, numbers of
 * regions, seals that come between a look and a mapping, what tables cost.
 */
#include "support.h"
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

static int lower_own_limit(void *unused)
{
	struct rlimit low = { 1 << 20, 1 << 20 };

	(void)unused;
	return setrlimit(RLIMIT_AS, &low) == 0 ? 0 : 1;
}

/* A child that shares the memory, as vfork's does, has limits of its own. */
TEST(limits_of_a_child_in_the_same_memory)
{
	char *stack = pages_private(16), *big;
	pid_t pid = REQUIRE_OK(clone(lower_own_limit, stack + 16 * PAGE,
				     CLONE_VM | CLONE_VFORK | SIGCHLD, NULL));

	CHECK_EQUAL(child_wait(pid), 0);
	big = mmap(NULL, 64 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(big != MAP_FAILED);
}

/* What MCL_FUTURE locks later is judged by who the process is then. */
TEST(future_locks_after_the_privilege_is_gone)
{
	struct rlimit small = { 16 * PAGE, 16 * PAGE };

	REQUIRE_OK(syscall(SYS_mlockall, MCL_FUTURE));
	CHECK(mmap(NULL, 64 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
	REQUIRE_OK(setrlimit(RLIMIT_MEMLOCK, &small));
	user_become(NOBODY);
	CHECK(mmap(NULL, 64 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
	CHECK_EQUAL(errno, EAGAIN);
}

/* Second views of shared memory are regions as others are, and counted. */
TEST(views_end_at_the_limit_of_regions)
{
	char *page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long made = 0;

	REQUIRE(page != MAP_FAILED);
	while (made < 70000 && mremap(page, 0, PAGE, MREMAP_MAYMOVE) != MAP_FAILED)
		made++;
	CHECK_EQUAL(errno, ENOMEM);
	CHECK(made > 60000 && made < 65536);
}

struct seal_race {
	volatile int fd, go;
	volatile int was_sealed;
};

static void *seal(void *argument)
{
	struct seal_race *race = argument;

	while (!race->go)
		;
	race->was_sealed = fcntl(race->fd, F_ADD_SEALS, F_SEAL_WRITE) == 0;
	return NULL;
}

/* A file that was sealed against writing has no mapping that writes, not even a fresh one. */
TEST(a_seal_and_a_mapping_exclude_each_other)
{
	for (int i = 0; i < 1500; i++) {
		struct seal_race race = { .go = 0 };
		pthread_t thread;
		char *page;

		race.fd = REQUIRE_OK(syscall(SYS_memfd_create, "race", MFD_ALLOW_SEALING));
		REQUIRE_OK(ftruncate(race.fd, PAGE));
		REQUIRE(pthread_create(&thread, NULL, seal, &race) == 0);
		race.go = 1;
		for (int spin = i % 64; spin > 0; spin--)
			__asm__ volatile("" : : : "memory");
		page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, race.fd, 0);
		REQUIRE(pthread_join(thread, NULL) == 0);
		REQUIRE(!(race.was_sealed && page != MAP_FAILED));
		if (page != MAP_FAILED)
			munmap(page, PAGE);
		close(race.fd);
	}
}

/* Looking at memory that was never written costs page tables, and they show. */
TEST(page_tables_are_counted)
{
	size_t step = 2 << 20, count = 200;
	long long before = field_number("/proc/self/status", "VmPTE", 10), after;
	char *start = mmap(NULL, step * count, PROT_READ,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	REQUIRE(start != MAP_FAILED);
	CHECK(before > 0);
	/* No huge pages, which need no tables. */
	madvise(start, step * count, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < count; i++)
		CHECK_EQUAL(*(volatile char *)(start + i * step), 0);
	after = field_number("/proc/self/status", "VmPTE", 10);
	CHECK(after - before >= (long long)count * 4 - 8);
	REQUIRE_OK(munmap(start, step * count));
	CHECK(field_number("/proc/self/status", "VmPTE", 10) < after - (long long)count * 2);
}
