/*
 * Printing of calls like strace, from the names that the table generates: trace=NAME on the command
 * line, or a program name written to /proc/aegis/trace ("*" for all, empty for none).
 */
#include "arch/boot.h"
#include "base/string.h"
#include "log/errno_name.h"
#include "log/log.h"
#include "log/status.h"
#include "syscall/support.h"
#include "task/authority.h"
#include "task/thread.h"
#include "task/trace.h"
#include <abi/fcntl.h>

#define LINE_BYTES 256
#define SHOWN_BYTES 32

struct line {
	struct format_sink sink;
	size_t length;
	char text[LINE_BYTES];
};

static void line_write(struct format_sink *sink, const char *bytes, size_t length)
{
	struct line *line = container_of(sink, struct line, sink);
	size_t room = LINE_BYTES - 1 - line->length;

	length = min(length, room);
	memcpy(line->text + line->length, bytes, length);
	line->length += length;
	line->text[line->length] = '\0';
}

/* Up to SHOWN_BYTES of program memory as a quoted string; without sleeping for pages. */
static void show_text(struct format_sink *sink, user_address_t address, size_t length)
{
	char bytes[SHOWN_BYTES];
	size_t got = user_copy_in_nofault(bytes, address, min(length, sizeof(bytes)));
	bool is_whole = got == length;

	if (got == 0 && length > 0) {
		format_to(sink, "0x%llx", (unsigned long long)address);
		return;
	}
	format_to(sink, "\"");
	for (size_t i = 0; i < got; i++) {
		if (bytes[i] == '\0' && length == SIZE_MAX) {
			is_whole = true;
			break;
		}
		if (bytes[i] >= ' ' && bytes[i] < 0x7f && bytes[i] != '"' && bytes[i] != '\\')
			format_to(sink, "%c", bytes[i]);
		else if (bytes[i] == '\n')
			format_to(sink, "\\n");
		else
			format_to(sink, "\\%o", (unsigned char)bytes[i]);
	}
	format_to(sink, is_whole ? "\"" : "\"...");
}

/* Which of the things that ioctl(2) and its like can do. */
static void show_command(struct format_sink *sink, const struct call_entry *entry, unsigned number)
{
	for (unsigned i = 0; i < entry->command_count; i++) {
		if (entry->commands[i].number == number) {
			format_to(sink, "%s", entry->commands[i].name);
			return;
		}
	}
	format_to(sink, "0x%x", number);
}

static void show_argument(struct format_sink *sink, const struct call_entry *entry,
			  const struct frame *frame, unsigned index)
{
	uint64_t value = frame_argument(frame, index);

	switch (entry->formats[index]) {
	case 'a':
		format_to(sink, (int)value == AT_FDCWD ? "AT_FDCWD" : "%d", (int)value);
		break;
	case 'd': case 'f': case 'g':
		format_to(sink, "%d", (int)value);
		break;
	case 'u':
		format_to(sink, "%u", (unsigned)value);
		break;
	case 'D':
		format_to(sink, "%lld", (long long)value);
		break;
	case 'U':
		format_to(sink, "%llu", (unsigned long long)value);
		break;
	case 'o':
		format_to(sink, "0%o", (unsigned)value);
		break;
	case 's':
		show_text(sink, value, SIZE_MAX);
		break;
	case 'c':
		show_command(sink, entry, value);
		break;
	case 'b':
		show_text(sink, value, frame_argument(frame, index + 1));
		break;
	default:
		format_to(sink, value ? "0x%llx" : "NULL", (unsigned long long)value);
		break;
	}
}

static void show_call(struct line *line, const struct call_entry *entry,
		      const struct frame *frame)
{
	struct thread *thread = thread_current();

	line->sink.write = line_write;
	line->length = 0;
	format_to(&line->sink, "[TRACE] %s[%d] %s(", thread->name, thread->id, entry->name);
	for (unsigned i = 0; entry->formats[i]; i++) {
		if (i > 0)
			format_to(&line->sink, ", ");
		show_argument(&line->sink, entry, frame, i);
	}
}

/* Calls that do not come back print before, the others after. */
static bool is_one_way(const struct call_entry *entry)
{
	return strncmp(entry->name, "exit", 4) == 0 || strcmp(entry->name, "rt_sigreturn") == 0 ||
		strncmp(entry->name, "execve", 6) == 0;
}

void trace_call_enter(const struct call_entry *entry, const struct frame *frame)
{
	struct line line;

	if (!is_one_way(entry))
		return;
	show_call(&line, entry, frame);
	log_print(LOG_INFO, "%s) ...\n", line.text);
}

static bool is_address_result(const struct call_entry *entry)
{
	return strcmp(entry->name, "mmap") == 0 || strcmp(entry->name, "mremap") == 0 ||
		strcmp(entry->name, "brk") == 0;
}

static void show_result(struct format_sink *sink, const struct call_entry *entry, long result)
{
	if (result < 0 && result >= -ERRNO_MAX)
		/* A call that will be restarted has no result yet. */
		format_to(sink, result <= -ERESTARTSYS ? "? %s" : "-1 %s",
			  errno_name((int)-result));
	else
		format_to(sink, is_address_result(entry) ? "0x%lx" : "%ld", result);
}

void trace_call_leave(const struct call_entry *entry, const struct frame *frame, long result)
{
	struct line line;

	if (is_one_way(entry) && result == 0)
		return;
	show_call(&line, entry, frame);
	format_to(&line.sink, ") = ");
	show_result(&line.sink, entry, result);
	log_print(LOG_INFO, "%s\n", line.text);
}

static void trace_show(struct format_sink *sink)
{
	format_to(sink, "%s\n", trace_wanted());
}

static int trace_store(const char *text, size_t length)
{
	int result = capability_require(CAPABILITY_SYSTEM_TRACE);

	if (result < 0)
		return result;
	while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == ' '))
		length--;
	return trace_set(text, length);
}

int trace_start(void)
{
	static struct status_entry entry = {
		.name = "trace", .show = trace_show, .store = trace_store,
	};
	char wanted[16];

	status_add(&entry);
	if (boot_option(boot_information(), "trace", wanted, sizeof(wanted)))
		return trace_set(wanted[0] ? wanted : "*", wanted[0] ? strlen(wanted) : 1);
	return 0;
}
