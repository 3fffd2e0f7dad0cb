/* A pseudo-terminal: the slave is a struct terminal, the master a file beside it. */
#ifndef TERMINAL_PTY_H
#define TERMINAL_PTY_H

#include "base/list.h"
#include "terminal/internal.h"

#define PTY_OUTPUT_BYTES 16384		/* from slave to master */

struct pty {
	struct terminal *slave;			/* which owns this: freed with its last reference */
	struct pty_instance *instance;		/* counted */
	unsigned number;
	/* Instance->ptys, by number, while the master is open. */
	struct list_node node;

	struct mutex read_lock, write_lock;	/* of the master's calls; LOCK_TERMINAL_OUTER */
	struct wait_queue readers, writers;	/* of the master */

	/* slave->lock: */
	struct ring output;
	uint32_t fresh_from;			/* output.written when the master began to write */
	bool is_locked;				/* the slave may not be opened yet */
	bool is_slave_closed;			/* it was open, and is no more */
	bool has_packets;			/* TIOCPKT */
	uint8_t packet_status;			/* TIOCPKT_* to be told */

	/* instance->lock: */
	uint32_t uid, gid;
	uint16_t mode;
	int64_t created_ns;
};

struct pty_instance {
	struct refcount references;
	struct mutex lock;			/* LOCK_LEAF_SLEEP */
	struct list_head ptys;
	int (*opener)(void *argument, unsigned number, uint32_t flags, struct file **file);
	void *opener_argument;
	/* Of fresh slaves: options of the mount. */
	uint32_t slave_gid;			/* UINT32_MAX: the creator's */
	uint16_t slave_mode;
};

extern const struct file_operations pty_master_operations;

/* Takes a pty out of the list and drops the list's reference to the slave. */
void pty_forget(struct pty *pty);
struct pty *pty_create(struct pty_instance *instance);

#endif
