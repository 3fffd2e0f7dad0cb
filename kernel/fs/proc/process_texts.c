/*
 * What /proc/<pid> says of a process: stat, statm, status and their like, in Linux's formats
 * (proc(5)).
 */
#include "arch/cpu.h"
#include "base/errno.h"
#include "base/parse.h"
#include "base/string.h"
#include "file/descriptor.h"
#include "fs/proc/internal.h"
#include "log/symbol.h"
#include "memory/page.h"
#include "memory/space.h"
#include "task/authority.h"
#include "task/credentials.h"
#include "task/schedule.h"
#include "terminal/terminal.h"
#include "vfs/directories.h"
#include "vfs/permission.h"
#include "vfs/vfs.h"
#include <abi/stat.h>

#define TICK_NS 10000000	/* USER_HZ is 100 */

/* What a line about a process needs, copied under its locks. */
struct process_facts {
	char name[16];
	char state;
	int32_t parent, group, session, terminal_group;
	uint64_t terminal;
	uint32_t thread_count;
	struct usage usage, waited;
	struct schedule_parameters schedule;
	uint32_t inherited_priority;		/* lent by waiters for PI futexes */
	uint64_t pending, shared_pending, blocked, ignored, caught;
	uint64_t started_ns;
	uint32_t cpu;
	int32_t exit_status;
};

static char state_letter(const struct thread *thread)
{
	static const char letters[] = { 'R', 'S', 'D', 'T', 't', 'Z', 'X' };
	uint32_t state = READ_ONCE(thread->state);

	return state < sizeof(letters) ? letters[state] : '?';
}

static void facts_signals(struct process *process, struct thread *thread,
			  struct process_facts *facts)
{
	bool enabled = spin_lock_irq(&process->signals.lock);

	facts->shared_pending = process->signals.queue.pending;
	if (thread) {
		facts->pending = thread->signals.queue.pending;
		facts->blocked = thread->signals.blocked;
	}
	for (int i = 0; i < SIGNAL_COUNT; i++) {
		uint64_t handler = process->signals.actions[i].handler;

		if (handler == 1)
			facts->ignored |= 1ull << i;
		else if (handler > 1)
			facts->caught |= 1ull << i;
	}
	facts->waited = process->waited_children;
	spin_unlock_irq(&process->signals.lock, enabled);
}

static void facts_tree(struct process *process, struct process_facts *facts)
{
	task_tree_lock();
	facts->parent = process->parent ? process->parent->id : 0;
	facts->group = process->group ? process->group->id : 0;
	facts->session = process->session ? process->session->id : 0;
	facts->thread_count = process_threads_shown(process);
	facts->exit_status = process->exit_status;
	if (process->session)
		terminal_of_session(process->session, &facts->terminal, &facts->terminal_group);
	task_tree_unlock();
}

/* `is_whole`: with what all threads of the process used. */
static void facts_read(struct proc_inode *node, bool is_whole, struct process_facts *facts)
{
	struct process *process = node->process;
	struct thread *thread = proc_thread_get(node);

	memset(facts, 0, sizeof(*facts));
	facts->terminal_group = -1;
	facts->state = 'Z';
	facts_tree(process, facts);
	facts_signals(process, thread, facts);
	facts->started_ns = (uint64_t)process->started_ns;
	if (thread && !is_whole)
		thread_usage(thread, &facts->usage);
	else
		process_usage(process, &facts->usage);
	if (!thread)
		return;
	memcpy(facts->name, thread->name, sizeof(facts->name));
	facts->name[sizeof(facts->name) - 1] = '\0';
	facts->state = state_letter(thread);
	if (process->is_zombie || (process->leader_has_left && thread == process->leader))
		facts->state = 'Z';
	schedule_parameters_read(thread, &facts->schedule);
	facts->inherited_priority = READ_ONCE(thread->schedule.inherited_priority);
	facts->cpu = thread->context.cpu;
	thread_put(thread);
}

static int64_t resident_pages(const struct space *space)
{
	return READ_ONCE(space->resident_file) + READ_ONCE(space->resident_anonymous) +
		READ_ONCE(space->resident_shared);
}

static unsigned long long ticks(uint64_t nanoseconds)
{
	return nanoseconds / TICK_NS;
}

static int priority_of(const struct process_facts *facts)
{
	uint32_t priority = max(facts->schedule.priority, facts->inherited_priority);

	if (priority)
		return -1 - (int)priority;
	return 20 + facts->schedule.nice;
}

static void stat_begin(struct format_sink *sink, int32_t id, const struct process_facts *facts)
{
	const struct usage *usage = &facts->usage, *waited = &facts->waited;

	format_to(sink, "%d (%s) %c %d %d %d %llu %d 4194304 ", id, facts->name, facts->state,
		  facts->parent, facts->group, facts->session,
		  (unsigned long long)abi_device_encode((uint32_t)(facts->terminal >> 32),
							(uint32_t)facts->terminal),
		  facts->terminal_group);
	format_to(sink, "%llu %llu %llu %llu %llu %llu %llu %llu ",
		  (unsigned long long)usage->minor_faults,
		  (unsigned long long)waited->minor_faults,
		  (unsigned long long)usage->major_faults,
		  (unsigned long long)waited->major_faults, ticks(usage->user_ns),
		  ticks(usage->kernel_ns), ticks(waited->user_ns), ticks(waited->kernel_ns));
	format_to(sink, "%d %d %u 0 %llu ", priority_of(facts), facts->schedule.nice,
		  facts->thread_count, ticks(facts->started_ns));
}

static void stat_end(struct format_sink *sink, const struct process_facts *facts,
		     const struct space *space, bool may_inspect)
{
	bool shows = space && may_inspect;
	bool waits = facts->state != 'R' && facts->state != 'Z' && may_inspect;

	/* Whether it waits in the kernel is told, not where. */
	format_to(sink, "0 0 %llu %llu %llu %llu %d 0 0 17 %u %u %u 0 0 0 ",
		  (unsigned long long)facts->pending & 0x7fffffff,
		  (unsigned long long)facts->blocked & 0x7fffffff,
		  (unsigned long long)facts->ignored & 0x7fffffff,
		  (unsigned long long)facts->caught & 0x7fffffff, waits, facts->cpu,
		  facts->schedule.priority, facts->schedule.policy);
	format_to(sink, "%llu %llu %llu %llu %llu %llu %llu %d\n",
		  shows ? (unsigned long long)space->data_start : 0,
		  shows ? (unsigned long long)space->data_end : 0,
		  shows ? (unsigned long long)space->brk_start : 0,
		  shows ? (unsigned long long)space->arguments_start : 0,
		  shows ? (unsigned long long)space->arguments_end : 0,
		  shows ? (unsigned long long)space->environment_start : 0,
		  shows ? (unsigned long long)space->environment_end : 0,
		  may_inspect ? facts->exit_status : 0);
}

static int show_stat(struct format_sink *sink, struct proc_inode *node, bool is_whole)
{
	int32_t id = node->thread ? node->thread->id : node->process->id;
	struct space *space = proc_space_get(node->process);
	bool may_inspect = proc_may_inspect(node->process) == 0;
	struct process_facts facts;

	facts_read(node, is_whole, &facts);
	stat_begin(sink, id, &facts);
	if (space)
		format_to(sink, "%llu %lld 18446744073709551615 %llu %llu %llu ",
			  (unsigned long long)space->pages_mapped * PAGE_SIZE,
			  (long long)resident_pages(space),
			  may_inspect ? (unsigned long long)space->code_start : 1,
			  may_inspect ? (unsigned long long)space->code_end : 1,
			  may_inspect ? (unsigned long long)space->stack_start : 0);
	else
		format_to(sink, "0 0 18446744073709551615 0 0 0 ");
	stat_end(sink, &facts, space, may_inspect);
	if (space)
		space_put(space);
	return 0;
}

int proc_show_stat(struct format_sink *sink, struct proc_inode *node)
{
	return show_stat(sink, node, true);
}

int proc_show_thread_stat(struct format_sink *sink, struct proc_inode *node)
{
	return show_stat(sink, node, false);
}

int proc_show_statm(struct format_sink *sink, struct proc_inode *node)
{
	struct space *space = proc_space_get(node->process);

	if (!space) {
		format_to(sink, "0 0 0 0 0 0 0\n");
		return 0;
	}
	format_to(sink, "%llu %lld %lld %llu 0 %llu 0\n", (unsigned long long)space->pages_mapped,
		  (long long)resident_pages(space),
		  (long long)(space->resident_file + space->resident_shared),
		  (unsigned long long)divide_up(space->code_end - space->code_start, PAGE_SIZE),
		  (unsigned long long)(space->pages_data + space->pages_stack));
	space_put(space);
	return 0;
}

static void status_names(struct format_sink *sink, struct proc_inode *node,
			 const struct process_facts *facts)
{
	static const struct {
		char letter;
		const char *text;
	} states[] = {
		{ 'R', "R (running)" }, { 'S', "S (sleeping)" }, { 'D', "D (disk sleep)" },
		{ 'T', "T (stopped)" }, { 't', "t (tracing stop)" }, { 'Z', "Z (zombie)" },
		{ 'X', "X (dead)" },
	};
	struct directory_state *directories = proc_directories_get(node);
	int32_t id = node->thread ? node->thread->id : node->process->id;

	/* A program chooses the name: it must not look like lines of this file. */
	sink_text(sink, "Name:\t");
	for (const char *at = facts->name; *at; at++) {
		if (*at == '\n')
			sink_text(sink, "\\n");
		else if (*at == '\\')
			sink_text(sink, "\\\\");
		else
			sink->write(sink, at, 1);
	}
	sink_text(sink, "\n");
	if (directories) {
		format_to(sink, "Umask:\t%04o\n", directories->umask);
		directory_state_put(directories);
	}
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (states[i].letter == facts->state)
			format_to(sink, "State:\t%s\n", states[i].text);
	format_to(sink, "Tgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n",
		  node->process->id, id, facts->parent);
}

static void status_credentials(struct format_sink *sink, struct proc_inode *node)
{
	struct descriptor_table *table = proc_descriptors_get(node);
	const struct credentials *seen;
	struct credentials *credentials = NULL;

	rcu_read_lock();
	seen = process_credentials(node->process);
	if (seen)
		credentials = credentials_get(seen);
	rcu_read_unlock();
	if (credentials) {
		format_to(sink, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n", credentials->uid,
			  credentials->euid, credentials->suid, credentials->fsuid,
			  credentials->gid, credentials->egid, credentials->sgid,
			  credentials->fsgid);
	}
	format_to(sink, "FDSize:\t%u\nGroups:\t", table ? descriptor_table_size(table) : 0);
	for (uint32_t i = 0; credentials && i < credentials->group_count; i++)
		format_to(sink, i ? " %u" : "%u", credentials->groups[i]);
	sink_text(sink, " \n");
	if (credentials)
		credentials_put(credentials);
	if (table)
		descriptor_table_put(table);
}

static void status_space(struct format_sink *sink, const struct space *space)
{
	const unsigned long long kilobytes = PAGE_SIZE / 1024;
	unsigned long long code = divide_up(space->code_end - space->code_start, 1024);

	format_to(sink, "VmPeak:\t%8llu kB\nVmSize:\t%8llu kB\nVmLck:\t%8llu kB\nVmPin:\t%8u kB\n",
		  space->pages_mapped * kilobytes, space->pages_mapped * kilobytes,
		  space->pages_locked * kilobytes, 0);
	format_to(sink, "VmHWM:\t%8llu kB\nVmRSS:\t%8llu kB\n",
		  max(space->resident_peak, (uint64_t)resident_pages(space)) * kilobytes,
		  (unsigned long long)resident_pages(space) * kilobytes);
	format_to(sink, "RssAnon:\t%8llu kB\nRssFile:\t%8llu kB\nRssShmem:\t%8llu kB\n",
		  (unsigned long long)space->resident_anonymous * kilobytes,
		  (unsigned long long)space->resident_file * kilobytes,
		  (unsigned long long)space->resident_shared * kilobytes);
	format_to(sink, "VmData:\t%8llu kB\nVmStk:\t%8llu kB\nVmExe:\t%8llu kB\n",
		  space->pages_data * kilobytes, space->pages_stack * kilobytes, code);
	format_to(sink,
		"VmLib:\t%8llu kB\nVmPTE:\t%8llu kB\nVmSwap:\t%8u kB\nHugetlbPages:\t%8u kB\n",
		  space->pages_executable * kilobytes > code
			? space->pages_executable * kilobytes - code : 0,
		  (unsigned long long)mmu_table_pages(&space->mmu) * kilobytes, 0, 0);
	format_to(sink, "CoreDumping:\t0\nTHP_enabled:\t0\n");
}

static void mask_list(struct format_sink *sink, const struct cpu_mask *mask, unsigned count)
{
	bool is_first = true;

	for (unsigned cpu = 0; cpu < count; cpu++) {
		unsigned last = cpu;

		if (!cpu_mask_test(mask, cpu))
			continue;
		while (last + 1 < count && cpu_mask_test(mask, last + 1))
			last++;
		format_to(sink, is_first ? "%u" : ",%u", cpu);
		if (last > cpu)
			format_to(sink, "-%u", last);
		is_first = false;
		cpu = last;
	}
}

/* Comma-separated words of 32 bits, the highest first, as many as CPUs need. */
static void mask_words(struct format_sink *sink, const struct cpu_mask *mask, unsigned count)
{
	unsigned words = divide_up(count, 32), bits = count % 32 ? count % 32 : 32;

	for (unsigned i = words; i-- > 0;) {
		uint32_t word = (uint32_t)(mask->words[i / 2] >> (i % 2 * 32));

		if (i == words - 1 && bits < 32)
			word &= (1u << bits) - 1;
		if (i == words - 1)
			format_to(sink, "%0*x", (int)divide_up(bits, 4), word);
		else
			format_to(sink, ",%08x", word);
	}
}

static void status_signals(struct format_sink *sink, struct proc_inode *node,
			   const struct process_facts *facts)
{
	struct process *process = node->process;

	format_to(sink, "Threads:\t%u\nSigQ:\t%u/%llu\n", facts->thread_count,
		  process->signals.queued_count,
		  (unsigned long long)process->limits.values[LIMIT_SIGPENDING].soft);
	format_to(sink, "SigPnd:\t%016llx\nShdPnd:\t%016llx\nSigBlk:\t%016llx\n",
		  (unsigned long long)facts->pending, (unsigned long long)facts->shared_pending,
		  (unsigned long long)facts->blocked);
	format_to(sink, "SigIgn:\t%016llx\nSigCgt:\t%016llx\n",
		  (unsigned long long)facts->ignored, (unsigned long long)facts->caught);
}

static void status_privileges(struct format_sink *sink, struct process *process)
{
	const struct credentials *credentials;
	uint64_t sets[5] = { 0 };
	static const char *const names[] = { "Inh", "Prm", "Eff", "Bnd", "Amb" };

	rcu_read_lock();
	credentials = process_credentials(process);
	if (credentials) {
		sets[0] = credentials->linux_inheritable;
		sets[1] = credentials->linux_permitted;
		sets[2] = credentials->linux_effective;
		sets[3] = credentials->linux_bounding;
		sets[4] = credentials->linux_ambient;
	}
	rcu_read_unlock();
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		format_to(sink, "Cap%s:\t%016llx\n", names[i], (unsigned long long)sets[i]);
}

static void status_schedule(struct format_sink *sink, struct proc_inode *node,
			    const struct process_facts *facts)
{
	struct thread *thread = proc_thread_get(node);
	struct cpu_mask mask = { { 0 } };
	uint32_t no_new_privileges = 0;

	if (thread) {
		schedule_affinity_read(thread, &mask);
		no_new_privileges = thread->no_new_privileges;
		thread_put(thread);
	}
	format_to(sink, "NoNewPrivs:\t%u\nSeccomp:\t0\nSeccomp_filters:\t0\n", no_new_privileges);
	format_to(sink, "Speculation_Store_Bypass:\tvulnerable\n");
	format_to(sink, "SpeculationIndirectBranch:\talways enabled\n");
	format_to(sink, "Cpus_allowed:\t");
	mask_words(sink, &mask, cpu_count());
	format_to(sink, "\nCpus_allowed_list:\t");
	mask_list(sink, &mask, cpu_count());
	format_to(sink, "\nMems_allowed:\t1\nMems_allowed_list:\t0\n");
	format_to(sink, "voluntary_ctxt_switches:\t%llu\nnonvoluntary_ctxt_switches:\t%llu\n",
		  (unsigned long long)facts->usage.voluntary_switches,
		  (unsigned long long)facts->usage.involuntary_switches);
}

int proc_show_status(struct format_sink *sink, struct proc_inode *node)
{
	struct space *space = proc_space_get(node->process);
	struct process_facts facts;

	facts_read(node, false, &facts);
	status_names(sink, node, &facts);
	status_credentials(sink, node);
	format_to(sink, "NStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n", node->process->id,
		  node->thread ? node->thread->id : node->process->id, facts.group, facts.session);
	if (space) {
		status_space(sink, space);
		space_put(space);
	}
	status_signals(sink, node, &facts);
	status_privileges(sink, node->process);
	status_schedule(sink, node, &facts);
	return 0;
}

int proc_show_comm(struct format_sink *sink, struct proc_inode *node)
{
	struct thread *thread = proc_thread_get(node);

	if (!thread)
		return -ESRCH;
	format_to(sink, "%.15s\n", thread->name);
	thread_put(thread);
	return 0;
}

/* Only threads of the same process may rename each other. */
int proc_store_comm(struct proc_inode *node, char *text, size_t length)
{
	struct thread *thread;

	(void)length;
	if (node->process != process_current())
		return -EINVAL;
	thread = proc_thread_get(node);
	if (!thread)
		return -ESRCH;
	text[strnlen(text, 15)] = '\0';
	strlcpy(thread->name, text, sizeof(thread->name));
	thread_put(thread);
	return 0;
}

int proc_show_limits(struct format_sink *sink, struct proc_inode *node)
{
	static const struct {
		const char *name, *unit;
	} texts[LIMIT_COUNT] = {
		[LIMIT_CPU] = { "Max cpu time", "seconds" },
		[LIMIT_FSIZE] = { "Max file size", "bytes" },
		[LIMIT_DATA] = { "Max data size", "bytes" },
		[LIMIT_STACK] = { "Max stack size", "bytes" },
		[LIMIT_CORE] = { "Max core file size", "bytes" },
		[LIMIT_RSS] = { "Max resident set", "bytes" },
		[LIMIT_NPROC] = { "Max processes", "processes" },
		[LIMIT_NOFILE] = { "Max open files", "files" },
		[LIMIT_MEMLOCK] = { "Max locked memory", "bytes" },
		[LIMIT_AS] = { "Max address space", "bytes" },
		[LIMIT_LOCKS] = { "Max file locks", "locks" },
		[LIMIT_SIGPENDING] = { "Max pending signals", "signals" },
		[LIMIT_MSGQUEUE] = { "Max msgqueue size", "bytes" },
		[LIMIT_NICE] = { "Max nice priority", NULL },
		[LIMIT_RTPRIO] = { "Max realtime priority", NULL },
		[LIMIT_RTTIME] = { "Max realtime timeout", "us" },
	};

	format_to(sink, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
	for (unsigned i = 0; i < LIMIT_COUNT; i++) {
		struct limit limit = node->process->limits.values[i];
		char soft[24] = "unlimited", hard[24] = "unlimited";

		if (limit.soft != LIMIT_INFINITE)
			format_print(soft, sizeof(soft), "%llu", (unsigned long long)limit.soft);
		if (limit.hard != LIMIT_INFINITE)
			format_print(hard, sizeof(hard), "%llu", (unsigned long long)limit.hard);
		format_to(sink, "%-25s %-20s %-20s ", texts[i].name, soft, hard);
		if (texts[i].unit)
			format_to(sink, "%-10s", texts[i].unit);
		sink_text(sink, "\n");
	}
	return 0;
}

int proc_show_io(struct format_sink *sink, struct proc_inode *node)
{
	struct usage usage;

	if (node->thread)
		thread_usage(node->thread, &usage);
	else
		process_usage(node->process, &usage);
	format_to(sink, "rchar: %llu\nwchar: %llu\nsyscr: %llu\nsyscw: %llu\n",
		  (unsigned long long)usage.read_bytes, (unsigned long long)usage.write_bytes,
		  (unsigned long long)usage.read_calls, (unsigned long long)usage.write_calls);
	format_to(sink, "read_bytes: 0\nwrite_bytes: 0\ncancelled_write_bytes: 0\n");
	return 0;
}

int proc_show_adjust(struct format_sink *sink, struct proc_inode *node)
{
	format_to(sink, "%d\n", READ_ONCE(node->process->out_of_memory_adjust));
	return 0;
}

/* Lowering needs a privilege; what was raised may be taken back only with it. */
int proc_store_adjust(struct proc_inode *node, char *text, size_t length)
{
	int64_t value;

	(void)length;
	if (parse_signed(proc_trim(text), 10, &value) || value < -1000 || value > 1000)
		return -EINVAL;
	if (value < node->process->out_of_memory_adjust &&
	    !privilege_is_held(PRIVILEGE_SYS_RESOURCE))
		return -EACCES;
	WRITE_ONCE(node->process->out_of_memory_adjust, (int32_t)value);
	return 0;
}

/* Share of memory in thousandths, and the adjustment: 0..2000, as Linux shows it. */
int proc_show_oom_score(struct format_sink *sink, struct proc_inode *node)
{
	struct space *space = proc_space_get(node->process);
	struct memory_statistics memory;
	int64_t score = 0;

	memory_statistics_read(&memory);
	if (space) {
		score = 2000 * resident_pages(space) / (int64_t)max(memory.total, 1u) / 3;
		score += (1000 + node->process->out_of_memory_adjust) * 2 / 3;
		space_put(space);
	}
	format_to(sink, "%lld\n", (long long)max(score, (int64_t)0));
	return 0;
}

int proc_show_wchan(struct format_sink *sink, struct proc_inode *node)
{
	struct thread *thread = proc_thread_get(node);
	virtual_t counter = 0;
	size_t offset;

	if (!thread)
		return -ESRCH;
	if (proc_may_inspect(node->process) == 0)
		counter = thread_sleeps_at(thread);
	sink_text(sink, counter ? symbol_find(counter, &offset) : "0");
	thread_put(thread);
	return 0;
}

int proc_show_personality(struct format_sink *sink, struct proc_inode *node)
{
	format_to(sink, "%08x\n", node->process->personality);
	return 0;
}

int proc_show_capabilities(struct format_sink *sink, struct proc_inode *node)
{
	capability_describe(node->process, sink);
	return 0;
}

int proc_show_denials(struct format_sink *sink, struct proc_inode *node)
{
	capability_denials_describe(node->process, sink);
	return 0;
}

/* There are no control groups: as on Linux where no hierarchy is mounted. */
int proc_show_cgroup(struct format_sink *sink, struct proc_inode *node)
{
	(void)sink;
	(void)node;
	return 0;
}

int proc_show_schedstat(struct format_sink *sink, struct proc_inode *node)
{
	struct thread *thread = proc_thread_get(node);

	if (!thread)
		return -ESRCH;
	format_to(sink, "%llu 0 %llu\n", (unsigned long long)thread_run_ns(thread),
		  (unsigned long long)(thread->voluntary_switches +
				       thread->involuntary_switches));
	thread_put(thread);
	return 0;
}
