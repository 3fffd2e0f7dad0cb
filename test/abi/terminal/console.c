/*
 * The console and the serial line as terminals, as far as can be seen without
 * a person at the other end.
 */
#include "pair.h"

static void check_terminal(const char *name)
{
	struct kernel_termios settings;
	struct winsize size;
	int fd = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK), count = -1;

	CHECK_OK(fd);
	if (fd < 0)
		return;
	CHECK_OK(syscall(SYS_ioctl, fd, TCGETS, &settings));
	CHECK_EQUAL(settings.line, 0);
	CHECK_EQUAL(settings.characters[C_INTR], 3);
	CHECK(settings.control & 0200);
	CHECK_OK(syscall(SYS_ioctl, fd, TIOCGWINSZ, &size));
	CHECK_OK(syscall(SYS_ioctl, fd, FIONREAD, &count));
	CHECK_AT_LEAST(count, 0);
	CHECK_OK(syscall(SYS_ioctl, fd, TIOCOUTQ, &count));
	CHECK_ERRNO(syscall(SYS_ioctl, fd, TIOCGPTN, &count), ENOTTY);
	CHECK_ERRNO(lseek(fd, 0, SEEK_SET), ESPIPE);
	CHECK_FAULTS(write(fd, bad, 5));
	CHECK_OK(syscall(SYS_ioctl, fd, TCSBRK, 1));
	close(fd);
}

TEST(console)
{
	check_terminal("/dev/console");
}

TEST(serial_line)
{
	check_terminal(access("/dev/ttyAMA0", F_OK) == 0 ? "/dev/ttyAMA0" : "/dev/ttyS0");
}

TEST(console_option_without_a_speed_means_9600_baud)
{
	int fd = open("/dev/ttyS0", O_RDWR | O_NOCTTY | O_NONBLOCK);
	struct kernel_termios settings;

	/* Linux has the name on machines without the line, too. */
	if (fd < 0 || syscall(SYS_ioctl, fd, TCGETS, &settings) < 0)
		return;
	CHECK_EQUAL(settings.control & 0010017, 015);
	close(fd);
}

TEST(settings_belong_to_the_line_and_not_to_the_opening)
{
	struct kernel_termios before, changed, seen;
	int one = REQUIRE_OK(open("/dev/console", O_RDWR | O_NOCTTY | O_NONBLOCK));
	int two = REQUIRE_OK(open("/dev/console", O_RDWR | O_NOCTTY | O_NONBLOCK));

	before = changed = settings_get(one);
	changed.characters[C_INTR] = 7;
	settings_set(one, &changed);
	seen = settings_get(two);
	settings_set(one, &before);
	CHECK_EQUAL(seen.characters[C_INTR], 7);
}
