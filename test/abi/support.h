/*
 * What many checks need and none is about: files with known contents, memory
 * beside an unmapped page, signals on a timer, the fields of /proc.
 */
#ifndef TEST_ABI_SUPPORT_H
#define TEST_ABI_SUPPORT_H

#include "check.h"

/* Fill with the poison byte, so that untouched bytes show. */
void poison(void *start, size_t length);
/* `length` bytes (at most a page) that end where an inaccessible page begins. */
void *edge_bytes(size_t length);
/* Fresh zeroed pages, private or shared with children. */
void *pages_private(size_t count);
void *pages_shared(size_t count);

/* Create or replace a file with this text. */
void file_write(const char *name, const char *text);
/* The file's contents as a string (at most capacity - 1 bytes); the length, or -1. */
long file_read(const char *name, char *text, size_t capacity);
/* A file of `length` bytes, byte i being file_byte(i). */
void file_make(const char *name, size_t length);
unsigned char file_byte(size_t position);
int file_open(const char *name, int flags);
off_t file_size(const char *name);
bool file_exists(const char *name);

/* The number after "Name:" in a file of that shape (/proc/self/status); -1 if there is none. */
long long field_number(const char *file, const char *name, int base);
/* The text after "Name:", without the spaces before it; false if there is none. */
bool field_text(const char *file, const char *name, char *text, size_t capacity);
/* The state letter of a process or of a thread of this one in its stat file, or 0. */
char process_state(pid_t pid);
/* Wait (with a limit) until a process is in this state; false if it never was. */
bool process_await(pid_t pid, char state);
/* The open descriptors of this process, by probing. */
int descriptor_count(void);

/* For what Linux gets wrong now and then: checks of it are left out there, with the reason. */
bool runs_on_linux(void);
/* Whether set-id bits change who a program runs as: on Linux; on Aegis they never do, by design. */
bool set_id_bits_act(void);
/* Give up root: this user and group, no supplementary groups. */
void user_become(unsigned int id);
/* Wait for this child and return its wait status. */
int child_wait(pid_t pid);
int child_exit_code(pid_t pid);

/* SIGALRM every `milliseconds` with this sigaction flags word; on tick `when`, run `action`. */
void ticks_start(int milliseconds, int flags, int when, void (*action)(void));
void ticks_stop(void);
int ticks_seen(void);
/* Install a handler that only counts; how often it ran is signal_count(). */
void signal_counted(int number, int flags);
int signal_count(int number);
void signal_ignore(int number);
void signal_default(int number);

int64_t clock_now(clockid_t clock);
void sleep_milliseconds(long milliseconds);
struct timespec timespec_of(int64_t nanoseconds);

/* The call must end with EINTR under a handler that does not ask for restarting. */
#define CHECK_INTERRUPTED(call)                       \
	do {                                          \
		ticks_start(30, 0, 0, NULL);          \
		CHECK_ERRNO(call, EINTR);             \
		ticks_stop();                         \
	} while (0)

#endif
