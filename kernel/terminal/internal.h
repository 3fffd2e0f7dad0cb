/* What the files of terminal/ share. */
#ifndef TERMINAL_INTERNAL_H
#define TERMINAL_INTERNAL_H

#include "base/list.h"
#include "base/refcount.h"
#include "device/node.h"
#include "file/poll.h"
#include "sync/mutex.h"
#include "sync/spin_lock.h"
#include "sync/wait.h"
#include "task/deferred.h"
#include "terminal/terminal.h"

struct file_operations;
struct io;
struct poll_table;
struct process_group;
struct transfer;

#define TERMINAL_RAW_BYTES 8192		/* between a driver's interrupt and the discipline */

struct terminal {
	struct refcount references;
	const struct terminal_driver *driver;
	void *driver_state;
	uint64_t number;
	struct device_node device_node;		/* of consoles */
	char name[16];
	bool is_pty;

	struct mutex change_lock;		/* settings, opening, closing, hanging up */
	struct mutex read_lock, write_lock;	/* one reader and one writer at a time */

	struct spin_lock lock;			/* LOCK_TERMINAL: */
	struct discipline discipline;
	struct winsize size;
	struct list_head files;			/* struct terminal_file */
	unsigned open_count;
	bool is_exclusive;
	bool is_throttled;
	bool is_other_closed;			/* pty: the master is gone */

	/* LOCK_TERMINAL_SESSION to change; RCU to read. Counted. */
	struct session *session;
	struct process_group *foreground;

	struct wait_queue readers, writers;
	struct asynchronous_files asynchronous;	/* files with O_ASYNC */
	struct deferred deferred;		/* input and echo after interrupts */

	struct spin_lock raw_lock;		/* LOCK_LEAF: */
	/* Bytes not yet seen by the discipline, see input.c. */
	struct ring raw;
	uint8_t raw_bytes[TERMINAL_RAW_BYTES];
};

/* file->object of an open terminal. */
struct terminal_file {
	struct terminal *terminal;
	struct file *file;
	struct list_node node;			/* terminal->files */
	/* By /dev/console: job control and hang-ups pass it by. */
	bool is_console;
	bool is_hung_up;			/* reads see the end, writes fail; terminal->lock */
};

extern const struct file_operations terminal_file_operations;

enum terminal_open_kind { OPEN_ORDINARY, OPEN_CONSOLE };
int terminal_open_as(struct terminal *terminal, struct file *file, enum terminal_open_kind kind)
	MUST_CHECK;

static inline bool terminal_is_hung_up(const struct terminal_file *open)
{
	return READ_ONCE(open->is_hung_up);
}

/* input.c: runs what is in the raw ring through the discipline, sends echo, acts on events. Threads
 * and deferred work; no lock held. */
void terminal_process(struct terminal *terminal);
/* Acts on events: signals, wakes. No lock held. */
void terminal_act(struct terminal *terminal, uint32_t events);
/* terminal->lock held: tells the driver, moves echo into it; the events left for terminal_act(). */
uint32_t terminal_settle(struct terminal *terminal);
/* terminal->lock held: who moves input on looks at the same bytes twice under it. */
void terminal_raw_clear(struct terminal *terminal) REQUIRES(terminal->lock);

/* transfer.c */
long terminal_read(struct file *file, struct transfer *to, struct io *io);
long terminal_write(struct file *file, struct transfer *from, struct io *io);

/* control.c */
long terminal_control(struct file *file, unsigned command, uint64_t argument);
/* Settings and window size calls, which work through a pty's master as well; -ENOTTY: another. */
long terminal_mode_control(struct terminal *terminal, unsigned command, uint64_t argument);
void terminal_resize(struct terminal *terminal, const struct winsize *size);
void terminal_settings_apply(struct terminal *terminal, const struct termios2 *settings);
int terminal_wait_sent(struct terminal *terminal) MUST_CHECK;

/* settings.c: TCGETS, TCSETS and their many forms; -ENOTTY: another command. */
long terminal_settings_control(struct terminal *terminal, unsigned command, uint64_t argument);

/* job.c: sessions, groups. */
bool terminal_is_administrator(void);		/* Linux's CAP_SYS_ADMIN of the current thread */
/* 0, or what a background process gets: -ERESTARTSYS (the signal was sent) or -EIO. */
int terminal_check_change(struct terminal *terminal, int signal) MUST_CHECK;
bool terminal_is_controlling(struct terminal *terminal);	/* of the current process */
void terminal_take_if_free(struct terminal *terminal);		/* at open */
int terminal_take(struct terminal *terminal, bool may_read, bool by_force) MUST_CHECK;
int terminal_give_up(struct terminal *terminal) MUST_CHECK;	/* TIOCNOTTY */
int terminal_foreground_set(struct terminal *terminal, int32_t group) MUST_CHECK;
int terminal_foreground_id(struct terminal *terminal);		/* 0: none */
int terminal_session_id(struct terminal *terminal);		/* 0: none */
void terminal_signal_foreground(struct terminal *terminal, int signal);
/* Takes the terminal from its session; SIGHUP and SIGCONT to the leader, if it goes on living. */
void terminal_disown(struct terminal *terminal, bool leader_exits);
struct terminal *terminal_controlling_get(void);		/* counted, of the current; NULL */

/* console.c */
int console_start(void) MUST_CHECK;

/* pty.c */
int pty_start(void) MUST_CHECK;

#endif
