/*
 * What /proc says of the whole system: memory, CPUs, load, and lists of what there is.
 */
#include "arch/boot.h"
#include "arch/cpu.h"
#include "base/errno.h"
#include "base/string.h"
#include "device/interrupt.h"
#include "device/node.h"
#include "fs/proc/internal.h"
#include "log/status.h"
#include "memory/heap.h"
#include "memory/page.h"
#include "task/system_name.h"
#include "terminal/terminal.h"
#include "time/clock_time.h"
#include "vfs/vfs.h"
#include <abi/process.h>

#define TICK_NS 10000000	/* USER_HZ is 100 */
#define HUGE_PAGE_BYTES (2ul << 20)

static void memory_line(struct format_sink *sink, const char *name, uint64_t pages)
{
	char label[20];

	format_print(label, sizeof(label), "%s:", name);
	format_to(sink, "%-16s%8llu kB\n", label,
		  (unsigned long long)pages * (PAGE_SIZE / 1024));
}

/* Kinds of memory that Linux knows and that are not here: none of it is in use. */
static const char *const absent_before[] = {
	"SecPageTables", "NFS_Unstable", "Bounce", "WritebackTmp",
};
static const char *const absent_after[] = {
	"HardwareCorrupted", "AnonHugePages", "ShmemHugePages", "ShmemPmdMapped",
	"FileHugePages", "FilePmdMapped",
};

static void show_absent(struct format_sink *sink, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		memory_line(sink, names[i], 0);
}

static PROC_SHOWS(show_memory)
{
	struct memory_statistics m;

	(void)node;
	memory_statistics_read(&m);
	memory_line(sink, "MemTotal", m.total);
	memory_line(sink, "MemFree", m.free);
	memory_line(sink, "MemAvailable", m.available);
	memory_line(sink, "Buffers", 0);
	memory_line(sink, "Cached", m.cached);
	memory_line(sink, "SwapCached", 0);
	memory_line(sink, "Active", m.active_file + m.active_anonymous);
	memory_line(sink, "Inactive", m.inactive_file + m.inactive_anonymous);
	memory_line(sink, "Active(anon)", m.active_anonymous);
	memory_line(sink, "Inactive(anon)", m.inactive_anonymous);
	memory_line(sink, "Active(file)", m.active_file);
	memory_line(sink, "Inactive(file)", m.inactive_file);
	memory_line(sink, "Unevictable", m.locked);
	memory_line(sink, "Mlocked", m.locked);
	memory_line(sink, "SwapTotal", 0);
	memory_line(sink, "SwapFree", 0);
	memory_line(sink, "Dirty", m.dirty);
	memory_line(sink, "Writeback", m.writeback);
	memory_line(sink, "AnonPages", m.anonymous);
	memory_line(sink, "Mapped", m.mapped);
	memory_line(sink, "Shmem", m.shared);
	memory_line(sink, "KReclaimable", m.slab_reclaimable);
	memory_line(sink, "Slab", m.slab_reclaimable + m.slab_unreclaimable);
	memory_line(sink, "SReclaimable", m.slab_reclaimable);
	memory_line(sink, "SUnreclaim", m.slab_unreclaimable);
	memory_line(sink, "KernelStack", m.kernel_stacks);
	memory_line(sink, "PageTables", m.page_tables);
	show_absent(sink, absent_before, ARRAY_SIZE(absent_before));
	memory_line(sink, "CommitLimit", m.total / 2);
	memory_line(sink, "Committed_AS", m.anonymous + m.shared);
	show_absent(sink, absent_after, ARRAY_SIZE(absent_after));
	format_to(sink, "HugePages_Total:       0\nHugePages_Free:        0\n"
		  "HugePages_Rsvd:        0\nHugePages_Surp:        0\n");
	memory_line(sink, "Hugepagesize", HUGE_PAGE_BYTES / PAGE_SIZE);
	memory_line(sink, "Hugetlb", 0);
	return 0;
}

static PROC_SHOWS(show_vmstat)
{
	struct memory_statistics m;

	(void)node;
	memory_statistics_read(&m);
	format_to(sink,
		"nr_free_pages %llu\nnr_anon_pages %llu\nnr_mapped %llu\nnr_file_pages %llu\n",
		  (unsigned long long)m.free, (unsigned long long)m.anonymous,
		  (unsigned long long)m.mapped, (unsigned long long)m.cached);
	format_to(sink, "nr_dirty %llu\nnr_writeback %llu\nnr_shmem %llu\npgfault %llu\n",
		  (unsigned long long)m.dirty, (unsigned long long)m.writeback,
		  (unsigned long long)m.shared, (unsigned long long)m.faults);
	format_to(sink, "pgmajfault %llu\npgsteal_direct %llu\npgscan_direct %llu\noom_kill %llu\n",
		  (unsigned long long)m.major_faults, (unsigned long long)m.reclaimed,
		  (unsigned long long)m.reclaim_scans, (unsigned long long)m.out_of_memory_kills);
	return 0;
}

static PROC_SHOWS(show_slabs)
{
	(void)node;
	slab_describe(sink);
	return 0;
}

static PROC_SHOWS(show_cpus)
{
	(void)node;
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++)
		if (cpu_is_online(cpu))
			cpu_describe(cpu, sink);
	return 0;
}

static void cpu_line(struct format_sink *sink, const struct cpu_time_split *time)
{
	format_to(sink, "%llu %llu %llu %llu 0 %llu 0 0 0 0\n",
		  (unsigned long long)time->user_ns / TICK_NS,
		  (unsigned long long)time->nice_ns / TICK_NS,
		  (unsigned long long)time->system_ns / TICK_NS,
		  (unsigned long long)time->idle_ns / TICK_NS,
		  (unsigned long long)time->interrupt_ns / TICK_NS);
}

static void cpu_times(struct cpu_time_split *total)
{
	*total = (struct cpu_time_split){ 0 };
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		struct cpu_time_split time = { 0 };

		if (!cpu_is_online(cpu))
			continue;
		cpu_time_read(cpu, &time);
		total->user_ns += time.user_ns;
		total->nice_ns += time.nice_ns;
		total->system_ns += time.system_ns;
		total->idle_ns += time.idle_ns;
		total->interrupt_ns += time.interrupt_ns;
	}
}

static PROC_SHOWS(show_system_stat)
{
	struct schedule_statistics statistics;
	struct cpu_time_split time;
	int64_t booted_ns = time_realtime_ns() - time_boot_ns();

	(void)node;
	cpu_times(&time);
	sink_text(sink, "cpu  ");
	cpu_line(sink, &time);
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		if (!cpu_is_online(cpu))
			continue;
		cpu_time_read(cpu, &time);
		format_to(sink, "cpu%u ", cpu);
		cpu_line(sink, &time);
	}
	schedule_statistics_read(&statistics);
	interrupt_sums_describe(sink);
	format_to(sink, "ctxt %llu\nbtime %lld\nprocesses %llu\n",
		  (unsigned long long)statistics.context_switches,
		  (long long)(booted_ns / NANOSECONDS_PER_SECOND),
		  (unsigned long long)statistics.forks);
	format_to(sink, "procs_running %llu\nprocs_blocked 0\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n",
		  (unsigned long long)statistics.processes_running);
	return 0;
}

static PROC_SHOWS(show_uptime)
{
	uint64_t up = (uint64_t)time_boot_ns() / TICK_NS, idle;
	struct cpu_time_split time;

	(void)node;
	cpu_times(&time);
	idle = time.idle_ns / TICK_NS;
	format_to(sink, "%llu.%02llu %llu.%02llu\n", (unsigned long long)up / 100,
		  (unsigned long long)up % 100, (unsigned long long)idle / 100,
		  (unsigned long long)idle % 100);
	return 0;
}

static PROC_SHOWS(show_load)
{
	struct schedule_statistics statistics;
	int32_t last = 0, id = 1;
	struct process *process;

	(void)node;
	schedule_statistics_read(&statistics);
	for (int i = 0; i < 3; i++) {
		uint64_t load = statistics.load_average[i] + 10;	/* rounds to hundredths */

		format_to(sink, "%llu.%02llu ", (unsigned long long)load >> 11,
			  (unsigned long long)((load & 2047) * 100) >> 11);
	}
	while ((process = process_next(&id))) {
		last = process->id;
		id = last + 1;
		process_put(process);
	}
	format_to(sink, "%llu/%llu %d\n", (unsigned long long)statistics.processes_running,
		  (unsigned long long)statistics.threads, last);
	return 0;
}

static PROC_SHOWS(show_version)
{
	struct new_utsname name;

	(void)node;
	system_name_read(&name);
	format_to(sink, "%s version %s (aegis@aegis) (gcc %d.%d) %s\n", name.sysname,
		  name.release, __GNUC__, __GNUC_MINOR__, name.version);
	return 0;
}

static PROC_SHOWS(show_filesystems)
{
	(void)node;
	filesystems_describe(sink);
	return 0;
}

static PROC_SHOWS(show_devices)
{
	(void)node;
	device_major_describe(sink);
	return 0;
}

static PROC_SHOWS(show_interrupts)
{
	(void)node;
	interrupt_describe(sink);
	return 0;
}

static PROC_SHOWS(show_locks)
{
	(void)node;
	file_locks_describe(sink);
	return 0;
}

static PROC_SHOWS(show_boot_line)
{
	(void)node;
	format_to(sink, "%s\n", boot_information()->command_line);
	return 0;
}

static PROC_SHOWS(show_nothing)
{
	(void)sink;
	(void)node;
	return 0;
}

/* Nothing is swapped to; the head stands above an empty list, too. */
static PROC_SHOWS(show_swaps)
{
	(void)node;
	sink_text(sink, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	return 0;
}

/* Below aegis/: what subsystems offer by log/status.h. */
static PROC_SHOWS(show_status_entry)
{
	const struct status_entry *entry = node->extra;

	entry->show(sink);
	return 0;
}

static int store_status_entry(struct proc_inode *node, char *text, size_t length)
{
	const struct status_entry *entry = node->extra;

	return entry->store(text, length);
}

static const struct proc_node status_read_node = {
	"status", S_IFREG | 0444, .show = show_status_entry,
};
static const struct proc_node status_write_node = {
	"status", S_IFREG | 0644, .show = show_status_entry, .store = store_status_entry,
};

static int status_lookup(struct inode *directory, struct name *name)
{
	struct status_entry *entry = status_find(name->text);
	struct proc_place place = { .extra = entry, .fd = -1 };

	if (!entry)
		return -ENOENT;
	place.node = entry->store ? &status_write_node : &status_read_node;
	return proc_attach(directory, name, &place);
}

static int status_list(struct file *file, struct directory_sink *sink)
{
	int64_t at = 2;

	if (proc_list_table(file, sink, NULL))
		return 0;
	for (struct status_entry *entry = status_next(NULL); entry;
	     entry = status_next(entry), at++) {
		if (file->position > at)
			continue;
		if (sink->emit(sink, entry->name, strlen(entry->name), (uint64_t)at, DT_REG,
			       at + 1))
			return 0;
		file->position = at + 1;
	}
	return 0;
}

static PROC_SHOWS(show_terminal_drivers)
{
	(void)node;
	terminal_drivers_describe(sink);
	return 0;
}

static const struct proc_node terminal_table[] = {
	{ "drivers", S_IFREG | 0444, .show = show_terminal_drivers }, { .name = NULL },
};

const struct inode_operations proc_status_operations = { .lookup = status_lookup };
const struct file_operations proc_status_file_operations = {
	.list = status_list, .seek = file_seek_endless,
};

const struct proc_node proc_root_table[] = {
	{ "self", S_IFLNK | 0777, .operations = &proc_self_operations },
	{ "thread-self", S_IFLNK | 0777, .operations = &proc_thread_self_operations },
	{ "mounts", S_IFLNK | 0777, .operations = &proc_mounts_operations },
	{ "cpuinfo", S_IFREG | 0444, .show = show_cpus },
	{ "meminfo", S_IFREG | 0444, .show = show_memory },
	{ "vmstat", S_IFREG | 0444, .show = show_vmstat },
	{ "slabinfo", S_IFREG | 0400, .show = show_slabs },
	{ "stat", S_IFREG | 0444, .show = show_system_stat },
	{ "uptime", S_IFREG | 0444, .show = show_uptime },
	{ "loadavg", S_IFREG | 0444, .show = show_load },
	{ "version", S_IFREG | 0444, .show = show_version },
	{ "filesystems", S_IFREG | 0444, .show = show_filesystems },
	{ "devices", S_IFREG | 0444, .show = show_devices },
	{ "interrupts", S_IFREG | 0444, .show = show_interrupts },
	{ "locks", S_IFREG | 0444, .show = show_locks },
	{ "cmdline", S_IFREG | 0444, .show = show_boot_line },
	/* Block devices come with the block layer: there are none to list. */
	{ "partitions", S_IFREG | 0444, .show = show_nothing },
	{ "diskstats", S_IFREG | 0444, .show = show_nothing },
	{ "swaps", S_IFREG | 0444, .show = show_swaps },
	{ "modules", S_IFREG | 0444, .show = show_nothing },
	{ "kmsg", S_IFREG | 0400, .file_operations = &proc_kernel_log_operations },
	{ "sys", S_IFDIR | 0555, .children = proc_kernel_values,
	  .operations = &proc_values_operations },
	{ "tty", S_IFDIR | 0555, .children = terminal_table },
	{ "aegis", S_IFDIR | 0555, .operations = &proc_status_operations,
	  .file_operations = &proc_status_file_operations },
	{ .name = NULL },
};
