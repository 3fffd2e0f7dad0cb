/*
 * Links below /proc: self, exe, cwd, root, and the open files of a process. Following one of these
 * leads to the object itself, whatever has become of its name.
 */
#include "base/errno.h"
#include "base/string.h"
#include "file/descriptor.h"
#include "fs/proc/internal.h"
#include "memory/heap.h"
#include "memory/space.h"
#include "vfs/directories.h"
#include "vfs/vfs.h"

static int text_copy(char **target, bool *must_free, const char *text)
{
	*target = heap_copy_string(text, HEAP_ACCOUNT);
	*must_free = true;
	return *target ? 0 : -ENOMEM;
}

static int self_read(struct inode *inode, char **target, bool *must_free)
{
	char text[16];

	(void)inode;
	format_print(text, sizeof(text), "%d", process_current()->id);
	return text_copy(target, must_free, text);
}

static int thread_self_read(struct inode *inode, char **target, bool *must_free)
{
	char text[40];

	(void)inode;
	format_print(text, sizeof(text), "%d/task/%d", process_current()->id,
		     thread_current()->id);
	return text_copy(target, must_free, text);
}

static int mounts_read(struct inode *inode, char **target, bool *must_free)
{
	(void)inode;
	return text_copy(target, must_free, "self/mounts");
}

const struct inode_operations proc_self_operations = { .read_link = self_read };
const struct inode_operations proc_thread_self_operations = { .read_link = thread_self_read };
const struct inode_operations proc_mounts_operations = { .read_link = mounts_read };

/* How a path looks to the caller: from its root, or else from the top. */
static int path_text(const struct path *path, char **target, bool *must_free)
{
	char *buffer = heap_allocate(PATH_MAXIMUM, HEAP_ACCOUNT | HEAP_RAW), *text;
	struct path root;

	if (!buffer)
		return -ENOMEM;
	directory_root_get(directory_state_current(), &root);
	text = path_describe(path, &root, buffer, PATH_MAXIMUM);
	path_put(&root);
	if (!is_error(text) && *text == '(')
		text = path_describe(path, NULL, buffer, PATH_MAXIMUM);
	if (is_error(text)) {
		heap_free(buffer);
		return pointer_error(text);
	}
	memmove(buffer, text, strlen(text) + 1);
	*target = buffer;
	*must_free = true;
	return 0;
}

static int exe_follow(struct inode *inode, struct path *result)
{
	struct space *space;
	int error = proc_space_inspect(proc_inode_of(inode)->process, &space);

	if (error)
		return error;
	if (!space)
		return -ENOENT;
	error = -ENOENT;
	shared_lock_read(&space->lock);
	if (space->executable && space->executable->name) {
		*result = (struct path){ space->executable->mount, space->executable->name };
		path_get(result);
		error = 0;
	}
	shared_unlock_read(&space->lock);
	space_put(space);
	return error;
}

static int directories_follow(struct inode *inode, struct path *result, bool wants_root)
{
	struct process *process = proc_inode_of(inode)->process;
	int error = proc_may_inspect(process);
	struct directory_state *state;

	if (error)
		return error;
	state = proc_directories_get(proc_inode_of(inode));
	if (!state)
		return -ENOENT;
	if (wants_root)
		directory_root_get(state, result);
	else
		directory_working_get(state, result);
	directory_state_put(state);
	return 0;
}

static int cwd_follow(struct inode *inode, struct path *result)
{
	return directories_follow(inode, result, false);
}

static int root_follow(struct inode *inode, struct path *result)
{
	return directories_follow(inode, result, true);
}

static int followed_read(struct inode *inode, char **target, bool *must_free)
{
	struct path path;
	int error = inode->operations->follow(inode, &path);

	if (error)
		return error;
	error = path_text(&path, target, must_free);
	path_put(&path);
	return error;
}

const struct inode_operations proc_exe_operations = {
	.follow = exe_follow, .read_link = followed_read,
};
const struct inode_operations proc_cwd_operations = {
	.follow = cwd_follow, .read_link = followed_read,
};
const struct inode_operations proc_root_link_operations = {
	.follow = root_follow, .read_link = followed_read,
};

static struct file *fd_file_get(struct inode *inode)
{
	struct proc_inode *node = proc_inode_of(inode);

	return proc_file_get(node, node->fd);
}

static int fd_follow(struct inode *inode, struct path *result)
{
	int error = proc_may_inspect(proc_inode_of(inode)->process);
	struct file *file;

	if (error)
		return error;
	file = fd_file_get(inode);
	if (!file)
		return -ENOENT;
	if (file->name) {
		*result = (struct path){ file->mount, file->name };
		path_get(result);
	} else {
		error = proc_anonymous_path(inode, file, result);
	}
	file_put(file);
	return error;
}

/* "pipe:[12]" for what has no name; "anon_inode:[eventpoll]" stands in the label itself. */
static int label_text(const struct file *file, char **target, bool *must_free)
{
	const char *label = file->label ? file->label : "anon_inode:[unknown]";
	size_t length = strlen(label);
	char text[64];

	if (length && label[length - 1] == ':')
		format_print(text, sizeof(text), "%s[%llu]", label,
			     (unsigned long long)vfs_anonymous_number(file));
	else
		strlcpy(text, label, sizeof(text));
	return text_copy(target, must_free, text);
}

static int fd_read(struct inode *inode, char **target, bool *must_free)
{
	int error = proc_may_inspect(proc_inode_of(inode)->process);
	struct file *file;

	if (error)
		return error;
	file = fd_file_get(inode);
	if (!file)
		return -ENOENT;
	if (file->name) {
		struct path path = { file->mount, file->name };

		error = path_text(&path, target, must_free);
	} else {
		error = label_text(file, target, must_free);
	}
	file_put(file);
	return error;
}

static const struct inode_operations fd_link_operations = {
	.follow = fd_follow, .read_link = fd_read,
};
static const struct proc_node fd_link_node = {
	"fd", S_IFLNK | 0700, .operations = &fd_link_operations,
};
static const struct proc_node fdinfo_node = {
	"fdinfo", S_IFREG | 0444, PROC_PRIVATE | PROC_OUTLIVES, .show = proc_show_fdinfo,
};

static int fd_attach(struct inode *directory, struct name *name, const struct proc_node *node)
{
	struct proc_inode *parent = proc_inode_of(directory);
	struct proc_place place = { .node = node, .process = parent->process,
				    .thread = parent->thread };
	int64_t number = proc_number_of(name);
	struct file *file;
	uint16_t bits;
	int error;

	name->flags |= NAME_UNCACHED;
	if (number < 0)
		return -ENOENT;
	file = proc_file_get(parent, (int)number);
	if (!file)
		return -ENOENT;
	place.fd = (int)number;
	error = proc_attach(directory, name, &place);
	/* The link's bits say how the file is open. */
	bits = (uint16_t)((file->mode & FILE_READ ? 0500 : 0) |
			  (file->mode & FILE_WRITE ? 0300 : 0));
	if (error == 0 && node == &fd_link_node)
		name->inode->attributes.mode = S_IFLNK | bits;
	if (error == 0)
		name->inode->attributes.size = node == &fd_link_node ? 64 : 0;
	file_put(file);
	return error;
}

static int fd_lookup(struct inode *directory, struct name *name)
{
	struct proc_inode *node = proc_inode_of(directory);
	int error = proc_is_gone(node) ? -ENOENT : proc_may_inspect(node->process);

	return error ? error : fd_attach(directory, name, &fd_link_node);
}

static int fdinfo_lookup(struct inode *directory, struct name *name)
{
	if (proc_is_gone(proc_inode_of(directory)))
		return -ESRCH;
	return fd_attach(directory, name, &fdinfo_node);
}

static int fd_list(struct file *file, struct directory_sink *sink)
{
	struct proc_inode *node = proc_inode_of(file->inode);
	bool is_info = node->node->operations == &proc_fdinfo_operations;
	struct descriptor_table *table;
	int error = is_info ? 0 : proc_may_inspect(node->process), fd;

	if (proc_is_gone(node))
		return -ENOENT;
	if (error)
		return error;
	if (proc_list_table(file, sink, NULL))
		return 0;
	table = proc_descriptors_get(node);
	if (!table)
		return 0;
	fd = (int)(file->position - 2);
	while (descriptor_table_next(table, &fd)) {
		if (proc_list_number(file, sink, fd, is_info ? DT_REG : DT_LNK, fd + 2))
			break;
		fd++;
	}
	descriptor_table_put(table);
	return 0;
}

/* Threads of the process itself need no permission bits (proc_fd_permission of Linux). */
static int fd_permission(struct inode *inode)
{
	return proc_inode_of(inode)->process == process_current() ? 0 : 1;
}

const struct inode_operations proc_fd_operations = {
	.lookup = fd_lookup, .permission = fd_permission, .is_gone = proc_inode_is_gone,
};
const struct inode_operations proc_fdinfo_operations = {
	.lookup = fdinfo_lookup, .permission = fd_permission, .is_gone = proc_inode_is_gone,
};
const struct file_operations proc_fd_file_operations = {
	.list = fd_list, .seek = file_seek_endless,
};
