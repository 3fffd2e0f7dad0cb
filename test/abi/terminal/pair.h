/*
 * A pseudo-terminal pair for the checks: both ends open, and the kernel's
 * termios numbers, which are the same on every CPU we know.
 */
#ifndef TEST_ABI_TERMINAL_PAIR_H
#define TEST_ABI_TERMINAL_PAIR_H

#include "../support.h"
#include <sys/ioctl.h>

/* Input, output, control and local flags. */
enum {
	I_ISTRIP = 040, I_INLCR = 0100, I_IGNCR = 0200, I_ICRNL = 0400, I_IXON = 02000,
		I_IXANY = 04000,
	I_IMAXBEL = 020000, I_IUTF8 = 040000, I_BRKINT = 02, I_IGNBRK = 01, I_IUCLC = 01000,
	O_POST = 01, O_NLCR = 04, O_CRNL = 010, O_NOCR = 020, O_NLRET = 040, O_LCUC = 02,
	O_TABS = 014000,
	L_ISIG = 01, L_ICANON = 02, L_ECHO = 010, L_ECHOE = 020, L_ECHOK = 040, L_ECHONL = 0100,
	L_NOFLSH = 0200, L_TOSTOP = 0400, L_ECHOCTL = 01000, L_ECHOKE = 04000, L_IEXTEN = 0100000,
};

enum {
	C_INTR, C_QUIT, C_ERASE, C_KILL, C_EOF, C_TIME, C_MIN, C_SWTC, C_START, C_STOP, C_SUSP,
		C_EOL,
	C_REPRINT, C_DISCARD, C_WERASE, C_LNEXT, C_EOL2,
};

struct pair {
	int master, slave;
	char name[32];
};

static inline struct pair pair_open(void)
{
	struct pair pair;
	int number = -1, unlock = 0;

	pair.master = REQUIRE_OK(open("/dev/ptmx", O_RDWR | O_NOCTTY));
	REQUIRE_OK(syscall(SYS_ioctl, pair.master, TIOCGPTN, &number));
	REQUIRE_OK(syscall(SYS_ioctl, pair.master, TIOCSPTLCK, &unlock));
	snprintf(pair.name, sizeof(pair.name), "/dev/pts/%d", number);
	pair.slave = REQUIRE_OK(open(pair.name, O_RDWR | O_NOCTTY));
	return pair;
}

static inline struct kernel_termios settings_get(int fd)
{
	struct kernel_termios settings;

	REQUIRE_OK(syscall(SYS_ioctl, fd, TCGETS, &settings));
	return settings;
}

static inline void settings_set(int fd, const struct kernel_termios *settings)
{
	REQUIRE_OK(syscall(SYS_ioctl, fd, TCSETS, settings));
}

/* No processing at all: bytes pass as they are, one is enough to read. */
static inline void settings_raw(int fd)
{
	struct kernel_termios settings = settings_get(fd);

	settings.input = settings.output = settings.local = 0;
	settings.characters[C_MIN] = 1;
	settings.characters[C_TIME] = 0;
	settings_set(fd, &settings);
}

/* Read what there is, waiting a little for the first byte; always a string. */
static inline int text_read(int fd, char *text, size_t capacity)
{
	size_t length = 0;
	int flags = fcntl(fd, F_GETFL);

	fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	for (int quiet = 0; quiet < 20 && length < capacity - 1;) {
		ssize_t got = read(fd, text + length, capacity - 1 - length);

		if (got == 0)
			break;
		if (got > 0) {
			length += got;
			quiet = 10;
		} else {
			quiet++;
			sleep_milliseconds(5);
		}
	}
	fcntl(fd, F_SETFL, flags);
	text[length] = 0;
	return length;
}

static inline void type(int fd, const char *text)
{
	REQUIRE(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

#endif
