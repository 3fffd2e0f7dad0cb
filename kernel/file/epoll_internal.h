/*
 * Epoll instances and their items, for epoll.c and the check of nesting.
 */
#ifndef FILE_EPOLL_INTERNAL_H
#define FILE_EPOLL_INTERNAL_H

#include "arch/user.h"
#include "base/list.h"
#include "base/tree/rbtree.h"
#include "file/event_files.h"
#include "file/file.h"
#include "file/poll.h"
#include "sync/mutex.h"
#include "sync/wait.h"
#include <abi/poll.h>

/* Bits of an item's events that are not events. */
#define EPOLL_PRIVATE (EPOLLEXCLUSIVE | EPOLLWAKEUP | EPOLLONESHOT | EPOLLET)

struct epoll {
	struct file *file;
	struct mutex lock;		/* LOCK_EPOLL: items, and asking watched files */
	struct rbtree items;
	struct list_head nested;	/* items whose file is an epoll; closing_lock */
	unsigned height, depth, ways;	/* of the nesting check; closing_lock */
	uint64_t height_of, depth_of, visited_by;	/* the check that computed them */
	struct spin_lock ready_lock;	/* LOCK_EPOLL_READY: ready, events of items */
	struct list_head ready;		/* items that may be ready */
	struct wait_queue waiters;	/* of epoll_wait; woken inside ready_lock */
	struct wait_queue pollers;	/* of the epoll file itself */
};

/* One of the queues that a watched file signals on. */
struct epoll_hook {
	struct wait_entry wait;
	struct wait_queue *queue;
	struct epoll_item *item;
	struct epoll_hook *next;
};

struct epoll_link {
	struct epoll_link *next;
};

struct epoll_item {
	struct rbtree_node node;	/* epoll->items, by file and fd */
	struct epoll *epoll;
	struct file *file;		/* not counted: the item goes before the file does */
	int fd;
	bool is_nested;
	uint32_t events;
	uint64_t data;
	struct list_node ready_node;	/* ready_lock */
	struct list_node nested_node;
	struct epoll_link link;		/* file->epoll_links */
	struct epoll_hook hook;		/* the first; others in the heap */
};

extern const struct file_operations epoll_operations;

/* The epoll of a file, NULL if it is none. */
struct epoll *file_epoll(struct file *file);

/* Whether `outer` may watch `inner`: -ELOOP if that closes a circle or nests too deeply. With
 * closing_lock. */
int epoll_nesting_check(struct epoll *outer, struct epoll *inner) MUST_CHECK;

#endif
