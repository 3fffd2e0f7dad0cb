/*
 * Every class of lock and its place in the order: a lock may be taken while holding only locks of
 * lower rank (or, for classes marked nestable, by the rule in the comment). Debug builds check this
 * and the deepest context at run time.
 */
#ifndef SYNC_LOCK_ORDER_H
#define SYNC_LOCK_ORDER_H

/* The deepest context from which a class is taken; decides which spin_lock_* must be used. */
enum lock_context {
	LOCK_CONTEXT_SLEEP,	/* mutexes and shared locks: the holder may sleep */
	LOCK_CONTEXT_THREAD,	/* spin_lock: threads and deferred work, preemption off */
	LOCK_CONTEXT_INTERRUPT,	/* spin_lock_irq: also hard interrupts */
};

/*
 * LOCK_CLASS(name, context). The order of lines is the order of taking: outermost first. A holder
 * of a thread's class may be interrupted: so all of those stand before the first that interrupts
 * take.
 */
#define LOCK_CLASSES(LOCK_CLASS) \
	LOCK_CLASS(LOCK_FILE_POSITION, LOCK_CONTEXT_SLEEP) \
	LOCK_CLASS(LOCK_GENERATED_TEXT, LOCK_CONTEXT_SLEEP) /* of an open file of /proc; syslog */ \
	LOCK_CLASS(LOCK_MOUNT, LOCK_CONTEXT_SLEEP) \
	LOCK_CLASS(LOCK_FILESYSTEM, LOCK_CONTEXT_SLEEP) /* making of a shared instance */ \
	LOCK_CLASS(LOCK_PROCESS_CHANGE, LOCK_CONTEXT_SLEEP) /* exec against ptrace */ \
	LOCK_CLASS(LOCK_TERMINAL_OUTER, LOCK_CONTEXT_SLEEP) \
	LOCK_CLASS(LOCK_EPOLL, LOCK_CONTEXT_SLEEP) /* nestable: outer to inner epoll */ \
	LOCK_CLASS(LOCK_RENAME, LOCK_CONTEXT_SLEEP) \
	LOCK_CLASS(LOCK_DIRECTORY, LOCK_CONTEXT_SLEEP) /* nestable: ancestor, then address */ \
	LOCK_CLASS(LOCK_INODE, LOCK_CONTEXT_SLEEP) /* nestable by address */ \
	LOCK_CLASS(LOCK_PIPE, LOCK_CONTEXT_SLEEP) /* nestable by address */ \
	LOCK_CLASS(LOCK_SPACE, LOCK_CONTEXT_SLEEP) /* regions; nestable: parent, then new child */ \
	LOCK_CLASS(LOCK_CACHE_INVALIDATE, LOCK_CONTEXT_SLEEP) \
	LOCK_CLASS(LOCK_PAGE, LOCK_CONTEXT_SLEEP) /* nestable by index */ \
	LOCK_CLASS(LOCK_CACHE_MAPPING, LOCK_CONTEXT_SLEEP) /* interval tree of a page cache */ \
	LOCK_CLASS(LOCK_ANONYMOUS, LOCK_CONTEXT_SLEEP) /* tree of a fork family */ \
	LOCK_CLASS(LOCK_LEAF_SLEEP, LOCK_CONTEXT_SLEEP) /* a mutex inside which none is taken */ \
	LOCK_CLASS(LOCK_PAGE_TABLE, LOCK_CONTEXT_THREAD) /* nestable: parent, then new child */ \
	LOCK_CLASS(LOCK_NAME_CACHE, LOCK_CONTEXT_THREAD) /* one name: its children, its inode */ \
	LOCK_CLASS(LOCK_NAME_HASH, LOCK_CONTEXT_THREAD) \
	LOCK_CLASS(LOCK_NAME_UNUSED, LOCK_CONTEXT_THREAD) \
	LOCK_CLASS(LOCK_DESCRIPTORS, LOCK_CONTEXT_THREAD) \
	LOCK_CLASS(LOCK_INODE_STATE, LOCK_CONTEXT_THREAD) \
	LOCK_CLASS(LOCK_FILE_LOCKS, LOCK_CONTEXT_THREAD) \
	LOCK_CLASS(LOCK_NOTIFY, LOCK_CONTEXT_THREAD) /* inotify marks and queues */ \
	LOCK_CLASS(LOCK_TASK_TREE, LOCK_CONTEXT_THREAD) /* groups, sessions, reparenting */ \
	LOCK_CLASS(LOCK_CHILDREN, LOCK_CONTEXT_THREAD) /* of one process; nestable in the above */ \
	LOCK_CLASS(LOCK_TASK_ID, LOCK_CONTEXT_THREAD) /* the map of ids; users' process counts */ \
	LOCK_CLASS(LOCK_TERMINAL_SESSION, LOCK_CONTEXT_THREAD) /* who controls which terminal */ \
	LOCK_CLASS(LOCK_FUTEX, LOCK_CONTEXT_THREAD) /* hash bucket; nestable by address */ \
	LOCK_CLASS(LOCK_PRIORITY_INHERITANCE, LOCK_CONTEXT_THREAD) /* owners of PI futexes */ \
	LOCK_CLASS(LOCK_TIME_STEP, LOCK_CONTEXT_INTERRUPT) /* listeners to wall-clock steps */ \
	LOCK_CLASS(LOCK_TERMINAL, LOCK_CONTEXT_INTERRUPT) \
	LOCK_CLASS(LOCK_SIGNAL, LOCK_CONTEXT_INTERRUPT) /* a process's signal state */ \
	LOCK_CLASS(LOCK_FILE_EVENT, LOCK_CONTEXT_INTERRUPT) /* eventfd, timerfd, signalfd state */ \
	LOCK_CLASS(LOCK_CACHE_TREE, LOCK_CONTEXT_INTERRUPT) /* radix tree of a page cache */ \
	LOCK_CLASS(LOCK_DEVICE, LOCK_CONTEXT_INTERRUPT) /* state of one device */ \
	LOCK_CLASS(LOCK_INTERRUPT_LINE, LOCK_CONTEXT_INTERRUPT) \
	LOCK_CLASS(LOCK_WAIT_QUEUE, LOCK_CONTEXT_INTERRUPT) /* nestable: epoll's wake callback */ \
	LOCK_CLASS(LOCK_EPOLL_READY, LOCK_CONTEXT_INTERRUPT) \
	LOCK_CLASS(LOCK_WAIT_QUEUE_INNER, LOCK_CONTEXT_INTERRUPT) /* an epoll file's own queue */ \
	LOCK_CLASS(LOCK_WORK, LOCK_CONTEXT_INTERRUPT) \
	LOCK_CLASS(LOCK_RUN_QUEUE, LOCK_CONTEXT_INTERRUPT) /* nestable by CPU number */ \
	LOCK_CLASS(LOCK_TIMER, LOCK_CONTEXT_INTERRUPT) /* a CPU's timer queue */ \
	LOCK_CLASS(LOCK_RCU, LOCK_CONTEXT_INTERRUPT) \
	LOCK_CLASS(LOCK_RECLAIM_LISTS, LOCK_CONTEXT_INTERRUPT) /* pages that can go */ \
	LOCK_CLASS(LOCK_SLAB, LOCK_CONTEXT_INTERRUPT) \
	LOCK_CLASS(LOCK_KERNEL_MAP, LOCK_CONTEXT_INTERRUPT) \
	LOCK_CLASS(LOCK_PAGES, LOCK_CONTEXT_INTERRUPT) /* buddy allocator */ \
	LOCK_CLASS(LOCK_RANDOM, LOCK_CONTEXT_INTERRUPT) \
	LOCK_CLASS(LOCK_CLOCK, LOCK_CONTEXT_INTERRUPT) \
	LOCK_CLASS(LOCK_LEAF, LOCK_CONTEXT_INTERRUPT) /* a spin lock inside which none is taken */ \
	LOCK_CLASS(LOCK_LOG, LOCK_CONTEXT_INTERRUPT)

#define LOCK_CLASS_ENUM(name, context) name,
enum lock_class {
	LOCK_CLASSES(LOCK_CLASS_ENUM)
	LOCK_CLASS_COUNT,
};

#endif
