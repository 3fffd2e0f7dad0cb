/*
 * The directories of processes and threads: /proc/<pid>, task/<tid>, and who may look into them.
 */
#include "base/errno.h"
#include "file/descriptor.h"
#include "fs/proc/internal.h"
#include "memory/space.h"
#include "task/authority.h"
#include "task/credentials.h"
#include "vfs/directories.h"
#include "vfs/permission.h"
#include "vfs/vfs.h"

/* Positions of process entries in a listing of the root begin here. */
#define PROCESS_POSITION 256

int proc_may_inspect(struct process *process)
{
	return process_may_inspect(process, true) ? 0 : -EACCES;
}

bool proc_is_gone(const struct proc_inode *node)
{
	struct thread *thread;
	bool is_gone;

	/* Who has waited for a process takes its leader away. */
	if (!node->thread)
		return node->process && !READ_ONCE(node->process->leader);
	thread = thread_find(node->thread->id);
	is_gone = thread != node->thread;
	if (thread)
		thread_put(thread);
	return is_gone;
}

struct space *proc_space_get(struct process *process)
{
	bool enabled = spin_lock_irq(&process->signals.lock);
	struct space *space = process->space;

	if (space)
		space_get(space);
	spin_unlock_irq(&process->signals.lock, enabled);
	return space;
}

/* A program that is run meanwhile, perhaps one that only runs and is not to be read, is not what
 * was asked about: the answer counts for memory that the process had before it and after it. */
int proc_space_inspect(struct process *process, struct space **result)
{
	struct space *space;
	int error;

	for (;;) {
		space = proc_space_get(process);
		error = proc_may_inspect(process);
		atomic_fence_acquire();
		if (error == 0 && READ_ONCE(process->space) == space)
			break;
		if (space)
			space_put(space);
		if (error)
			return error;
	}
	*result = space;
	return 0;
}

struct thread *proc_thread_get(struct proc_inode *node)
{
	struct thread *thread;

	if (node->thread) {
		thread_get(node->thread);
		return node->thread;
	}
	task_tree_lock();
	thread = node->process->leader;
	if (thread && !thread_get_unless_dead(thread))
		thread = NULL;
	task_tree_unlock();
	return thread;
}

struct directory_state *proc_directories_get(struct proc_inode *node)
{
	struct thread *thread = proc_thread_get(node);
	struct directory_state *state;
	bool enabled;

	if (!thread)
		return NULL;
	enabled = spin_lock_irq(&thread->process->signals.lock);
	state = thread->directories;
	if (state)
		directory_state_get(state);
	spin_unlock_irq(&thread->process->signals.lock, enabled);
	thread_put(thread);
	return state;
}

struct descriptor_table *proc_descriptors_get(struct proc_inode *node)
{
	struct thread *thread = proc_thread_get(node);
	struct descriptor_table *table;

	if (!thread)
		return NULL;
	table = thread_descriptors_get(thread);
	thread_put(thread);
	return table;
}

struct file *proc_file_get(struct proc_inode *node, int fd)
{
	struct thread *thread = proc_thread_get(node);
	struct file *file;

	if (!thread)
		return NULL;
	file = thread_file_get(thread, fd);
	thread_put(thread);
	return file;
}

static int process_lookup(struct inode *directory, struct name *name)
{
	int64_t number = proc_number_of(name);
	struct proc_place place = { .node = proc_node_find(proc_root_table, name), .fd = -1 };
	int error;

	if (place.node)
		return proc_attach(directory, name, &place);
	name->flags |= NAME_UNCACHED;
	if (number <= 0)
		return -ENOENT;
	place.node = &proc_process_node;
	place.process = process_find((int32_t)number);
	if (!place.process) {
		/* A thread's own number leads to its process as that thread sees it, unlisted. */
		place.thread = thread_find((int32_t)number);
		if (!place.thread)
			return -ENOENT;
		place.process = place.thread->process;
		process_get(place.process);
	}
	error = proc_attach(directory, name, &place);
	process_put(place.process);
	if (place.thread)
		thread_put(place.thread);
	return error;
}

static int root_list(struct file *file, struct directory_sink *sink)
{
	int32_t id;

	if (proc_list_table(file, sink, proc_root_table))
		return 0;
	id = file->position < PROCESS_POSITION ? 1 : (int32_t)(file->position - PROCESS_POSITION);
	for (;;) {
		struct process *process = process_next(&id);
		bool is_full;

		if (!process)
			return 0;
		id = process->id;
		process_put(process);
		is_full = proc_list_number(file, sink, id, DT_DIR, PROCESS_POSITION + id);
		if (is_full)
			return 0;
		id++;
	}
}

static const struct proc_node thread_node = {
	"task", S_IFDIR | 0555, .children = proc_thread_table,
};

static int task_lookup(struct inode *directory, struct name *name)
{
	struct proc_inode *node = proc_inode_of(directory);
	int64_t number = proc_number_of(name);
	struct proc_place place = { .node = &thread_node, .process = node->process, .fd = -1 };
	int error = -ENOENT;

	name->flags |= NAME_UNCACHED;
	if (proc_is_gone(node))
		return -ESRCH;
	if (number <= 0)
		return -ENOENT;
	place.thread = thread_find((int32_t)number);
	if (!place.thread)
		return -ENOENT;
	if (place.thread->process == node->process)
		error = proc_attach(directory, name, &place);
	thread_put(place.thread);
	return error;
}

static int task_list(struct file *file, struct directory_sink *sink)
{
	struct process *process = proc_inode_of(file->inode)->process;

	if (proc_is_gone(proc_inode_of(file->inode)))
		return -ENOENT;
	if (proc_list_table(file, sink, NULL))
		return 0;
	for (;;) {
		struct thread *thread = process_thread_at(process, (uint32_t)(file->position - 2));
		int32_t id;

		if (!thread)
			return 0;
		id = thread->id;
		thread_put(thread);
		if (proc_list_number(file, sink, id, DT_DIR, file->position))
			return 0;
	}
}

/* The link count of task/ tells how many threads there are; tools count on it. */
static int task_refresh(struct inode *inode)
{
	uint32_t links = process_threads_shown(proc_inode_of(inode)->process) + 2;

	inode_change_begin(inode);
	inode->attributes.link_count = links;
	inode_change_end(inode);
	return 0;
}

/* Each process is a directory, and counts as one. */
static int root_refresh(struct inode *inode)
{
	uint32_t links = 2 + proc_directories_in(proc_root_table);
	struct process *process;

	for (int32_t id = 1; (process = process_next(&id)) != NULL; id++) {
		process_put(process);
		links++;
	}
	inode_change_begin(inode);
	inode->attributes.link_count = links;
	inode_change_end(inode);
	return 0;
}

static const struct inode_operations root_operations = {
	.lookup = process_lookup,
	.refresh = root_refresh,
};

const struct proc_node proc_root_node = {
	"/", S_IFDIR | 0555, .operations = &root_operations,
	.file_operations = &proc_root_file_operations,
};

const struct file_operations proc_root_file_operations = {
	.list = root_list,
	.seek = file_seek_endless,
};

const struct inode_operations proc_task_operations = {
	.lookup = task_lookup,
	.is_gone = proc_inode_is_gone,
	.refresh = task_refresh,
};

const struct file_operations proc_task_file_operations = {
	.list = task_list,
	.seek = file_seek_endless,
};

const struct proc_node proc_process_node = {
	"process", S_IFDIR | 0555, .children = proc_process_table,
	.file_operations = &proc_process_file_operations,
};

/* What a directory of a process and that of a thread hold, in Linux's order. */
#define DIRECTORIES \
	{ "fd", S_IFDIR | 0500, .operations = &proc_fd_operations, \
	  .file_operations = &proc_fd_file_operations }, \
	{ "fdinfo", S_IFDIR | 0555, .operations = &proc_fdinfo_operations, \
	  .file_operations = &proc_fd_file_operations }, \
	{ "ns", S_IFDIR | 0511, .operations = &proc_namespaces_operations, \
	  .file_operations = &proc_namespaces_file_operations }, \
	{ "environ", S_IFREG | 0400, PROC_PRIVATE | PROC_OUTLIVES, \
	  .show_space = proc_show_environment }, \
	{ "auxv", S_IFREG | 0400, PROC_PRIVATE | PROC_OUTLIVES, \
	  .show_space = proc_show_auxiliary }, \
	{ "status", S_IFREG | 0444, .show = proc_show_status }, \
	{ "personality", S_IFREG | 0400, PROC_ASKED, .show = proc_show_personality }, \
	{ "limits", S_IFREG | 0444, .show = proc_show_limits }, \
	{ "comm", S_IFREG | 0644, .show = proc_show_comm, .store = proc_store_comm }, \
	{ "cmdline", S_IFREG | 0444, .show = proc_show_command_line }

#define FILES \
	{ "statm", S_IFREG | 0444, .show = proc_show_statm }, \
	{ "maps", S_IFREG | 0444, PROC_PRIVATE, .show_space = proc_show_maps }, \
	{ "mem", S_IFREG | 0600, PROC_PRIVATE, .operations = &proc_memory_operations }, \
	{ "cwd", S_IFLNK | 0777, .operations = &proc_cwd_operations }, \
	{ "root", S_IFLNK | 0777, .operations = &proc_root_link_operations }, \
	{ "exe", S_IFLNK | 0777, .operations = &proc_exe_operations }, \
	{ "mounts", S_IFREG | 0444, PROC_OUTLIVES, .show_mounts = mounts_describe, \
	  .file_operations = &proc_mounts_file_operations }, \
	{ "mountinfo", S_IFREG | 0444, PROC_OUTLIVES, .show_mounts = mountinfo_describe, \
	  .file_operations = &proc_mounts_file_operations }, \
	{ "smaps", S_IFREG | 0444, PROC_PRIVATE, .show_space = proc_show_smaps }, \
	{ "smaps_rollup", S_IFREG | 0444, PROC_PRIVATE, .show_space = proc_show_smaps_rollup }, \
	{ "wchan", S_IFREG | 0444, .show = proc_show_wchan }, \
	{ "schedstat", S_IFREG | 0444, .show = proc_show_schedstat }, \
	{ "cgroup", S_IFREG | 0444, .show = proc_show_cgroup }, \
	{ "oom_score", S_IFREG | 0444, .show = proc_show_oom_score }, \
	{ "oom_score_adj", S_IFREG | 0644, .show = proc_show_adjust, \
	  .store = proc_store_adjust }, \
	{ "io", S_IFREG | 0400, PROC_ASKED, .show = proc_show_io }, \
	{ "capabilities", S_IFREG | 0444, .show = proc_show_capabilities }, \
	{ "denials", S_IFREG | 0400, PROC_ASKED, .show = proc_show_denials }

const struct proc_node proc_process_table[] = {
	{ "task", S_IFDIR | 0555, .operations = &proc_task_operations,
	  .file_operations = &proc_task_file_operations },
	DIRECTORIES,
	{ "stat", S_IFREG | 0444, .show = proc_show_stat },
	FILES,
	{ .name = NULL },
};

const struct proc_node proc_thread_table[] = {
	DIRECTORIES,
	{ "stat", S_IFREG | 0444, .show = proc_show_thread_stat },
	FILES,
	{ .name = NULL },
};
