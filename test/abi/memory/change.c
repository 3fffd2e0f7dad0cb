/*
 * Changing mappings: mprotect, mremap, madvise, mincore, brk.
 */
#include "support.h"
#include <setjmp.h>
#include <sys/resource.h>

#define ANONYMOUS_PRIVATE (MAP_ANONYMOUS | MAP_PRIVATE)

static sigjmp_buf fault_return;

static void fault(int number)
{
	siglongjmp(fault_return, number);
}

static int touch(volatile char *at, bool is_write)
{
	struct sigaction action = { .sa_handler = fault };
	int number;

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	number = sigsetjmp(fault_return, 1);
	if (number != 0)
		return number;
	if (is_write)
		*at = *at;
	else
		(void)*at;
	return 0;
}

static char *map(size_t pages)
{
	return pages_private(pages);
}

TEST(protect_changes_access)
{
	char *start = map(3);

	start[0] = 5;
	CHECK_OK(syscall(SYS_mprotect, start, PAGE, PROT_READ));
	CHECK_EQUAL(touch(start, true), SIGSEGV);
	CHECK_EQUAL(start[0], 5);
	CHECK_EQUAL(touch(start + PAGE, true), 0);
	CHECK_OK(syscall(SYS_mprotect, start, 3 * PAGE, PROT_NONE));
	CHECK_EQUAL(touch(start, false), SIGSEGV);
	CHECK_EQUAL(touch(start + 2 * PAGE, false), SIGSEGV);
	CHECK_OK(syscall(SYS_mprotect, start, 3 * PAGE - 100, PROT_READ | PROT_WRITE));
	CHECK_EQUAL(touch(start + 3 * PAGE - 1, true), 0);
	CHECK_EQUAL(start[0], 5);
}

TEST(protect_keeps_copy_on_write)
{
	char *start = map(1);

	start[0] = 5;
	IN_CHILD {
		REQUIRE_OK(syscall(SYS_mprotect, start, PAGE, PROT_READ));
		REQUIRE_OK(syscall(SYS_mprotect, start, PAGE, PROT_READ | PROT_WRITE));
		start[0] = 6;
		CHECK_EQUAL(start[0], 6);
	}
	CHECK_EQUAL(start[0], 5);
}

TEST(protect_refusals)
{
	char *start = (char *)map(43) + 20 * PAGE;
	int fd;

	file_make("f", PAGE);
	fd = file_open("f", O_RDONLY);
	REQUIRE_OK(munmap(start + 3 * PAGE, 20 * PAGE));
	CHECK_ERRNO(syscall(SYS_mprotect, start + 1, PAGE, PROT_READ), EINVAL);
	CHECK_OK(syscall(SYS_mprotect, start, 0, PROT_READ));
	CHECK_ERRNO(syscall(SYS_mprotect, start, PAGE, 0x100), EINVAL);
	CHECK_ERRNO(syscall(SYS_mprotect, start, -1ul, PROT_READ), ENOMEM);
	CHECK_ERRNO(syscall(SYS_mprotect, start, 1ul << 62, PROT_READ), ENOMEM);
	REQUIRE_OK(munmap(start + PAGE, PAGE));
	CHECK_ERRNO(syscall(SYS_mprotect, start, 3 * PAGE, PROT_READ), ENOMEM);
	CHECK_ERRNO(syscall(SYS_mprotect, (void *)-PAGE, PAGE, PROT_READ), ENOMEM);
	start = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK_ERRNO(syscall(SYS_mprotect, start, PAGE, PROT_READ | PROT_WRITE), EACCES);
	start = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	CHECK_OK(syscall(SYS_mprotect, start, PAGE, PROT_READ | PROT_WRITE));
}

TEST(protect_up_to_a_hole)
{
	char *start = map(3);

	REQUIRE_OK(munmap(start + 2 * PAGE, PAGE));
	CHECK_ERRNO(syscall(SYS_mprotect, start, 3 * PAGE, PROT_READ), ENOMEM);
	CHECK_EQUAL(touch(start, true), SIGSEGV);
}

TEST(remap_grows_and_shrinks)
{
	char *start = map(8), *moved;

	memset(start, 4, 8 * PAGE);
	CHECK_EQUAL(syscall(SYS_mremap, start, 8 * PAGE, 4 * PAGE, 0), (long)start);
	CHECK_EQUAL(touch(start + 4 * PAGE, false), SIGSEGV);
	CHECK_EQUAL(syscall(SYS_mremap, start, 4 * PAGE, 6 * PAGE, 0), (long)start);
	CHECK_FILLED(start, 4, 4 * PAGE);
	CHECK_FILLED(start + 4 * PAGE, 0, 2 * PAGE);
	moved = (char *)syscall(SYS_mremap, start, 6 * PAGE, 600 * PAGE, MREMAP_MAYMOVE);
	REQUIRE(moved != MAP_FAILED);
	CHECK_FILLED(moved, 4, 4 * PAGE);
	CHECK_FILLED(moved + 4 * PAGE, 0, 596 * PAGE);
	if (moved != start)
		CHECK_EQUAL(touch(start, false), SIGSEGV);
}

TEST(remap_to_a_fixed_place)
{
	char *start = map(4), *target = map(4);

	memset(start, 1, 4 * PAGE);
	memset(target, 2, 4 * PAGE);
	CHECK_EQUAL(syscall(SYS_mremap, start, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			    target + PAGE), (long)(target + PAGE));
	CHECK_EQUAL(target[0], 2);
	CHECK_FILLED(target + PAGE, 1, 2 * PAGE);
	CHECK_EQUAL(target[3 * PAGE], 2);
	CHECK_EQUAL(touch(start, false), SIGSEGV);
	CHECK_EQUAL(start[2 * PAGE], 1);
}

TEST(remap_without_unmapping)
{
	char *start = map(2), *moved;

	memset(start, 1, 2 * PAGE);
	moved = (char *)syscall(SYS_mremap, start, 2 * PAGE, 2 * PAGE,
				MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	REQUIRE(moved != MAP_FAILED);
	CHECK(moved != start);
	CHECK_FILLED(moved, 1, 2 * PAGE);
	CHECK_FILLED(start, 0, 2 * PAGE);
}

TEST(remap_refusals)
{
	char *start = map(4), *other = map(4);

	CHECK_ERRNO(syscall(SYS_mremap, start + 1, PAGE, PAGE, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_mremap, start, PAGE, 0, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_mremap, start, PAGE, PAGE, 0x80), EINVAL);
	CHECK_ERRNO(syscall(SYS_mremap, start, PAGE, PAGE, MREMAP_FIXED, other), EINVAL);
	CHECK_ERRNO(syscall(SYS_mremap, start, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		other + 1),
		    EINVAL);
	CHECK_ERRNO(syscall(SYS_mremap, start, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			    start + PAGE), EINVAL);
	CHECK_ERRNO(syscall(SYS_mremap, start, PAGE, 1ul << 60, MREMAP_MAYMOVE), ENOMEM);
	CHECK_ERRNO(syscall(SYS_mremap, start, PAGE, -1ul, MREMAP_MAYMOVE), EINVAL);
	CHECK_ERRNO(syscall(SYS_mremap, start, 0, PAGE, MREMAP_MAYMOVE), EINVAL);
	CHECK_ERRNO(syscall(SYS_mremap, start, PAGE, 2 * PAGE, 0), ENOMEM);
	REQUIRE_OK(munmap(other, 4 * PAGE));
	CHECK_ERRNO(syscall(SYS_mremap, other, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT);
	REQUIRE_OK(munmap(start + PAGE, PAGE));
	CHECK_ERRNO(syscall(SYS_mremap, start, 3 * PAGE, 5 * PAGE, MREMAP_MAYMOVE), EFAULT);
}

TEST(remap_of_a_file_mapping)
{
	char *start, *moved;

	file_make("f", 4 * PAGE);
	start = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file_open("f", O_RDONLY), PAGE);
	moved = (char *)syscall(SYS_mremap, start, PAGE, 3 * PAGE, MREMAP_MAYMOVE);
	REQUIRE(moved != MAP_FAILED);
	for (size_t i = 0; i < 3 * PAGE; i += 501)
		CHECK_EQUAL((unsigned char)moved[i], file_byte(PAGE + i));
}

TEST(advice_throws_away)
{
	char *start = map(4), *shared;
	int fd;

	memset(start, 1, 4 * PAGE);
	CHECK_OK(syscall(SYS_madvise, start + PAGE, 2 * PAGE, MADV_DONTNEED));
	CHECK_FILLED(start, 1, PAGE);
	CHECK_FILLED(start + PAGE, 0, 2 * PAGE);
	CHECK_FILLED(start + 3 * PAGE, 1, PAGE);
	file_make("f", PAGE);
	fd = file_open("f", O_RDWR);
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	shared[1] = 'k';
	CHECK_OK(syscall(SYS_madvise, shared, PAGE, MADV_DONTNEED));
	CHECK_EQUAL(shared[1], 'k');
	CHECK_OK(syscall(SYS_madvise, shared, PAGE, MADV_REMOVE));
	CHECK_FILLED(shared, 0, PAGE);
}

TEST(advice_about_fork)
{
	char *start = map(3);

	memset(start, 1, 3 * PAGE);
	CHECK_OK(syscall(SYS_madvise, start, PAGE, MADV_DONTFORK));
	CHECK_OK(syscall(SYS_madvise, start + PAGE, PAGE, 18));
	IN_CHILD {
		CHECK_EQUAL(touch(start, false), SIGSEGV);
		CHECK_FILLED(start + PAGE, 0, PAGE);
		CHECK_FILLED(start + 2 * PAGE, 1, PAGE);
	}
	CHECK_FILLED(start, 1, 3 * PAGE);
	CHECK_OK(syscall(SYS_madvise, start, PAGE, MADV_DOFORK));
	CHECK_OK(syscall(SYS_madvise, start + PAGE, PAGE, 19));
	IN_CHILD {
		CHECK_FILLED(start, 1, 3 * PAGE);
	}
}

TEST(advice_taken_without_effect_on_contents)
{
	static const int advices[] = {
		MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, 16, 17, MADV_COLD,
		MADV_PAGEOUT, MADV_POPULATE_READ, MADV_POPULATE_WRITE,
	};
	char *start = map(2);

	memset(start, 1, 2 * PAGE);
	for (size_t i = 0; i < COUNT(advices); i++)
		CHECK_OK(syscall(SYS_madvise, start, 2 * PAGE, advices[i]));
	CHECK_FILLED(start, 1, 2 * PAGE);
}

TEST(advice_populates)
{
	unsigned char resident[8];
	char *start = map(8);

	CHECK_OK(syscall(SYS_mincore, start, 8 * PAGE, resident));
	CHECK_FILLED(resident, 0, 8);
	CHECK_OK(syscall(SYS_madvise, start, 4 * PAGE, MADV_POPULATE_WRITE));
	CHECK_OK(syscall(SYS_mincore, start, 8 * PAGE, resident));
	CHECK_FILLED(resident, 1, 4);
	REQUIRE_OK(mprotect(start, PAGE, PROT_READ));
	CHECK_ERRNO(syscall(SYS_madvise, start, PAGE, MADV_POPULATE_WRITE), EINVAL);
	REQUIRE_OK(mprotect(start, PAGE, PROT_WRITE));
	CHECK_ERRNO(syscall(SYS_madvise, start, PAGE, MADV_POPULATE_READ), EINVAL);
	CHECK_OK(syscall(SYS_madvise, start, PAGE, MADV_POPULATE_WRITE));
	REQUIRE_OK(mprotect(start, PAGE, PROT_EXEC));
	CHECK_ERRNO(syscall(SYS_madvise, start, PAGE, MADV_POPULATE_READ), EINVAL);
}

/* mprotect(2) has it from glibc, which makes stacks executable by it. */
TEST(protection_down_to_the_end_of_a_stack)
{
	char *start = map(8), *stack, *place;

	REQUIRE_OK(munmap(start, 8 * PAGE));
	stack = mmap(start, 4 * PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
	REQUIRE(stack == start);
	memset(stack, 1, 4 * PAGE);
	CHECK_OK(mprotect(stack + 2 * PAGE, PAGE, PROT_READ | PROT_GROWSDOWN));
	stack[3 * PAGE] = 2;
	CHECK_EQUAL(touch(stack, true), SIGSEGV);
	CHECK_EQUAL(touch(stack + 2 * PAGE, true), SIGSEGV);
	place = map(2);
	CHECK_ERRNO(mprotect(place, PAGE, PROT_READ | PROT_GROWSDOWN), EINVAL);
	REQUIRE_OK(munmap(place, PAGE));
	CHECK_ERRNO(mprotect(place, PAGE, PROT_READ | PROT_GROWSDOWN), ENOMEM);
}

TEST(advice_refusals)
{
	char *start = map(3);

	CHECK_ERRNO(syscall(SYS_madvise, start, PAGE, 9999), EINVAL);
	CHECK_ERRNO(syscall(SYS_madvise, start + 1, PAGE, MADV_NORMAL), EINVAL);
	CHECK_ERRNO(syscall(SYS_madvise, start, -1ul, MADV_NORMAL), EINVAL);
	CHECK_OK(syscall(SYS_madvise, start, 0, MADV_DONTNEED));
	REQUIRE_OK(munmap(start + PAGE, PAGE));
	memset(start + 2 * PAGE, 1, PAGE);
	CHECK_ERRNO(syscall(SYS_madvise, start, 3 * PAGE, MADV_DONTNEED), ENOMEM);
	CHECK_FILLED(start + 2 * PAGE, 0, PAGE);
	CHECK_ERRNO(syscall(SYS_madvise, start, PAGE, MADV_REMOVE), EINVAL);
}

TEST(mincore_says_what_is_resident)
{
	unsigned char resident[12];
	char *start = map(8);

	start[2 * PAGE] = 1;
	start[5 * PAGE] = 1;
	poison(resident, sizeof(resident));
	CHECK_OK(syscall(SYS_mincore, start, 8 * PAGE - 5, resident));
	CHECK_BYTES(resident, "\0\0\1\0\0\1\0\0\xa5", 9);
	CHECK_OK(syscall(SYS_mincore, start, 0, resident));
	CHECK_ERRNO(syscall(SYS_mincore, start + 1, PAGE, resident), EINVAL);
	CHECK_FAULTS(syscall(SYS_mincore, start, PAGE, bad));
	CHECK_ERRNO(syscall(SYS_mincore, start, -1ul, resident), ENOMEM);
	REQUIRE_OK(munmap(start + PAGE, PAGE));
	CHECK_ERRNO(syscall(SYS_mincore, start, 3 * PAGE, resident), ENOMEM);
}

TEST(break_moves)
{
	char *start = (char *)syscall(SYS_brk, 0), *end;

	CHECK_EQUAL(syscall(SYS_brk, start + 10 * PAGE), (long)(start + 10 * PAGE));
	end = start + 10 * PAGE;
	CHECK_FILLED(start, 0, 10 * PAGE);
	memset(start, 1, 10 * PAGE);
	CHECK_EQUAL(syscall(SYS_brk, end - 5 * PAGE + 1), (long)(end - 5 * PAGE + 1));
	CHECK_EQUAL(touch(end - 5 * PAGE, true), 0);
	CHECK_EQUAL(touch(end - 3 * PAGE, false), SIGSEGV);
	CHECK_EQUAL(syscall(SYS_brk, end), (long)end);
	CHECK_FILLED(end - 3 * PAGE, 0, 3 * PAGE);
	CHECK_EQUAL(start[0], 1);
}

TEST(break_refusals_leave_it)
{
	char *start = (char *)syscall(SYS_brk, 0);

	CHECK_EQUAL(syscall(SYS_brk, 1), (long)start);
	CHECK_EQUAL(syscall(SYS_brk, -1ul), (long)start);
	CHECK_EQUAL(syscall(SYS_brk, 1ul << 60), (long)start);
	CHECK_EQUAL(syscall(SYS_brk, 0xffff888000000000ul), (long)start);
	struct rlimit limit = { 1 << 20, 1 << 20 };

	REQUIRE_OK(setrlimit(RLIMIT_DATA, &limit));
	CHECK_EQUAL(syscall(SYS_brk, start + (8 << 20)), (long)start);
}

TEST(break_stops_at_a_mapping)
{
	char *start = (char *)syscall(SYS_brk, 0), *wall;

	wall = (char *)(((unsigned long)start + 20 * PAGE) & -PAGE);
	REQUIRE(mmap(wall, PAGE, PROT_READ, ANONYMOUS_PRIVATE | MAP_FIXED, -1, 0) == wall);
	CHECK_EQUAL(syscall(SYS_brk, wall + 5 * PAGE), (long)start);
	CHECK_EQUAL(syscall(SYS_brk, start + 2 * PAGE), (long)(start + 2 * PAGE));
}
