/*
 * Calls about the machine: its names, load, log and end.
 */
#include "arch/boot.h"
#include "base/format.h"
#include "device/driver.h"
#include "file/descriptor.h"
#include "file/event_files.h"
#include "log/log.h"
#include "memory/heap.h"
#include "memory/page.h"
#include "random/random.h"
#include "syscall/support.h"
#include "task/credentials.h"
#include "task/system_name.h"
#include "task/thread.h"
#include "vfs/vfs.h"

long sys_uname(user_address_t address)
{
	struct new_utsname *name = heap_allocate(sizeof(*name), HEAP_PATIENT);
	int result;

	if (!name)
		return -ENOMEM;
	system_name_read(name);
	result = user_copy_out(address, name, sizeof(*name));
	heap_free(name);
	return result;
}

static long name_set(user_address_t address, int length, bool is_domain)
{
	char name[SYSTEM_NAME_MAXIMUM + 1] = { 0 };

	if (credentials_current()->euid != 0)
		return -EPERM;
	if (length < 0 || length > SYSTEM_NAME_MAXIMUM)
		return -EINVAL;
	if (user_copy_in(name, address, length) < 0)
		return -EFAULT;
	if (is_domain)
		system_domain_name_set(name);
	else
		system_host_name_set(name);
	return 0;
}

long sys_sethostname(user_address_t name, int length)
{
	return name_set(name, length, false);
}

long sys_setdomainname(user_address_t name, int length)
{
	return name_set(name, length, true);
}

#define LOAD_FRACTION_BITS 11
#define SYSINFO_LOAD_SHIFT 16

long sys_sysinfo(struct sysinfo *information)
{
	struct memory_statistics memory;
	struct schedule_statistics schedule;

	memory_statistics_read(&memory);
	schedule_statistics_read(&schedule);
	information->uptime = time_boot_ns() / NANOSECONDS_PER_SECOND;
	for (int i = 0; i < 3; i++)
		information->loads[i] = schedule.load_average[i] <<
			(SYSINFO_LOAD_SHIFT - LOAD_FRACTION_BITS);
	information->totalram = memory.total * PAGE_SIZE;
	information->freeram = memory.free * PAGE_SIZE;
	information->sharedram = memory.shared * PAGE_SIZE;
	information->procs = min(schedule.threads, (uint64_t)UINT16_MAX);
	information->mem_unit = 1;
	return 0;
}

long sys_getrandom(struct transfer *buffer, unsigned flags)
{
	uint8_t block[256];
	long done = 0;

	if (flags & ~(unsigned)(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	if ((flags & GRND_RANDOM) && (flags & GRND_INSECURE))
		return -EINVAL;
	while (transfer_remaining(buffer) > 0) {
		size_t part = min(transfer_remaining(buffer), (uint64_t)sizeof(block));
		size_t moved;

		random_bytes(block, part);
		moved = transfer_to_place(buffer, block, part);
		done += moved;
		if (moved < part)
			return done ? done : -EFAULT;
		blocking_yield_point();
		if (done >= 256 && signal_is_pending())
			break;
	}
	return done;
}

long sys_personality(unsigned persona)
{
	struct process *process = process_current();
	uint32_t old = process->personality;

	if (persona != UINT32_MAX)
		process->personality = persona;
	return old;
}

long sys_reboot(unsigned magic, unsigned magic2, unsigned command, user_address_t argument)
{
	(void)argument;
	if (credentials_current()->euid != 0)
		return -EPERM;
	if (magic != LINUX_REBOOT_MAGIC1 ||
	    (magic2 != LINUX_REBOOT_MAGIC2 && magic2 != LINUX_REBOOT_MAGIC2A &&
	     magic2 != LINUX_REBOOT_MAGIC2B && magic2 != LINUX_REBOOT_MAGIC2C))
		return -EINVAL;
	switch (command) {
	case LINUX_REBOOT_CMD_CAD_ON:
	case LINUX_REBOOT_CMD_CAD_OFF:
		return 0;	/* no keyboard ends the machine here */
	case LINUX_REBOOT_CMD_RESTART:
	case LINUX_REBOOT_CMD_RESTART2:
		log_print(LOG_NOTICE, "reboot: restarting\n");
		(void)device_quiesce_all();
		machine_restart();
	case LINUX_REBOOT_CMD_POWER_OFF:
		log_print(LOG_NOTICE, "reboot: power off\n");
		(void)device_quiesce_all();
		machine_power_off();
	case LINUX_REBOOT_CMD_HALT:
		log_print(LOG_NOTICE, "reboot: halted\n");
		(void)device_quiesce_all();
		machine_halt();
	default:
		return -EINVAL;
	}
}

/* Actions of syslog(2). */
enum {
	SYSLOG_CLOSE, SYSLOG_OPEN, SYSLOG_READ, SYSLOG_READ_ALL, SYSLOG_READ_CLEAR, SYSLOG_CLEAR,
	SYSLOG_CONSOLE_OFF, SYSLOG_CONSOLE_ON, SYSLOG_CONSOLE_LEVEL, SYSLOG_SIZE_UNREAD,
	SYSLOG_SIZE_BUFFER,
};
#define SYSLOG_BUFFER_BYTES 131072	/* what SYSLOG_SIZE_BUFFER tells */

/* Readers of the whole log begin here after a clear; SYSLOG_READ takes from the other. */
static uint64_t cleared_sequence, read_sequence;

/* A record as syslog(2) shows it: "<priority>[seconds.micros] text". 0: none left. */
static long record_format(uint64_t *sequence, char *out, size_t size)
{
	char record[512];
	unsigned long long number, microseconds;
	unsigned priority;
	const char *text;
	long length;

	do {
		length = log_read(sequence, record, sizeof(record));
	} while (length == -EPIPE);
	if (length <= 0)
		return 0;
	++*sequence;
	if (!log_record_split(record, &priority, &number, &microseconds, &text))
		return 0;
	length = format_print(out, size, "<%u>[%5llu.%06llu] %s", priority, microseconds / 1000000,
			      microseconds % 1000000, text);
	return min(length, (long)size - 1);
}

static long records_copy(uint64_t *sequence, user_address_t buffer, int length)
{
	char line[512];
	long done = 0;

	for (;;) {
		uint64_t before = *sequence;
		long one = record_format(sequence, line, sizeof(line));

		if (one == 0)
			return done;
		if (one > length - done) {
			*sequence = before;
			return done;
		}
		if (user_copy_out(buffer + done, line, one) < 0)
			return done ? done : -EFAULT;
		done += one;
	}
}

/* The whole log since the last clear: the newest records that fit. */
static long records_copy_newest(user_address_t buffer, int length)
{
	char line[512];
	uint64_t start = max(cleared_sequence, log_sequence_first()), sequence = start;
	int64_t total = 0;
	long one;

	while ((one = record_format(&sequence, line, sizeof(line))) > 0)
		total += one;
	sequence = start;
	while (total > length && (one = record_format(&start, line, sizeof(line))) > 0)
		total -= one;
	return records_copy(&start, buffer, length);
}

static long log_read_call(int type, user_address_t buffer, int length)
{
	long result;

	if (buffer == 0 || length < 0)
		return -EINVAL;
	if (length == 0)
		return 0;
	if (!user_range_is_valid(buffer, length))
		return -EFAULT;
	if (type == SYSLOG_READ) {
		result = WAIT_EVENT(log_wait_queue(), read_sequence < log_sequence_next(),
				    SLEEP_INTERRUPTIBLE);
		return result < 0 ? result : records_copy(&read_sequence, buffer, length);
	}
	result = records_copy_newest(buffer, length);
	if (type == SYSLOG_READ_CLEAR && result >= 0)
		cleared_sequence = log_sequence_next();
	return result;
}

long sys_syslog(int type, user_address_t buffer, int length)
{
	static enum log_level saved_level = LOG_INFO;
	int result;

	if (type == SYSLOG_READ_ALL || type == SYSLOG_SIZE_BUFFER)
		result = capability_not_needed();
	else
		result = credentials_current()->euid != 0 ? -EPERM :
			capability_require(CAPABILITY_SYSTEM_LOG);
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
		cleared_sequence = log_sequence_next();
		return 0;
	case SYSLOG_CONSOLE_OFF:
		saved_level = log_level();
		log_level_set(LOG_ALERT);
		return 0;
	case SYSLOG_CONSOLE_ON:
		log_level_set(saved_level);
		return 0;
	case SYSLOG_CONSOLE_LEVEL:
		if (length < 1 || length > 8)
			return -EINVAL;
		log_level_set(length - 1);
		return 0;
	case SYSLOG_SIZE_UNREAD:
		return read_sequence < log_sequence_next() ? SYSLOG_BUFFER_BYTES : 0;
	case SYSLOG_SIZE_BUFFER:
		return SYSLOG_BUFFER_BYTES;
	default:
		return -EINVAL;
	}
}

long sys_pidfd_open(int pid, unsigned flags)
{
	struct process *process;
	struct file *file;

	if (pid <= 0 || (flags & ~(unsigned)O_NONBLOCK))
		return -EINVAL;
	process = process_find(pid);
	if (!process) {
		/* A thread that leads no process has no pidfd. */
		struct thread *thread = thread_find(pid);

		if (thread)
			thread_put(thread);
		return thread ? -EINVAL : -ESRCH;
	}
	file = pidfd_create(process, flags);
	process_put(process);
	return file ? descriptor_add(file, true) : -ENOMEM;
}

long sys_pidfd_getfd(struct file *pidfd, int fd, unsigned flags)
{
	struct process *process;
	struct file *file = NULL;
	int result = 0;

	if (flags != 0)
		return -EINVAL;
	process = pidfd_process(pidfd);
	if (!process)
		return -EBADF;
	if (!capability_dominates(process))
		result = -EPERM;
	else if (process->is_zombie)
		result = -ESRCH;
	else
		file = process_file_get(process, fd);
	process_put(process);
	if (result < 0)
		return result;
	return file ? descriptor_add(file, true) : -EBADF;
}

long sys_capability_drop(user_address_t keep, size_t size)
{
	struct capability_rights rights;
	int result = structure_fetch(&rights, sizeof(rights), keep, size, 1);

	return result < 0 ? result : capability_drop(&rights);
}

long sys_arch_prctl(int code, unsigned long argument)
{
	return context_machine_control(code, argument);
}
