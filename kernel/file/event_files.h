/*
 * Files that are events: epoll, eventfd, timerfd, signalfd, pidfd.
 */
#ifndef FILE_EVENT_FILES_H
#define FILE_EVENT_FILES_H

#include "base/compiler.h"
#include "base/types.h"

struct file;
struct process;
struct timer_setting;
struct epoll_event;	/* abi/machine/epoll.h: packed on x86_64 only */

struct file *epoll_create(void);			/* NULL: short */
int epoll_control(struct file *epoll, int operation, int fd, struct file *target,
		  const struct epoll_event *event) MUST_CHECK;
/* Waits and copies up to `maximum` events out to the program. */
long epoll_wait_events(struct file *epoll, user_address_t events, int maximum,
		       int64_t deadline_ns);
void epoll_file_gone(struct file *file);		/* at a file's last put */

struct file *eventfd_create(uint64_t initial, bool is_semaphore, uint32_t flags);
struct file *timerfd_create(int clock, uint32_t flags);
int timerfd_set(struct file *file, int flags, const struct timer_setting *setting,
		struct timer_setting *old) MUST_CHECK;
int timerfd_read_setting(struct file *file, struct timer_setting *setting) MUST_CHECK;
struct file *signalfd_create(uint64_t mask, uint32_t flags);
int signalfd_change(struct file *file, uint64_t mask) MUST_CHECK;
struct file *pidfd_create(struct process *process, uint32_t flags);
/* The process of a pidfd with a reference; NULL: not a pidfd. */
struct process *pidfd_process(struct file *file);

#endif
