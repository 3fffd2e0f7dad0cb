/*
 * Seam: what memory/ asks of others when pages run short.
 */
#ifndef MEMORY_PRESSURE_H
#define MEMORY_PRESSURE_H

#include "base/compiler.h"
#include "base/list.h"
#include "base/types.h"

/* Something that can give memory back (name cache, inodes). */
struct shrinker {
	struct list_node node;
	const char *name;
	uint64_t (*count)(struct shrinker *shrinker);		/* objects that could go */
	uint64_t (*scan)(struct shrinker *shrinker, uint64_t wanted);	/* objects freed */
};
void shrinker_add(struct shrinker *shrinker);

/* Gives back what caches hold and could be had again: clean pages of files, and objects of
 * shrinkers. What is in use, dirty or written back stays. May sleep. Source: proc_sys_vm(5). */
void reclaim_drop_caches(bool drops_pages, bool drops_objects);

/*
 * Chooses and kills the largest offender, logs why. Implemented by task/out_of_memory.c.
 * True: somebody is dying, wait and try again. False: nobody can be killed.
 */
bool pressure_kill(void);

/* Whether the current thread is dying and may use the reserve to get out. task/. */
bool pressure_current_is_dying(void);

/* Starts a kernel thread for life; entry does not return. task/. */
int pressure_thread_start(const char *name, void (*entry)(void *argument), void *argument)
	MUST_CHECK;

/* The threads that reclaim and write back in the background; started once threads work. */
int reclaim_start(void) MUST_CHECK;

#endif
