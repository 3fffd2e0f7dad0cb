/*
 * Brings the name cache and the first file system up.
 */
#include "base/errno.h"
#include "log/log.h"
#include "vfs/directories.h"
#include "vfs/mount_table.h"
#include "vfs/name_find.h"
#include "vfs/vfs.h"

static struct path first_root;

int walk_root(struct path *root)
{
	if (!first_root.mount)
		return -ENOENT;
	*root = first_root;
	path_get(root);
	return 0;
}

int vfs_start(void)
{
	struct filesystem *filesystem = filesystem_find("tmpfs");
	int error = name_start();

	if (error)
		return error;
	if (!filesystem)
		return -ENODEV;
	vfs_file_hooks_install();
	error = mount_root(filesystem, "size=0,nr_inodes=0,mode=0755", &first_root);
	if (error)
		return error;
	/* The kernel's own threads stand at the first root. */
	if (!directory_state_create(&first_root))
		return -ENOMEM;
	log_ok("VFS", "root is %s", filesystem->name);
	return 0;
}
