/* Serial lines above a port that is only pretended: what is sent when, and what the log does. */
#include "arch/cpu.h"
#include "base/atomic.h"
#include "base/string.h"
#include "base/test.h"
#include "sync/blocking.h"
#include "sync/rcu.h"
#include "terminal/internal.h"
#include "terminal/serial_line.h"

struct received {
	uint8_t byte;
	unsigned errors;
};

struct port {
	struct serial_line line;
	unsigned room;			/* taken from here on */
	unsigned interrupts;
	size_t length;
	char sent[256];
	const struct received *input;
	size_t input_count;		/* SIZE_MAX: for ever the same */
	unsigned takes;
};

static struct port port;

static unsigned port_room(struct serial_line *line)
{
	return min(container_of(line, struct port, line)->room, 16u);
}

static void port_put(struct serial_line *line, uint8_t byte)
{
	struct port *self = container_of(line, struct port, line);

	ASSERT_TRUE(self->room > 0);
	self->room--;
	if (self->length < sizeof(self->sent) - 1)
		self->sent[self->length++] = (char)byte;
}

static bool port_is_sent(struct serial_line *line)
{
	return line != NULL;
}

static bool port_take(struct serial_line *line, uint8_t *byte, unsigned *errors)
{
	struct port *self = container_of(line, struct port, line);

	if (self->input_count == 0)
		return false;
	self->takes++;
	*byte = self->input->byte;
	*errors = self->input->errors;
	if (self->input_count != SIZE_MAX) {
		self->input++;
		self->input_count--;
	}
	return true;
}

static void port_interrupts_set(struct serial_line *line, unsigned interrupts)
{
	container_of(line, struct port, line)->interrupts = interrupts;
}

static const struct serial_port port_operations = {
	.room = port_room,
	.put = port_put,
	.is_sent = port_is_sent,
	.take = port_take,
	.interrupts_set = port_interrupts_set,
};

static const struct terminal_driver port_terminal = {
	.name = "ttyTEST", SERIAL_LINE_OPERATIONS
};

/* A line that has come up, over a transmitter that takes so many bytes. */
static bool line_begin(unsigned room, bool has_interrupt)
{
	port = (struct port){ .room = room };
	if (serial_line_create(&port.line, &port_operations, &port_terminal, 240, 0, 0) < 0)
		return false;
	port.line.has_interrupt = has_interrupt;
	port.line.interrupts = port.interrupts = SERIAL_RECEIVE;
	return true;
}

/* Until what was put off has begun, and then until it has ended: it runs without preemption. */
static void passed_wait(void)
{
	while (atomic_load_ordered(&port.line.passed.is_queued) ||
	       atomic_load_ordered(&port.line.terminal->deferred.is_queued))
		blocking_yield_point();
	rcu_synchronise();
}

static void line_end(void)
{
	passed_wait();
	terminal_put(port.line.terminal);
}

static void write(const char *text)
{
	serial_line_write(port.line.terminal, (const uint8_t *)text, strlen(text));
}

static void log(const char *text)
{
	port.line.log_console.write(&port.line.log_console, text, strlen(text));
}

static void serve(void)
{
	bool were_enabled = interrupts_disable();

	serial_line_serve(&port.line);
	interrupts_restore(were_enabled);
}

TEST(serial_line, an_interrupt_sends_a_batch)
{
	ASSERT_TRUE(line_begin(1000, true));
	write("0123456789abcdef0123456789abcdef01234567");
	EXPECT_EQUAL(port.length, 16u);
	EXPECT_EQUAL(port.interrupts, (unsigned)SERIAL_RECEIVE | SERIAL_TRANSMIT);
	serve();
	EXPECT_EQUAL(port.length, 32u);
	EXPECT_EQUAL(serial_line_pending(port.line.terminal), 8u);
	serve();
	EXPECT_STRING_EQUAL(port.sent, "0123456789abcdef0123456789abcdef01234567");
	EXPECT_EQUAL(port.interrupts, (unsigned)SERIAL_RECEIVE);
	line_end();
}

TEST(serial_line, the_log_cuts_no_line)
{
	ASSERT_TRUE(line_begin(4, true));
	write("one two\nthree");
	EXPECT_STRING_EQUAL(port.sent, "one ");
	port.room = 1000;
	log("[log]\n");
	EXPECT_STRING_EQUAL(port.sent, "one two\n[log]\r\nthree");
	EXPECT_EQUAL(port.interrupts, (unsigned)SERIAL_RECEIVE);
	/* A prompt has no end: it stays, and the log begins a line of its own. */
	log("[more]\n");
	EXPECT_STRING_EQUAL(port.sent, "one two\n[log]\r\nthree\r\n[more]\r\n");
	line_end();
}

TEST(serial_line, a_line_of_the_log_is_not_cut)
{
	ASSERT_TRUE(line_begin(1000, true));
	log("in two ");
	write("a program\n");
	EXPECT_STRING_EQUAL(port.sent, "in two ");
	EXPECT_EQUAL(port.interrupts, (unsigned)SERIAL_RECEIVE);
	log("pieces\n");
	EXPECT_STRING_EQUAL(port.sent, "in two pieces\r\na program\n");
	line_end();
}

TEST(serial_line, stops_and_goes_on)
{
	ASSERT_TRUE(line_begin(1000, true));
	serial_line_happened(port.line.terminal, EVENT_STOPPED);
	write("held");
	EXPECT_EQUAL(port.length, 0u);
	EXPECT_EQUAL(port.interrupts, (unsigned)SERIAL_RECEIVE);
	/* The log does not wait for who stopped the terminal. */
	log("[log]\n");
	EXPECT_STRING_EQUAL(port.sent, "[log]\r\n");
	serial_line_happened(port.line.terminal, EVENT_STARTED);
	EXPECT_STRING_EQUAL(port.sent, "[log]\r\nheld");
	line_end();
}

TEST(serial_line, a_dead_transmitter_holds_nobody_up)
{
	ASSERT_TRUE(line_begin(0, false));
	write("lost");
	EXPECT_EQUAL(serial_line_pending(port.line.terminal), 0u);
	log("lost, too\n");
	EXPECT_EQUAL(port.length, 0u);
	line_end();
}

TEST(serial_line, a_dead_transmitter_with_an_interrupt_keeps_it)
{
	ASSERT_TRUE(line_begin(0, true));
	write("kept");
	log("lost\n");
	EXPECT_EQUAL(serial_line_pending(port.line.terminal), 4u);
	EXPECT_EQUAL(port.interrupts, (unsigned)SERIAL_RECEIVE | SERIAL_TRANSMIT);
	serial_line_happened(port.line.terminal, EVENT_DISCARD_OUTPUT);
	EXPECT_EQUAL(serial_line_pending(port.line.terminal), 0u);
	line_end();
}

/* Who waits for room, or for the end, hears of it where no interrupt tells. */
TEST(serial_line, what_the_log_sends_is_told)
{
	bool were_enabled;

	ASSERT_TRUE(line_begin(16, true));
	write("0123456789abcdef, and the rest");
	port.room = 1000;
	were_enabled = interrupts_disable();
	log("[log]\n");
	EXPECT_EQUAL(atomic_load_ordered(&port.line.passed.is_queued), 1u);
	interrupts_restore(were_enabled);
	EXPECT_STRING_EQUAL(port.sent, "0123456789abcdef, and the rest\r\n[log]\r\n");
	line_end();
	ASSERT_TRUE(line_begin(1000, true));
	were_enabled = interrupts_disable();
	log("[log]\n");
	EXPECT_EQUAL(atomic_load_ordered(&port.line.passed.is_queued), 0u);
	interrupts_restore(were_enabled);
	line_end();
}

TEST(serial_line, the_log_goes_past_a_lost_lock)
{
	bool were_enabled;

	ASSERT_TRUE(line_begin(1000, true));
	log("half of it, ");
	write("waits\n");
	were_enabled = spin_lock_irq(&port.line.lock);
	log("at last\n");
	EXPECT_STRING_EQUAL(port.sent, "half of it, at last\r\n");
	spin_unlock_irq(&port.line.lock, were_enabled);
	/* Nobody has to write more for it to go on. */
	passed_wait();
	EXPECT_STRING_EQUAL(port.sent, "half of it, at last\r\nwaits\n");
	line_end();
}

TEST(serial_line, what_comes_reaches_the_terminal)
{
	static const struct received input[] = {
		{ 'a', 0 }, { 'b', 0 }, { 'x', SERIAL_BREAK | SERIAL_OVERRUN },
		{ 'c', SERIAL_DAMAGED }, { 'd', 0 },
	};
	static const uint8_t expected[] = {
		'a', 'b', 0377, INPUT_BREAK, 0, 0377, INPUT_OVERRUN, 0, 0377, INPUT_PARITY, 'c',
		'd',
	};
	uint8_t raw[32];
	bool were_enabled;

	ASSERT_TRUE(line_begin(1000, true));
	port.input = input;
	port.input_count = ARRAY_SIZE(input);
	were_enabled = interrupts_disable();
	serial_line_serve(&port.line);
	EXPECT_EQUAL(ring_peek(&port.line.terminal->raw, 0, raw, sizeof(raw)),
		     sizeof(expected));
	EXPECT_EQUAL(memcmp(raw, expected, sizeof(expected)), 0);
	/* A port that never ends is left after a batch. */
	port.input = &input[3];
	port.input_count = SIZE_MAX;
	port.takes = 0;
	serial_line_serve(&port.line);
	EXPECT_EQUAL(port.takes, 64u);
	port.input_count = 0;
	interrupts_restore(were_enabled);
	line_end();
}

TEST(serial_line, at_the_end_all_is_sent)
{
	ASSERT_TRUE(line_begin(1000, true));
	serial_line_happened(port.line.terminal, EVENT_STOPPED);
	log("no end");
	write("the last words of a program, which are longer than a batch\n");
	serial_line_quiesce(&port.line);
	EXPECT_STRING_EQUAL(port.sent,
		      "no endthe last words of a program, which are longer than a batch\n");
	EXPECT_EQUAL(port.interrupts, 0u);
	line_end();
}
