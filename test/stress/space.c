/*
 * One space changed by many at once: threads map, unmap, protect, move and drop the same few pages
 * while others touch them, fork copies them, and a signal handler carries on after each bad touch.
 */
#define _GNU_SOURCE
#include "storms.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, FIELD_PAGES = 64, RUN_PAGES = 8, CHANGERS = 3 };

/* Each page holds nothing but its own number, or zeros: anything else came from elsewhere. */
static char *field;
static __thread sigjmp_buf after_fault;
static __thread volatile int is_touching;

static void fault_skip(int number)
{
	if (!is_touching)
		storm_fail(__FILE__, __LINE__, "fault outside the field", number);
	siglongjmp(after_fault, 1);
}

static void page_check(size_t page, int writes)
{
	volatile unsigned char *at = (unsigned char *)field + page * PAGE;
	unsigned char first, last;

	is_touching = 1;
	if (sigsetjmp(after_fault, 1) == 0) {
		first = at[0];
		last = at[PAGE - 1];
		is_touching = 0;
		EXPECT(first == 0 || first == page + 1);
		EXPECT(last == 0 || last == page + 1);
		is_touching = 1;
		if (writes) {
			at[0] = (unsigned char)(page + 1);
			at[PAGE - 1] = (unsigned char)(page + 1);
		}
	}
	is_touching = 0;
}

static void field_change(uint64_t *seed)
{
	size_t first = storm_random(seed) % (FIELD_PAGES - RUN_PAGES);
	size_t length = (1 + storm_random(seed) % RUN_PAGES) * PAGE;
	char *start = field + first * PAGE;

	switch (storm_random(seed) % 8) {
	case 0:
	case 1:
		EXPECT(mmap(start, length, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == start);
		break;
	case 2:
		/* Nobody else maps where it pleases, so the hole stays until it is filled here. */
		EXPECT_EQUAL(munmap(start, length), 0);
		break;
	case 3:
		if (mprotect(start, length, storm_random(seed) & 1 ? PROT_READ
								   : PROT_READ | PROT_WRITE))
			EXPECT_EQUAL(errno, ENOMEM);
		break;
	case 4:
		if (mprotect(start, length, PROT_NONE))
			EXPECT_EQUAL(errno, ENOMEM);
		break;
	case 5:
		if (madvise(start, length, MADV_DONTNEED))
			EXPECT(errno == ENOMEM || errno == EINVAL);
		break;
	case 6:
		if (mlock(start, length))
			EXPECT(errno == ENOMEM || errno == EAGAIN);
		if (munlock(start, length))
			EXPECT_EQUAL(errno, ENOMEM);
		break;
	default:
		EXPECT(mmap(start, length, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == start);
		break;
	}
}

static void *field_work(void *argument)
{
	uint64_t seed = storm_seed();

	while (storm_goes_on()) {
		field_change(&seed);
		for (int i = 0; i < 8; i++)
			page_check(storm_random(&seed) % FIELD_PAGES, i & 1);
		storm_count(9);
	}
	return argument;
}

static void *field_copy(void *argument)
{
	while (storm_goes_on()) {
		pid_t pid = fork();

		EXPECT(pid >= 0);
		if (pid == 0) {
			for (size_t i = 0; i < FIELD_PAGES; i++)
				page_check(i, 1);
			_exit(0);
		}
		storm_reap(pid, 0);
		storm_count(1);
	}
	return argument;
}

static void field_storm(int index)
{
	struct sigaction action = { .sa_handler = fault_skip, .sa_flags = SA_NODEFER };
	pthread_t copier;

	(void)index;
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	field = mmap(NULL, FIELD_PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	EXPECT(field != MAP_FAILED);
	EXPECT_EQUAL(pthread_create(&copier, NULL, field_copy, NULL), 0);
	storm_threads(CHANGERS, field_work, NULL);
	EXPECT_EQUAL(pthread_join(copier, NULL), 0);
}

/* A shared file that is cut and grows under those who map and read it: SIGBUS, never old data. */
static int cut_file;

static void *cut_work(void *argument)
{
	uint64_t seed = storm_seed();

	while (storm_goes_on()) {
		off_t size = (off_t)(storm_random(&seed) % FIELD_PAGES) * PAGE;

		EXPECT_EQUAL(ftruncate(cut_file, size), 0);
		EXPECT_EQUAL(ftruncate(cut_file, FIELD_PAGES * PAGE), 0);
		storm_count(2);
	}
	return argument;
}

static void *cut_touch(void *argument)
{
	uint64_t seed = storm_seed();

	while (storm_goes_on()) {
		unsigned char bytes[2];
		size_t page = storm_random(&seed) % FIELD_PAGES;

		page_check(page, 1);
		if (pread(cut_file, bytes, 2, (off_t)page * PAGE) == 2)
			EXPECT(bytes[0] == 0 || bytes[0] == page + 1);
		if (storm_random(&seed) % 64 == 0)
			EXPECT_EQUAL(msync(field, FIELD_PAGES * PAGE, MS_SYNC), 0);
		storm_count(2);
	}
	return argument;
}

static void cut_storm(int index)
{
	struct sigaction action = { .sa_handler = fault_skip, .sa_flags = SA_NODEFER };
	pthread_t cutter;

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	cut_file = storm_file("cut", index);
	EXPECT_EQUAL(ftruncate(cut_file, FIELD_PAGES * PAGE), 0);
	field = mmap(NULL, FIELD_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, cut_file, 0);
	EXPECT(field != MAP_FAILED);
	EXPECT_EQUAL(pthread_create(&cutter, NULL, cut_work, NULL), 0);
	storm_threads(CHANGERS, cut_touch, NULL);
	EXPECT_EQUAL(pthread_join(cutter, NULL), 0);
	close(cut_file);
}

static const struct storm storms[] = {
	{ "field", field_storm, 0 }, { "cut", cut_storm, 0 },
};

const struct storm_table space_storms = { storms, STORM_COUNT(storms) };
