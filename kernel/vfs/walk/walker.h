/*
 * The walker itself: a position that moves component by component, first under RCU without any
 * reference, then, when that meets change or must sleep, with counted references.
 *
 * -ECHILD inside means: what was seen under RCU is not to be trusted, walk again with references.
 */
#ifndef VFS_WALK_WALKER_H
#define VFS_WALK_WALKER_H

#include "vfs/mount_table.h"
#include "vfs/name_find.h"
#include "vfs/walk.h"

#define WALK_LINKS_MAXIMUM 40	/* MAXSYMLINKS */
#define WALK_LINKS_INLINE 4

/* A symbolic link whose text is being walked. */
struct walk_link {
	const char *rest;	/* of the text that named the link; NULL: nothing */
	struct inode *inode;	/* counted unless RCU: keeps the text */
	char *owned;		/* a text of our own to be freed, or NULL */
};

struct walker {
	struct path at;
	struct inode *inode;		/* of at.name, as seen with `sequence` */
	uint32_t sequence;		/* RCU: of at.name */
	uint32_t mounts, renames;	/* generations at the start */
	unsigned flags;			/* enum walk_flags */
	bool is_rcu;
	bool has_root;			/* root is set; counted unless RCU */
	struct path root;
	const char *cursor;		/* what remains of the innermost text */
	unsigned link_count;		/* followed so far */
	unsigned depth, pending;	/* links on the stack; those with something after them */
	struct walk_link *links;
	struct walk_link inline_links[WALK_LINKS_INLINE];
	struct component last;		/* after walker_to_last() */
	enum last_kind last_kind;
	bool has_trailing_slash;
};

/* At the directory where the name starts. On any error the walker is ended already. */
int walker_start(struct walker *walker, int directory_fd, const struct path *start,
		 const char *name, bool is_rcu) MUST_CHECK;
/* On to the directory that holds the last component. */
int walker_to_last(struct walker *walker) MUST_CHECK;
/* Onto the last component, through links as the flags say. */
int walker_finish(struct walker *walker) MUST_CHECK;
/* Makes `at` counted (no-op when it is): 0 or -ECHILD, also when a link is being walked. */
int walker_settle(struct walker *walker) MUST_CHECK;
/* The same at the end: the texts of links are done with, what is left is the position alone. */
static inline int MUST_CHECK walker_settle_last(struct walker *walker)
{
	if (walker->is_rcu)
		walker->depth = 0;
	return walker_settle(walker);
}
/* Drops everything, `at` included unless it was taken (at.name NULL). */
void walker_end(struct walker *walker);

/* One component below `at`: a name with a reference, perhaps negative. Counted walkers only. */
int walker_lookup(struct walker *walker, const struct component *component,
		  struct name **result) MUST_CHECK;
/* `at` becomes the counted name (taken over), then whatever is mounted on it. */
int walker_enter(struct walker *walker, struct name *name) MUST_CHECK;
/* Goes on with the text of a link; `rest` is what follows it, or NULL. */
int walker_follow(struct walker *walker, struct inode *link, const char *rest) MUST_CHECK;
int walker_up(struct walker *walker) MUST_CHECK;
void walker_root(struct walker *walker);

#endif
