/*
 * The path walker: every call that takes a name goes through here. RCU walk first, counted walk
 * when that meets change or must sleep. All results are counted.
 */
#ifndef VFS_WALK_H
#define VFS_WALK_H

#include "base/compiler.h"
#include "base/types.h"
#include "capability/capability.h"
#include "vfs/name.h"

struct file;
struct inode;

enum walk_flags {
	WALK_FOLLOW = 1 << 0,		/* the last symlink too */
	WALK_DIRECTORY = 1 << 1,	/* the result must be a directory: -ENOTDIR */
	WALK_EMPTY_PATH = 1 << 2,	/* AT_EMPTY_PATH */
	WALK_NO_SYMLINKS = 1 << 3,	/* RESOLVE_NO_SYMLINKS: -ELOOP */
	WALK_NO_MAGIC_LINKS = 1 << 4,
	WALK_BENEATH = 1 << 5,		/* RESOLVE_BENEATH: -EXDEV */
	WALK_IN_ROOT = 1 << 6,
	WALK_NO_CROSSING = 1 << 7,	/* RESOLVE_NO_XDEV */
	WALK_CACHED = 1 << 8,		/* RESOLVE_CACHED: -EAGAIN instead of sleeping */
	WALK_KEEP_MOUNT_POINT = 1 << 9,	/* do not step onto what is mounted on the last */
};

/* From a directory descriptor (AT_FDCWD: the working directory) or, for absolute names, the
 * root. */
int walk(int directory_fd, const char *name, unsigned flags, struct path *result) MUST_CHECK;

/* The root of the first mount, counted; for the first process. -ENOENT before vfs_start(). */
int walk_root(struct path *root) MUST_CHECK;

/*
 * For calls that make or remove the last component: `parent` is counted, `last` points into `name`;
 * kind says whether it is ".", ".." or the root.
 */
enum last_kind { LAST_NORMAL, LAST_DOT, LAST_DOT_DOT, LAST_ROOT };
struct walk_last {
	struct path parent;
	const char *text;
	size_t length;
	enum last_kind kind;
	bool has_trailing_slash;
};
int walk_parent(int directory_fd, const char *name, unsigned flags, struct walk_last *last)
	MUST_CHECK;
void walk_last_release(struct walk_last *last);

/* One component below a directory whose lock is held: counted, perhaps negative. */
int walk_lookup_locked(struct name *directory, const char *text, size_t length,
		       struct name **result) MUST_CHECK;

/* Permission bits of the current thread's fsuid and fsgid: MAY_* bits; 0, -EACCES, -EROFS. */
enum may {
	MAY_EXECUTE = 1,
	MAY_WRITE = 2,
	MAY_READ = 4,
};
int inode_permission(struct inode *inode, unsigned may) MUST_CHECK;

/* open(2) and its family on kernel strings. */
struct open_request {
	uint32_t flags;			/* O_* */
	uint16_t mode;			/* before umask */
	unsigned walk_flags;		/* RESOLVE_* of openat2 as WALK_* */
	bool is_exec;			/* must be executable; denies writers */
};
int vfs_open(int directory_fd, const char *name, const struct open_request *request,
	     struct file **file) MUST_CHECK;
int vfs_open_path(const struct path *path, const struct open_request *request,
		  struct file **file) MUST_CHECK;

#endif
