/*
 * memfd_create(2) and file seals: files of a tmpfs instance that is mounted nowhere.
 */
#include "base/errno.h"
#include "base/error_pointer.h"
#include "base/format.h"
#include "base/string.h"
#include "file/file.h"
#include "memory/page_cache.h"
#include "sync/mutex.h"
#include "vfs/mount_table.h"
#include "vfs/vfs.h"
#include <abi/fcntl.h>

#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)

static struct mutex instance_mutex = MUTEX_INITIALIZER(instance_mutex, LOCK_MOUNT);
static struct mount *instance;

static struct mount *instance_get(void)
{
	struct mount *mount = atomic_load_acquire(&instance);

	if (mount)
		return mount;
	mutex_lock(&instance_mutex);
	if (!instance) {
		struct filesystem *filesystem = filesystem_find("tmpfs");

		mount = filesystem ? mount_internal(filesystem) : NULL;
		atomic_store_release(&instance, mount);
	}
	mutex_unlock(&instance_mutex);
	return instance;
}

struct file *vfs_memory_file_create(const char *name, unsigned flags)
{
	struct open_request request = { .flags = O_RDWR };
	struct mount *mount = instance_get();
	char text[NAME_MAXIMUM + 1];
	struct inode *root, *inode;
	struct path path;
	struct file *file;
	int error;

	if (!mount)
		return error_pointer(-ENOMEM);
	root = mount->root->inode;
	error = root->operations->make_unnamed(root, &inode, S_IFREG | 0777);
	if (error)
		return error_pointer(error);
	inode->seals = flags & MFD_ALLOW_SEALING ? 0 : F_SEAL_SEAL;
	format_print(text, sizeof(text), "/memfd:%.*s (deleted)", NAME_MAXIMUM - 20, name);
	path = (struct path){ mount, name_create_unlinked(inode, text) };
	if (!path.name) {
		inode_put(inode);
		return error_pointer(-ENOMEM);
	}
	error = vfs_open_path(&path, &request, &file);
	name_put(path.name);
	return error ? error_pointer(error) : file;
}

int vfs_seals_get(struct file *file)
{
	if (!file->inode || !(file->inode->state & INODE_SEALABLE))
		return -EINVAL;
	return (int)file->inode->seals;
}

int vfs_seals_add(struct file *file, unsigned seals)
{
	struct inode *inode = file->inode;
	int error = 0;

	if (!inode || !(inode->state & INODE_SEALABLE))
		return -EINVAL;
	if (!(file->mode & FILE_WRITE))
		return -EPERM;
	if (seals & ~(unsigned)ALL_SEALS)
		return -EINVAL;
	shared_lock_write(&inode->lock);
	if (inode->seals & F_SEAL_SEAL)
		error = -EPERM;
	else if ((seals & F_SEAL_WRITE) && !(inode->seals & F_SEAL_WRITE) &&
		 READ_ONCE(inode->cache->writable_mappings))
		error = -EBUSY;
	else
		inode->seals |= seals;
	shared_unlock_write(&inode->lock);
	return error;
}
