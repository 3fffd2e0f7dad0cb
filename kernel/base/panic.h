/*
 * The upward seam for what must not happen: log/ defines panic() and warn() in the kernel,
 * panic_host.c defines them for programs of the host that link no log.
 */
#ifndef BASE_PANIC_H
#define BASE_PANIC_H

#include "base/compiler.h"
#include "base/types.h"

/* Stops the machine with a message. Callable in any context, with any lock held. */
NORETURN COLD PRINTF_LIKE(1, 2) void panic(const char *format, ...);

/* The same for what the CPU found at a place in the kernel. */
struct frame;
NORETURN COLD PRINTF_LIKE(2, 3) void panic_at(const struct frame *frame, const char *format, ...);

/* Logs a defect with a stack trace and goes on. Callable in any context. */
COLD PRINTF_LIKE(1, 2) void warn(const char *format, ...);

/* Always checked. Never for a condition that a program, packet, disk or device can bring about. */
#define ASSERT(condition) \
	do { \
		if (unlikely(!(condition))) \
			panic("%s:%d: %s: assertion failed: %s", __FILE__, __LINE__, __func__, \
			      #condition); \
	} while (0)

/* Checked in debug builds; compiled, not evaluated, in others. */
#define DEBUG_ASSERT(condition) \
	do { \
		if (DEBUG_BUILD && unlikely(!(condition))) \
			panic("%s:%d: %s: assertion failed: %s", __FILE__, __LINE__, __func__, \
			      #condition); \
	} while (0)

/* Logs once per call site when `condition` holds; is its value. */
#define WARN_ON(condition) \
	({ \
		static bool warned_already; \
		bool is_true = (condition); \
		if (unlikely(is_true) && !READ_ONCE(warned_already)) { \
			WRITE_ONCE(warned_already, true); \
			warn("%s:%d: %s: unexpected: %s", __FILE__, __LINE__, __func__, \
			     #condition); \
		} \
		unlikely(is_true); \
	})

#endif
