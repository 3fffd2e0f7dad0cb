/*
 * Brings the name cache and the first file system up.
 */
#include "base/errno.h"
#include "device/node.h"
#include "log/log.h"
#include "vfs/directories.h"
#include "vfs/mount_table.h"
#include "vfs/name_find.h"
#include "vfs/vfs.h"
#include <abi/fcntl.h>

static struct path first_root;

int walk_root(struct path *root)
{
	if (!first_root.mount)
		return -ENOENT;
	*root = first_root;
	path_get(root);
	return 0;
}

/* What a kernel's own initramfs holds: enough for the first program to find the console. */
static int first_files(void)
{
	int error = vfs_make_directory(AT_FDCWD, "/dev", 0755);

	if (error == 0)
		error = vfs_make_node(AT_FDCWD, "/dev/console", S_IFCHR | 0600, DEVICE_NUMBER(5,
			1));
	if (error == 0)
		error = vfs_make_directory(AT_FDCWD, "/root", 0700);
	return error;
}

int vfs_start(void)
{
	static struct filesystem root;
	struct filesystem *filesystem = filesystem_find("tmpfs");
	int error = name_start();

	if (error)
		return error;
	if (!filesystem)
		return -ENODEV;
	vfs_file_hooks_install();
	/* What the first files lie in has a name of its own, as programs expect it. */
	root = *filesystem;
	root.name = "rootfs";
	error = mount_root(&root, "mode=0755", &first_root);
	if (error)
		return error;
	/* The kernel's own threads stand at the first root. */
	if (!directory_state_create(&first_root))
		return -ENOMEM;
	error = first_files();
	if (error == 0)
		log_ok("VFS", "root is %s", filesystem->name);
	return error;
}
