/*
 * Capabilities: what a process may do. A table (what it holds) and a bound (the most it and its
 * descendants may ever hold), immutable, interned and counted; replaced whole, never edited.
 */
#ifndef CAPABILITY_CAPABILITY_H
#define CAPABILITY_CAPABILITY_H

#include "base/compiler.h"
#include "base/refcount.h"
#include "base/types.h"
#include "capability_rights.h"	/* generated: enum capability_right, CAPABILITY_RIGHT_COUNT */

struct capability_rights {
	uint64_t words[(CAPABILITY_RIGHT_COUNT + 63) / 64];
};

struct capability_set {
	struct refcount references;
	struct capability_rights table;
	struct capability_rights bound;		/* table is within it, always */
};

/* The system role: everything. Boot starts with it. */
struct capability_set *capability_set_system(void);
struct capability_set *capability_set_get(struct capability_set *set);
void capability_set_put(struct capability_set *set);

/* Whether the current process holds a right: 0 or -EPERM, and the refusal is recorded. */
int capability_require(enum capability_right right) MUST_CHECK;
/* The same for file rights, whose refusal is -EACCES. */
bool capability_is_held(enum capability_right right);	/* asks without recording */

/* A set with table and bound narrowed to `keep`; -ENOMEM. */
int capability_set_narrow(const struct capability_set *from, const struct capability_rights *keep,
			  struct capability_set **narrowed) MUST_CHECK;

const char *capability_right_name(enum capability_right right);
/* The right by its name "file.read"; -EINVAL. */
int capability_right_find(const char *name, size_t length) MUST_CHECK;

/* Debug builds: asserts that the current call asked for a right since call entry ("dynamic"). */
void capability_call_begin(void);
bool capability_call_asked(void);

#endif
