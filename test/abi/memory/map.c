/*
 * mmap and munmap: anonymous, private and shared, fixed addresses, limits,
 * refusals, and what fork shares. /proc/self/maps is the second witness.
 */
#include "support.h"
#include <setjmp.h>
#include <sys/resource.h>

#define FIXED_NOREPLACE 0x100000
#define ANONYMOUS_PRIVATE (MAP_ANONYMOUS | MAP_PRIVATE)

static sigjmp_buf fault_return;
static volatile int fault_signal, fault_code;
static void *volatile fault_address;

static void fault(int number, siginfo_t *info, void *context)
{
	(void)context;
	fault_signal = number;
	fault_code = info->si_code;
	fault_address = info->si_addr;
	siglongjmp(fault_return, 1);
}

/* Touch a byte: 0, or the signal that came. */
static int touch(volatile char *at, bool is_write)
{
	struct sigaction action = { .sa_sigaction = fault, .sa_flags = SA_SIGINFO };

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	fault_signal = fault_code = 0;
	if (sigsetjmp(fault_return, 1) == 0) {
		if (is_write)
			*at = 1;
		else
			(void)*at;
	}
	return fault_signal;
}

/* The line of /proc/self/maps that holds this address: its protection, or "". */
static void map_line(const void *at, char *protection, unsigned long *start, unsigned long *end)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[400];

	protection[0] = 0;
	while (maps && fgets(line, sizeof(line), maps)) {
		unsigned long low, high;
		char text[8];

		if (sscanf(line, "%lx-%lx %5s", &low, &high, text) == 3 &&
		    low <= (unsigned long)at && (unsigned long)at < high) {
			strcpy(protection, text);
			*start = low;
			*end = high;
		}
	}
	if (maps)
		fclose(maps);
}

static char *map(size_t pages, int protection, int flags)
{
	return (char *)syscall(SYS_mmap, NULL, pages * PAGE, protection, flags, -1, 0l);
}

TEST(anonymous_memory_is_zero)
{
	char *start = map(5, PROT_READ | PROT_WRITE, ANONYMOUS_PRIVATE), text[8];
	unsigned long low = 0, high = 0;

	REQUIRE(start != MAP_FAILED);
	CHECK_EQUAL((unsigned long)start % PAGE, 0);
	CHECK_FILLED(start, 0, 5 * PAGE);
	memset(start, 7, 5 * PAGE);
	map_line(start, text, &low, &high);
	CHECK_TEXT(text, "rw-p");
	CHECK(low <= (unsigned long)start && high >= (unsigned long)start + 5 * PAGE);
	CHECK_OK(syscall(SYS_munmap, start, 5 * PAGE));
	CHECK_EQUAL(touch(start, false), SIGSEGV);
	CHECK_EQUAL(fault_code, SEGV_MAPERR);
	CHECK(fault_address == start);
}

TEST(length_is_rounded_up)
{
	char *start = (char *)syscall(SYS_mmap, NULL, 1, PROT_READ | PROT_WRITE,
				      ANONYMOUS_PRIVATE, -1, 0l);

	REQUIRE(start != MAP_FAILED);
	CHECK_EQUAL(touch(start + PAGE - 1, true), 0);
	CHECK_OK(syscall(SYS_munmap, start, 1));
	CHECK_EQUAL(touch(start + PAGE - 1, true), SIGSEGV);
}

TEST(map_refusals)
{
	int fd;

	file_write("f", "abc");
	fd = file_open("f", O_RDONLY);
#define TRY(address, length, protection, flags, file, offset) \
	syscall(SYS_mmap, address, length, protection, flags, file, offset)
	CHECK_ERRNO(TRY(NULL, 0, PROT_READ, ANONYMOUS_PRIVATE, -1, 0l), EINVAL);
	CHECK_ERRNO(TRY(NULL, -1ul, PROT_READ, ANONYMOUS_PRIVATE, -1, 0l), ENOMEM);
	CHECK_ERRNO(TRY(NULL, 1ul << 60, PROT_READ, ANONYMOUS_PRIVATE, -1, 0l), ENOMEM);
	CHECK_ERRNO(TRY(NULL, 1ul << 48, PROT_READ, ANONYMOUS_PRIVATE, -1, 0l), ENOMEM);
	CHECK_ERRNO(TRY(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0l), EINVAL);
	CHECK_ERRNO(TRY(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0l), EBADF);
	CHECK_ERRNO(TRY(NULL, PAGE, PROT_READ, MAP_PRIVATE, 999, 0l), EBADF);
	CHECK_ERRNO(TRY(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 1l), EINVAL);
	CHECK_ERRNO(TRY(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0x7ffffffffffff000l), EOVERFLOW);
	CHECK_ERRNO(TRY((void *)1, PAGE, PROT_READ, ANONYMOUS_PRIVATE | MAP_FIXED, -1, 0l), EINVAL);
	CHECK_ERRNO(TRY((void *)(1ul << 56), PAGE, PROT_READ, ANONYMOUS_PRIVATE | MAP_FIXED, -1,
			0l), ENOMEM);
	CHECK_ERRNO(TRY((void *)-PAGE, PAGE, PROT_READ, ANONYMOUS_PRIVATE | MAP_FIXED, -1, 0l),
		    ENOMEM);
	CHECK_ERRNO(TRY(NULL, PAGE, PROT_READ, MAP_PRIVATE, file_open(".", O_RDONLY), 0l), ENODEV);
	CHECK_ERRNO(TRY(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0l), EACCES);
	CHECK_ERRNO(TRY(NULL, PAGE, PROT_READ, MAP_PRIVATE, file_open("f", O_WRONLY), 0l), EACCES);
	CHECK_ERRNO(TRY(NULL, PAGE, PROT_READ, MAP_PRIVATE, file_open("f", O_PATH), 0l), EBADF);
	CHECK_OK(TRY(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0l));
#undef TRY
}

TEST(unmap_refusals)
{
	char *start = map(1, PROT_READ, ANONYMOUS_PRIVATE);

	CHECK_ERRNO(syscall(SYS_munmap, start + 1, PAGE), EINVAL);
	CHECK_ERRNO(syscall(SYS_munmap, start, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_munmap, start, -1ul), EINVAL);
	CHECK_ERRNO(syscall(SYS_munmap, start, 1ul << 60), EINVAL);
	CHECK_ERRNO(syscall(SYS_munmap, (void *)-PAGE, PAGE), EINVAL);
	/* Beyond the bits of a large table, and with one that no tag hides. */
	CHECK_ERRNO(syscall(SYS_munmap, (void *)(3ul << 55), PAGE), EINVAL);
	CHECK_EQUAL(touch(start, false), 0);
	CHECK_OK(syscall(SYS_munmap, start, PAGE));
	CHECK_OK(syscall(SYS_munmap, start, PAGE));
}

TEST(unmapping_the_middle)
{
	char *start = map(9, PROT_READ | PROT_WRITE, ANONYMOUS_PRIVATE);

	memset(start, 3, 9 * PAGE);
	CHECK_OK(syscall(SYS_munmap, start + 3 * PAGE, 3 * PAGE));
	CHECK_EQUAL(touch(start + 3 * PAGE - 1, true), 0);
	CHECK_EQUAL(touch(start + 3 * PAGE, true), SIGSEGV);
	CHECK_EQUAL(touch(start + 6 * PAGE - 1, true), SIGSEGV);
	CHECK_EQUAL(touch(start + 6 * PAGE, false), 0);
	CHECK_EQUAL(start[6 * PAGE], 3);
	CHECK_OK(syscall(SYS_munmap, start, 9 * PAGE));
	CHECK_EQUAL(touch(start, false), SIGSEGV);
}

TEST(fixed_mapping_replaces)
{
	char *start = map(3, PROT_READ | PROT_WRITE, ANONYMOUS_PRIVATE);

	memset(start, 3, 3 * PAGE);
	CHECK_EQUAL(syscall(SYS_mmap, start + PAGE, PAGE, PROT_READ, ANONYMOUS_PRIVATE | MAP_FIXED,
			    -1, 0l), (long)(start + PAGE));
	CHECK_EQUAL(start[PAGE - 1], 3);
	CHECK_EQUAL(start[PAGE], 0);
	CHECK_EQUAL(start[2 * PAGE], 3);
	CHECK_EQUAL(touch(start + PAGE, true), SIGSEGV);
	CHECK_EQUAL(fault_code, SEGV_ACCERR);
}

TEST(low_addresses_are_for_root)
{
	char text[16] = "";
	size_t lowest;
	char *low;

	/* Whoever builds a kernel chooses it, for each CPU anew. */
	CHECK_AT_LEAST(file_read("/proc/sys/vm/mmap_min_addr", text, sizeof(text)), 1);
	lowest = (size_t)atol(text);
	CHECK_AT_LEAST(lowest, PAGE);
	CHECK_EQUAL(lowest % PAGE, 0);
	/* A wish is met as low as anybody may go. */
	CHECK_AT_LEAST(syscall(SYS_mmap, PAGE, PAGE, PROT_READ, ANONYMOUS_PRIVATE, -1, 0l), lowest);
	low = (char *)syscall(SYS_mmap, 0l, 2 * PAGE, PROT_READ | PROT_WRITE,
			      ANONYMOUS_PRIVATE | MAP_FIXED, -1, 0l);
	CHECK_EQUAL(low, 0);
	user_become(NOBODY);
	CHECK_ERRNO(syscall(SYS_mmap, 0l, PAGE, PROT_READ, ANONYMOUS_PRIVATE | MAP_FIXED, -1, 0l),
		    EPERM);
	CHECK_ERRNO(syscall(SYS_mmap, lowest - PAGE, PAGE, PROT_READ,
			    ANONYMOUS_PRIVATE | FIXED_NOREPLACE, -1, 0l), EPERM);
	CHECK_ERRNO(syscall(SYS_mmap, 1l, PAGE, PROT_READ, ANONYMOUS_PRIVATE | MAP_FIXED, -1, 0l),
		    EINVAL);
	CHECK_ERRNO(syscall(SYS_mmap, 0l, 1ul << 62, PROT_READ, ANONYMOUS_PRIVATE | MAP_FIXED, -1,
			    0l), ENOMEM);
	CHECK_ERRNO(syscall(SYS_mremap, lowest, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			    lowest - PAGE), EPERM);
	CHECK_EQUAL(syscall(SYS_mmap, lowest + PAGE, PAGE, PROT_READ, ANONYMOUS_PRIVATE | MAP_FIXED,
			    -1, 0l), (long)(lowest + PAGE));
}

TEST(fixed_without_replacing)
{
	char *start = map(3, PROT_READ | PROT_WRITE, ANONYMOUS_PRIVATE);

	CHECK_ERRNO(syscall(SYS_mmap, start + PAGE, PAGE, PROT_READ,
			    ANONYMOUS_PRIVATE | FIXED_NOREPLACE, -1, 0l), EEXIST);
	CHECK_OK(syscall(SYS_munmap, start + PAGE, PAGE));
	CHECK_EQUAL(syscall(SYS_mmap, start + PAGE, PAGE, PROT_READ,
			    ANONYMOUS_PRIVATE | FIXED_NOREPLACE, -1, 0l), (long)(start + PAGE));
}

TEST(hint_is_taken_when_free)
{
	char *start = map(64, PROT_NONE, ANONYMOUS_PRIVATE);

	REQUIRE_OK(munmap(start, 64 * PAGE));
	CHECK_EQUAL(syscall(SYS_mmap, start + 32 * PAGE, PAGE, PROT_READ, ANONYMOUS_PRIVATE, -1,
		0l),
		    (long)(start + 32 * PAGE));
	CHECK(syscall(SYS_mmap, start + 32 * PAGE, PAGE, PROT_READ, ANONYMOUS_PRIVATE, -1, 0l) !=
	      (long)(start + 32 * PAGE));
}

TEST(protections_are_enforced)
{
	char *none = map(1, PROT_NONE, ANONYMOUS_PRIVATE);
	char *readable = map(1, PROT_READ, ANONYMOUS_PRIVATE);

	CHECK_EQUAL(touch(none, false), SIGSEGV);
	CHECK_EQUAL(fault_code, SEGV_ACCERR);
	CHECK_EQUAL(touch(readable, false), 0);
	CHECK_EQUAL(touch(readable + 5, true), SIGSEGV);
	CHECK_EQUAL(fault_code, SEGV_ACCERR);
	CHECK(fault_address == readable + 5);
}

TEST(fork_copies_private_memory)
{
	char *start = map(3, PROT_READ | PROT_WRITE, ANONYMOUS_PRIVATE);

	memset(start, 1, 3 * PAGE);
	IN_CHILD {
		CHECK_FILLED(start, 1, 3 * PAGE);
		memset(start, 2, PAGE);
		CHECK_FILLED(start, 2, PAGE);
	}
	CHECK_FILLED(start, 1, 3 * PAGE);
}

TEST(parent_writes_after_fork_stay_its_own)
{
	char *start = map(1, PROT_READ | PROT_WRITE, ANONYMOUS_PRIVATE), byte;
	int ends[2];
	pid_t pid;

	REQUIRE_OK(pipe(ends));
	start[0] = 'p';
	pid = fork();
	if (pid == 0) {
		REQUIRE(read(ends[0], &byte, 1) == 1);
		CHECK_EQUAL(start[0], 'p');
		check_child_end();
	}
	start[0] = 'q';
	REQUIRE(write(ends[1], "x", 1) == 1);
	CHECK_EQUAL(child_wait(pid), 0);
}

TEST(system_calls_write_through_copy_on_write)
{
	char *start = map(1, PROT_READ | PROT_WRITE, ANONYMOUS_PRIVATE);
	int ends[2];

	REQUIRE_OK(pipe(ends));
	strcpy(start, "before");
	IN_CHILD {
		REQUIRE(write(ends[1], "after", 6) == 6);
		CHECK_EQUAL(read(ends[0], start, 6), 6);
		CHECK_TEXT(start, "after");
	}
	CHECK_TEXT(start, "before");
}

TEST(fork_shares_shared_memory)
{
	char *start = map(3, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_SHARED), text[8];
	unsigned long low, high;

	map_line(start, text, &low, &high);
	CHECK_TEXT(text, "rw-s");
	IN_CHILD {
		start[PAGE + 5] = 9;
		IN_CHILD {
			start[2 * PAGE] = 8;
		}
	}
	CHECK_EQUAL(start[PAGE + 5], 9);
	CHECK_EQUAL(start[2 * PAGE], 8);
}

TEST(address_space_limit)
{
	struct rlimit limit = { 200 << 20, 200 << 20 };

	REQUIRE_OK(setrlimit(RLIMIT_AS, &limit));
	CHECK(map((400 << 20) / PAGE, PROT_READ, ANONYMOUS_PRIVATE) == MAP_FAILED);
	CHECK_EQUAL(errno, ENOMEM);
	CHECK(map((50 << 20) / PAGE, PROT_READ, ANONYMOUS_PRIVATE) != MAP_FAILED);
	CHECK(map((190 << 20) / PAGE, PROT_READ, ANONYMOUS_PRIVATE) == MAP_FAILED);
}

TEST(data_limit)
{
	struct rlimit limit = { 30 << 20, 30 << 20 };

	REQUIRE_OK(setrlimit(RLIMIT_DATA, &limit));
	CHECK(map((40 << 20) / PAGE, PROT_READ | PROT_WRITE, ANONYMOUS_PRIVATE) == MAP_FAILED);
	CHECK_EQUAL(errno, ENOMEM);
	CHECK(map((40 << 20) / PAGE, PROT_READ, ANONYMOUS_PRIVATE) != MAP_FAILED);
	CHECK(map((40 << 20) / PAGE, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_SHARED) !=
	      MAP_FAILED);
}

TEST(untouched_memory_costs_nothing)
{
	char *start = map((2048ul << 20) / PAGE, PROT_READ | PROT_WRITE,
			  ANONYMOUS_PRIVATE | MAP_NORESERVE);

	REQUIRE(start != MAP_FAILED);
	start[0] = 1;
	start[(2047ul << 20)] = 1;
	CHECK(field_number("/proc/self/status", "VmRSS", 10) < 65536);
	CHECK(field_number("/proc/self/status", "VmSize", 10) >= 2048 << 10);
	CHECK_OK(munmap(start, 2048ul << 20));
	CHECK(field_number("/proc/self/status", "VmSize", 10) < 2048 << 10);
}

TEST(populate_maps_at_once)
{
	char *start = map(16, PROT_READ | PROT_WRITE, ANONYMOUS_PRIVATE | MAP_POPULATE);
	unsigned char resident[17];

	poison(resident, sizeof(resident));
	CHECK_OK(syscall(SYS_mincore, start, 16 * PAGE, resident));
	for (int i = 0; i < 16; i++)
		CHECK_EQUAL(resident[i] & 1, 1);
	CHECK_UNTOUCHED(resident + 16, 1);
}

static __attribute__((noinline)) int leaf(void)
{
	return 4711;
}

/* Some CPUs can execute without reading; then the kernel reads no more than the program could. */
TEST(execute_only_memory)
{
	char *page = map(1, PROT_READ | PROT_WRITE, ANONYMOUS_PRIVATE), text[8];
	unsigned long low, high;
	int (*copy)(void) = (int (*)(void))page, ends[2], signal;

	REQUIRE(page != MAP_FAILED);
	memcpy(page, (const void *)leaf, 64);
	__builtin___clear_cache(page, page + 64);
	CHECK_EQUAL(mprotect(page, PAGE, PROT_EXEC), 0);
	map_line(page, text, &low, &high);
	CHECK_TEXT(text, "--xp");
	CHECK_EQUAL(copy(), 4711);
	CHECK_EQUAL(touch(page, true), SIGSEGV);
	CHECK(fault_code == SEGV_ACCERR || fault_code == SEGV_PKUERR);
	signal = touch(page, false);
	CHECK(signal == 0 || (signal == SIGSEGV && fault_code != SEGV_MAPERR));
	REQUIRE(pipe(ends) == 0);
	if (signal == 0)
		CHECK_EQUAL(write(ends[1], page, 1), 1);
	else
		CHECK_ERRNO(write(ends[1], page, 1), EFAULT);
	CHECK_EQUAL(copy(), 4711);
	CHECK_EQUAL(mprotect(page, PAGE, PROT_READ), 0);
	CHECK(memcmp(page, (const void *)leaf, 64) == 0);
	CHECK_EQUAL(touch(page, false), 0);
}

TEST(grows_down)
{
	char *area = map(64, PROT_READ | PROT_WRITE, ANONYMOUS_PRIVATE), *stack;

	REQUIRE_OK(munmap(area, 60 * PAGE));
	REQUIRE_OK(munmap(area + 62 * PAGE, 2 * PAGE));
	REQUIRE_OK(munmap(area + 60 * PAGE, 2 * PAGE));
	stack = (char *)syscall(SYS_mmap, area + 60 * PAGE, PAGE, PROT_READ | PROT_WRITE,
				ANONYMOUS_PRIVATE | MAP_FIXED | MAP_GROWSDOWN, -1, 0l);
	REQUIRE(stack != MAP_FAILED);
	CHECK_EQUAL(touch(stack, true), 0);
	CHECK_EQUAL(touch(stack - 1, true), 0);
	CHECK_EQUAL(touch(stack - 2 * PAGE, true), 0);
}

static int depth_use(int depth)
{
	volatile char room[4096];

	room[0] = depth;
	return depth == 0 ? room[0] : depth_use(depth - 1) + room[0];
}

TEST(main_stack_grows)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct rlimit limit = { 64 << 20, 64 << 20 };

		setrlimit(RLIMIT_STACK, &limit);
		_exit(depth_use(1500) != 0x7fffffff ? 0 : 1);
	}
	CHECK_EQUAL(child_wait(pid), 0);
}

TEST(main_stack_stops_at_its_limit)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct rlimit limit = { 1 << 20, 64 << 20 }, core = { 0, 0 };

		setrlimit(RLIMIT_CORE, &core);
		setrlimit(RLIMIT_STACK, &limit);
		_exit(depth_use(1500) != 0x7fffffff ? 0 : 1);
	}
	CHECK_EQUAL(child_wait(pid), SIGSEGV);
}
