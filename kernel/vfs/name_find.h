/*
 * How the path walker and the operations use the name cache: components and their keyed hash,
 * lookup under RCU or with a reference, and the changes that create, remove and rename make.
 */
#ifndef VFS_NAME_FIND_H
#define VFS_NAME_FIND_H

#include "base/arithmetic.h"
#include "vfs/name.h"

/* One part of a path; points into the path's text, not terminated. */
struct component {
	const char *text;
	uint32_t length;
	uint32_t hash;
};

/* Random since boot: chains cannot be made long on purpose. */
extern uint64_t name_hash_key;

static inline uint64_t name_hash_step(uint64_t state, uint64_t word)
{
	unsigned __int128 product = (unsigned __int128)(state ^ word) * 0x9fb21c651e98df25ull;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Reads up to the next slash or the end, and returns where it stopped. */
static inline const char *component_read(const char *cursor, struct component *component)
{
	uint64_t state = name_hash_key, word = 0;
	unsigned shift = 0;
	char c;

	component->text = cursor;
	while ((c = *cursor) != '\0' && c != '/') {
		word |= (uint64_t)(uint8_t)c << shift;
		shift += 8;
		cursor++;
		if (shift == 64) {
			state = name_hash_step(state, word);
			word = 0;
			shift = 0;
		}
	}
	component->length = (uint32_t)(cursor - component->text);
	component->hash = (uint32_t)name_hash_step(state, word + component->length);
	return cursor;
}

/* The same for a text that holds no slash and need not be terminated. */
void component_set(struct component *component, const char *text, size_t length);

/*
 * The cached name of a component, without a reference; the caller is in an RCU read section and
 * trusts the name while its sequence is *sequence. NULL: not cached, or just changing.
 */
struct name *name_find_rcu(struct name *parent, const struct component *component,
			   uint32_t *sequence);
/* The same with a reference. Authoritative about absence only with the directory's lock held. */
struct name *name_find(struct name *parent, const struct component *component);

/* Takes a reference of a name seen under RCU; false: it is dying. */
bool name_get_unless_dead(struct name *name) MUST_CHECK;

/* A fresh negative name below parent, not yet found by lookups. NULL: short. */
struct name *name_create(struct name *parent, const struct component *component);
/*
 * Makes a name that the file system has looked up visible, unless another lookup was faster: then
 * that one is returned instead, and the caller's is dropped. Directory lock held at least shared.
 */
struct name *name_publish(struct name *name);

/*
 * After unlink or rmdir, directory lock held: the name becomes negative when nobody else uses it,
 * else it leaves the cache and keeps its inode for those who do.
 */
void name_delete(struct name *name);
/* After rename: `from` takes the place of `to`, which leaves the cache. Directory locks held. */
void name_move(struct name *from, struct name *to);
void name_exchange(struct name *a, struct name *b);
bool name_is_below(struct name *name, struct name *ancestor);

/* Changes with every rename of a directory: ".." of a confined walk looks at it. */
uint32_t name_rename_generation(void);

/* Forgets all unused names below a root that is going away (unmount). */
void name_drop_tree(struct name *root);

/* How many names are on the unused list, for tests and /proc/sys/fs/dentry-state. */
uint64_t name_unused_count(void);
uint64_t name_total_count(void);

int name_start(void) MUST_CHECK;

#endif
