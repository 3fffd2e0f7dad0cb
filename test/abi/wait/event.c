/*
 * Files that are events: eventfd, signalfd and timerfd.
 */
#include "support.h"
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#define MILLISECOND 1000000ll

static int events_of(int fd)
{
	struct pollfd file = { fd, POLLIN | POLLOUT, 0 };

	REQUIRE_OK(poll(&file, 1, 0));
	return file.revents;
}

TEST(eventfd_counts)
{
	uint64_t value[2];
	int fd = REQUIRE_OK(syscall(SYS_eventfd2, 5, EFD_NONBLOCK | EFD_CLOEXEC));

	CHECK_EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQUAL(fcntl(fd, F_GETFL), O_RDWR | O_NONBLOCK);
	CHECK_EQUAL(events_of(fd), POLLIN | POLLOUT);
	poison(value, sizeof(value));
	CHECK_EQUAL(read(fd, value, 16), 8);
	CHECK_EQUAL(value[0], 5);
	CHECK_UNTOUCHED(&value[1], 8);
	CHECK_ERRNO(read(fd, value, 8), EAGAIN);
	CHECK_EQUAL(events_of(fd), POLLOUT);
	value[0] = 3;
	CHECK_EQUAL(write(fd, value, 8), 8);
	CHECK_EQUAL(write(fd, value, 8), 8);
	CHECK_EQUAL(read(fd, value, 8), 8);
	CHECK_EQUAL(value[0], 6);
}

TEST(eventfd_as_semaphore)
{
	uint64_t value;
	int fd = REQUIRE_OK(syscall(SYS_eventfd2, 2, EFD_SEMAPHORE | EFD_NONBLOCK));

	CHECK_EQUAL(read(fd, &value, 8), 8);
	CHECK_EQUAL(value, 1);
	CHECK_EQUAL(read(fd, &value, 8), 8);
	CHECK_ERRNO(read(fd, &value, 8), EAGAIN);
}

TEST(eventfd_overflow)
{
	uint64_t value = UINT64_MAX - 1;
	int fd = REQUIRE_OK(syscall(SYS_eventfd2, 0, EFD_NONBLOCK));

	CHECK_EQUAL(write(fd, &value, 8), 8);
	CHECK_EQUAL(events_of(fd), POLLIN);
	value = 1;
	CHECK_ERRNO(write(fd, &value, 8), EAGAIN);
	value = 0;
	CHECK_EQUAL(write(fd, &value, 8), 8);
	value = UINT64_MAX;
	CHECK_ERRNO(write(fd, &value, 8), EINVAL);
	CHECK_EQUAL(read(fd, &value, 8), 8);
	CHECK_EQUAL(value, UINT64_MAX - 1);
}

TEST(eventfd_refusals)
{
	uint64_t value = 1;
	int fd = REQUIRE_OK(syscall(SYS_eventfd2, 1, 0));

	CHECK_ERRNO(syscall(SYS_eventfd2, 0, 2), EINVAL);
	CHECK_ERRNO(read(fd, &value, 7), EINVAL);
	CHECK_ERRNO(write(fd, &value, 7), EINVAL);
	CHECK_FAULTS((write(fd, &value, 8), read(fd, bad, 8)));
	CHECK_FAULTS(write(fd, bad, 8));
	CHECK_ERRNO(pread(fd, &value, 8, 0), ESPIPE);
}

TEST(eventfd_waits)
{
	uint64_t value = 9;
	int fd = REQUIRE_OK(syscall(SYS_eventfd2, 0, 0));
	pid_t pid = fork();

	if (pid == 0) {
		CHECK_EQUAL(read(fd, &value, 8), 8);
		CHECK_EQUAL(value, 9);
		check_child_end();
	}
	CHECK(process_await(pid, 'S'));
	CHECK_EQUAL(write(fd, &value, 8), 8);
	CHECK_EQUAL(child_wait(pid), 0);
	CHECK_INTERRUPTED(read(fd, &value, 8));
}

TEST(signalfd_reads_signals)
{
	uint64_t mask = SIGNAL_BIT(SIGUSR1) | SIGNAL_BIT(SIGRTMIN);
	struct signalfd_siginfo info[3];
	union sigval value = { .sival_int = 0x1234 };
	int fd;

	REQUIRE_OK(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8));
	fd = REQUIRE_OK(syscall(SYS_signalfd4, -1, &mask, 8, SFD_NONBLOCK | SFD_CLOEXEC));
	CHECK_EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQUAL(events_of(fd), 0);
	CHECK_ERRNO(read(fd, info, sizeof(info)), EAGAIN);
	REQUIRE_OK(kill(getpid(), SIGUSR1));
	REQUIRE_OK(sigqueue(getpid(), SIGRTMIN, value));
	CHECK_EQUAL(events_of(fd), POLLIN);
	poison(info, sizeof(info));
	CHECK_EQUAL(read(fd, info, sizeof(info)), 2 * sizeof(info[0]));
	CHECK_UNTOUCHED(&info[2], sizeof(info[2]));
	CHECK_EQUAL(info[0].ssi_signo, SIGUSR1);
	CHECK_EQUAL(info[0].ssi_code, SI_USER);
	CHECK_EQUAL(info[0].ssi_pid, getpid());
	CHECK_EQUAL(info[0].ssi_uid, 0);
	CHECK_EQUAL(info[1].ssi_signo, SIGRTMIN);
	CHECK_EQUAL(info[1].ssi_code, SI_QUEUE);
	CHECK_EQUAL(info[1].ssi_int, 0x1234);
	CHECK_FILLED(&info[0].ssi_tid, 0, 128 - offsetof(struct signalfd_siginfo, ssi_tid));
	CHECK_ERRNO(read(fd, info, sizeof(info)), EAGAIN);
}

TEST(signalfd_changes_its_mask)
{
	uint64_t one = SIGNAL_BIT(SIGUSR1), two = SIGNAL_BIT(SIGUSR2), both = one | two;
	struct signalfd_siginfo info;
	int fd;

	REQUIRE_OK(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &both, NULL, 8));
	fd = REQUIRE_OK(syscall(SYS_signalfd4, -1, &one, 8, SFD_NONBLOCK));
	REQUIRE_OK(kill(getpid(), SIGUSR2));
	CHECK_ERRNO(read(fd, &info, sizeof(info)), EAGAIN);
	CHECK_EQUAL(syscall(SYS_signalfd4, fd, &two, 8, 0), fd);
	CHECK_EQUAL(read(fd, &info, sizeof(info)), sizeof(info));
	CHECK_EQUAL(info.ssi_signo, SIGUSR2);
}

TEST(signalfd_refusals)
{
	uint64_t mask = SIGNAL_BIT(SIGUSR1);
	struct signalfd_siginfo info;
	int fd = REQUIRE_OK(syscall(SYS_signalfd4, -1, &mask, 8, 0));

	CHECK_ERRNO(syscall(SYS_signalfd4, -1, &mask, 4, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_signalfd4, -1, &mask, 8, 1), EINVAL);
	CHECK_ERRNO(syscall(SYS_signalfd4, 999, &mask, 8, 0), EBADF);
	CHECK_ERRNO(syscall(SYS_signalfd4, file_open(".", O_RDONLY), &mask, 8, 0), EINVAL);
	CHECK_FAULTS(syscall(SYS_signalfd4, -1, bad, 8, 0));
	CHECK_ERRNO(read(fd, &info, sizeof(info) - 1), EINVAL);
	CHECK_ERRNO(write(fd, &info, sizeof(info)), EINVAL);
	CHECK_INTERRUPTED(read(fd, &info, sizeof(info)));
}

TEST(timerfd_counts_expirations)
{
	struct itimerspec set = { { 0, 10 * MILLISECOND }, { 0, 20 * MILLISECOND } };
	int64_t start = clock_now(CLOCK_MONOTONIC);
	uint64_t count = 0, total = 0;
	int fd = REQUIRE_OK(syscall(SYS_timerfd_create, CLOCK_MONOTONIC, 0));

	CHECK_OK(syscall(SYS_timerfd_settime, fd, 0, &set, NULL));
	CHECK_EQUAL(read(fd, &count, 8), 8);
	CHECK_AT_LEAST(clock_now(CLOCK_MONOTONIC) - start, 20 * MILLISECOND);
	CHECK_AT_LEAST(count, 1);
	for (total = count; total < 5; total += count)
		REQUIRE(read(fd, &count, 8) == 8);
	CHECK_AT_LEAST(clock_now(CLOCK_MONOTONIC) - start, 60 * MILLISECOND);
	sleep_milliseconds(50);
	CHECK_EQUAL(read(fd, &count, 8), 8);
	CHECK_AT_LEAST(count, 4);
}

TEST(timerfd_time_left)
{
	struct itimerspec set = { { 7, 8 }, { 1000, 5 } }, before[2];
	int fd = REQUIRE_OK(syscall(SYS_timerfd_create, CLOCK_MONOTONIC, TFD_NONBLOCK));
	uint64_t count;

	poison(before, sizeof(before));
	CHECK_OK(syscall(SYS_timerfd_settime, fd, 0, &set, before));
	CHECK_FILLED(before, 0, sizeof(before[0]));
	CHECK_UNTOUCHED(&before[1], sizeof(before[1]));
	poison(before, sizeof(before));
	CHECK_OK(syscall(SYS_timerfd_gettime, fd, before));
	CHECK_UNTOUCHED(&before[1], sizeof(before[1]));
	CHECK_EQUAL(before[0].it_interval.tv_sec, 7);
	CHECK_EQUAL(before[0].it_interval.tv_nsec, 8);
	CHECK(before[0].it_value.tv_sec <= 1000 && before[0].it_value.tv_sec > 900);
	CHECK_ERRNO(read(fd, &count, 8), EAGAIN);
	CHECK_EQUAL(events_of(fd), 0);
	memset(&set, 0, sizeof(set));
	CHECK_OK(syscall(SYS_timerfd_settime, fd, 0, &set, before));
	CHECK_EQUAL(before[0].it_interval.tv_sec, 7);
	CHECK_OK(syscall(SYS_timerfd_gettime, fd, before));
	CHECK_FILLED(before, 0, sizeof(before[0]));
}

TEST(timerfd_absolute)
{
	struct itimerspec set = { { 0, 0 }, timespec_of(clock_now(CLOCK_REALTIME) + 30000000) };
	uint64_t count = 0;
	int fd = REQUIRE_OK(syscall(SYS_timerfd_create, CLOCK_REALTIME, 0));

	CHECK_OK(syscall(SYS_timerfd_settime, fd, TFD_TIMER_ABSTIME, &set, NULL));
	CHECK_EQUAL(read(fd, &count, 8), 8);
	CHECK_EQUAL(count, 1);
	CHECK_AT_LEAST(clock_now(CLOCK_REALTIME),
		       set.it_value.tv_sec * NANOSECONDS + set.it_value.tv_nsec);
	set.it_value = (struct timespec){ 1, 0 };
	CHECK_OK(syscall(SYS_timerfd_settime, fd, TFD_TIMER_ABSTIME, &set, NULL));
	CHECK_EQUAL(read(fd, &count, 8), 8);
	CHECK_EQUAL(count, 1);
}

TEST(timerfd_refusals)
{
	struct itimerspec set = { { 0, 0 }, { 1, NANOSECONDS } };
	int fd = REQUIRE_OK(syscall(SYS_timerfd_create, CLOCK_MONOTONIC, TFD_CLOEXEC));
	uint64_t count;

	CHECK_EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_ERRNO(syscall(SYS_timerfd_create, 99, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_timerfd_create, CLOCK_PROCESS_CPUTIME_ID, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_timerfd_create, CLOCK_MONOTONIC, 1), EINVAL);
	CHECK_ERRNO(syscall(SYS_timerfd_settime, fd, 0, &set, NULL), EINVAL);
	set.it_value.tv_nsec = -1;
	CHECK_ERRNO(syscall(SYS_timerfd_settime, fd, 0, &set, NULL), EINVAL);
	set.it_value.tv_nsec = 0;
	CHECK_ERRNO(syscall(SYS_timerfd_settime, fd, 0x10, &set, NULL), EINVAL);
	CHECK_ERRNO(syscall(SYS_timerfd_settime, 999, 0, &set, NULL), EBADF);
	CHECK_ERRNO(syscall(SYS_timerfd_settime, file_open(".", O_RDONLY), 0, &set, NULL), EINVAL);
	CHECK_ERRNO(syscall(SYS_timerfd_gettime, 999, &set), EBADF);
	CHECK_FAULTS(syscall(SYS_timerfd_settime, fd, 0, bad, NULL));
	CHECK_FAULTS(syscall(SYS_timerfd_gettime, fd, bad));
	CHECK_ERRNO(read(fd, &count, 7), EINVAL);
	CHECK_ERRNO(write(fd, &count, 8), EINVAL);
	CHECK_INTERRUPTED(read(fd, &count, 8));
}

TEST(timerfd_clocks)
{
	static const int clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME };
	struct itimerspec set = { { 0, 0 }, { 0, MILLISECOND } };
	uint64_t count;

	for (size_t i = 0; i < COUNT(clocks); i++) {
		int fd = REQUIRE_OK(syscall(SYS_timerfd_create, clocks[i], 0));

		CHECK_OK(syscall(SYS_timerfd_settime, fd, 0, &set, NULL));
		CHECK_EQUAL(read(fd, &count, 8), 8);
	}
}
