/*
 * Locks that lock: POSIX record locks, open-file-description locks and flock,
 * each seen from a second process.
 */
#include "support.h"
#include <pthread.h>
#include <sys/file.h>

static struct flock range(int type, long start, long length)
{
	struct flock lock = { 0 };

	lock.l_type = type;
	lock.l_whence = SEEK_SET;
	lock.l_start = start;
	lock.l_len = length;
	return lock;
}

static long lock_try(int fd, int command, int type, long start, long length)
{
	struct flock lock = range(type, start, length);

	return syscall(SYS_fcntl, fd, command, &lock);
}

/* What stands in the way of a write lock of one byte, asked in a child: its type, or F_UNLCK. */
static int type_seen(int fd, long at)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct flock lock = range(F_WRLCK, at, 1);

		_exit(syscall(SYS_fcntl, fd, F_GETLK, &lock) == 0 ? lock.l_type + 10 : 1);
	}
	return child_exit_code(pid) - 10;
}

TEST(posix_lock_is_seen_by_others)
{
	int fd = file_open("f", O_RDWR | O_CREAT);

	CHECK_OK(lock_try(fd, F_SETLK, F_WRLCK, 10, 10));
	CHECK_OK(lock_try(fd, F_SETLK, F_WRLCK, 10, 10));
	IN_CHILD {
		struct flock lock = range(F_RDLCK, 0, 100), *edge = edge_bytes(sizeof(lock));

		CHECK_ERRNO(lock_try(fd, F_SETLK, F_WRLCK, 15, 1), EAGAIN);
		CHECK_ERRNO(lock_try(fd, F_SETLK, F_RDLCK, 19, 5), EAGAIN);
		CHECK_OK(lock_try(fd, F_SETLK, F_WRLCK, 20, 5));
		CHECK_OK(lock_try(fd, F_SETLK, F_WRLCK, 0, 10));
		*edge = lock;
		CHECK_OK(syscall(SYS_fcntl, fd, F_GETLK, edge));
		CHECK_EQUAL(edge->l_type, F_WRLCK);
		CHECK_EQUAL(edge->l_whence, SEEK_SET);
		CHECK_EQUAL(edge->l_start, 10);
		CHECK_EQUAL(edge->l_len, 10);
		CHECK_EQUAL(edge->l_pid, getppid());
	}
	CHECK_OK(lock_try(fd, F_SETLK, F_UNLCK, 0, 0));
	CHECK_EQUAL(type_seen(fd, 15), F_UNLCK);
}

TEST(posix_getlk_of_a_free_range)
{
	struct flock lock = range(F_RDLCK, 5, 7);
	int fd = file_open("f", O_RDWR | O_CREAT);

	lock.l_pid = 77;
	CHECK_OK(syscall(SYS_fcntl, fd, F_GETLK, &lock));
	CHECK_EQUAL(lock.l_type, F_UNLCK);
	CHECK_EQUAL(lock.l_start, 5);
	CHECK_EQUAL(lock.l_len, 7);
	CHECK_EQUAL(lock.l_pid, 77);
}

TEST(posix_ranges_split_and_merge)
{
	int fd = file_open("f", O_RDWR | O_CREAT);

	CHECK_OK(lock_try(fd, F_SETLK, F_WRLCK, 0, 30));
	CHECK_OK(lock_try(fd, F_SETLK, F_UNLCK, 10, 10));
	CHECK_EQUAL(type_seen(fd, 9), F_WRLCK);
	CHECK_EQUAL(type_seen(fd, 10), F_UNLCK);
	CHECK_EQUAL(type_seen(fd, 19), F_UNLCK);
	CHECK_EQUAL(type_seen(fd, 20), F_WRLCK);
	CHECK_OK(lock_try(fd, F_SETLK, F_RDLCK, 5, 10));
	CHECK_EQUAL(type_seen(fd, 4), F_WRLCK);
	CHECK_EQUAL(type_seen(fd, 5), F_RDLCK);
	CHECK_EQUAL(type_seen(fd, 14), F_RDLCK);
	CHECK_EQUAL(type_seen(fd, 15), F_UNLCK);
	CHECK_OK(lock_try(fd, F_SETLK, F_WRLCK, 0, 0));
	CHECK_EQUAL(type_seen(fd, 1l << 40), F_WRLCK);
}

TEST(posix_ranges_from_position_and_end)
{
	struct flock lock = range(F_WRLCK, -5, 5);
	int fd;

	file_make("f", 100);
	fd = file_open("f", O_RDWR);
	REQUIRE_OK(lseek(fd, 50, SEEK_SET));
	lock.l_whence = SEEK_CUR;
	CHECK_OK(syscall(SYS_fcntl, fd, F_SETLK, &lock));
	CHECK_EQUAL(type_seen(fd, 44), F_UNLCK);
	CHECK_EQUAL(type_seen(fd, 45), F_WRLCK);
	CHECK_EQUAL(type_seen(fd, 50), F_UNLCK);
	lock.l_whence = SEEK_END;
	lock.l_len = -5;
	CHECK_OK(syscall(SYS_fcntl, fd, F_SETLK, &lock));
	CHECK_EQUAL(type_seen(fd, 89), F_UNLCK);
	CHECK_EQUAL(type_seen(fd, 90), F_WRLCK);
	CHECK_EQUAL(type_seen(fd, 94), F_WRLCK);
	CHECK_EQUAL(type_seen(fd, 95), F_UNLCK);
}

TEST(posix_refusals)
{
	struct flock lock = range(F_WRLCK, 0, 1);
	int fd = file_open("f", O_RDWR | O_CREAT);

	CHECK_ERRNO(lock_try(999, F_SETLK, F_WRLCK, 0, 1), EBADF);
	CHECK_ERRNO(lock_try(fd, F_SETLK, 9, 0, 1), EINVAL);
	CHECK_ERRNO(lock_try(fd, F_SETLK, F_WRLCK, -1, 1), EINVAL);
	CHECK_ERRNO(lock_try(fd, F_SETLK, F_WRLCK, 5, -10), EINVAL);
	CHECK_ERRNO(lock_try(fd, F_SETLK, F_WRLCK, 0x7fffffffffffffff, 2), EOVERFLOW);
	CHECK_ERRNO(lock_try(fd, F_GETLK, F_UNLCK, 0, 1), EINVAL);
	CHECK_ERRNO(lock_try(file_open("f", O_RDONLY), F_SETLK, F_WRLCK, 0, 1), EBADF);
	CHECK_ERRNO(lock_try(file_open("f", O_WRONLY), F_SETLK, F_RDLCK, 0, 1), EBADF);
	lock.l_whence = 3;
	CHECK_ERRNO(syscall(SYS_fcntl, fd, F_SETLK, &lock), EINVAL);
	CHECK_FAULTS(syscall(SYS_fcntl, fd, F_SETLK, bad));
	CHECK_FAULTS(syscall(SYS_fcntl, fd, F_SETLKW, bad));
	CHECK_FAULTS(syscall(SYS_fcntl, fd, F_GETLK, bad));
	CHECK_FAULTS(syscall(SYS_fcntl, fd, F_OFD_SETLK, bad));
	CHECK_FAULTS(syscall(SYS_fcntl, fd, F_OFD_GETLK, bad));
	CHECK_EQUAL(type_seen(fd, 0), F_UNLCK);
}

TEST(posix_locks_go_with_any_close)
{
	int fd = file_open("f", O_RDWR | O_CREAT), other = file_open("f", O_RDONLY);

	CHECK_OK(lock_try(fd, F_SETLK, F_WRLCK, 0, 1));
	CHECK_OK(close(other));
	CHECK_EQUAL(type_seen(fd, 0), F_UNLCK);
}

TEST(posix_locks_go_with_the_process_and_stay_over_fork)
{
	int fd = file_open("f", O_RDWR | O_CREAT);

	IN_CHILD {
		CHECK_OK(lock_try(fd, F_SETLK, F_WRLCK, 0, 1));
		IN_CHILD {
			CHECK_OK(close(fd));
		}
		CHECK_EQUAL(type_seen(fd, 0), F_WRLCK);
	}
	CHECK_EQUAL(type_seen(fd, 0), F_UNLCK);
}

TEST(posix_waiting)
{
	int fd = file_open("f", O_RDWR | O_CREAT), ends[2];
	pid_t pid;
	char byte;

	REQUIRE_OK(pipe(ends));
	CHECK_OK(lock_try(fd, F_SETLK, F_WRLCK, 0, 10));
	pid = fork();
	if (pid == 0) {
		CHECK_OK(lock_try(fd, F_SETLKW, F_WRLCK, 5, 10));
		write(ends[1], "x", 1);
		check_child_end();
	}
	CHECK(process_await(pid, 'S'));
	REQUIRE_OK(fcntl(ends[0], F_SETFL, O_NONBLOCK));
	CHECK_ERRNO(read(ends[0], &byte, 1), EAGAIN);
	REQUIRE_OK(fcntl(ends[0], F_SETFL, 0));
	CHECK_OK(lock_try(fd, F_SETLK, F_UNLCK, 5, 5));
	CHECK_EQUAL(read(ends[0], &byte, 1), 1);
	CHECK_EQUAL(child_wait(pid), 0);
}

static struct {
	int fd, error;
	volatile pid_t tid;
} waiter;

static void *wait_for_the_lock(void *unused)
{
	(void)unused;
	waiter.tid = syscall(SYS_gettid);
	waiter.error = lock_try(waiter.fd, F_SETLKW, F_WRLCK, 0, 1) < 0 ? errno : 0;
	return NULL;
}

/* Whose descriptor another thread closes meanwhile gets no lock that nobody could give up. */
TEST(posix_waiting_ends_with_the_descriptor)
{
	int holder = file_open("f", O_RDWR | O_CREAT), ends[2];
	pthread_t thread;
	char byte;
	pid_t pid;

	REQUIRE_OK(pipe(ends));
	CHECK_OK(lock_try(holder, F_SETLK, F_WRLCK, 0, 1));
	pid = REQUIRE_OK(fork());
	if (pid == 0) {
		waiter.fd = file_open("f", O_RDWR);
		close(holder);
		REQUIRE(pthread_create(&thread, NULL, wait_for_the_lock, NULL) == 0);
		while (!waiter.tid)
			usleep(500);
		CHECK(process_await(waiter.tid, 'S'));
		CHECK_OK(close(waiter.fd));
		write(ends[1], "x", 1);
		REQUIRE(pthread_join(thread, NULL) == 0);
		CHECK_EQUAL(waiter.error, EBADF);
		write(ends[1], "x", 1);
		pause();
	}
	CHECK_EQUAL(read(ends[0], &byte, 1), 1);
	CHECK_OK(lock_try(holder, F_SETLK, F_UNLCK, 0, 0));
	CHECK_EQUAL(read(ends[0], &byte, 1), 1);
	CHECK_EQUAL(type_seen(holder, 0), F_UNLCK);
	kill(pid, SIGKILL);
	child_wait(pid);
}

TEST(posix_waiting_is_interrupted)
{
	int fd = file_open("f", O_RDWR | O_CREAT);

	CHECK_OK(lock_try(fd, F_SETLK, F_WRLCK, 0, 10));
	IN_CHILD {
		CHECK_INTERRUPTED(lock_try(fd, F_SETLKW, F_WRLCK, 0, 1));
		CHECK_INTERRUPTED(lock_try(file_open("f", O_RDWR), F_OFD_SETLKW, F_WRLCK, 0, 1));
	}
}

TEST(posix_deadlock_is_refused)
{
	int fd = file_open("f", O_RDWR | O_CREAT);
	pid_t pid;

	CHECK_OK(lock_try(fd, F_SETLK, F_WRLCK, 0, 1));
	pid = fork();
	if (pid == 0) {
		CHECK_OK(lock_try(fd, F_SETLK, F_WRLCK, 1, 1));
		CHECK_OK(lock_try(fd, F_SETLKW, F_WRLCK, 0, 1));
		check_child_end();
	}
	while (type_seen(fd, 1) == F_UNLCK)
		sleep_milliseconds(5);
	CHECK(process_await(pid, 'S'));
	CHECK_ERRNO(lock_try(fd, F_SETLKW, F_WRLCK, 1, 1), EDEADLK);
	CHECK_OK(lock_try(fd, F_SETLK, F_UNLCK, 0, 1));
	CHECK_EQUAL(child_wait(pid), 0);
}

TEST(description_locks_belong_to_the_opening)
{
	int fd = file_open("f", O_RDWR | O_CREAT), other = file_open("f", O_RDWR);
	struct flock lock = range(F_WRLCK, 0, 1);

	CHECK_OK(lock_try(fd, F_OFD_SETLK, F_WRLCK, 0, 10));
	CHECK_ERRNO(lock_try(other, F_OFD_SETLK, F_WRLCK, 0, 1), EAGAIN);
	CHECK_ERRNO(lock_try(other, F_SETLK, F_WRLCK, 0, 1), EAGAIN);
	CHECK_OK(syscall(SYS_fcntl, other, F_OFD_GETLK, &lock));
	CHECK_EQUAL(lock.l_type, F_WRLCK);
	CHECK_EQUAL(lock.l_pid, -1);
	CHECK_EQUAL(lock.l_len, 10);
	IN_CHILD {
		CHECK_OK(lock_try(fd, F_OFD_SETLK, F_WRLCK, 0, 5));
	}
	CHECK_OK(close(file_open("f", O_RDWR)));
	CHECK_ERRNO(lock_try(other, F_OFD_SETLK, F_RDLCK, 0, 1), EAGAIN);
	CHECK_OK(close(fd));
	CHECK_OK(lock_try(other, F_OFD_SETLK, F_WRLCK, 0, 1));
}

TEST(description_lock_needs_pid_zero)
{
	struct flock lock = range(F_WRLCK, 0, 1);
	int fd = file_open("f", O_RDWR | O_CREAT);

	lock.l_pid = 1;
	CHECK_ERRNO(syscall(SYS_fcntl, fd, F_OFD_SETLK, &lock), EINVAL);
	CHECK_ERRNO(syscall(SYS_fcntl, fd, F_OFD_SETLKW, &lock), EINVAL);
	CHECK_ERRNO(syscall(SYS_fcntl, fd, F_OFD_GETLK, &lock), EINVAL);
}

TEST(flock_shared_and_exclusive)
{
	int one = file_open("f", O_RDONLY | O_CREAT), two = file_open("f", O_RDONLY);

	CHECK_OK(syscall(SYS_flock, one, LOCK_SH));
	CHECK_OK(syscall(SYS_flock, two, LOCK_SH | LOCK_NB));
	CHECK_ERRNO(syscall(SYS_flock, two, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	CHECK_OK(syscall(SYS_flock, one, LOCK_UN));
	CHECK_OK(syscall(SYS_flock, two, LOCK_EX | LOCK_NB));
	CHECK_ERRNO(syscall(SYS_flock, one, LOCK_SH | LOCK_NB), EWOULDBLOCK);
	IN_CHILD {
		CHECK_OK(syscall(SYS_flock, two, LOCK_EX | LOCK_NB));
		CHECK_OK(close(two));
	}
	CHECK_ERRNO(syscall(SYS_flock, one, LOCK_SH | LOCK_NB), EWOULDBLOCK);
	CHECK_OK(close(two));
	CHECK_OK(syscall(SYS_flock, one, LOCK_SH | LOCK_NB));
}

TEST(flock_refusals_and_interruption)
{
	int one = file_open("f", O_RDONLY | O_CREAT), two = file_open("f", O_RDONLY);

	CHECK_ERRNO(syscall(SYS_flock, 999, LOCK_SH), EBADF);
	CHECK_ERRNO(syscall(SYS_flock, one, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_flock, one, LOCK_SH | LOCK_EX), EINVAL);
	CHECK_ERRNO(syscall(SYS_flock, file_open("f", O_PATH), LOCK_SH), EBADF);
	CHECK_OK(syscall(SYS_flock, one, LOCK_EX));
	CHECK_INTERRUPTED(syscall(SYS_flock, two, LOCK_EX));
	CHECK_OK(lock_try(file_open("f", O_RDWR), F_SETLK, F_WRLCK, 0, 0));
}

TEST(flock_waits)
{
	int one = file_open("f", O_RDONLY | O_CREAT);
	pid_t pid;

	CHECK_OK(syscall(SYS_flock, one, LOCK_EX));
	pid = fork();
	if (pid == 0) {
		CHECK_OK(syscall(SYS_flock, file_open("f", O_RDONLY), LOCK_EX));
		check_child_end();
	}
	CHECK(process_await(pid, 'S'));
	CHECK_EQUAL(waitpid(pid, NULL, WNOHANG), 0);
	CHECK_OK(syscall(SYS_flock, one, LOCK_UN));
	CHECK_EQUAL(child_wait(pid), 0);
}

TEST(leases_are_refused)
{
	CHECK_ERRNO(syscall(SYS_fcntl, file_open("f", O_RDWR | O_CREAT), 1024, 9), EINVAL);
}
