/*
 * /proc/sys: single values of the kernel, some of them to be set.
 */
#include "arch/cpu.h"
#include "base/errno.h"
#include "base/parse.h"
#include "base/string.h"
#include "file/pipe.h"
#include "fs/proc/internal.h"
#include "memory/page.h"
#include "memory/pressure.h"
#include "memory/space.h"
#include "random/random.h"
#include "task/authority.h"
#include "task/credentials.h"
#include "task/limits.h"
#include "task/schedule.h"
#include "task/system_name.h"
#include "vfs/name_find.h"
#include "vfs/permission.h"
#include "vfs/vfs.h"
#include <abi/process.h>

static void show_name(struct format_sink *sink, size_t offset)
{
	struct new_utsname name;

	system_name_read(&name);
	format_to(sink, "%s\n", (const char *)&name + offset);
}

#define SHOWS_NAME(function, field) \
	static PROC_SHOWS(function) \
	{ \
		(void)node; \
		show_name(sink, offsetof(struct new_utsname, field)); \
		return 0; \
	}
SHOWS_NAME(show_host_name, nodename)
SHOWS_NAME(show_domain_name, domainname)
SHOWS_NAME(show_system_type, sysname)
SHOWS_NAME(show_release, release)
SHOWS_NAME(show_build, version)

#define SHOWS_NUMBER(function, value) \
	static PROC_SHOWS(function) \
	{ \
		(void)node; \
		format_to(sink, "%lld\n", (long long)(value)); \
		return 0; \
	}
SHOWS_NUMBER(show_pid_limit, TASK_ID_LIMIT)
SHOWS_NUMBER(show_privileges_last, CAP_LAST_CAP)
SHOWS_NUMBER(show_group_limit, GROUPS_MAXIMUM)
SHOWS_NUMBER(show_zero, 0)
SHOWS_NUMBER(show_one, 1)
SHOWS_NUMBER(show_two, 2)
SHOWS_NUMBER(show_minute, 60)
SHOWS_NUMBER(show_entropy, 256)
SHOWS_NUMBER(show_map_limit, REGIONS_MAXIMUM)
SHOWS_NUMBER(show_lowest_address, USER_ADDRESS_LOWEST)
SHOWS_NUMBER(show_file_limit, INT64_MAX)
SHOWS_NUMBER(show_open_limit, LIMIT_NOFILE_CEILING)
SHOWS_NUMBER(show_pipe_limit, pipe_capacity_maximum)
SHOWS_NUMBER(show_event_limit, NOTIFY_EVENTS_MAXIMUM)
SHOWS_NUMBER(show_instance_limit, 128)
SHOWS_NUMBER(show_watch_limit, NOTIFY_WATCHES_MAXIMUM)
SHOWS_NUMBER(show_mount_limit, MOUNTS_MAXIMUM)
SHOWS_NUMBER(show_overflow_id, 65534)
SHOWS_NUMBER(show_signal_limit, 32)
SHOWS_NUMBER(show_real_time_period, REAL_TIME_PERIOD_US)

/* One line without its end. */
static int name_read(char *text, size_t length)
{
	if (capability_require(CAPABILITY_SYSTEM_HOSTNAME))
		return -EPERM;
	if (strchr(text, '\n'))
		*strchr(text, '\n') = '\0';
	(void)length;
	return strlen(text) > SYSTEM_NAME_MAXIMUM ? -EINVAL : 0;
}

static int store_host_name(struct proc_inode *node, char *text, size_t length)
{
	int error = name_read(text, length);

	(void)node;
	if (error == 0)
		system_host_name_set(text);
	return error;
}

static int store_domain_name(struct proc_inode *node, char *text, size_t length)
{
	int error = name_read(text, length);

	(void)node;
	if (error == 0)
		system_domain_name_set(text);
	return error;
}

static int store_pipe_limit(struct proc_inode *node, char *text, size_t length)
{
	uint64_t value;

	(void)node;
	(void)length;
	if (!privilege_is_held(PRIVILEGE_SYS_ADMIN))
		return -EPERM;
	if (parse_unsigned(proc_trim(text), 10, &value) || value > (1u << 31))
		return -EINVAL;
	pipe_capacity_maximum = (uint32_t)round_up_power_of_two(max(value, PAGE_SIZE));
	return 0;
}

/* 1: pages, 2: objects, 3: both; 4: no messages any more, and there are none (proc_sys_vm(5)). */
static int store_drop_caches(struct proc_inode *node, char *text, size_t length)
{
	uint64_t value;

	(void)node;
	(void)length;
	if (capability_require(CAPABILITY_SYSTEM_TUNE))
		return -EPERM;
	if (parse_unsigned(proc_trim(text), 10, &value) || value < 1 || value > 4)
		return -EINVAL;
	reclaim_drop_caches(value & 1, value & 2);
	return 0;
}

/* RFC 9562 5.4: 122 random bits with version and variant. */
static void uuid_show(struct format_sink *sink, const uint8_t bytes[16])
{
	for (int i = 0; i < 16; i++) {
		uint8_t byte = bytes[i];

		if (i == 6)
			byte = (byte & 0x0f) | 0x40;
		if (i == 8)
			byte = (byte & 0x3f) | 0x80;
		format_to(sink, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", byte);
	}
	sink_text(sink, "\n");
}

static PROC_SHOWS(show_uuid)
{
	uint8_t bytes[16];

	(void)node;
	random_bytes(bytes, sizeof(bytes));
	uuid_show(sink, bytes);
	return 0;
}

static PROC_SHOWS(show_boot_id)
{
	static struct mutex mutex = MUTEX_INITIALIZER(mutex, LOCK_LEAF_SLEEP);
	static uint8_t bytes[16];
	static bool is_made;

	(void)node;
	mutex_lock(&mutex);
	if (!is_made)
		random_bytes(bytes, sizeof(bytes));
	is_made = true;
	mutex_unlock(&mutex);
	uuid_show(sink, bytes);
	return 0;
}

static PROC_SHOWS(show_thread_limit)
{
	(void)node;
	format_to(sink, "%llu\n", (unsigned long long)thread_limit());
	return 0;
}

static PROC_SHOWS(show_file_count)
{
	(void)node;
	format_to(sink, "0\t0\t%lld\n", (long long)INT64_MAX);
	return 0;
}

static PROC_SHOWS(show_name_state)
{
	(void)node;
	format_to(sink, "%llu\t%llu\t45\t0\t0\t0\n", (unsigned long long)name_total_count(),
		  (unsigned long long)name_unused_count());
	return 0;
}

static PROC_SHOWS(show_print_levels)
{
	(void)node;
	sink_text(sink, "7\t4\t1\t7\n");
	return 0;
}

int proc_show_number(struct format_sink *sink, struct proc_inode *node)
{
	format_to(sink, "%d\n", READ_ONCE(*node->node->number->value));
	return 0;
}

int proc_store_number(struct proc_inode *node, char *text, size_t length)
{
	const struct proc_number *number = node->node->number;
	int64_t value;

	(void)length;
	if (capability_require(CAPABILITY_SYSTEM_TUNE))
		return -EPERM;
	if (parse_signed(proc_trim(text), 10, &value) || value < number->least ||
	    value > number->most)
		return -EINVAL;
	WRITE_ONCE(*number->value, (int32_t)value);
	return 0;
}

/* These two pace a generator that is never short of entropy: what is written changes nothing. */
static int store_nothing(struct proc_inode *node, char *text, size_t length)
{
	(void)node;
	(void)text;
	(void)length;
	return 0;
}

/* The bits decide alone: what may not be written is written by nobody. */
static int value_permission(struct inode *inode)
{
	(void)inode;
	return -EACCES;
}

#define READ_ONLY(name, function) \
	{ name, S_IFREG | 0444, .show = function, .operations = &value_operations }
#define READ_WRITE(name, function, setter) \
	{ name, S_IFREG | 0644, .show = function, .store = setter, \
	  .operations = &value_operations }
#define WRITE_ONLY(name, setter) \
	{ name, S_IFREG | 0200, .store = setter, .operations = &value_operations }
#define NUMBER(name, value, least, most) \
	{ name, S_IFREG | 0644, .show = proc_show_number, .store = proc_store_number, \
	  .number = &(const struct proc_number){ &(value), (least), (most) }, \
	  .operations = &value_operations }
#define DIRECTORY(name, table) \
	{ name, S_IFDIR | 0555, .children = table, .operations = &proc_values_operations }
#define END { .name = NULL }

static const struct inode_operations value_operations = {
	.open = proc_text_open, .change = proc_text_change, .permission = value_permission,
};

const struct inode_operations proc_values_operations = {
	.lookup = proc_table_lookup, .permission = value_permission,
};

static const struct proc_node random_table[] = {
	READ_ONLY("boot_id", show_boot_id), READ_ONLY("uuid", show_uuid),
	READ_ONLY("entropy_avail", show_entropy), READ_ONLY("poolsize", show_entropy),
	READ_WRITE("urandom_min_reseed_secs", show_minute, store_nothing),
	READ_WRITE("write_wakeup_threshold", show_entropy, store_nothing), END,
};

static const struct proc_node kernel_table[] = {
	READ_WRITE("hostname", show_host_name, store_host_name),
	READ_WRITE("domainname", show_domain_name, store_domain_name),
	READ_ONLY("osrelease", show_release), READ_ONLY("ostype", show_system_type),
	READ_ONLY("version", show_build), READ_ONLY("pid_max", show_pid_limit),
	READ_ONLY("threads-max", show_thread_limit),
	READ_ONLY("cap_last_cap", show_privileges_last),
	READ_ONLY("ngroups_max", show_group_limit), READ_ONLY("overflowuid", show_overflow_id),
	READ_ONLY("overflowgid", show_overflow_id), READ_ONLY("printk", show_print_levels),
	READ_ONLY("randomize_va_space", show_two), READ_ONLY("dmesg_restrict", show_one),
	READ_ONLY("kptr_restrict", show_one), READ_ONLY("rtsig-max", show_signal_limit),
	READ_ONLY("sched_rt_period_us", show_real_time_period),
	NUMBER("sched_rt_runtime_us", schedule_real_time_us, -1, REAL_TIME_PERIOD_US),
	DIRECTORY("random", random_table), END,
};

static const struct proc_node vm_table[] = {
	READ_ONLY("overcommit_memory", show_zero), READ_ONLY("max_map_count", show_map_limit),
	READ_ONLY("swappiness", show_zero), READ_ONLY("mmap_min_addr", show_lowest_address),
	WRITE_ONLY("drop_caches", store_drop_caches), END,
};

static const struct proc_node inotify_table[] = {
	READ_ONLY("max_queued_events", show_event_limit),
	READ_ONLY("max_user_instances", show_instance_limit),
	READ_ONLY("max_user_watches", show_watch_limit), END,
};

static const struct proc_node fs_table[] = {
	READ_ONLY("file-max", show_file_limit), READ_ONLY("file-nr", show_file_count),
	READ_ONLY("nr_open", show_open_limit),
	READ_WRITE("pipe-max-size", show_pipe_limit, store_pipe_limit),
	READ_ONLY("dentry-state", show_name_state), READ_ONLY("mount-max", show_mount_limit),
	NUMBER("protected_fifos", name_protection.fifos, 0, 2),
	NUMBER("protected_hardlinks", name_protection.hardlinks, 0, 1),
	NUMBER("protected_regular", name_protection.regular, 0, 2),
	NUMBER("protected_symlinks", name_protection.symlinks, 0, 1),
	READ_ONLY("overflowuid", show_overflow_id), READ_ONLY("overflowgid", show_overflow_id),
	READ_ONLY("suid_dumpable", show_zero),
	DIRECTORY("inotify", inotify_table), END,
};

const struct proc_node proc_kernel_values[] = {
	DIRECTORY("kernel", kernel_table), DIRECTORY("vm", vm_table), DIRECTORY("fs", fs_table),
	END,
};
