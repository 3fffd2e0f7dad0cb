/*
 * Terminals and sessions: leaving a terminal alone, SIGIO, what is left after a
 * hang-up, the master's view of the slave, old and new layouts of settings.
 */
#include "pair.h"
#include <poll.h>

static struct pair session_start(void)
{
	struct pair pair = pair_open();

	REQUIRE_OK(setsid());
	REQUIRE_OK(syscall(SYS_ioctl, pair.slave, TIOCSCTTY, 0));
	return pair;
}

TEST(a_member_gives_the_terminal_up_for_itself)
{
	IN_CHILD {
		struct pair pair = session_start();
		pid_t pid = REQUIRE_OK(fork());
		int fd;

		if (pid == 0) {
			int wrong = ioctl(pair.slave, TIOCNOTTY, 0) != 0;

			wrong |= (open("/dev/tty", O_RDWR) != -1 || errno != ENXIO) << 1;
			wrong |= (tcgetpgrp(pair.slave) != -1 || errno != ENOTTY) << 2;
			pid = fork();
			if (pid == 0)
				_exit(open("/dev/tty", O_RDWR) != -1 || errno != ENXIO);
			wrong |= (child_wait(pid) != 0) << 3;
			_exit(wrong);
		}
		CHECK_EQUAL(child_wait(pid), 0);
		fd = CHECK_OK(open("/dev/tty", O_RDWR));
		close(fd);
		CHECK_EQUAL(tcgetpgrp(pair.slave), getpid());
	}
}

TEST(input_sends_sigio_to_the_foreground)
{
	IN_CHILD {
		struct pair pair = session_start();

		signal_counted(SIGIO, 0);
		CHECK_OK(fcntl(pair.slave, F_SETFL, O_RDWR | O_ASYNC));
		CHECK_EQUAL(fcntl(pair.slave, F_GETOWN), -getpid());
		type(pair.master, "line\n");
		sleep_milliseconds(50);
		CHECK(signal_count(SIGIO) >= 1);
	}
}

TEST(a_hung_up_terminal)
{
	struct pair pair = pair_open();
	struct pollfd entry = { .fd = pair.slave, .events = POLLIN | POLLOUT };
	struct kernel_termios settings;
	char byte;
	int group = 1;

	type(pair.master, "unread\n");
	close(pair.master);
	CHECK_EQUAL(read(pair.slave, &byte, 1), 0);
	CHECK_ERRNO(write(pair.slave, "x", 1), EIO);
	CHECK_EQUAL(poll(&entry, 1, 0), 1);
	CHECK_EQUAL(entry.revents & (POLLHUP | POLLERR | POLLIN | POLLOUT),
		    POLLHUP | POLLERR | POLLIN | POLLOUT);
	CHECK_ERRNO(syscall(SYS_ioctl, pair.slave, TCGETS, &settings), EIO);
	CHECK_ERRNO(syscall(SYS_ioctl, pair.slave, TIOCSPGRP, &group), ENOTTY);
}

TEST(the_foreground_hears_of_a_hang_up_when_the_leader_ends)
{
	int tell[2];
	char byte = 0;
	pid_t leader;

	REQUIRE_OK(pipe(tell));
	leader = REQUIRE_OK(fork());
	if (leader == 0) {
		struct pair pair = session_start();
		pid_t member = fork();

		if (member == 0) {
			signal_counted(SIGHUP, 0);
			write(tell[1], "s", 1);
			for (int i = 0; i < 200 && !signal_count(SIGHUP); i++)
				sleep_milliseconds(10);
			byte = signal_count(SIGHUP) ? 'h' : 'n';
			write(tell[1], &byte, 1);
			_exit(0);
		}
		signal_ignore(SIGHUP);
		signal_ignore(SIGTTOU);
		setpgid(member, member);
		tcsetpgrp(pair.slave, member);
		close(pair.master);
		sleep_milliseconds(100);
		write(tell[1], "e", 1);
		_exit(0);
	}
	close(tell[1]);
	CHECK_EQUAL(read(tell[0], &byte, 1), 1);
	CHECK_EQUAL(byte, 's');
	CHECK_EQUAL(read(tell[0], &byte, 1), 1);
	CHECK_EQUAL(byte, 'e');
	CHECK_EQUAL(read(tell[0], &byte, 1), 1);
	CHECK_EQUAL(byte, 'h');
	child_wait(leader);
}

TEST(the_master_asks_about_the_slave)
{
	struct pair pair = pair_open();
	int value = -1;

	CHECK_OK(syscall(SYS_ioctl, pair.master, TIOCGPGRP, &value));
	CHECK_EQUAL(value, 0);
	CHECK_ERRNO(syscall(SYS_ioctl, pair.slave, TIOCGPGRP, &value), ENOTTY);
	CHECK_ERRNO(syscall(SYS_ioctl, pair.master, TIOCGSID, &value), ENOTTY);
	CHECK_OK(syscall(SYS_ioctl, pair.master, 0x80045438, &value));	/* TIOCGPKT */
	CHECK_EQUAL(value, 0);
	type(pair.slave, "12345");
	sleep_milliseconds(20);
	CHECK_OK(syscall(SYS_ioctl, pair.master, FIONREAD, &value));
	CHECK_EQUAL(value, 5);
	CHECK_OK(syscall(SYS_ioctl, pair.slave, TIOCOUTQ, &value));
	CHECK_EQUAL(value, 0);
	CHECK_ERRNO(syscall(SYS_ioctl, pair.master, 0x40045436, SIGTERM), EINVAL); /* TIOCSIG */
	CHECK_OK(syscall(SYS_ioctl, pair.master, 0x40045436, SIGINT));
	CHECK_ERRNO(syscall(SYS_ioctl, pair.slave, TIOCGPTN, &value), ENOTTY);
}

TEST(layouts_of_settings)
{
	struct pair pair = pair_open();
	struct { uint16_t flags[4]; uint8_t line, characters[8]; } old;
	struct { uint32_t flags[4]; uint8_t line, characters[19]; uint32_t speeds[2]; } new;

	poison(&old, sizeof(old));
	CHECK_OK(syscall(SYS_ioctl, pair.slave, TCGETA, &old));
	CHECK_EQUAL(old.flags[3], 0x8a3b);
	CHECK_EQUAL(old.characters[C_ERASE], 0177);
	old.flags[3] &= (uint16_t)~L_ECHO;
	CHECK_OK(syscall(SYS_ioctl, pair.slave, TCSETA, &old));
	CHECK_EQUAL(settings_get(pair.slave).local, 0x8a33);
	CHECK_OK(syscall(SYS_ioctl, pair.slave, 0x802c542a, &new));
	CHECK_EQUAL(new.speeds[0], 38400);
	CHECK_EQUAL(new.speeds[1], 38400);
	new.flags[2] = (new.flags[2] & ~010017u) | 010000;	/* BOTHER */
	new.speeds[0] = new.speeds[1] = 12345;
	CHECK_OK(syscall(SYS_ioctl, pair.slave, 0x402c542b, &new));
	poison(&new, sizeof(new));
	CHECK_OK(syscall(SYS_ioctl, pair.master, 0x802c542a, &new));
	CHECK_EQUAL(new.speeds[1], 12345);
	CHECK_EQUAL(new.flags[2] & 010017, 010000);
	CHECK_FAULTS(syscall(SYS_ioctl, pair.slave, 0x402c542b, bad));
	CHECK_FAULTS(syscall(SYS_ioctl, pair.slave, TCSETA, bad));
}

TEST(output_fills_and_goes_on)
{
	struct pair pair = pair_open();
	char block[1024], back[4096];
	long written = 0, got = 0, n;

	memset(block, 'o', sizeof(block));
	settings_raw(pair.slave);
	REQUIRE_OK(fcntl(pair.slave, F_SETFL, O_RDWR | O_NONBLOCK));
	while ((n = write(pair.slave, block, sizeof(block))) > 0)
		written += n;
	CHECK_ERRNO(write(pair.slave, block, sizeof(block)), EAGAIN);
	CHECK(written >= 4096);
	REQUIRE_OK(fcntl(pair.master, F_SETFL, O_RDWR | O_NONBLOCK));
	for (int quiet = 0; quiet < 10;) {
		n = read(pair.master, back, sizeof(back));
		if (n > 0)
			got += n;
		else
			quiet++, sleep_milliseconds(5);
	}
	CHECK_EQUAL(got, written);
	CHECK_EQUAL(write(pair.slave, block, 10), 10);
}
