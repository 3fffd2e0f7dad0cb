/*
 * stat, statfs, readlink, and what close and read do to files that name inodes.
 */
#include "base/errno.h"
#include "base/format.h"
#include "base/string.h"
#include "device/node.h"
#include "file/file.h"
#include "memory/heap.h"
#include "memory/page.h"
#include "memory/user.h"
#include "task/credentials.h"
#include "time/clock_time.h"
#include "vfs/mount_table.h"
#include "vfs/vfs.h"
#include <abi/fcntl.h>
#include <abi/stat.h>

static int stat_inode(struct inode *inode, struct stat_result *result)
{
	int error = inode->operations->refresh ? inode->operations->refresh(inode) : 0;

	inode_attributes_read(inode, &result->attributes);
	result->device = inode->superblock->device;
	result->inode = inode->number;
	result->block_size = inode->superblock->block_size;
	result->flags = 0;
	result->flags_known = STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND | STATX_ATTR_MOUNT_ROOT;
	if (inode->state & INODE_IMMUTABLE)
		result->flags |= STATX_ATTR_IMMUTABLE;
	if (inode->state & INODE_APPEND_ONLY)
		result->flags |= STATX_ATTR_APPEND;
	return error;
}

int vfs_stat_path(const struct path *path, struct stat_result *result)
{
	result->mount_id = (uint64_t)path->mount->id;
	if (path->name == path->mount->root) {
		int error = stat_inode(path->name->inode, result);

		result->flags |= STATX_ATTR_MOUNT_ROOT;
		return error;
	}
	return stat_inode(path->name->inode, result);
}

/* Live objects have distinct addresses: their numbers are as unique as programs need. */
uint64_t vfs_anonymous_number(const struct file *file)
{
	uintptr_t object = (uintptr_t)file->object;

	if (!file->label || strcmp(file->label, "pipe:") == 0 ||
	    strcmp(file->label, "socket:") == 0)
		return object >> 5 & 0x7fffffff;
	return 1;
}

/* Pipes and event files have no inode: this is how Linux's pipefs and anon_inodefs show them. */
static void stat_anonymous(struct file *file, struct stat_result *result)
{
	const struct credentials *owner = file->opened_by;
	bool is_pipe = file->label && strcmp(file->label, "pipe:") == 0;
	bool is_socket = file->label && strcmp(file->label, "socket:") == 0;
	int64_t now = time_realtime_coarse_ns();

	memset(result, 0, sizeof(*result));
	result->attributes.mode = is_pipe ? S_IFIFO | 0600 : is_socket ? S_IFSOCK | 0777 : 0600;
	result->attributes.link_count = 1;
	if (owner && (is_pipe || is_socket)) {
		result->attributes.uid = owner->fsuid;
		result->attributes.gid = owner->fsgid;
	}
	result->attributes.times = (struct inode_times){ now, now, now, now };
	result->device = DEVICE_NUMBER(0, is_pipe ? 0xfffd : is_socket ? 0xfffc : 0xfffe);
	result->inode = vfs_anonymous_number(file);
	result->block_size = PAGE_SIZE;
}

int vfs_stat_file(struct file *file, struct stat_result *result)
{
	struct path path = { file->mount, file->name };

	if (!file->inode) {
		stat_anonymous(file, result);
		return 0;
	}
	if (file->mount && file->name->inode == file->inode)
		return vfs_stat_path(&path, result);
	result->mount_id = file->mount ? (uint64_t)file->mount->id : 0;
	return stat_inode(file->inode, result);
}

int vfs_statistics_file(struct file *file, const struct path *path,
			struct statfs_result *result)
{
	if (path->mount)
		return vfs_statistics(path, result);
	/* Files without a name live in file systems that nobody mounts. */
	*result = (struct statfs_result){
		.type = file->label && strncmp(file->label, "pipe:", 5) == 0 ? PIPEFS_MAGIC :
			ANON_INODE_FS_MAGIC,
		.block_size = PAGE_SIZE,
		.name_length = NAME_MAXIMUM,
		.flags = ST_VALID | ST_RELATIME,
	};
	return 0;
}

int vfs_statistics(const struct path *path, struct statfs_result *result)
{
	struct superblock *superblock = path->mount->superblock;
	unsigned long flags = path->mount->flags;
	int error;

	memset(result, 0, sizeof(*result));
	result->block_size = superblock->block_size;
	result->name_length = NAME_MAXIMUM;
	result->id[0] = (uint32_t)superblock->device;
	if (!superblock->operations->statistics)
		return -ENOSYS;
	error = superblock->operations->statistics(superblock, result);
	/* ST_* have the values of MS_* but for relatime. */
	result->flags = ST_VALID | (flags & (MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME |
					     MS_NODIRATIME));
	if (mount_is_read_only(path->mount))
		result->flags |= ST_RDONLY;
	if (flags & MS_RELATIME)
		result->flags |= ST_RELATIME;
	return error;
}

long vfs_read_link(const struct path *path, user_address_t buffer, size_t size)
{
	struct inode *inode = path->name->inode;
	bool must_free = false;
	char *target;
	size_t length;
	int error = 0;

	if (inode_type(inode) != S_IFLNK || (!inode->link_text && !inode->operations->read_link))
		return -EINVAL;
	if (inode->link_text)
		target = (char *)(uintptr_t)inode->link_text;
	else
		error = inode->operations->read_link(inode, &target, &must_free);
	if (error)
		return error;
	vfs_touch_accessed(path->mount, inode);
	length = min(strlen(target), size);
	error = user_copy_out(buffer, target, length);
	if (must_free)
		heap_free(target);
	return error ? error : (long)length;
}

/* relatime: once a day, or when the last access lies before the last change. */
static bool access_is_due(const struct mount *mount, struct inode *inode, int64_t now)
{
	const struct inode_times *times = &inode->attributes.times;
	unsigned long flags = READ_ONCE(mount->flags);

	if (flags & MS_NOATIME)
		return false;
	if ((flags & MS_NODIRATIME) && inode_is_directory(inode))
		return false;
	if (mount_is_read_only(mount))
		return false;
	if (!(flags & MS_RELATIME))
		return times->accessed_ns != now;
	return times->accessed_ns <= times->modified_ns ||
		times->accessed_ns <= times->changed_ns ||
		now - times->accessed_ns >= 24 * 3600 * NANOSECONDS_PER_SECOND;
}

void vfs_touch_accessed(struct mount *mount, struct inode *inode)
{
	if (!mount || !access_is_due(mount, inode, time_realtime_coarse_ns()) ||
	    mount_write_begin(mount))
		return;
	inode_touch(inode, INODE_ACCESSED);
	mount_write_end(mount);
}

void vfs_file_accessed(struct file *file)
{
	if (!(file->flags & O_NOATIME))
		vfs_touch_accessed(file->mount, file->inode);
}

void vfs_unnamed_text(const struct inode *inode, char *text, size_t size)
{
	format_print(text, size, "#%llu", (unsigned long long)inode->number);
}

static void write_access_put(struct file *file)
{
	inode_write_access_put(file->inode);
	mount_write_end(file->mount);
}

static void file_detach(struct file *file)
{
	struct inode *inode = file->inode;
	struct path path = { file->mount, file->name };

	if (!inode)
		return;
	if (inode->locks)
		file_locks_drop_file(file);
	if (inode->marks)
		notify_directory_end(file, NULL);
	if (!(file->mode & FILE_NO_NOTIFY))
		notify_file(file, file->mode & FILE_WRITE ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
	if (file->mode & FILE_EXECUTES)
		inode_write_allow(inode);
	else if ((file->mode & FILE_WRITE) && inode_type(inode) == S_IFREG)
		write_access_put(file);
	file->inode = NULL;
	/* The mount last: it may be what keeps the file system, which the inode needs to go. */
	inode_put(inode);
	path_put(&path);
}

static void file_closed(struct file *file, const struct descriptor_table *table)
{
	if (!file->inode)
		return;
	/* The descriptor is gone, then this looks; who locks or watches does it the other way
	 * round: one of us sees the other. */
	atomic_fence();
	if (file->inode->locks)
		file_locks_drop_table(file, table);
	if (file->inode->marks)
		notify_directory_end(file, table);
}

void vfs_file_hooks_install(void)
{
	file_hooks.detach = file_detach;
	file_hooks.closed = file_closed;
	file_hooks.notify = notify_file;
	file_hooks.stat = vfs_stat_file;
}
