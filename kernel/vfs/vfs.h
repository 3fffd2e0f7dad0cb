/*
 * What calls do to names and inodes, each in one function on kernel data: checks, locks, operation,
 * notification. Handlers in syscall/ fetch arguments and call these.
 */
#ifndef VFS_VFS_H
#define VFS_VFS_H

#include "base/compiler.h"
#include "base/types.h"
#include "vfs/filesystem.h"
#include "vfs/inode.h"
#include "vfs/name.h"
#include "vfs/walk.h"

/* Root, working directory and umask of a process; CLONE_FS shares it. */
struct directory_state;
struct directory_state *directory_state_create(const struct path *root);
struct directory_state *directory_state_copy(struct directory_state *from);
struct directory_state *directory_state_get(struct directory_state *state);
void directory_state_put(struct directory_state *state);
void directory_root_get(struct directory_state *state, struct path *root);
void directory_working_get(struct directory_state *state, struct path *working);
int directory_working_set(const struct path *path) MUST_CHECK;	/* chdir of the current process */
int directory_root_set(const struct path *path) MUST_CHECK;	/* chroot */
uint16_t directory_umask(void);
uint16_t directory_umask_set(uint16_t mask);

int vfs_make_directory(int at, const char *name, uint16_t mode) MUST_CHECK;
int vfs_make_node(int at, const char *name, uint16_t mode, uint64_t device) MUST_CHECK;
int vfs_make_symlink(const char *target, int at, const char *name) MUST_CHECK;
int vfs_link(int old_at, const char *old_name, int new_at, const char *new_name, int flags)
	MUST_CHECK;
int vfs_unlink(int at, const char *name) MUST_CHECK;
int vfs_remove_directory(int at, const char *name) MUST_CHECK;
int vfs_rename(int old_at, const char *old_name, int new_at, const char *new_name,
	       unsigned flags) MUST_CHECK;
/* Target into a program buffer of `size` > 0 bytes: bytes copied, not terminated. */
long vfs_read_link(const struct path *path, user_address_t buffer, size_t size);

/* chmod, chown, utimensat, truncate: permission rules, set-id clearing, notification. */
int vfs_change(const struct path *path, struct attribute_change *change) MUST_CHECK;
/* O_NOATIME is for the owner: -EPERM. */
int vfs_noatime_check(struct file *file) MUST_CHECK;
/* The same on an open file, with or without a name. */
int vfs_change_file(struct file *file, struct attribute_change *change) MUST_CHECK;
int vfs_truncate_file(struct file *file, uint64_t size) MUST_CHECK;
int vfs_truncate_open(struct file *file) MUST_CHECK;	/* O_TRUNC: to 0, permission was checked */
/* "#12": how a file that O_TMPFILE made is shown. */
void vfs_unnamed_text(const struct inode *inode, char *text, size_t size);
int vfs_allocate(struct file *file, int mode, int64_t offset, int64_t length) MUST_CHECK;
/* access(2): with the real ids, unless AT_EACCESS. */
int vfs_access(const struct path *path, unsigned may, bool uses_effective) MUST_CHECK;

/* Everything stat, statx and /proc show. */
struct stat_result {
	struct inode_attributes attributes;
	uint64_t device, inode, block_size;
	uint64_t mount_id;
	uint64_t flags, flags_known;		/* STATX_ATTR_* */
};
int vfs_stat_path(const struct path *path, struct stat_result *result) MUST_CHECK;
int vfs_stat_file(struct file *file, struct stat_result *result) MUST_CHECK;
int vfs_statistics(const struct path *path, struct statfs_result *result) MUST_CHECK;

/* statfs of an open file; anonymous ones have numbers of their own (PIPEFS_MAGIC...). */
int vfs_statistics_file(struct file *file, const struct path *path,
			struct statfs_result *result) MUST_CHECK;

/* Bounds of extended attributes in bytes: XATTR_NAME_MAX and XATTR_SIZE_MAX of xattr(7). */
#define ATTRIBUTE_NAME_MAXIMUM 255
#define ATTRIBUTE_VALUE_MAXIMUM 65536
long vfs_attribute_get(const struct path *path, const char *name, void *value, size_t size);
int vfs_attribute_set(const struct path *path, const char *name, const void *value, size_t size,
		      int flags) MUST_CHECK;
long vfs_attribute_list(const struct path *path, char *names, size_t size);
int vfs_attribute_remove(const struct path *path, const char *name) MUST_CHECK;

/* Access times by the mount's rules; after a read. */
void vfs_touch_accessed(struct mount *mount, struct inode *inode);
void vfs_file_accessed(struct file *file);
/* The number in "pipe:[12]" and st_ino of files without an inode. */
uint64_t vfs_anonymous_number(const struct file *file);
void vfs_file_hooks_install(void);

/* Memory files live on an instance of tmpfs that is mounted nowhere. */
struct file *vfs_memory_file_create(const char *name, unsigned flags);	/* memfd_create */
int vfs_seals_get(struct file *file) MUST_CHECK;
int vfs_seals_add(struct file *file, unsigned seals) MUST_CHECK;

/* Locks: POSIX and OFD record locks (F_*LK), flock. <abi/fcntl.h> */
struct flock64;
int file_lock_record(struct file *file, int command, struct flock64 *lock) MUST_CHECK;
int file_lock_whole(struct file *file, int operation) MUST_CHECK;
void file_locks_drop_table(struct file *file, const void *table);	/* at every close(2) */
void file_locks_drop_file(struct file *file);		/* at the last put */
void file_locks_free(struct inode *inode);		/* the inode goes; no lock is left */
void file_locks_describe(struct format_sink *sink);	/* /proc/locks */

/* inotify. */
#define NOTIFY_EVENTS_MAXIMUM 16384	/* of one file: fs.inotify.max_queued_events */
#define NOTIFY_WATCHES_MAXIMUM 65536	/* of one file: fs.inotify.max_user_watches */
struct file *notify_create(uint32_t flags);
int notify_watch_add(struct file *notify, const struct path *path, uint32_t mask) MUST_CHECK;
int notify_watch_remove(struct file *notify, int watch) MUST_CHECK;
struct descriptor_table;
/* F_NOTIFY: from now on what DN_* of `wanted` name in this open directory is told by signals. */
int notify_directory(int fd, struct file *file, uint64_t wanted) MUST_CHECK;
/* The file's F_NOTIFY ends, that of one descriptor table or (NULL) all: at close and last put. */
void notify_directory_end(struct file *file, const struct descriptor_table *table);
/* An event that only F_NOTIFY knows, beside IN_*: a new name within the same directory. */
#define NOTIFY_RENAME 0x10000000u
/* Something happened to a name or an inode; cheap when nobody watches. */
void notify_name(struct name *directory, struct inode *inode, const char *text, uint32_t mask,
		 uint32_t cookie);
void notify_inode(struct inode *inode, uint32_t mask);
void notify_path(const struct path *path, uint32_t mask);
void notify_file(struct file *file, uint32_t mask);
/* The last name of an object that has no links: IN_DELETE_SELF, and the watches end. */
void notify_inode_gone(struct inode *inode);
void notify_superblock_gone(struct superblock *superblock);	/* IN_UNMOUNT */

/* The name cache and the first file system, an empty tmpfs. */
int vfs_start(void) MUST_CHECK;
/*
 * Fills it from cpio archives (newc, plain or gzip). Says in the log what was unpacked, or what is
 * wrong and where; what was unpacked until then stays. Memory of the archive that was read is given
 * to `release` (memory_release(), or NULL) page by page.
 */
int initramfs_unpack(const void *archive, size_t length_bytes,
		     void (*release)(physical_t start, uint64_t length_bytes)) MUST_CHECK;

#endif
