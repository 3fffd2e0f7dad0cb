/*
 * Terminals: line discipline, job control and window size above any source of bytes (serial port,
 * pseudo-terminal, screen).
 */
#ifndef TERMINAL_TERMINAL_H
#define TERMINAL_TERMINAL_H

#include "base/compiler.h"
#include "base/types.h"
#include "terminal/discipline.h"
#include <abi/termios.h>

struct file;
struct format_sink;
struct process;
struct session;
struct terminal;

/*
 * What moves the bytes. Unless it says "sleeps", an operation is called with the terminal's spin
 * lock held (LOCK_TERMINAL, interrupts masked) and may take locks from LOCK_DEVICE on. All but
 * write and write_room may be NULL.
 */
struct terminal_driver {
	const char *name;		/* "ttyS", as in /proc/tty/drivers */
	/* Takes up to length bytes for output; how many. At least 64 fit when it has been empty. */
	size_t (*write)(struct terminal *terminal, const uint8_t *data, size_t length);
	size_t (*write_room)(struct terminal *terminal);
	size_t (*pending)(struct terminal *terminal);		/* taken, but not sent */
	/* EVENT_DISCARD_OUTPUT, _INPUT_FLUSHED, _STOPPED and _STARTED happened. */
	void (*happened)(struct terminal *terminal, uint32_t events);
	void (*throttle)(struct terminal *terminal, bool stop);	/* input buffer is full */
	/* Sleeps. */
	void (*settings_changed)(struct terminal *terminal, const struct termios2 *old);
	int (*break_send)(struct terminal *terminal, bool on);	/* sleeps */
	unsigned (*modem_get)(struct terminal *terminal);	/* TIOCM_* lines; sleeps */
	void (*modem_set)(struct terminal *terminal, unsigned lines);	/* DTR and RTS; sleeps */
	void (*drain)(struct terminal *terminal);		/* wait until sent; sleeps */
	void (*input_taken)(struct terminal *terminal);	/* there is room for input; no lock held */
	void (*opened)(struct terminal *terminal);		/* the first open; sleeps */
	void (*closed)(struct terminal *terminal);		/* the last close; sleeps */
	/* Last reference: free the driver's. */
	void (*release)(struct terminal *terminal);
};

/* A fresh terminal with default settings (CREAD|CS8|B9600, ICRNL, OPOST|ONLCR, ICANON|ECHO...).
 * One reference; NULL: memory is short. */
struct terminal *terminal_create(const struct terminal_driver *driver, void *driver_state,
				 uint64_t device_number);
void *terminal_driver_state(struct terminal *terminal);
void terminal_get(struct terminal *terminal);
void terminal_put(struct terminal *terminal);

/* From the driver: bytes came in. Any context. Processing (echo, signals) is deferred work. How
 * many fitted; the rest is lost or to be offered again. */
size_t terminal_input(struct terminal *terminal, const uint8_t *data, size_t length);
/* One byte with something wrong, or a break. */
void terminal_input_error(struct terminal *terminal, uint8_t byte, enum input_kind kind);
/* From the driver: there is room to write again, or all was sent. Any context. */
void terminal_output_ready(struct terminal *terminal);
/* The line is gone: readers see the end, the session gets SIGHUP and SIGCONT. May sleep. */
void terminal_hang_up(struct terminal *terminal);

/* Makes a file an open terminal: becomes the controlling one unless O_NOCTTY forbids. */
int terminal_open(struct terminal *terminal, struct file *file) MUST_CHECK;
/* /dev/tty: the controlling terminal of the current session; -ENXIO. */
int terminal_open_controlling(struct file *file) MUST_CHECK;

/* vhangup(2) for the current session's terminal. */
int terminal_hang_up_controlling(void) MUST_CHECK;
/* Device number and foreground group for /proc/<pid>/stat; 0 and -1 without one. */
void terminal_of_session(struct session *session, uint64_t *device, int32_t *foreground);

/* A copy of the settings as they are. And before it is registered: other ones to start with. */
void terminal_settings_read(struct terminal *terminal, struct termios2 *settings);
void terminal_settings_prepare(struct terminal *terminal, const struct termios2 *settings);

/* The system console: /dev/console leads to the terminal chosen by console= (the last one named,
 * else the first registered). Becomes a node of its own name too. */
int console_register(struct terminal *terminal, const char *name) MUST_CHECK;
/* Whether the log belongs on it: named by some console=, or none is and it would be the first. Also
 * the speed that the first option with its name asks for, 0: none. */
bool console_is_wanted(const char *name, unsigned *baud);

/* When all lines are registered: warns if the last console= names none of them. */
void console_check(void);

/* The name of the line that is the console and a newline; nothing without one. */
void console_describe(struct format_sink *sink);

int terminal_start(void) MUST_CHECK;	/* /dev/tty, /dev/ptmx, /dev/console nodes */
void terminal_drivers_describe(struct format_sink *sink);	/* /proc/tty/drivers */

/* Bits per second of settings, and the settings for bits per second. */
uint32_t termios_output_baud(const struct termios2 *settings);
uint32_t termios_input_baud(const struct termios2 *settings);
void termios_baud_set(struct termios2 *settings, uint32_t baud);

/*
 * Pseudo-terminals: fs/pts shows the slaves of one instance. The first instance that exists is the
 * one that the node /dev/ptmx (5:2) opens masters of.
 */
struct pty_instance;
struct pty_instance *pty_instance_create(void);
void pty_instance_get(struct pty_instance *instance);
void pty_instance_put(struct pty_instance *instance);
/* How fs/pts opens a slave as a file with a name (TIOCGPTPEER). Without: the call is refused. */
void pty_instance_opener_set(struct pty_instance *instance,
			     int (*open)(void *argument, unsigned number, uint32_t flags,
					 struct file **file),
			     void *argument);
/* Group (UINT32_MAX: the creator's) and mode of slaves from here on: devpts's options. */
void pty_instance_defaults_set(struct pty_instance *instance, uint32_t gid, uint16_t mode);
int pty_open_master(struct pty_instance *instance, struct file *file) MUST_CHECK;
int pty_open_slave(struct pty_instance *instance, unsigned number, struct file *file) MUST_CHECK;
/* The slaves that exist: the first number >= *number; false: no more. */
bool pty_next(struct pty_instance *instance, unsigned *number, uint32_t *uid, uint32_t *gid,
	      uint16_t *mode, int64_t *created_ns);
/* Owner and mode as chown and chmod on the slave left them. -ENOENT. */
int pty_attributes_set(struct pty_instance *instance, unsigned number, uint32_t uid, uint32_t gid,
		       uint16_t mode) MUST_CHECK;

#define PTY_SLAVE_MAJOR 136u		/* Linux's numbers: 136..143, 256 minors each */

#endif
