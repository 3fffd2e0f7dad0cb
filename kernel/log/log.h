/*
 * The kernel's log: a ring of records, copied to the consoles as they come. Lines of subsystems at
 * boot have the form "[SUBSYSTEM] OK: text" or "[SUBSYSTEM] FAIL: reason".
 */
#ifndef LOG_LOG_H
#define LOG_LOG_H

#include <stdarg.h>

#include "base/compiler.h"
#include "base/list.h"
#include "base/types.h"

struct spin_lock;

enum log_level {
	LOG_EMERGENCY, LOG_ALERT, LOG_CRITICAL, LOG_ERROR, LOG_WARNING, LOG_NOTICE, LOG_INFO,
		LOG_DEBUG,
};

/* Any context, interrupts and panics included; never sleeps. Adds the newline if it is missing. */
void log_print(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);

#define LOG_FACILITY_USER 1	/* LOG_USER of syslog(3): what programs write */
/* A line that a program wrote, of at most LOG_LINE_MAXIMUM bytes. */
void log_print_program(unsigned facility, enum log_level level, const char *text);

/* Once per call site and burst: at most ten a second, then counts what it dropped. */
#define log_limited(level, ...) do { \
	static struct log_limit limit_; \
	if (log_limit_allows(&limit_)) \
		log_print(level, __VA_ARGS__); \
} while (0)

struct log_limit {
	uint64_t window_cycles, count, dropped;
};
bool log_limit_allows(struct log_limit *limit);

void log_vprint(enum log_level level, const char *format, va_list arguments) PRINTF_LIKE(2, 0);

/* "[SUBSYSTEM] OK: text", shown even when quiet; FAIL likewise at LOG_ERROR. */
void log_ok(const char *subsystem, const char *format, ...) PRINTF_LIKE(2, 3);
void log_fail(const char *subsystem, const char *format, ...) PRINTF_LIKE(2, 3);

#define LOG_LINE_MAXIMUM 992	/* longer lines from programs are refused */
#define LOG_RECORD_BYTES 1152	/* what log_read() gives at most */

/* A console shows records at or below the level. write() may run in any context, never sleeps. */
struct log_console {
	struct list_node node;
	const char *name;
	/* The boot console does not reach it: it is shown first what was printed before. */
	bool wants_all;
	void (*write)(struct log_console *console, const char *text, size_t length);
	bool is_lock_lost;		/* log_console_lock()'s */
};
/* Replaces the boot console's output. May not be called from an interrupt. */
void log_console_add(struct log_console *console);
/*
 * For write(), interrupts masked: takes a lock that the driver has, too. False: write past it. This
 * CPU may be in the middle of it, or one that was stopped; another lets go of it soon.
 */
bool log_console_lock(struct log_console *console, struct spin_lock *lock) MUST_CHECK;
void log_level_set(enum log_level level);		/* loglevel=, quiet, syslog(2) */
enum log_level log_level(void);

/* What the consoles show although it is below their level: boot lines and panics. */
void log_print_always(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);

/* From here on every line goes straight to the consoles, past all locks. For panic(). */
void log_enter_panic(void);

/* Cycles of the CPU counter since log_start(), in microseconds. */
uint64_t log_microseconds(void);

/*
 * Readers of /dev/kmsg and syslog(2). Sequence numbers count records for ever. Copies the first
 * record at or after *sequence as "priority,sequence,microseconds,-;text\n", sets *sequence to its
 * number; returns its length, 0 when there is none yet, -EPIPE when records were lost before it.
 */
long log_read(uint64_t *sequence, char *buffer, size_t size) MUST_CHECK;
/* Takes a record of log_read() apart, in place; false: it is not one. */
bool log_record_split(char *record, unsigned *priority, unsigned long long *sequence,
		      unsigned long long *microseconds, const char **text);
uint64_t log_sequence_next(void);
uint64_t log_sequence_first(void);
/* Where readers begin who want only what came since the log was cleared; and clearing it. */
uint64_t log_sequence_cleared(void);
void log_clear(void);
struct wait_queue *log_wait_queue(void);	/* woken when a record was added */

/* Reads the command line (quiet, loglevel=) and starts the ring. */
void log_start(void);

#endif
