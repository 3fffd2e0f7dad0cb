/*
 * Capabilities: what a process may do. A table (what it holds) and a bound (the most it and its
 * descendants may ever hold), immutable, interned and counted; replaced whole, never edited.
 */
#ifndef CAPABILITY_CAPABILITY_H
#define CAPABILITY_CAPABILITY_H

#include "base/compiler.h"
#include "base/refcount.h"
#include "base/types.h"
#include "sync/rcu.h"
#include "capability_rights.h"	/* generated: enum capability_right, CAPABILITY_RIGHT_COUNT */

struct capability_rights {
	uint64_t words[(CAPABILITY_RIGHT_COUNT + 63) / 64];
};

struct capability_set {
	struct refcount references;
	struct capability_rights table;
	struct capability_rights bound;		/* table is within it, always */
	struct rcu_head rcu;			/* checks read a set without a reference */
};

/* The system role: everything. Boot starts with it. */
struct capability_set *capability_set_system(void);
struct capability_set *capability_set_get(struct capability_set *set);
void capability_set_put(struct capability_set *set);

/* A set with table and bound narrowed to `keep`; -ENOMEM. */
int capability_set_narrow(const struct capability_set *from, const struct capability_rights *keep,
			  struct capability_set **narrowed) MUST_CHECK;

const char *capability_right_name(enum capability_right right);
/* The right by its name "file.read"; -EINVAL. */
int capability_right_find(const char *name, size_t length) MUST_CHECK;

/* Fills the system role; before the first process. */
void capability_start(void);

#endif
