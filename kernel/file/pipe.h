/*
 * Pipes and FIFOs: a ring of pages with byte ranges. splice and tee move references to pages.
 */
#ifndef FILE_PIPE_H
#define FILE_PIPE_H

#include "base/compiler.h"
#include "base/types.h"

struct file;
struct pipe;

/* Two fresh files; flags: O_CLOEXEC is the caller's, O_NONBLOCK, O_DIRECT (packets). */
int pipe_create(uint32_t flags, struct file **reader, struct file **writer) MUST_CHECK;

/* FIFOs: the inode holds the pipe while it is open. Opening waits for the other side by the
 * fifo(7) rules. `slot` is the inode's pointer, guarded inside. */
int pipe_open_fifo(struct pipe **slot, struct file *file) MUST_CHECK;

/* Opens a pipe that is open already, without waiting (/proc/<pid>/fd/n). */
void pipe_open_again(struct pipe *pipe, struct file *file);
void pipe_close(struct file *file);	/* the release operation of pipes */

long pipe_capacity_get(struct file *file);
long pipe_capacity_set(struct file *file, size_t bytes);	/* F_SETPIPE_SZ */
extern uint32_t pipe_capacity_maximum;	/* /proc/sys/fs/pipe-max-size */

long pipe_splice(struct file *from, int64_t *from_offset, struct file *to, int64_t *to_offset,
		 size_t length, unsigned flags);
long pipe_tee(struct file *from, struct file *to, size_t length, unsigned flags);
long file_send(struct file *to, struct file *from, int64_t *from_offset, size_t count);

/* copy_file_range(2) between regular files; NULL offsets mean the files' positions. */
long file_copy_range(struct file *from, int64_t *from_offset, struct file *to, int64_t *to_offset,
		     size_t length);

#endif
