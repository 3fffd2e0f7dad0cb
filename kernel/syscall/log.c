/*
 * syslog(2): the kernel's log for programs that know it as klogctl().
 */
#include "base/format.h"
#include "base/string.h"
#include "log/log.h"
#include "memory/heap.h"
#include "syscall/support.h"
#include "vfs/permission.h"

/* Actions of syslog(2). */
enum {
	SYSLOG_CLOSE, SYSLOG_OPEN, SYSLOG_READ, SYSLOG_READ_ALL, SYSLOG_READ_CLEAR, SYSLOG_CLEAR,
	SYSLOG_CONSOLE_OFF, SYSLOG_CONSOLE_ON, SYSLOG_CONSOLE_LEVEL, SYSLOG_SIZE_UNREAD,
	SYSLOG_SIZE_BUFFER,
};
#define SYSLOG_BUFFER_BYTES 131072	/* what SYSLOG_SIZE_BUFFER tells */
#define PREFIX_BYTES 40			/* "<priority>[seconds.micros] " */

/* Room for one record as the log gives it and as it is shown. */
struct log_text {
	char record[LOG_RECORD_BYTES];
	char shown[LOG_RECORD_BYTES + PREFIX_BYTES];
};

/* What SYSLOG_READ takes next. */
static uint64_t read_sequence;

/* A record as "<priority>[seconds.micros] text". 0: none left. */
static size_t record_format(uint64_t *sequence, struct log_text *text)
{
	unsigned long long number, microseconds;
	unsigned priority;
	const char *line;
	long length;

	do {
		length = log_read(sequence, text->record, sizeof(text->record) - 1);
	} while (length == -EPIPE);
	if (length <= 0)
		return 0;
	text->record[length] = '\0';
	++*sequence;
	if (!log_record_split(text->record, &priority, &number, &microseconds, &line))
		return 0;
	return format_print(text->shown, sizeof(text->shown), "<%u>[%5llu.%06llu] %s", priority,
			    microseconds / 1000000, microseconds % 1000000, line);
}

static long records_copy(uint64_t *sequence, user_address_t buffer, size_t length,
			 struct log_text *text)
{
	size_t done = 0;

	for (;;) {
		uint64_t next = *sequence;
		size_t one = record_format(&next, text);

		if (one == 0 || one > length - done)
			return (long)done;
		if (user_copy_out(buffer + done, text->shown, one) < 0)
			return done ? (long)done : -EFAULT;
		*sequence = next;
		done += one;
	}
}

static uint64_t records_bytes(uint64_t sequence, struct log_text *text)
{
	uint64_t total = 0;
	size_t one;

	while ((one = record_format(&sequence, text)) > 0)
		total += one;
	return total;
}

/* The whole log since the last clear: the newest records that fit. */
static long records_copy_newest(user_address_t buffer, size_t length, struct log_text *text)
{
	uint64_t start = log_sequence_cleared();
	uint64_t total = records_bytes(start, text);

	while (total > length) {
		size_t one = record_format(&start, text);

		if (one == 0)
			break;
		total -= min((uint64_t)one, total);
	}
	return records_copy(&start, buffer, length, text);
}

static long log_read_call(int type, user_address_t buffer, int length)
{
	struct log_text *text;
	long result = 0;

	if (buffer == 0 || length < 0)
		return -EINVAL;
	if (length == 0)
		return 0;
	if (!user_range_is_valid(buffer, (size_t)length))
		return -EFAULT;
	if (type == SYSLOG_READ)
		result = WAIT_EVENT(log_wait_queue(), read_sequence < log_sequence_next(),
				    SLEEP_INTERRUPTIBLE);
	if (result < 0)
		return result;
	text = heap_allocate(sizeof(*text), HEAP_ACCOUNT | HEAP_RAW);
	if (!text)
		return -ENOMEM;
	if (type == SYSLOG_READ)
		result = records_copy(&read_sequence, buffer, (size_t)length, text);
	else
		result = records_copy_newest(buffer, (size_t)length, text);
	if (type == SYSLOG_READ_CLEAR && result >= 0)
		log_clear();
	heap_free(text);
	return result;
}

static long unread_bytes(void)
{
	struct log_text *text = heap_allocate(sizeof(*text), HEAP_ACCOUNT | HEAP_RAW);
	long total;

	if (!text)
		return -ENOMEM;
	total = (long)records_bytes(read_sequence, text);
	heap_free(text);
	return total;
}

static int console_level_set(int level)
{
	if (level < 1 || level > 8)
		return -EINVAL;
	log_level_set((enum log_level)(level - 1));
	return 0;
}

long sys_syslog(int type, user_address_t buffer, int length)
{
	static enum log_level saved_level = LOG_INFO;
	/* As with dmesg_restrict set: the log may show what not everyone should know. */
	int result = permission_read_log();

	if (result < 0)
		return result;
	switch (type) {
	case SYSLOG_CLOSE:
	case SYSLOG_OPEN:
		return 0;
	case SYSLOG_READ:
	case SYSLOG_READ_ALL:
	case SYSLOG_READ_CLEAR:
		return log_read_call(type, buffer, length);
	case SYSLOG_CLEAR:
		log_clear();
		return 0;
	case SYSLOG_CONSOLE_OFF:
		saved_level = log_level();
		log_level_set(LOG_EMERGENCY);
		return 0;
	case SYSLOG_CONSOLE_ON:
		log_level_set(saved_level);
		return 0;
	case SYSLOG_CONSOLE_LEVEL:
		return console_level_set(length);
	case SYSLOG_SIZE_UNREAD:
		return unread_bytes();
	case SYSLOG_SIZE_BUFFER:
		return SYSLOG_BUFFER_BYTES;
	default:
		return -EINVAL;
	}
}
