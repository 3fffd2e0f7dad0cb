/*
 * Locked memory, seen in /proc/self/status and by mincore; its limit.
 * membarrier's commands.
 */
#include "support.h"
#include <sys/resource.h>

static long locked_kilobytes(void)
{
	return field_number("/proc/self/status", "VmLck", 10);
}

TEST(lock_and_unlock)
{
	char *start = pages_private(10);
	unsigned char resident[10];

	CHECK_EQUAL(locked_kilobytes(), 0);
	CHECK_OK(syscall(SYS_mlock, start, 10 * PAGE));
	CHECK_EQUAL(locked_kilobytes(), 40);
	REQUIRE_OK(mincore(start, 10 * PAGE, resident));
	CHECK_FILLED(resident, 1, 10);
	CHECK_OK(syscall(SYS_munlock, start + 2 * PAGE, 3 * PAGE));
	CHECK_EQUAL(locked_kilobytes(), 28);
	CHECK_OK(syscall(SYS_mlock, start, 10 * PAGE));
	CHECK_EQUAL(locked_kilobytes(), 40);
	CHECK_ERRNO(madvise(start, PAGE, MADV_DONTNEED), EINVAL);
	CHECK_OK(munmap(start, 4 * PAGE));
	CHECK_EQUAL(locked_kilobytes(), 24);
	IN_CHILD {
		CHECK_EQUAL(locked_kilobytes(), 0);
	}
}

TEST(lock_rounds_to_pages)
{
	char *start = pages_private(4);

	CHECK_OK(syscall(SYS_mlock, start + PAGE + 100, PAGE));
	CHECK_EQUAL(locked_kilobytes(), 8);
	CHECK_OK(syscall(SYS_munlock, start + 2 * PAGE + 5, 1));
	CHECK_EQUAL(locked_kilobytes(), 4);
}

TEST(lock_on_fault)
{
	char *start = pages_private(4);
	unsigned char resident[4];

	CHECK_OK(syscall(SYS_mlock2, start, 4 * PAGE, 1));
	CHECK_EQUAL(locked_kilobytes(), 16);
	REQUIRE_OK(mincore(start, 4 * PAGE, resident));
	CHECK_FILLED(resident, 0, 4);
	CHECK_OK(syscall(SYS_mlock2, start, 4 * PAGE, 0));
	REQUIRE_OK(mincore(start, 4 * PAGE, resident));
	CHECK_FILLED(resident, 1, 4);
	CHECK_ERRNO(syscall(SYS_mlock2, start, PAGE, 2), EINVAL);
}

TEST(lock_refusals)
{
	char *start = pages_private(3);

	REQUIRE_OK(munmap(start + PAGE, PAGE));
	CHECK_ERRNO(syscall(SYS_mlock, start, 3 * PAGE), ENOMEM);
	CHECK_ERRNO(syscall(SYS_munlock, start, 3 * PAGE), ENOMEM);
	CHECK_ERRNO(syscall(SYS_mlock, start, -1ul - PAGE), EINVAL);
	CHECK_OK(syscall(SYS_mlock, start, 0));
	CHECK_ERRNO(syscall(SYS_mlockall, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_mlockall, 8), EINVAL);
	CHECK_ERRNO(syscall(SYS_mlockall, 4), EINVAL);
}

TEST(lock_limit)
{
	struct rlimit limit = { 4 * PAGE, 4 * PAGE };
	char *start = pages_private(10);

	REQUIRE_OK(setrlimit(RLIMIT_MEMLOCK, &limit));
	IN_CHILD {
		user_become(NOBODY);
		CHECK_ERRNO(syscall(SYS_mlock, start, 5 * PAGE), ENOMEM);
		CHECK_OK(syscall(SYS_mlock, start, 4 * PAGE));
		CHECK_ERRNO(syscall(SYS_mlock, start + 4 * PAGE, PAGE), ENOMEM);
		CHECK_OK(syscall(SYS_mlock, start, 2 * PAGE));
		CHECK_ERRNO(syscall(SYS_mlockall, MCL_CURRENT), ENOMEM);
		CHECK(mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1,
			   0) == MAP_FAILED);
		CHECK_EQUAL(errno, EAGAIN);
	}
	limit = (struct rlimit){ 0, 0 };
	REQUIRE_OK(setrlimit(RLIMIT_MEMLOCK, &limit));
	IN_CHILD {
		user_become(NOBODY);
		CHECK_ERRNO(syscall(SYS_mlock, start, PAGE), EPERM);
	}
	CHECK_OK(syscall(SYS_mlock, start, 10 * PAGE));
}

TEST(lock_all)
{
	char *start = pages_private(4);
	unsigned char resident[4];
	long before;

	CHECK_OK(syscall(SYS_mlockall, MCL_CURRENT | MCL_FUTURE));
	before = locked_kilobytes();
	CHECK_AT_LEAST(before, 16);
	REQUIRE_OK(mincore(start, 4 * PAGE, resident));
	CHECK_FILLED(resident, 1, 4);
	start = pages_private(4);
	CHECK_EQUAL(locked_kilobytes(), before + 16);
	CHECK_OK(syscall(SYS_munlockall));
	CHECK_EQUAL(locked_kilobytes(), 0);
	start = pages_private(4);
	CHECK_EQUAL(locked_kilobytes(), 0);
}

TEST(map_locked)
{
	char *start = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
	unsigned char resident[4];

	CHECK_EQUAL(locked_kilobytes(), 16);
	REQUIRE_OK(mincore(start, 4 * PAGE, resident));
	CHECK_FILLED(resident, 1, 4);
}

TEST(barrier_commands)
{
	long commands = REQUIRE_OK(syscall(SYS_membarrier, 0, 0, 0));

	CHECK_EQUAL(commands & 0x1f, 0x1f);
	CHECK_ERRNO(syscall(SYS_membarrier, 8, 0, 0), EPERM);
	CHECK_OK(syscall(SYS_membarrier, 16, 0, 0));
	CHECK_OK(syscall(SYS_membarrier, 8, 0, 0));
	CHECK_OK(syscall(SYS_membarrier, 1, 0, 0));
	CHECK_OK(syscall(SYS_membarrier, 4, 0, 0));
	CHECK_OK(syscall(SYS_membarrier, 2, 0, 0));
	CHECK_ERRNO(syscall(SYS_membarrier, 3, 0, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_membarrier, 0, 1, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_membarrier, -1, 0, 0), EINVAL);
}
