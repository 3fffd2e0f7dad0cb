/*
 * Terminals: line discipline, job control and window size above any source of bytes (serial port,
 * pseudo-terminal, screen).
 */
#ifndef TERMINAL_TERMINAL_H
#define TERMINAL_TERMINAL_H

#include "base/compiler.h"
#include "base/types.h"
#include <abi/termios.h>

struct file;
struct process;
struct session;
struct terminal;

/* What moves the bytes. Called with the terminal's locks as said. */
struct terminal_driver {
	const char *name;		/* "ttyS", as in /proc/tty/drivers */
	/* Takes up to length bytes for output now; how many. Any context, never sleeps. */
	size_t (*write)(struct terminal *terminal, const uint8_t *data, size_t length);
	size_t (*write_room)(struct terminal *terminal);
	void (*settings_changed)(struct terminal *terminal);	/* speed, size, parity; sleeps */
	void (*throttle)(struct terminal *terminal, bool stop);	/* input buffer is full */
	void (*drain)(struct terminal *terminal);		/* wait until sent; sleeps */
	void (*hang_up)(struct terminal *terminal);
	void (*release)(struct terminal *terminal);		/* last reference: free the driver's */
};

/* A fresh terminal with default settings (CREAD|CS8|B115200, ICRNL, OPOST|ONLCR, ICANON|ECHO...). */
struct terminal *terminal_create(const struct terminal_driver *driver, void *driver_state,
				 uint64_t device_number);
void *terminal_driver_state(struct terminal *terminal);
void terminal_get(struct terminal *terminal);
void terminal_put(struct terminal *terminal);

/* From the driver: bytes came in. Any context. Processing (echo, signals) is deferred work. */
void terminal_input(struct terminal *terminal, const uint8_t *data, size_t length);
/* From the driver: there is room to write again. Any context. */
void terminal_output_ready(struct terminal *terminal);
/* The line is gone: readers see the end, the session gets SIGHUP and SIGCONT. May sleep. */
void terminal_hang_up(struct terminal *terminal);

/* Makes a file an open terminal: becomes the controlling one unless O_NOCTTY forbids. */
int terminal_open(struct terminal *terminal, struct file *file) MUST_CHECK;
/* /dev/tty: the controlling terminal of the current session; -ENXIO. */
int terminal_open_controlling(struct file *file) MUST_CHECK;

/* The session leader exits: gives the terminal up, SIGHUP to the foreground group. */
void terminal_session_leader_exit(struct session *session);
/* Device number and foreground group for /proc/<pid>/stat; 0 and -1 without one. */
void terminal_of_session(struct session *session, uint64_t *device, int32_t *foreground);

/* The system console: /dev/console leads to the terminal chosen by console= (the last one named). */
int console_register(struct terminal *terminal, const char *name) MUST_CHECK;

int terminal_start(void) MUST_CHECK;	/* /dev/tty, /dev/ptmx, /dev/console nodes */

/* Pseudo-terminals: fs/pts shows the slaves of one instance. */
struct pty_instance;
struct pty_instance *pty_instance_create(void);
void pty_instance_put(struct pty_instance *instance);
int pty_open_master(struct pty_instance *instance, struct file *file) MUST_CHECK;
int pty_open_slave(struct pty_instance *instance, unsigned number, struct file *file) MUST_CHECK;
/* The slaves that exist: the first number >= *number; false: no more. */
bool pty_next(struct pty_instance *instance, unsigned *number, uint32_t *uid, uint32_t *gid,
	      uint16_t *mode, int64_t *created_ns);

#endif
