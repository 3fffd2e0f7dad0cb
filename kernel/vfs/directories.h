/*
 * Root, working directory and umask, which the threads of a process mostly share; the walker reads
 * them without locks.
 */
#ifndef VFS_DIRECTORIES_H
#define VFS_DIRECTORIES_H

#include "base/list.h"
#include "base/refcount.h"
#include "sync/sequence.h"
#include "sync/spin_lock.h"
#include "vfs/name.h"

struct directory_state {
	struct refcount references;
	uint16_t umask;
	struct list_node node;
	struct spin_lock lock;			/* LOCK_NAME_UNUSED: writers of the paths */
	struct sequence_count sequence;
	struct path root, working;
};

/* Of the current thread; that of the kernel for kernel threads. Valid while the thread runs. */
struct directory_state *directory_state_current(void);
/* pivot_root: whoever stood at `from` stands at `to`. */
void directory_states_move(const struct path *from, const struct path *to);

/* A copy without references, for use under RCU. */
static inline void directory_path_read(const struct directory_state *state,
				       const struct path *source, struct path *path)
{
	uint32_t begun;

	do {
		begun = sequence_read_begin(&state->sequence);
		*path = *source;
	} while (sequence_read_retry(&state->sequence, begun));
}

#endif
