/*
 * poll, ppoll and pselect6: what is ready, time limits, masks, and which of
 * the caller's bytes are written.
 */
#include "support.h"
#include <poll.h>
#include <sys/select.h>

/* The kernel's sixth argument of pselect6. */
struct select_mask {
	const void *mask;
	size_t size;
};

static long raw_ppoll(void *files, unsigned long count, void *limit, const void *mask)
{
	return syscall(SYS_ppoll, files, count, limit, mask, 8);
}

static long raw_pselect(int count, void *in, void *out, void *bad_set, void *limit, void *mask)
{
	return syscall(SYS_pselect6, count, in, out, bad_set, limit, mask);
}

TEST(ready_ends_of_a_pipe)
{
	struct pollfd files[4] = { { 0 } };
	struct timespec none = { 0, 0 };
	int ends[2];

	REQUIRE_OK(pipe(ends));
	files[0] = (struct pollfd){ ends[0], POLLIN | POLLPRI, 0x55 };
	files[1] = (struct pollfd){ ends[1], POLLOUT, 0x55 };
	files[2] = (struct pollfd){ -1, POLLIN, 0x55 };
	poison(&files[3], sizeof(files[3]));
	CHECK_EQUAL(raw_ppoll(files, 3, &none, NULL), 1);
	CHECK_EQUAL(files[0].revents, 0);
	CHECK_EQUAL(files[1].revents, POLLOUT);
	CHECK_EQUAL(files[2].revents, 0);
	CHECK_EQUAL(files[0].events, POLLIN | POLLPRI);
	CHECK_EQUAL(files[0].fd, ends[0]);
	CHECK_EQUAL(files[2].fd, -1);
	CHECK_UNTOUCHED(&files[3], sizeof(files[3]));
	REQUIRE(write(ends[1], "a", 1) == 1);
	CHECK_EQUAL(raw_ppoll(files, 3, &none, NULL), 2);
	CHECK_EQUAL(files[0].revents, POLLIN);
	files[0].events = POLLIN | POLLRDNORM | POLLOUT;
	CHECK_EQUAL(raw_ppoll(files, 1, &none, NULL), 1);
	CHECK_EQUAL(files[0].revents, POLLIN | POLLRDNORM);
}

TEST(hang_up_and_error)
{
	struct pollfd files[2];
	struct timespec none = { 0, 0 };
	int ends[2], other[2];

	REQUIRE_OK(pipe(ends));
	REQUIRE_OK(pipe(other));
	REQUIRE(write(ends[1], "a", 1) == 1);
	close(ends[1]);
	close(other[0]);
	files[0] = (struct pollfd){ ends[0], POLLIN, 0 };
	files[1] = (struct pollfd){ other[1], POLLOUT, 0 };
	CHECK_EQUAL(raw_ppoll(files, 2, &none, NULL), 2);
	CHECK_EQUAL(files[0].revents, POLLIN | POLLHUP);
	CHECK_EQUAL(files[1].revents, POLLOUT | POLLERR);
	files[0].events = 0;
	CHECK_EQUAL(raw_ppoll(files, 1, &none, NULL), 1);
	CHECK_EQUAL(files[0].revents, POLLHUP);
}

TEST(closed_descriptors_are_marked)
{
	struct pollfd file = { 900, POLLIN, 0 };

	CHECK_EQUAL(raw_ppoll(&file, 1, NULL, NULL), 1);
	CHECK_EQUAL(file.revents, POLLNVAL);
	file.events = 0;
	CHECK_EQUAL(raw_ppoll(&file, 1, NULL, NULL), 1);
	CHECK_EQUAL(file.revents, POLLNVAL);
}

TEST(regular_files_are_always_ready)
{
	struct pollfd file = { file_open("f", O_RDWR | O_CREAT), POLLIN | POLLOUT | POLLPRI, 0 };

	CHECK_EQUAL(raw_ppoll(&file, 1, NULL, NULL), 1);
	CHECK_EQUAL(file.revents, POLLIN | POLLOUT);
	file = (struct pollfd){ file_open(".", O_RDONLY), POLLIN | POLLRDNORM | POLLWRNORM, 0 };
	CHECK_EQUAL(raw_ppoll(&file, 1, NULL, NULL), 1);
	CHECK_EQUAL(file.revents, POLLIN | POLLRDNORM | POLLWRNORM);
}

TEST(full_pipe_is_not_writable)
{
	struct timespec none = { 0, 0 };
	char buffer[4096] = { 0 };
	struct pollfd file;
	int ends[2];

	REQUIRE_OK(pipe2(ends, O_NONBLOCK));
	while (write(ends[1], buffer, sizeof(buffer)) > 0)
		continue;
	file = (struct pollfd){ ends[1], POLLOUT, 0 };
	CHECK_EQUAL(raw_ppoll(&file, 1, &none, NULL), 0);
	REQUIRE(read(ends[0], buffer, 100) == 100);
	CHECK_EQUAL(raw_ppoll(&file, 1, &none, NULL), 0);
	REQUIRE(read(ends[0], buffer, 3996) == 3996);
	CHECK_EQUAL(raw_ppoll(&file, 1, &none, NULL), 1);
}

TEST(time_limit_passes)
{
	struct { struct timespec limit; long after; } wait = { { 0, 50000000 }, 77 };
	struct pollfd file;
	int ends[2];
	int64_t start = clock_now(CLOCK_MONOTONIC);

	REQUIRE_OK(pipe(ends));
	file = (struct pollfd){ ends[0], POLLIN, 0x77 };
	CHECK_EQUAL(raw_ppoll(&file, 1, &wait.limit, NULL), 0);
	CHECK_AT_LEAST(clock_now(CLOCK_MONOTONIC) - start, 50000000);
	CHECK_EQUAL(file.revents, 0);
	CHECK_EQUAL(wait.limit.tv_sec, 0);
	CHECK_EQUAL(wait.limit.tv_nsec, 0);
	CHECK_EQUAL(wait.after, 77);
	wait.limit = (struct timespec){ 0, 20000000 };
	CHECK_EQUAL(raw_ppoll(NULL, 0, &wait.limit, NULL), 0);
}

TEST(remaining_time_is_written_back)
{
	struct timespec limit = { 100, 0 };
	struct pollfd file;
	int ends[2];
	pid_t pid;

	REQUIRE_OK(pipe(ends));
	pid = fork();
	if (pid == 0) {
		sleep_milliseconds(50);
		write(ends[1], "a", 1);
		_exit(0);
	}
	file = (struct pollfd){ ends[0], POLLIN, 0 };
	CHECK_EQUAL(raw_ppoll(&file, 1, &limit, NULL), 1);
	CHECK(limit.tv_sec < 100 && limit.tv_sec >= 20);
	CHECK_EQUAL(child_wait(pid), 0);
}

TEST(ppoll_refusals)
{
	struct timespec wrong = { 0, NANOSECONDS }, negative = { -1, 0 }, none = { 0, 0 };
	struct pollfd file = { 0, POLLIN, 0 };
	uint64_t mask = 0;

	CHECK_ERRNO(raw_ppoll(&file, 1, &wrong, NULL), EINVAL);
	CHECK_ERRNO(raw_ppoll(&file, 1, &negative, NULL), EINVAL);
	CHECK_FAULTS(raw_ppoll(bad, 1, &none, NULL));
	CHECK_FAULTS(raw_ppoll(&file, 1, bad, NULL));
	CHECK_FAULTS(raw_ppoll(&file, 1, &none, bad));
	CHECK_ERRNO(syscall(SYS_ppoll, &file, 1, &none, &mask, 4), EINVAL);
	CHECK_EQUAL(raw_ppoll(&file, 1ul << 40, &none, NULL), 0);
	CHECK_ERRNO(raw_ppoll(&file, 10000000, &none, NULL), EINVAL);
}

TEST(ppoll_mask_lets_a_signal_in)
{
	uint64_t blocked = SIGNAL_BIT(SIGUSR1), open_mask = 0, now = 0;

	signal_counted(SIGUSR1, SA_RESTART);
	REQUIRE_OK(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &blocked, NULL, 8));
	REQUIRE_OK(kill(getpid(), SIGUSR1));
	CHECK_EQUAL(signal_count(SIGUSR1), 0);
	CHECK_ERRNO(raw_ppoll(NULL, 0, NULL, &open_mask), EINTR);
	CHECK_EQUAL(signal_count(SIGUSR1), 1);
	REQUIRE_OK(syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &now, 8));
	CHECK_EQUAL(now, blocked);
}

TEST(ppoll_is_not_restarted)
{
	struct timespec limit = { 100, 0 };

	ticks_start(30, SA_RESTART, 0, NULL);
	CHECK_ERRNO(raw_ppoll(NULL, 0, &limit, NULL), EINTR);
	ticks_stop();
	CHECK(limit.tv_sec <= 99 && limit.tv_sec > 20);
}

TEST(many_descriptors)
{
	struct pollfd *files = calloc(1000, sizeof(*files));
	int ends[2];

	REQUIRE_OK(pipe(ends));
	for (int i = 0; i < 1000; i++)
		files[i] = (struct pollfd){ ends[0], POLLIN, 0 };
	files[999] = (struct pollfd){ ends[1], POLLOUT, 0 };
	CHECK_EQUAL(raw_ppoll(files, 1000, NULL, NULL), 1);
	CHECK_EQUAL(files[999].revents, POLLOUT);
	REQUIRE(write(ends[1], "a", 1) == 1);
	CHECK_EQUAL(raw_ppoll(files, 1000, NULL, NULL), 1000);
}

TEST(pselect_sets)
{
	struct timespec none = { 0, 0 };
	fd_set in, out, except, want;
	int ends[2];

	REQUIRE_OK(pipe(ends));
	REQUIRE(write(ends[1], "a", 1) == 1);
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_ZERO(&except);
	FD_ZERO(&want);
	FD_SET(ends[0], &in);
	FD_SET(ends[1], &in);
	FD_SET(ends[0], &out);
	FD_SET(ends[1], &out);
	FD_SET(ends[0], &except);
	CHECK_EQUAL(raw_pselect(ends[1] + 1, &in, &out, &except, &none, NULL), 2);
	FD_SET(ends[0], &want);
	CHECK_BYTES(&in, &want, sizeof(want));
	FD_ZERO(&want);
	CHECK_BYTES(&except, &want, sizeof(want));
	FD_SET(ends[1], &want);
	CHECK_BYTES(&out, &want, sizeof(want));
}

TEST(pselect_writes_whole_words_only)
{
	struct timespec none = { 0, 0 };
	unsigned char set[32];

	poison(set, sizeof(set));
	memset(set, 0, 8);
	CHECK_EQUAL(raw_pselect(5, set, NULL, NULL, &none, NULL), 0);
	CHECK_FILLED(set, 0, 8);
	CHECK_UNTOUCHED(set + 8, 24);
}

TEST(pselect_refusals)
{
	struct timespec none = { 0, 0 }, wrong = { 0, -1 };
	uint64_t mask = 0;
	struct select_mask small = { &mask, 4 };
	fd_set set;

	FD_ZERO(&set);
	CHECK_ERRNO(raw_pselect(-1, &set, NULL, NULL, &none, NULL), EINVAL);
	CHECK_ERRNO(raw_pselect(1, &set, NULL, NULL, &wrong, NULL), EINVAL);
	CHECK_ERRNO(raw_pselect(1, &set, NULL, NULL, &none, &small), EINVAL);
	CHECK_FAULTS(raw_pselect(1, bad, NULL, NULL, &none, NULL));
	CHECK_FAULTS(raw_pselect(1, NULL, bad, NULL, &none, NULL));
	CHECK_FAULTS(raw_pselect(1, NULL, NULL, bad, &none, NULL));
	CHECK_FAULTS(raw_pselect(1, &set, NULL, NULL, bad, NULL));
	CHECK_FAULTS(raw_pselect(1, &set, NULL, NULL, &none, bad));
	FD_SET(900, &set);
	CHECK_EQUAL(raw_pselect(800, &set, NULL, NULL, &none, NULL), 0);
	FD_SET(50, &set);
	CHECK_ERRNO(raw_pselect(60, &set, NULL, NULL, &none, NULL), EBADF);
}

TEST(pselect_waits_and_is_interrupted)
{
	struct timespec limit = { 0, 40000000 };
	uint64_t open_mask = 0;
	struct select_mask mask = { &open_mask, 8 };
	int64_t start = clock_now(CLOCK_MONOTONIC);
	fd_set set;
	int ends[2];

	REQUIRE_OK(pipe(ends));
	FD_ZERO(&set);
	FD_SET(ends[0], &set);
	CHECK_EQUAL(raw_pselect(ends[0] + 1, &set, NULL, NULL, &limit, NULL), 0);
	CHECK_AT_LEAST(clock_now(CLOCK_MONOTONIC) - start, 40000000);
	CHECK(!FD_ISSET(ends[0], &set));
	FD_SET(ends[0], &set);
	CHECK_INTERRUPTED(raw_pselect(ends[0] + 1, &set, NULL, NULL, NULL, &mask));
	CHECK(FD_ISSET(ends[0], &set));
}

TEST(closing_by_another_thread_of_control_wakes_the_poller)
{
	struct pollfd file;
	int ends[2];
	pid_t pid;

	REQUIRE_OK(pipe(ends));
	pid = fork();
	if (pid == 0) {
		close(ends[1]);
		file = (struct pollfd){ ends[0], POLLIN, 0 };
		CHECK_EQUAL(raw_ppoll(&file, 1, NULL, NULL), 1);
		CHECK_EQUAL(file.revents, POLLHUP);
		check_child_end();
	}
	CHECK(process_await(pid, 'S'));
	close(ends[1]);
	CHECK_EQUAL(child_wait(pid), 0);
}
