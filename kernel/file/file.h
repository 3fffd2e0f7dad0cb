/*
 * Open files: what a descriptor names. Every operation gets the file, a transfer and an io; the
 * file may be a pipe, a terminal, an inode's file, an event file.
 */
#ifndef FILE_FILE_H
#define FILE_FILE_H

#include "base/compiler.h"
#include "base/list.h"
#include "base/refcount.h"
#include "base/types.h"
#include "memory/transfer.h"
#include "sync/mutex.h"
#include "sync/rcu.h"

struct credentials;
struct descriptor_table;
struct epoll_link;
struct file;
struct file_owner;
struct format_sink;
struct inode;
struct map_request;
struct mount;
struct name;
struct poll_table;
struct process;
struct stat_result;

enum file_mode {
	FILE_READ = 1 << 0,
	FILE_WRITE = 1 << 1,
	FILE_PATH_ONLY = 1 << 2,	/* O_PATH: names an object, allows nothing */
	FILE_SEEKABLE = 1 << 3,
	FILE_POSITIONAL = 1 << 4,	/* pread and pwrite make sense */
	FILE_STREAM = 1 << 5,		/* no position: read and write do not take position_lock */
	FILE_EXECUTES = 1 << 6,		/* opened by exec: counts as a denied writer */
	FILE_NO_NOTIFY = 1 << 7,
};

enum io_flags {
	IO_NOWAIT = 1 << 0,		/* RWF_NOWAIT: -EAGAIN instead of sleeping */
	IO_NONBLOCK = 1 << 1,		/* O_NONBLOCK of the file */
	IO_APPEND = 1 << 2,
	IO_DATA_SYNC = 1 << 3,		/* O_DSYNC */
	IO_SYNC = 1 << 4,
	IO_DIRECT = 1 << 5,
};

/* One input or output. `offset` is where, and is advanced by what was moved. */
struct io {
	int64_t offset;
	uint32_t flags;
	void (*completion)(struct io *io, long result);	/* NULL: synchronous */
};

struct directory_sink {
	/* 0: taken; negative: full or faulted, stop and offer the same entry next time. */
	int (*emit)(struct directory_sink *sink, const char *name, size_t length, uint64_t inode,
		    uint8_t type, int64_t next_offset);
};

struct file_operations {
	/* Bytes moved, 0 at the end, or a negative errno if none were. May sleep. */
	long (*read)(struct file *file, struct transfer *to, struct io *io);
	long (*write)(struct file *file, struct transfer *from, struct io *io);
	int64_t (*seek)(struct file *file, int64_t offset, int whence);
	/* Ready POLL* events now; registers with poll_wait() when table is not NULL. Never sleeps
	 * beyond short locks. NULL: always readable and writable. */
	uint32_t (*poll)(struct file *file, struct poll_table *table);
	/* -ENOTTY for what it does not know; generic ones (FIONREAD on inodes, FIOCLEX) are
	 * above. */
	long (*control)(struct file *file, unsigned command, uint64_t argument);
	int (*map)(struct file *file, struct map_request *request);	/* NULL: -ENODEV */
	int (*list)(struct file *file, struct directory_sink *sink);	/* NULL: -ENOTDIR */
	int (*sync)(struct file *file, int64_t start, int64_t end, bool data_only);
	int (*allocate)(struct file *file, int mode, int64_t offset, int64_t length);
	/* A descriptor is closed (close(2), each time); for POSIX locks and write-back errors. */
	int (*flush)(struct file *file);
	/* The last reference is gone. May sleep. */
	void (*release)(struct file *file);
	int (*flags_changed)(struct file *file, uint32_t flags);	/* F_SETFL; NULL: allowed */
	void (*describe)(struct file *file, struct format_sink *sink);	/* extra fdinfo lines */
	/* Pipe-like ends for splice: the pipe, else NULL. */
	struct pipe *(*pipe)(struct file *file);
	/* The process that the file stands for, with a reference (pidfd_send_signal(2)). */
	struct process *(*process)(struct file *file);
};

struct file {
	struct refcount references;
	uint32_t mode;				/* enum file_mode; fixed at open */
	uint32_t flags;				/* O_* status flags; atomic */
	const struct file_operations *operations;
	void *object;				/* the operations' own */
	struct inode *inode;			/* NULL only for files without one */
	struct mount *mount;			/* with name: what was opened; NULL for anonymous */
	struct name *name;			/* in the name cache; counted */
	const char *label;			/* anonymous files: "pipe:",
		"anon_inode:[eventpoll]" */
	int64_t position;			/* position_lock */
	struct mutex position_lock;		/* LOCK_FILE_POSITION; not taken for FILE_STREAM */
	uint32_t errors_seen;			/* write-back errors already reported */
	const struct credentials *opened_by;
	struct epoll_link *epoll_links;		/* epoll items on this file; own lock in epoll.c */
	struct file_owner *owner;		/* file/owner.h; RCU */
	int32_t owner_signal;			/* F_SETSIG; 0: SIGIO */
	int32_t owner_fd;			/* by which O_ASYNC was set: si_fd of that signal */
	struct file *late_next;			/* chain of files whose last put could not sleep */
	struct rcu_head rcu;
};

/* A new file with one reference, not yet in any table. Takes over no references but copies the
 * pointers; the caller sets inode, mount and name with references of their own. -> NULL: short. */
struct file *file_create(const struct file_operations *operations, void *object, uint32_t mode,
			 uint32_t flags);
void file_get(struct file *file);
bool file_get_unless_closed(struct file *file);
void file_put(struct file *file);	/* any context; the last releases here, or by a worker */
void file_put_now(struct file *file);	/* the last put releases here; may sleep */

/* Checked reading and writing as the calls do it: mode, position, limits, notification. */
long file_read(struct file *file, struct transfer *to, struct io *io);
long file_write(struct file *file, struct transfer *from, struct io *io);
long file_read_position(struct file *file, struct transfer *to);	/* at file->position */
long file_write_position(struct file *file, struct transfer *from);
/* The same with IO_* flags added for this one (RWF_*). */
long file_read_flags(struct file *file, struct transfer *to, uint32_t flags);
long file_write_flags(struct file *file, struct transfer *from, uint32_t flags);
int64_t file_seek(struct file *file, int64_t offset, int whence);
/* operations->seek of directories and generated texts: from the start or from here; they have no
 * end. -EINVAL for all else. */
int64_t file_seek_endless(struct file *file, int64_t offset, int whence);
uint32_t file_io_flags(const struct file *file);
/* Kernel data: exec, initramfs. */
long file_read_kernel(struct file *file, void *data, size_t length, int64_t offset);

/*
 * What vfs/ does for files, installed by vfs_start() before the first file with an inode exists.
 * All may sleep.
 */
struct file_hooks {
	/* At the last put, after operations->release: drops flock and OFD locks, write access,
	 * inode, name and mount of a file that has them. */
	void (*detach)(struct file *file);
	/* A descriptor of the file in this table was closed (each time): drops the table's POSIX
	 * locks and F_NOTIFY. */
	void (*closed)(struct file *file, const struct descriptor_table *table);
	/* IN_ACCESS after a read and IN_MODIFY after a write that moved bytes. */
	void (*notify)(struct file *file, uint32_t mask);
	/* fstat, for files with and without an inode. */
	int (*stat)(struct file *file, struct stat_result *result);
};
extern struct file_hooks file_hooks;	/* file/file.c */

int file_start(void) MUST_CHECK;

#endif
