/*
 * Who may do what by permission bits, and which of Linux's privileges set them aside. A privilege
 * counts only with the capability it stands for.
 */
#ifndef VFS_PERMISSION_H
#define VFS_PERMISSION_H

#include "base/compiler.h"
#include "base/types.h"

struct inode;
struct process;
struct name;

/* Linux's capability numbers (capabilities(7)). */
enum linux_privilege {
	PRIVILEGE_CHOWN = 0,
	PRIVILEGE_DAC_OVERRIDE = 1,
	PRIVILEGE_DAC_READ_SEARCH = 2,
	PRIVILEGE_FOWNER = 3,
	PRIVILEGE_FSETID = 4,
	PRIVILEGE_KILL = 5,
	PRIVILEGE_SETPCAP = 8,
	PRIVILEGE_IPC_LOCK = 14,
	PRIVILEGE_SYS_RAWIO = 17,
	PRIVILEGE_SYS_CHROOT = 18,
	PRIVILEGE_SYS_PTRACE = 19,
	PRIVILEGE_SYS_ADMIN = 21,
	PRIVILEGE_SYS_BOOT = 22,
	PRIVILEGE_SYS_NICE = 23,
	PRIVILEGE_SYS_RESOURCE = 24,
	PRIVILEGE_SYS_TIME = 25,
	PRIVILEGE_MKNOD = 27,
	PRIVILEGE_SYSLOG = 34,
	PRIVILEGE_CHECKPOINT_RESTORE = 40,
};
bool privilege_is_held(enum linux_privilege privilege);
/* Linux's bit alone, for calls whose own right was asked for already. */
bool privilege_is_effective(enum linux_privilege privilege);

/*
 * What keeps names in directories for everybody (/tmp) from being used against others; set by
 * /proc/sys/fs/protected_* (proc(5)).
 */
struct name_protection {
	int32_t symlinks;	/* 1: not followed unless the follower or the directory owns them */
	int32_t hardlinks;	/* 1: made only to what one owns or may read and write */
	int32_t fifos;		/* 1: O_CREAT opens none of others in a sticky directory that */
	int32_t regular;	/* everybody may write; 2: nor in one that its group may write */
};
extern struct name_protection name_protection;
/* The last component is a symbolic link in `directory`: 0, or -EACCES. */
int symlink_may_follow(struct inode *directory, struct inode *link) MUST_CHECK;
/* 0, or -EPERM. */
int hardlink_may_make(struct inode *source) MUST_CHECK;
/* O_CREAT found a file of this directory: 0, or -EACCES. */
int sticky_may_open(struct inode *directory, struct inode *inode) MUST_CHECK;
/* ptrace(2)'s rule for looking into a process: Linux's about users, and that all it may do is
 * within what the caller may. `by_file_ids`: for /proc, which asks with the ids for files. */
bool process_may_inspect(struct process *process, bool by_file_ids);
/* Who may read the kernel's log: -EPERM. */
int permission_read_log(void) MUST_CHECK;

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
