/*
 * The log ring and its consoles. Records stand in a byte ring under one lock; whoever gets the
 * console lock prints all that is not printed yet, so that nobody waits for a slow console with the
 * ring locked. In a panic all locks are passed by.
 */
#include "log/log.h"

#include "arch/boot.h"
#include "arch/clock.h"
#include "arch/cpu.h"
#include "base/errno.h"
#include "base/format.h"
#include "base/string.h"
#include "sync/late_wake.h"
#include "sync/wait.h"

#define RING_BYTES 65536		/* a power of two; about 800 lines */
#define LINE_BYTES 1024			/* longer lines are cut */
#define LOCK_TRIES 1000000		/* then a console takes its lock for one of a stopped CPU */

struct record {
	uint64_t sequence;
	uint64_t microseconds;
	uint16_t length;
	uint8_t level;
	uint8_t is_always_shown;
	uint32_t facility;		/* 0: the kernel's own; syslog(3)'s LOG_USER and so on */
};

/* LOCK_LOG: the ring. Positions count bytes for ever. */
static struct spin_lock ring_lock = SPIN_LOCK_INITIALIZER(LOCK_LOG);
static char ring[RING_BYTES] __aligned(8);
static uint64_t ring_start, ring_end;
static uint64_t first_sequence, next_sequence, cleared_sequence;
static char line[LINE_BYTES];
static uint32_t ring_holder;		/* 1 + CPU, so that a non-maskable interrupt sees it */

static struct wait_queue readers = WAIT_QUEUE_INITIALIZER(readers);
static struct late_wake readers_wake = LATE_WAKE_INITIALIZER(&readers);

/* Whoever swaps this from 0 to 1 prints; it is no spin lock, because nobody waits for it. */
static uint32_t console_busy;
static uint64_t printed_position;
static struct list_head consoles = LIST_HEAD_INITIALIZER(consoles);

static enum log_level console_level = LOG_INFO;
static uint64_t started_cycles;
static bool is_panicking;

static char *ring_at(uint64_t position)
{
	return &ring[position & (RING_BYTES - 1)];
}

static void ring_copy_in(uint64_t position, const void *from, size_t length)
{
	size_t first = min(length, (size_t)(RING_BYTES - (position & (RING_BYTES - 1))));

	memcpy(ring_at(position), from, first);
	memcpy(ring, (const char *)from + first, length - first);
}

static void ring_copy_out(void *to, uint64_t position, size_t length)
{
	size_t first = min(length, (size_t)(RING_BYTES - (position & (RING_BYTES - 1))));

	memcpy(to, ring_at(position), first);
	memcpy((char *)to + first, ring, length - first);
}

static uint64_t record_end(uint64_t position, const struct record *record)
{
	return align_up(position + sizeof(*record) + record->length, 8);
}

NO_THREAD_ANALYSIS static bool ring_acquire(void)
{
	bool were_enabled = interrupts_disable();

	if (likely(!is_panicking)) {
		spin_lock_masked(&ring_lock);
		atomic_store_relaxed(&ring_holder, cpu_current() + 1);
	}
	return were_enabled;
}

NO_THREAD_ANALYSIS static void ring_release(bool were_enabled)
{
	if (likely(!is_panicking)) {
		atomic_store_relaxed(&ring_holder, 0);
		spin_unlock_masked(&ring_lock);
	}
	interrupts_restore(were_enabled);
}

/* Ring locked: drops the oldest records until `bytes` fit. */
static void make_room(uint64_t bytes)
{
	while (ring_end + bytes - ring_start > RING_BYTES) {
		struct record oldest;

		ring_copy_out(&oldest, ring_start, sizeof(oldest));
		ring_start = record_end(ring_start, &oldest);
		first_sequence++;
	}
}

/* Ring locked: adds the first `length` bytes of `line`, of which the record tells the rest. */
static void append(struct record record, size_t length)
{

	record.microseconds = log_microseconds();
	record.length = (uint16_t)length;
	make_room(align_up(sizeof(record) + length, 8));
	record.sequence = next_sequence++;
	ring_copy_in(ring_end, &record, sizeof(record));
	ring_copy_in(ring_end + sizeof(record), line, length);
	atomic_store_relaxed(&ring_end, record_end(ring_end, &record));
}

/* To one console, or to all: NULL. */
static void write_to_consoles(struct log_console *only, const char *text, size_t length)
{
	struct log_console *console;

	if (only) {
		only->write(only, text, length);
		return;
	}
	if (list_is_empty(&consoles)) {
		boot_console_write(text, length);
		return;
	}
	list_for_each(console, &consoles, node)
		console->write(console, text, length);
}

/* How far a record is printed. Once begun it is printed to its end, whatever the level becomes:
 * consoles wait for that end. */
struct progress {
	size_t offset;
	bool is_shown;
};

/* Console held: prints one piece of the record at *position, which steps on behind a record's end.
 * False: nothing is left. */
static bool print_piece(struct log_console *only, uint64_t *position, struct progress *progress)
{
	struct record record;
	char piece[128];
	size_t length;
	bool were_enabled = ring_acquire();

	if (*position < ring_start) {
		*position = ring_start;
		progress->offset = 0;
	}
	if (*position == ring_end) {
		ring_release(were_enabled);
		return false;
	}
	ring_copy_out(&record, *position, sizeof(record));
	if (progress->offset == 0)
		progress->is_shown = record.is_always_shown || record.level <= console_level;
	length = min((size_t)record.length - progress->offset, sizeof(piece));
	ring_copy_out(piece, *position + sizeof(record) + progress->offset, length);
	progress->offset += length;
	if (progress->offset == record.length) {
		*position = record_end(*position, &record);
		progress->offset = 0;
	}
	ring_release(were_enabled);
	if (progress->is_shown)
		write_to_consoles(only, piece, length);
	return true;
}

static bool has_unprinted(void)
{
	return atomic_load_ordered(&printed_position) != atomic_load_ordered(&ring_end);
}

/* Prints what is in the ring unless somebody is doing so. A printer interrupted on this CPU has the
 * console too, and prints our lines when it goes on. */
static void flush(void)
{
	struct progress progress = { 0 };

	if (unlikely(is_panicking)) {
		while (print_piece(NULL, &printed_position, &progress))
			;
		return;
	}
	/* Who added a record while the printer was about to leave finds the console free. */
	while (has_unprinted() && !atomic_swap(&console_busy, 1)) {
		/* Being preempted here would hold up everybody's lines. */
		preemption_disable();
		while (print_piece(NULL, &printed_position, &progress))
			;
		atomic_store_ordered(&console_busy, 0);
		preemption_enable();
	}
}

/* A non-maskable interrupt met this CPU inside the ring: past it, to the consoles. */
static void print_directly(const char *format, va_list arguments)
{
	char text[160];
	size_t length = format_vprint(text, sizeof(text) - 1, format, arguments);

	length = min(length, sizeof(text) - 2);
	text[length++] = '\n';
	write_to_consoles(NULL, text, length);
}

static void print(struct record record, const char *format, va_list arguments)
{
	size_t length;
	bool were_enabled;

	if (unlikely(atomic_load_relaxed(&ring_holder) == context_current()->cpu + 1)) {
		print_directly(format, arguments);
		return;
	}
	were_enabled = ring_acquire();
	length = format_vprint(line, sizeof(line) - 1, format, arguments);
	length = min(length, sizeof(line) - 2);
	if (length == 0 || line[length - 1] != '\n')
		line[length++] = '\n';
	append(record, length);
	ring_release(were_enabled);
	flush();
	if (likely(!is_panicking) && wait_queue_is_active(&readers))
		late_wake_queue(&readers_wake);
}

void log_vprint(enum log_level level, const char *format, va_list arguments)
{
	print((struct record){ .level = (uint8_t)level }, format, arguments);
}

static PRINTF_LIKE(2, 3) void print_record(struct record record, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print(record, format, arguments);
	va_end(arguments);
}

void log_print_program(unsigned facility, enum log_level level, const char *text)
{
	print_record((struct record){ .level = (uint8_t)level, .facility = facility }, "%s", text);
}

void log_print(enum log_level level, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_vprint(level, format, arguments);
	va_end(arguments);
}

void log_print_always(enum log_level level, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print((struct record){ .level = (uint8_t)level, .is_always_shown = true }, format,
	      arguments);
	va_end(arguments);
}

static void print_status(enum log_level level, const char *subsystem, const char *state,
			 const char *format, va_list arguments)
{
	char text[192];

	format_vprint(text, sizeof(text), format, arguments);
	log_print_always(level, "[%s] %s: %s", subsystem, state, text);
}

void log_ok(const char *subsystem, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print_status(LOG_INFO, subsystem, "OK", format, arguments);
	va_end(arguments);
}

void log_fail(const char *subsystem, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print_status(LOG_ERROR, subsystem, "FAIL", format, arguments);
	va_end(arguments);
}

bool log_limit_allows(struct log_limit *limit)
{
	enum { BURST = 10 };
	uint64_t now = clock_cycles();
	uint64_t dropped;

	if (now - atomic_load_relaxed(&limit->window_cycles) > clock_frequency_hz()) {
		atomic_store_relaxed(&limit->window_cycles, now);
		atomic_store_relaxed(&limit->count, 0);
		dropped = atomic_swap_relaxed(&limit->dropped, 0);
		if (dropped)
			log_print(LOG_WARNING, "%llu similar lines were dropped",
				  (unsigned long long)dropped);
	}
	if (atomic_fetch_add_relaxed(&limit->count, 1) < BURST)
		return true;
	atomic_fetch_add_relaxed(&limit->dropped, 1);
	return false;
}

NO_THREAD_ANALYSIS bool log_console_lock(struct log_console *console, struct spin_lock *lock)
{
	unsigned tries = console->is_lock_lost ? 1 : LOCK_TRIES;

	for (unsigned i = 0; i < tries; i++) {
		if (spin_try_lock_masked(lock)) {
			console->is_lock_lost = false;
			return true;
		}
		cpu_relax();
	}
	/* Whoever has it seems stopped: the next lines do not wait for it. */
	console->is_lock_lost = true;
	return false;
}

/* Console held: what was printed without this one, so that it shows the whole log. */
static void replay(struct log_console *console)
{
	uint64_t position = 0;
	struct progress progress = { 0 };

	while (position < atomic_load_ordered(&printed_position) &&
	       print_piece(console, &position, &progress))
		;
}

void log_console_add(struct log_console *console)
{
	bool were_enabled;

	/* Whoever prints is on its way out; no line is lost between the replay and the list. */
	preemption_disable();
	while (atomic_swap(&console_busy, 1))
		cpu_relax();
	if (console->wants_all)
		replay(console);
	were_enabled = ring_acquire();
	list_add_tail(&consoles, &console->node);
	ring_release(were_enabled);
	atomic_store_ordered(&console_busy, 0);
	preemption_enable();
	flush();
}

void log_level_set(enum log_level level)
{
	WRITE_ONCE(console_level, level);
}

enum log_level log_level(void)
{
	return READ_ONCE(console_level);
}

/* Ring locked: the position of the first record at or after *sequence. */
static uint64_t position_of(uint64_t sequence)
{
	uint64_t position = ring_start;

	for (uint64_t i = first_sequence; i < sequence; i++) {
		struct record record;

		ring_copy_out(&record, position, sizeof(record));
		position = record_end(position, &record);
	}
	return position;
}

long log_read(uint64_t *sequence, char *buffer, size_t size)
{
	struct record record;
	size_t length;
	uint64_t position;
	bool were_enabled = ring_acquire();

	if (*sequence < first_sequence) {
		*sequence = first_sequence;
		ring_release(were_enabled);
		return -EPIPE;
	}
	if (*sequence >= next_sequence) {
		ring_release(were_enabled);
		return 0;
	}
	position = position_of(*sequence);
	ring_copy_out(&record, position, sizeof(record));
	length = format_print(buffer, size, "%u,%llu,%llu,-;",
			      record.facility << 3 | record.level,
			      (unsigned long long)record.sequence,
			      (unsigned long long)record.microseconds);
	if (length >= size || record.length > size - length) {
		ring_release(were_enabled);
		return -EINVAL;
	}
	ring_copy_out(buffer + length, position + sizeof(record), record.length);
	ring_release(were_enabled);
	return (long)(length + record.length);
}

uint64_t log_sequence_next(void)
{
	return atomic_load_acquire(&next_sequence);
}

uint64_t log_sequence_first(void)
{
	return atomic_load_acquire(&first_sequence);
}

uint64_t log_sequence_cleared(void)
{
	return max(atomic_load_acquire(&cleared_sequence), log_sequence_first());
}

void log_clear(void)
{
	atomic_store_release(&cleared_sequence, log_sequence_next());
}

struct wait_queue *log_wait_queue(void)
{
	return &readers;
}

uint64_t log_microseconds(void)
{
	uint64_t cycles = clock_cycles() - started_cycles;
	uint64_t frequency = clock_frequency_hz();

	/* Seconds apart from the rest, so that the product fits. */
	return cycles / frequency * 1000000 + cycles % frequency * 1000000 / frequency;
}

void log_enter_panic(void)
{
	is_panicking = true;
	/* Whoever was inside the ring never goes on. */
	atomic_store_relaxed(&ring_holder, 0);
}

void log_start(void)
{
	const struct boot_information *boot = boot_information();
	char value[8];

	started_cycles = clock_cycles();
	if (boot_option(boot, "quiet", value, sizeof(value)))
		console_level = LOG_ERROR;
	if (boot_option(boot, "debug", value, sizeof(value)))
		console_level = LOG_DEBUG;
	/* As Linux's: levels below the number are shown. */
	if (boot_option(boot, "loglevel", value, sizeof(value)) && value[0] >= '0' &&
	    value[0] <= '8')
		console_level = value[0] == '0' ? LOG_EMERGENCY : (enum log_level)(value[0] - '1');
	flush();
}
