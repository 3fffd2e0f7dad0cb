/*
 * Terminals and processes: controlling terminals, foreground groups, signals
 * from keys, window size, hang-up, packet mode, the pty's own calls.
 */
#include "pair.h"
#include <poll.h>
#include <sys/resource.h>

/* Become the leader of a session with this pair as its terminal. */
static struct pair session_start(void)
{
	struct pair pair = pair_open();

	REQUIRE_OK(setsid());
	REQUIRE_OK(syscall(SYS_ioctl, pair.slave, TIOCSCTTY, 0));
	return pair;
}

TEST(pair_names_and_locks)
{
	int master = REQUIRE_OK(open("/dev/ptmx", O_RDWR | O_NOCTTY)), number[2], lock = 1, fd;
	struct stat status;
	char name[32];

	poison(number, sizeof(number));
	CHECK_OK(syscall(SYS_ioctl, master, TIOCGPTN, number));
	CHECK_UNTOUCHED(&number[1], 4);
	snprintf(name, sizeof(name), "/dev/pts/%d", number[0]);
	CHECK_ERRNO(open(name, O_RDWR | O_NOCTTY), EIO);
	CHECK_OK(syscall(SYS_ioctl, master, 0x80045439, &lock));
	CHECK_EQUAL(lock, 1);
	lock = 0;
	CHECK_OK(syscall(SYS_ioctl, master, TIOCSPTLCK, &lock));
	fd = REQUIRE_OK(open(name, O_RDWR | O_NOCTTY));
	CHECK_OK(fstat(fd, &status));
	CHECK_EQUAL(status.st_mode & S_IFMT, S_IFCHR);
	CHECK_EQUAL(status.st_rdev >> 8 & 0xfff, 136);
	fd = REQUIRE_OK(syscall(SYS_ioctl, master, 0x5441, O_RDWR | O_NOCTTY));
	CHECK_EQUAL(isatty(fd), 1);
	close(master);
	CHECK_ERRNO(open(name, O_RDWR | O_NOCTTY), ENOENT);
}

TEST(bytes_through_a_raw_pair)
{
	struct pair pair = pair_open();
	char text[16];

	settings_raw(pair.slave);
	type(pair.slave, "out");
	CHECK_EQUAL(text_read(pair.master, text, sizeof(text)), 3);
	CHECK_TEXT(text, "out");
	type(pair.master, "in\3");
	CHECK_EQUAL(text_read(pair.slave, text, sizeof(text)), 3);
	CHECK_TEXT(text, "in\3");
	CHECK_FAULTS(write(pair.slave, bad, 3));
	CHECK_FAULTS(write(pair.master, bad, 3));
	CHECK_ERRNO(lseek(pair.slave, 0, SEEK_SET), ESPIPE);
}

TEST(a_pair_has_no_wire)
{
	struct pair pair = pair_open();
	struct kernel_termios settings = settings_get(pair.slave);
	unsigned usual = 060 | 0200;			/* CS8 | CREAD */

	/* CSIZE and PARENB and CREAD: asked for, and not to be had. */
	settings.control = (settings.control & ~0660u) | 040 | 0400;
	settings_set(pair.slave, &settings);
	settings = settings_get(pair.slave);
	CHECK_EQUAL(settings.control & 0660, usual);
	settings.control |= 01000;			/* PARODD stays, and means nothing */
	settings_set(pair.master, &settings);
	settings = settings_get(pair.slave);
	CHECK_EQUAL(settings.control & 01660, 01000 | usual);
}

TEST(a_terminal_becomes_controlling)
{
	struct pair pair = pair_open();
	int value[2];

	CHECK_ERRNO(syscall(SYS_ioctl, pair.slave, TIOCGSID, value), ENOTTY);
	CHECK_ERRNO(syscall(SYS_ioctl, pair.slave, TIOCGPGRP, value), ENOTTY);
	CHECK_ERRNO(syscall(SYS_ioctl, pair.slave, TIOCSCTTY, 0), EPERM);
	IN_CHILD {
		REQUIRE_OK(setsid());
		CHECK_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
		CHECK_OK(syscall(SYS_ioctl, pair.slave, TIOCSCTTY, 0));
		poison(value, sizeof(value));
		CHECK_OK(syscall(SYS_ioctl, pair.slave, TIOCGSID, value));
		CHECK_EQUAL(value[0], getpid());
		CHECK_UNTOUCHED(&value[1], 4);
		CHECK_OK(syscall(SYS_ioctl, pair.slave, TIOCGPGRP, value));
		CHECK_EQUAL(value[0], getpid());
		CHECK_OK(open("/dev/tty", O_RDWR));
		CHECK_OK(syscall(SYS_ioctl, pair.slave, TIOCSCTTY, 0));
		CHECK_FAULTS(syscall(SYS_ioctl, pair.slave, TIOCGSID, bad));
		CHECK_FAULTS(syscall(SYS_ioctl, pair.slave, TIOCGPGRP, bad));
		CHECK_FAULTS(syscall(SYS_ioctl, pair.slave, TIOCSPGRP, bad));
	}
}

TEST(opening_makes_it_controlling_unless_told_not_to)
{
	struct pair pair = pair_open();

	IN_CHILD {
		REQUIRE_OK(setsid());
		CHECK_OK(open(pair.name, O_RDWR | O_NOCTTY));
		CHECK_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
		CHECK_OK(open(pair.name, O_RDWR));
		CHECK_OK(open("/dev/tty", O_RDWR));
	}
}

TEST(another_session_s_terminal_is_not_taken)
{
	struct pair pair = pair_open();
	int ends[2];
	char byte;
	pid_t pid;

	REQUIRE_OK(pipe(ends));
	pid = fork();
	if (pid == 0) {
		setsid();
		syscall(SYS_ioctl, pair.slave, TIOCSCTTY, 0);
		write(ends[1], "r", 1);
		for (;;)
			pause();
	}
	REQUIRE(read(ends[0], &byte, 1) == 1);
	IN_CHILD {
		REQUIRE_OK(setsid());
		CHECK_ERRNO(syscall(SYS_ioctl, pair.slave, TIOCSCTTY, 0), EPERM);
		CHECK_OK(open(pair.name, O_RDWR));
		CHECK_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
		user_become(NOBODY);
		CHECK_ERRNO(syscall(SYS_ioctl, pair.slave, TIOCSCTTY, 1), EPERM);
	}
	REQUIRE_OK(kill(pid, SIGKILL));
	child_wait(pid);
}

TEST(giving_the_terminal_up)
{
	IN_CHILD {
		struct pair pair = session_start();

		signal_counted(SIGHUP, 0);
		signal_counted(SIGCONT, 0);
		CHECK_OK(syscall(SYS_ioctl, pair.slave, TIOCNOTTY, 0));
		CHECK_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
		CHECK_EQUAL(signal_count(SIGHUP), 1);
		CHECK_EQUAL(signal_count(SIGCONT), 1);
		CHECK_ERRNO(syscall(SYS_ioctl, pair.slave, TIOCNOTTY, 0), ENOTTY);
	}
}

TEST(foreground_group_rules)
{
	IN_CHILD {
		struct pair pair = session_start();
		pid_t pid = fork();
		int group, foreign = getppid();

		if (pid == 0)
			for (;;)
				pause();
		REQUIRE_OK(setpgid(pid, pid));
		CHECK_OK(syscall(SYS_ioctl, pair.slave, TIOCSPGRP, &pid));
		CHECK_OK(syscall(SYS_ioctl, pair.slave, TIOCGPGRP, &group));
		CHECK_EQUAL(group, pid);
		signal_ignore(SIGTTOU);
		group = getpid();
		CHECK_OK(syscall(SYS_ioctl, pair.slave, TIOCSPGRP, &group));
		CHECK_ERRNO(syscall(SYS_ioctl, pair.slave, TIOCSPGRP, &foreign), EPERM);
		group = 0x7ffffff0;
		CHECK_ERRNO(syscall(SYS_ioctl, pair.slave, TIOCSPGRP, &group), ESRCH);
		group = -1;
		CHECK_ERRNO(syscall(SYS_ioctl, pair.slave, TIOCSPGRP, &group), EINVAL);
		REQUIRE_OK(kill(pid, SIGKILL));
	}
}

TEST(keys_signal_the_foreground)
{
	static const struct { char key; int number; const char *echo; } cases[] = {
		{ 3, SIGINT, "^C" }, { 28, SIGQUIT, "^\\" }, { 26, SIGTSTP, "^Z" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		IN_CHILD {
			struct pair pair = session_start();
			char text[16];
			pid_t pid = fork();
			int status;

			if (pid == 0) {
				setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
				setpgid(0, 0);
				for (;;)
					pause();
			}
			setpgid(pid, pid);
			REQUIRE_OK(syscall(SYS_ioctl, pair.slave, TIOCSPGRP, &pid));
			type(pair.master, "unfinished");
			text_read(pair.master, text, sizeof(text));
			REQUIRE(write(pair.master, &cases[i].key, 1) == 1);
			CHECK_EQUAL(waitpid(pid, &status, WUNTRACED), pid);
			CHECK_EQUAL(WIFSTOPPED(status) ? WSTOPSIG(status) : WTERMSIG(status),
				    cases[i].number);
			text_read(pair.master, text, sizeof(text));
			CHECK_TEXT(text, cases[i].echo);
			type(pair.master, "\n");
			sleep_milliseconds(20);
			REQUIRE_OK(syscall(SYS_ioctl, pair.slave, FIONREAD, &status));
			CHECK_EQUAL(status, 1);
			kill(pid, SIGKILL);
		}
	}
}

TEST(keys_without_isig_are_bytes)
{
	IN_CHILD {
		struct pair pair = session_start();
		struct kernel_termios settings = settings_get(pair.slave);
		char text[16];

		signal_counted(SIGINT, 0);
		settings.local &= ~L_ISIG;
		settings_set(pair.slave, &settings);
		type(pair.master, "a\003b\n");
		CHECK_EQUAL(text_read(pair.slave, text, sizeof(text)), 4);
		CHECK_EQUAL(signal_count(SIGINT), 0);
		settings.local |= L_ISIG | L_NOFLSH;
		settings_set(pair.slave, &settings);
		type(pair.master, "ab\003\n");
		CHECK_EQUAL(text_read(pair.slave, text, sizeof(text)), 3);
		CHECK_EQUAL(signal_count(SIGINT), 1);
	}
}

TEST(background_reading_stops)
{
	IN_CHILD {
		struct pair pair = session_start();
		char byte;
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			setpgid(0, 0);
			read(pair.slave, &byte, 1);
			_exit(0);
		}
		setpgid(pid, pid);
		CHECK_EQUAL(waitpid(pid, &status, WUNTRACED), pid);
		CHECK_EQUAL(status, SIGTTIN << 8 | 0x7f);
		REQUIRE_OK(kill(pid, SIGKILL));
		child_wait(pid);
		pid = fork();
		if (pid == 0) {
			setpgid(0, 0);
			signal_ignore(SIGTTIN);
			CHECK_ERRNO(read(pair.slave, &byte, 1), EIO);
			check_child_end();
		}
		setpgid(pid, pid);
		CHECK_EQUAL(child_wait(pid), 0);
	}
}

TEST(background_writing_stops_only_with_tostop)
{
	IN_CHILD {
		struct pair pair = session_start();
		struct kernel_termios settings = settings_get(pair.slave);
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			setpgid(0, 0);
			CHECK_EQUAL(write(pair.slave, "x", 1), 1);
			check_child_end();
		}
		CHECK_EQUAL(child_wait(pid), 0);
		settings.local |= L_TOSTOP;
		settings_set(pair.slave, &settings);
		pid = fork();
		if (pid == 0) {
			setpgid(0, 0);
			write(pair.slave, "x", 1);
			_exit(0);
		}
		CHECK_EQUAL(waitpid(pid, &status, WUNTRACED), pid);
		CHECK_EQUAL(status, SIGTTOU << 8 | 0x7f);
		REQUIRE_OK(kill(pid, SIGKILL));
		child_wait(pid);
		pid = fork();
		if (pid == 0) {
			setpgid(0, 0);
			settings_set(pair.slave, &settings);
			_exit(0);
		}
		CHECK_EQUAL(waitpid(pid, &status, WUNTRACED), pid);
		CHECK_EQUAL(status, SIGTTOU << 8 | 0x7f);
		kill(pid, SIGKILL);
	}
}

TEST(window_size)
{
	struct { struct winsize size; char after[4]; } got;

	IN_CHILD {
		struct pair pair = session_start();
		struct winsize size = { 24, 80, 640, 480 };

		poison(&got, sizeof(got));
		CHECK_OK(syscall(SYS_ioctl, pair.slave, TIOCGWINSZ, &got));
		CHECK_FILLED(&got.size, 0, 8);
		CHECK_UNTOUCHED(got.after, 4);
		signal_counted(SIGWINCH, 0);
		CHECK_OK(syscall(SYS_ioctl, pair.master, TIOCSWINSZ, &size));
		CHECK_EQUAL(signal_count(SIGWINCH), 1);
		CHECK_OK(syscall(SYS_ioctl, pair.slave, TIOCGWINSZ, &got));
		CHECK_BYTES(&got.size, &size, 8);
		CHECK_OK(syscall(SYS_ioctl, pair.slave, TIOCSWINSZ, &size));
		CHECK_EQUAL(signal_count(SIGWINCH), 1);
	}
}

TEST(closing_the_master_hangs_up)
{
	IN_CHILD {
		struct pair pair = session_start();
		struct pollfd file = { pair.slave, POLLIN | POLLOUT, 0 };
		char byte;

		signal_counted(SIGHUP, 0);
		signal_counted(SIGCONT, 0);
		close(pair.master);
		CHECK_EQUAL(signal_count(SIGHUP), 1);
		CHECK_EQUAL(signal_count(SIGCONT), 1);
		CHECK_EQUAL(read(pair.slave, &byte, 1), 0);
		CHECK_ERRNO(write(pair.slave, "x", 1), EIO);
		CHECK_EQUAL(poll(&file, 1, 0), 1);
		CHECK_EQUAL(file.revents & (POLLHUP | POLLIN), POLLHUP | POLLIN);
		CHECK_ERRNO(syscall(SYS_ioctl, pair.slave, TCGETS, &byte), EIO);
		CHECK_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
	}
}

TEST(closing_the_slave_ends_the_master)
{
	struct pair pair = pair_open();
	struct pollfd file = { pair.master, POLLIN, 0 };
	char text[8];

	type(pair.slave, "last");
	close(pair.slave);
	CHECK_EQUAL(poll(&file, 1, 1000), 1);
	CHECK_EQUAL(file.revents, POLLIN | POLLHUP);
	CHECK_EQUAL(read(pair.master, text, 8), 4);
	CHECK_ERRNO(read(pair.master, text, 8), EIO);
	pair.slave = REQUIRE_OK(open(pair.name, O_RDWR | O_NOCTTY));
	type(pair.slave, "again");
	CHECK_EQUAL(read(pair.master, text, 8), 5);
}

TEST(leader_s_exit_hangs_up_the_foreground)
{
	int *result = pages_shared(1);
	struct pair pair = pair_open();
	pid_t pid = fork();

	if (pid == 0) {
		pid_t inner;

		setsid();
		syscall(SYS_ioctl, pair.slave, TIOCSCTTY, 0);
		inner = fork();
		if (inner == 0) {
			signal_counted(SIGHUP, 0);
			result[1] = 1;
			while (signal_count(SIGHUP) == 0)
				sleep_milliseconds(5);
			result[0] = SIGHUP;
			_exit(0);
		}
		while (result[1] == 0)
			sleep_milliseconds(1);
		_exit(0);
	}
	CHECK_EQUAL(child_wait(pid), 0);
	for (int i = 0; i < 1000 && result[0] == 0; i++)
		sleep_milliseconds(5);
	CHECK_EQUAL(result[0], SIGHUP);
}

TEST(packet_mode)
{
	struct pair pair = pair_open();
	int on = 1, off = 0;
	char text[16];

	settings_raw(pair.slave);
	CHECK_OK(syscall(SYS_ioctl, pair.master, TIOCPKT, &on));
	type(pair.slave, "data");
	poison(text, sizeof(text));
	CHECK_EQUAL(read(pair.master, text, sizeof(text)), 5);
	CHECK_BYTES(text, "\0data", 5);
	CHECK_OK(syscall(SYS_ioctl, pair.slave, TCFLSH, 0));
	CHECK_EQUAL(read(pair.master, text, sizeof(text)), 1);
	CHECK_EQUAL(text[0], TIOCPKT_FLUSHREAD);
	CHECK_OK(syscall(SYS_ioctl, pair.master, TIOCPKT, &off));
	type(pair.slave, "data");
	CHECK_EQUAL(read(pair.master, text, sizeof(text)), 4);
	CHECK_ERRNO(syscall(SYS_ioctl, pair.slave, TIOCPKT, &on), ENOTTY);
}

TEST(pushing_input_is_refused)
{
	struct pair pair = pair_open();

	IN_CHILD {
		user_become(NOBODY);
		long result = syscall(SYS_ioctl, pair.slave, TIOCSTI, "x");

		CHECK_EQUAL(result, -1);
		CHECK(errno == EPERM || errno == EIO);
	}
}

TEST(exclusive_use)
{
	struct pair pair = pair_open();

	CHECK_OK(syscall(SYS_ioctl, pair.slave, TIOCEXCL, 0));
	IN_CHILD {
		REQUIRE_OK(chmod(pair.name, 0666));
		user_become(NOBODY);
		CHECK_ERRNO(open(pair.name, O_RDWR | O_NOCTTY), EBUSY);
	}
	CHECK_OK(syscall(SYS_ioctl, pair.slave, TIOCNXCL, 0));
	IN_CHILD {
		user_become(NOBODY);
		CHECK_OK(open(pair.name, O_RDWR | O_NOCTTY));
	}
}

TEST(reading_waits_and_is_interrupted)
{
	struct pair pair = pair_open();
	char byte;
	pid_t pid;

	CHECK_INTERRUPTED(read(pair.slave, &byte, 1));
	CHECK_INTERRUPTED(read(pair.master, &byte, 1));
	pid = fork();
	if (pid == 0) {
		CHECK_EQUAL(read(pair.slave, &byte, 1), 1);
		check_child_end();
	}
	CHECK(process_await(pid, 'S'));
	type(pair.master, "x");
	CHECK_EQUAL(waitpid(pid, NULL, WNOHANG), 0);
	type(pair.master, "\n");
	CHECK_EQUAL(child_wait(pid), 0);
}

TEST(many_pairs)
{
	struct pair pairs[50];
	struct stat status;

	for (int i = 0; i < 50; i++)
		pairs[i] = pair_open();
	for (int i = 0; i < 50; i++) {
		for (int j = 0; j < i; j++)
			REQUIRE(strcmp(pairs[i].name, pairs[j].name) != 0);
		type(pairs[i].slave, "x");
	}
	for (int i = 0; i < 50; i++) {
		close(pairs[i].master);
		close(pairs[i].slave);
		CHECK_EQUAL(stat(pairs[i].name, &status), -1);
	}
}
