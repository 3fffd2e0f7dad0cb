/*
 * Who may do what by permission bits, and which of Linux's privileges set them aside. A privilege
 * counts only with the capability it stands for.
 */
#ifndef VFS_PERMISSION_H
#define VFS_PERMISSION_H

#include "base/compiler.h"
#include "base/types.h"

struct inode;
struct name;

/* Linux's capability numbers (capabilities(7)). */
enum linux_privilege {
	PRIVILEGE_CHOWN = 0,
	PRIVILEGE_DAC_OVERRIDE = 1,
	PRIVILEGE_DAC_READ_SEARCH = 2,
	PRIVILEGE_FOWNER = 3,
	PRIVILEGE_FSETID = 4,
	PRIVILEGE_SYS_RAWIO = 17,
	PRIVILEGE_SYS_CHROOT = 18,
	PRIVILEGE_SYS_ADMIN = 21,
	PRIVILEGE_SYS_RESOURCE = 24,
	PRIVILEGE_MKNOD = 27,
	PRIVILEGE_SYSLOG = 34,
};
bool privilege_is_held(enum linux_privilege privilege);

/* The owner of the file, or somebody who may act as it (CAP_FOWNER). */
bool inode_is_owner(struct inode *inode);
/* Group of the file, or CAP_FSETID: may keep the set-group-id bit. */
bool inode_may_keep_setgid(struct inode *inode, uint32_t gid);

/* Whether names may be added to a directory: -EACCES, -EROFS, -ENOENT when it was removed. */
int directory_may_create(struct name *directory) MUST_CHECK;
/* Whether a positive name may be taken out: sticky bit and kind; -EPERM, -ENOTDIR, -EISDIR. */
int directory_may_delete(struct name *directory, struct name *victim, bool is_directory)
	MUST_CHECK;

/* Owner, group and mode of a fresh inode, from the thread and the directory (set-group-id). */
void inode_owner_set(struct inode *inode, struct inode *directory);

#endif
