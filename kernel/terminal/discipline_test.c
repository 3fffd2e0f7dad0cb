/* The line discipline: sequences typed, what readers get, what the screen gets. */
#include "terminal/discipline.h"

#include "base/string.h"
#include "base/test.h"

static struct discipline line;
static char screen[DISCIPLINE_ECHO_BYTES + 1];
static char input[DISCIPLINE_INPUT_BYTES + 1];

static struct termios2 usual_settings(void)
{
	return (struct termios2){
		.c_iflag = ICRNL | IXON,
		.c_oflag = OPOST | ONLCR,
		.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
		.c_cc = { [VINTR] = 3, [VQUIT] = 034, [VERASE] = 0177, [VKILL] = 025, [VEOF] = 4,
			  [VMIN] = 1, [VSTART] = 021, [VSTOP] = 023, [VSUSP] = 032,
			  [VREPRINT] = 022, [VWERASE] = 027, [VLNEXT] = 026 },
	};
}

static void line_begin(uint32_t clear_local, uint32_t set_local, uint32_t set_input)
{
	struct termios2 settings = usual_settings();

	settings.c_lflag = (settings.c_lflag & ~clear_local) | set_local;
	settings.c_iflag |= set_input;
	discipline_init(&line, &settings);
}

static void settings_change(uint32_t clear_local, uint32_t set_local)
{
	struct termios2 settings = line.settings;

	settings.c_lflag = (settings.c_lflag & ~clear_local) | set_local;
	discipline_settings_set(&line, &settings);
}

static void type(const char *text)
{
	for (; *text; text++)
		EXPECT(discipline_receive(&line, (uint8_t)*text, INPUT_NORMAL));
}

static const char *shown(void)
{
	uint32_t length = ring_read(&line.echo, screen, sizeof(screen) - 1);

	screen[length] = '\0';
	return screen;
}

/* What one read of `size` bytes gives. */
static const char *read_text(size_t size)
{
	bool is_ended;
	size_t length = discipline_read(&line, (uint8_t *)input, size, &is_ended);

	if (!is_ended && length == size)
		discipline_skip_end_of_file(&line);
	input[length] = '\0';
	return input;
}

TEST(discipline, gives_whole_lines)
{
	line_begin(0, 0, 0);
	type("one");
	EXPECT(!discipline_is_readable(&line, 1));
	EXPECT_EQUAL(discipline_events_take(&line), 0);
	type("\rtwo\r");
	EXPECT(discipline_events_take(&line) & EVENT_READABLE);
	EXPECT_EQUAL(discipline_readable_bytes(&line), 8);
	EXPECT_STRING_EQUAL(read_text(100), "one\n");
	EXPECT_STRING_EQUAL(read_text(2), "tw");
	EXPECT_STRING_EQUAL(read_text(100), "o\n");
	EXPECT(!discipline_is_readable(&line, 1));
	EXPECT_STRING_EQUAL(shown(), "one\r\ntwo\r\n");
}

TEST(discipline, erases_characters_words_and_lines)
{
	line_begin(0, 0, 0);
	type("abX\177c");
	EXPECT_STRING_EQUAL(shown(), "abX\b \bc");
	type("\025");
	EXPECT_STRING_EQUAL(shown(), "\b \b\b \b\b \b");
	type("one two  \027");
	EXPECT_STRING_EQUAL(shown(), "one two  \b \b\b \b\b \b\b \b\b \b");
	type("three\n");
	EXPECT_STRING_EQUAL(read_text(100), "one three\n");
	shown();
	type("\177\177a\001\177\177\n");
	EXPECT_STRING_EQUAL(shown(), "a^A\b \b\b \b\b \b\r\n");
	EXPECT_STRING_EQUAL(read_text(100), "\n");
}

TEST(discipline, erases_tabs_by_column)
{
	line_begin(0, 0, 0);
	line.column = 2;
	type("ab\t");
	EXPECT_EQUAL(line.column, 8);
	shown();
	type("\177");
	EXPECT_STRING_EQUAL(shown(), "\b\b\b\b");
	EXPECT_EQUAL(line.column, 4);
	type("\t\t");
	shown();
	type("\177");
	EXPECT_STRING_EQUAL(shown(), "\b\b\b\b\b\b\b\b");
}

TEST(discipline, erases_whole_utf8_characters)
{
	line_begin(0, 0, IUTF8);
	type("a\303\251\177");
	EXPECT_STRING_EQUAL(shown(), "a\303\251\b \b");
	type("\n");
	EXPECT_STRING_EQUAL(read_text(100), "a\n");
}

TEST(discipline, kill_without_echoke)
{
	line_begin(ECHOKE, 0, 0);
	type("abc\025d\n");
	EXPECT_STRING_EQUAL(shown(), "abc^U\r\nd\r\n");
	EXPECT_STRING_EQUAL(read_text(100), "d\n");
}

TEST(discipline, prints_erased_characters)
{
	line_begin(0, ECHOPRT, 0);
	type("abc\177\177d\n");
	EXPECT_STRING_EQUAL(shown(), "abc\\cb/d\r\n");
	EXPECT_STRING_EQUAL(read_text(100), "ad\n");
}

TEST(discipline, literal_next_and_reprint)
{
	line_begin(0, 0, 0);
	type("a\026\003b");
	EXPECT_STRING_EQUAL(shown(), "a^\b^Cb");
	type("\022");
	EXPECT_STRING_EQUAL(shown(), "^R\r\na^Cb");
	type("\n");
	EXPECT_STRING_EQUAL(read_text(100), "a\003b\n");
}

TEST(discipline, end_of_file)
{
	bool is_ended;

	line_begin(0, 0, 0);
	type("\004");
	EXPECT(discipline_is_readable(&line, 1));
	EXPECT_EQUAL(discipline_readable_bytes(&line), 0);
	EXPECT_EQUAL(discipline_read(&line, (uint8_t *)input, 10, &is_ended), 0);
	EXPECT(is_ended);
	type("abc\004");
	EXPECT_STRING_EQUAL(shown(), "abc");
	/* A read of exactly the typed bytes takes the mark along. */
	EXPECT_STRING_EQUAL(read_text(3), "abc");
	EXPECT(!discipline_is_readable(&line, 1));
}

TEST(discipline, signals_flush)
{
	line_begin(0, 0, 0);
	type("abc");
	shown();
	type("\003");
	EXPECT_EQUAL(discipline_events_take(&line),
		     EVENT_INTERRUPT | EVENT_DISCARD_OUTPUT | EVENT_INPUT_FLUSHED);
	EXPECT_STRING_EQUAL(shown(), "^C");
	type("d\n");
	EXPECT_STRING_EQUAL(read_text(100), "d\n");
	line_begin(0, NOFLSH, 0);
	type("abc\032\n");
	EXPECT_EQUAL(discipline_events_take(&line), EVENT_SUSPEND | EVENT_READABLE);
	EXPECT_STRING_EQUAL(read_text(100), "abc\n");
}

/* What a signal discards was never shown, so the cursor stands where it stood before. */
TEST(discipline, discarded_echo_moves_no_cursor)
{
	line_begin(0, 0, 0);
	line.column = 1;
	type("abc\t\003");
	EXPECT_EQUAL(line.column, 3);
	EXPECT_STRING_EQUAL(shown(), "^C");
	type("\t");
	shown();
	type("\177");
	EXPECT_STRING_EQUAL(shown(), "\b\b\b\b\b");
}

TEST(discipline, plain_newlines_are_shown_outside_canonical_mode)
{
	line_begin(ICANON, 0, 0);
	type("\n\r");
	EXPECT_STRING_EQUAL(shown(), "^J\r\n");
	EXPECT_STRING_EQUAL(read_text(100), "\n\n");
}

TEST(discipline, flow_control)
{
	line_begin(0, 0, 0);
	type("\023");
	EXPECT(line.is_stopped);
	EXPECT_EQUAL(discipline_events_take(&line), EVENT_STOPPED);
	type("a");
	EXPECT(line.is_stopped);
	type("\021");
	EXPECT_EQUAL(discipline_events_take(&line), EVENT_STARTED | EVENT_SEND_ECHO);
	line_begin(0, 0, IXANY);
	type("\023a");
	EXPECT(!line.is_stopped);
	discipline_stop_by_call(&line);
	type("\021");
	EXPECT(line.is_stopped);
	discipline_start_by_call(&line);
	EXPECT(!line.is_stopped);
}

TEST(discipline, long_lines_keep_their_start_and_end)
{
	size_t length;
	bool is_ended;

	line_begin(ECHO, 0, 0);
	for (unsigned i = 0; i < 5000; i++)
		EXPECT(discipline_receive(&line, (uint8_t)('a' + i % 26), INPUT_NORMAL));
	type("\n");
	length = discipline_read(&line, (uint8_t *)input, sizeof(input) - 1, &is_ended);
	EXPECT_EQUAL(length, 4096);
	EXPECT(is_ended);
	EXPECT_EQUAL(input[4094], 'a' + 4094 % 26);
	EXPECT_EQUAL(input[4095], '\n');
	/* With a complete line unread, further input waits. */
	type("x\n");
	length = 2;
	while (discipline_receive(&line, 'y', INPUT_NORMAL))
		length++;
	EXPECT_EQUAL(length, 4095);
	EXPECT_STRING_EQUAL(read_text(100), "x\n");
	EXPECT(discipline_receive(&line, 'y', INPUT_NORMAL));
}

TEST(discipline, raw_input)
{
	line_begin(ICANON | ECHO | ISIG, 0, 0);
	type("a\003b\r");
	EXPECT(discipline_is_readable(&line, 4));
	EXPECT(!discipline_is_readable(&line, 5));
	EXPECT_STRING_EQUAL(read_text(2), "a\003");
	EXPECT_STRING_EQUAL(read_text(100), "b\n");
}

TEST(discipline, changing_modes_keeps_input)
{
	line_begin(0, 0, 0);
	type("abc");
	settings_change(ICANON, 0);
	EXPECT_STRING_EQUAL(read_text(2), "ab");
	settings_change(0, ICANON);
	EXPECT_STRING_EQUAL(read_text(100), "c");
}

TEST(discipline, marks_errors)
{
	struct termios2 settings = usual_settings();

	settings.c_lflag &= ~(uint32_t)(ICANON | ECHO);
	settings.c_iflag |= PARMRK | INPCK;
	discipline_init(&line, &settings);
	EXPECT(discipline_receive(&line, 'x', INPUT_PARITY));
	EXPECT(discipline_receive(&line, 0377, INPUT_NORMAL));
	EXPECT(discipline_receive(&line, 0, INPUT_BREAK));
	EXPECT_EQUAL(discipline_readable_bytes(&line), 8);
	read_text(100);
	EXPECT_EQUAL(memcmp(input, "\377\0x\377\377\377\0\0", 8), 0);
	settings.c_iflag |= BRKINT;
	discipline_settings_set(&line, &settings);
	EXPECT(discipline_receive(&line, 0, INPUT_BREAK));
	EXPECT(discipline_events_take(&line) & EVENT_INTERRUPT);
}

static const char *output_of(uint32_t flags, const char *text, size_t space, size_t *consumed)
{
	static char output[64];
	struct termios2 settings = usual_settings();
	size_t produced;

	settings.c_oflag = flags;
	discipline_settings_set(&line, &settings);
	*consumed = discipline_output(&line, (const uint8_t *)text, strlen(text),
				      (uint8_t *)output, space, &produced);
	output[produced] = '\0';
	return output;
}

TEST(discipline, output_processing)
{
	size_t consumed;

	line_begin(0, 0, 0);
	EXPECT_STRING_EQUAL(output_of(OPOST | ONLCR, "a\nb", 60, &consumed), "a\r\nb");
	EXPECT_EQUAL(line.column, 1);
	EXPECT_STRING_EQUAL(output_of(OPOST | ONLCR, "c\nd", 2, &consumed), "c");
	EXPECT_EQUAL(consumed, 1);
	EXPECT_STRING_EQUAL(output_of(OPOST | XTABS, "\tx", 60, &consumed), "      x");
	EXPECT_STRING_EQUAL(output_of(OPOST | OCRNL, "\r", 60, &consumed), "\n");
	EXPECT_STRING_EQUAL(output_of(OPOST | ONOCR, "\r\rz", 60, &consumed), "\rz");
	EXPECT_STRING_EQUAL(output_of(OPOST | OLCUC, "mixED", 60, &consumed), "MIXED");
	EXPECT_STRING_EQUAL(output_of(0, "\n\t", 60, &consumed), "\n\t");
}
