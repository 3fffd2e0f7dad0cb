/*
 * The line discipline seen through a pty pair: settings, canonical editing,
 * echo, raw input with VMIN and VTIME, output processing, flow control.
 */
#include "pair.h"
#include <poll.h>

static const uint8_t characters_default[19] = {
	3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0, 0, 0,
};

TEST(settings_by_default)
{
	struct pair pair = pair_open();
	unsigned char bytes[36 + 8];
	struct kernel_termios *settings = (void *)bytes;

	poison(bytes, sizeof(bytes));
	CHECK_OK(syscall(SYS_ioctl, pair.slave, TCGETS, bytes));
	CHECK_UNTOUCHED(bytes + 36, 8);
	CHECK_EQUAL(settings->input, I_ICRNL | I_IXON);
	CHECK_EQUAL(settings->output, O_POST | O_NLCR);
	CHECK_EQUAL(settings->control, 0277);
	CHECK_EQUAL(settings->local, L_ISIG | L_ICANON | L_ECHO | L_ECHOE | L_ECHOK | L_ECHOCTL |
		    L_ECHOKE | L_IEXTEN);
	CHECK_EQUAL(settings->line, 0);
	CHECK_BYTES(settings->characters, characters_default, 19);
	poison(bytes, sizeof(bytes));
	CHECK_OK(syscall(SYS_ioctl, pair.slave, 0x802c542a, bytes));
	CHECK_EQUAL(((struct kernel_termios2 *)bytes)->input_speed, 38400);
	CHECK_EQUAL(((struct kernel_termios2 *)bytes)->output_speed, 38400);
}

TEST(settings_set_and_seen_from_both_ends)
{
	static const unsigned int ways[] = { TCSETS, TCSETSW, TCSETSF };
	struct pair pair = pair_open();
	struct kernel_termios settings = settings_get(pair.slave), got;
	struct kernel_termios2 two;

	for (size_t i = 0; i < COUNT(ways); i++) {
		settings.local ^= L_ECHO;
		settings.characters[C_INTR] = i + 1;
		CHECK_OK(syscall(SYS_ioctl, pair.slave, ways[i], &settings));
		got = settings_get(pair.master);
		CHECK_BYTES(&got, &settings, 36);
	}
	REQUIRE_OK(syscall(SYS_ioctl, pair.slave, 0x802c542a, &two));
	two.control = (two.control & ~010017u) | 010000;
	two.input_speed = two.output_speed = 12345;
	CHECK_OK(syscall(SYS_ioctl, pair.slave, 0x402c542b, &two));
	CHECK_OK(syscall(SYS_ioctl, pair.slave, 0x402c542c, &two));
	CHECK_OK(syscall(SYS_ioctl, pair.slave, 0x402c542d, &two));
	CHECK_OK(syscall(SYS_ioctl, pair.slave, 0x802c542a, &two));
	CHECK_EQUAL(two.output_speed, 12345);
}

TEST(ioctl_refusals)
{
	static const unsigned long requests[] = {
		TCGETS, TCSETS, TCSETSW, TCSETSF, 0x802c542a, 0x402c542b, TIOCGWINSZ, TIOCSWINSZ,
		TIOCGPTN, TIOCSPTLCK, TIOCOUTQ, FIONREAD, TIOCPKT,
	};
	struct pair pair = pair_open();

	for (size_t i = 0; i < COUNT(requests); i++)
		CHECK_FAULTS(syscall(SYS_ioctl, pair.master, requests[i], bad));
	CHECK_ERRNO(syscall(SYS_ioctl, pair.slave, 0x54ff, NULL), ENOTTY);
	CHECK_ERRNO(syscall(SYS_ioctl, pair.slave, TIOCGPTN, NULL), ENOTTY);
	CHECK_ERRNO(syscall(SYS_ioctl, file_open("/dev/null", O_RDWR), TCGETS, NULL), ENOTTY);
}

TEST(lines_and_echo)
{
	struct pair pair = pair_open();
	char text[64];

	type(pair.master, "hel");
	CHECK_EQUAL(text_read(pair.slave, text, sizeof(text)), 0);
	type(pair.master, "lo\rwor");
	CHECK_EQUAL(text_read(pair.slave, text, sizeof(text)), 6);
	CHECK_TEXT(text, "hello\n");
	text_read(pair.master, text, sizeof(text));
	CHECK_TEXT(text, "hello\r\nwor");
	type(pair.master, "ld\nsecond\n");
	CHECK_EQUAL(read(pair.slave, text, 3), 3);
	CHECK_EQUAL(read(pair.slave, text + 3, 50), 3);
	CHECK_BYTES(text, "world\n", 6);
	CHECK_EQUAL(read(pair.slave, text, 50), 7);
}

TEST(editing_a_line)
{
	static const struct { const char *typed, *line; } cases[] = {
		{ "abX\177c\n", "abc\n" },
		{ "\177\177ab\n", "ab\n" },
		{ "wrong\025right\n", "right\n" },
		{ "one two\027three\n", "one three\n" },
		{ "one  \027x\n", "x\n" },
		{ "a\026\003b\n", "a\003b\n" },
		{ "a\026\177b\n", "a\177b\n" },
		{ "tab\tbed\n", "tab\tbed\n" },
	};
	struct pair pair = pair_open();
	char text[64];

	for (size_t i = 0; i < COUNT(cases); i++) {
		type(pair.master, cases[i].typed);
		text_read(pair.slave, text, sizeof(text));
		CHECK_TEXT(text, cases[i].line);
	}
}

TEST(echo_of_editing)
{
	static const struct { const char *typed, *echo; } cases[] = {
		{ "ab\177", "ab\b \b" },
		{ "\001", "^A" },
		{ "\001\177", "^A\b \b\b \b" },
		{ "abc\025", "abc\b \b\b \b\b \b" },
		{ "a\033b", "a^[b" },
		{ "ab\022", "ab^R\r\nab" },
		{ "ab cd\027", "ab cd\b \b\b \b" },
		{ "ab\tc\177\177", "ab\tc\b \b\b\b\b\b\b\b" },
		{ "a\n", "a\r\n" },
	};
	char text[64];

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pair pair = pair_open();

		type(pair.master, cases[i].typed);
		text_read(pair.master, text, sizeof(text));
		CHECK_TEXT(text, cases[i].echo);
		close(pair.slave);
		close(pair.master);
	}
}

TEST(end_of_file_character)
{
	struct pair pair = pair_open();
	char text[64];

	type(pair.master, "\004");
	CHECK_EQUAL(read(pair.slave, text, 10), 0);
	type(pair.master, "ab\004");
	CHECK_EQUAL(read(pair.slave, text, 10), 2);
	type(pair.master, "ab\004\004");
	CHECK_EQUAL(read(pair.slave, text, 2), 2);
	CHECK_EQUAL(read(pair.slave, text, 10), 0);
	type(pair.master, "\n");
	CHECK_EQUAL(read(pair.slave, text, 10), 1);
}

TEST(echo_flags)
{
	static const struct { unsigned int local; const char *typed, *echo; } cases[] = {
		{ L_ICANON, "ab\n", "" },
		{ L_ICANON | L_ECHONL, "ab\n", "\r\n" },
		{ L_ICANON | L_ECHO, "\001b\177", "\001b\177" },
		{ L_ICANON | L_ECHO | L_ECHOE, "a\177", "a\b \b" },
		{ L_ICANON | L_ECHO | L_ECHOK, "ab\025", "ab\025\r\n" },
		{ L_ECHO, "ab", "ab" },
	};
	char text[64];

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pair pair = pair_open();
		struct kernel_termios settings = settings_get(pair.slave);

		settings.local = cases[i].local;
		settings_set(pair.slave, &settings);
		type(pair.master, cases[i].typed);
		text_read(pair.master, text, sizeof(text));
		CHECK_TEXT(text, cases[i].echo);
		close(pair.slave);
		close(pair.master);
	}
}

TEST(input_flags)
{
	static const struct { unsigned int input; const char *typed, *seen; } cases[] = {
		{ 0, "a\rb\n", "a\rb\n" },
		{ I_ICRNL, "a\rb\n", "a\nb\n" },
		{ I_INLCR, "a\nb", "a\rb" },
		{ I_IGNCR, "a\rb", "ab" },
		{ I_ISTRIP, "\xe1", "a" },
		{ I_IUCLC, "AbC", "AbC" },
	};
	char text[64];

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pair pair = pair_open();
		struct kernel_termios settings = settings_get(pair.slave);

		settings.input = cases[i].input;
		settings.local = 0;
		settings_set(pair.slave, &settings);
		type(pair.master, cases[i].typed);
		text_read(pair.slave, text, sizeof(text));
		CHECK_TEXT(text, cases[i].seen);
		close(pair.slave);
		close(pair.master);
	}
}

TEST(output_flags)
{
	static const struct { unsigned int output; const char *written, *seen; } cases[] = {
		{ 0, "a\nb\r", "a\nb\r" },
		{ O_NLCR, "a\n", "a\n" },
		{ O_POST | O_NLCR, "a\nb", "a\r\nb" },
		{ O_POST | O_CRNL, "a\rb", "a\nb" },
		{ O_POST | O_NOCR, "\rab\r", "ab\r" },
		{ O_POST | O_LCUC, "aB", "AB" },
		{ O_POST | O_TABS, "ab\tc", "ab      c" },
	};
	char text[64];

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pair pair = pair_open();
		struct kernel_termios settings = settings_get(pair.slave);

		settings.output = cases[i].output;
		settings_set(pair.slave, &settings);
		type(pair.slave, cases[i].written);
		text_read(pair.master, text, sizeof(text));
		CHECK_TEXT(text, cases[i].seen);
		close(pair.slave);
		close(pair.master);
	}
}

TEST(raw_input_minimum_and_time)
{
	struct pair pair = pair_open();
	struct kernel_termios settings;
	char text[16];
	int64_t start;

	settings_raw(pair.slave);
	settings = settings_get(pair.slave);
	type(pair.master, "ab");
	CHECK_EQUAL(read(pair.slave, text, 16), 2);
	settings.characters[C_MIN] = 0;
	settings_set(pair.slave, &settings);
	CHECK_EQUAL(read(pair.slave, text, 16), 0);
	settings.characters[C_TIME] = 2;
	settings_set(pair.slave, &settings);
	start = clock_now(CLOCK_MONOTONIC);
	CHECK_EQUAL(read(pair.slave, text, 16), 0);
	CHECK_AT_LEAST(clock_now(CLOCK_MONOTONIC) - start, 190000000);
	settings.characters[C_MIN] = 3;
	settings.characters[C_TIME] = 0;
	settings_set(pair.slave, &settings);
	IN_CHILD {
		struct pollfd file = { pair.slave, POLLIN, 0 };

		type(pair.master, "ab");
		CHECK_EQUAL(poll(&file, 1, 50), 0);
		type(pair.master, "cd");
		CHECK_EQUAL(read(pair.slave, text, 16), 4);
	}
	settings.characters[C_TIME] = 1;
	settings_set(pair.slave, &settings);
	type(pair.master, "x");
	CHECK_EQUAL(read(pair.slave, text, 16), 1);
}

TEST(switching_to_raw_gives_the_unfinished_line)
{
	struct pair pair = pair_open();
	char text[16];

	type(pair.master, "part");
	CHECK_EQUAL(text_read(pair.slave, text, sizeof(text)), 0);
	settings_raw(pair.slave);
	CHECK_EQUAL(text_read(pair.slave, text, sizeof(text)), 4);
	CHECK_TEXT(text, "part");
}

TEST(flow_control)
{
	struct pair pair = pair_open();
	struct pollfd file = { pair.slave, POLLOUT, 0 };
	char text[16];

	type(pair.master, "\023");
	sleep_milliseconds(20);
	REQUIRE_OK(fcntl(pair.slave, F_SETFL, O_RDWR | O_NONBLOCK));
	CHECK_ERRNO(write(pair.slave, "x", 1), EAGAIN);
	CHECK_EQUAL(poll(&file, 1, 0), 0);
	type(pair.master, "\021");
	CHECK_EQUAL(poll(&file, 1, 5000), 1);
	CHECK_EQUAL(write(pair.slave, "x", 1), 1);
	text_read(pair.master, text, sizeof(text));
	CHECK_TEXT(text, "x");
	CHECK_OK(syscall(SYS_ioctl, pair.slave, TCXONC, 0));
	CHECK_ERRNO(write(pair.slave, "y", 1), EAGAIN);
	CHECK_OK(syscall(SYS_ioctl, pair.slave, TCXONC, 1));
	CHECK_EQUAL(write(pair.slave, "y", 1), 1);
	CHECK_ERRNO(syscall(SYS_ioctl, pair.slave, TCXONC, 9), EINVAL);
}

TEST(queues_and_flushing)
{
	struct pair pair = pair_open();
	int count[2];
	char text[32];

	type(pair.master, "line\npart");
	poison(count, sizeof(count));
	sleep_milliseconds(20);
	CHECK_OK(syscall(SYS_ioctl, pair.slave, FIONREAD, count));
	CHECK_EQUAL(count[0], 5);
	CHECK_UNTOUCHED(&count[1], 4);
	CHECK_OK(syscall(SYS_ioctl, pair.slave, TCFLSH, 0));
	CHECK_OK(syscall(SYS_ioctl, pair.slave, FIONREAD, count));
	CHECK_EQUAL(count[0], 0);
	text_read(pair.master, text, sizeof(text));
	CHECK_OK(syscall(SYS_ioctl, pair.slave, TIOCOUTQ, count));
	CHECK_EQUAL(count[0], 0);
	CHECK_OK(syscall(SYS_ioctl, pair.slave, TCFLSH, 1));
	CHECK_OK(syscall(SYS_ioctl, pair.slave, TCFLSH, 2));
	CHECK_ERRNO(syscall(SYS_ioctl, pair.slave, TCFLSH, 3), EINVAL);
	CHECK_OK(syscall(SYS_ioctl, pair.slave, TCSBRK, 1));
	CHECK_OK(syscall(SYS_ioctl, pair.slave, TCSBRKP, 0));
	type(pair.master, "dropped");
	settings_get(pair.slave);
	struct kernel_termios settings = settings_get(pair.slave);

	sleep_milliseconds(20);
	CHECK_OK(syscall(SYS_ioctl, pair.slave, TCSETSF, &settings));
	type(pair.master, "kept\n");
	text_read(pair.slave, text, sizeof(text));
	CHECK_TEXT(text, "kept\n");
}

TEST(long_lines)
{
	struct pair pair = pair_open();
	struct kernel_termios settings = settings_get(pair.slave);
	char *text = malloc(8192), *back = malloc(8192);

	settings.local &= ~L_ECHO;
	settings_set(pair.slave, &settings);
	memset(text, 'q', 8192);
	for (int i = 0; i < 5000; i += 500)
		REQUIRE(write(pair.master, text, 500) == 500);
	type(pair.master, "\n");
	CHECK_EQUAL(text_read(pair.slave, back, 8192), 4096);
	CHECK_EQUAL(back[4095], '\n');
}

TEST(utf8_is_erased_whole)
{
	struct pair pair = pair_open();
	struct kernel_termios settings = settings_get(pair.slave);
	char text[32];

	settings.input |= I_IUTF8;
	settings_set(pair.slave, &settings);
	type(pair.master, "a\xc3\xa9\177b\n");
	text_read(pair.slave, text, sizeof(text));
	CHECK_TEXT(text, "ab\n");
}
