/*
 * The name cache: names by (parent, component) in one hash table. Readers walk chains under RCU and
 * check the name's sequence; a name with no references stays until the shrinker wants it.
 */
#include "base/panic.h"
#include "base/refcount.h"
#include "base/string.h"
#include "memory/heap.h"
#include "memory/page.h"
#include "random/random.h"
#include "vfs/inode.h"
#include "vfs/name/internal.h"
#include "vfs/vfs.h"

#define HASH_LOCKS 64u

uint64_t name_hash_key;

static struct slab_cache *name_slab;
static struct name **hash_table;
static uint32_t hash_mask;
static struct spin_lock hash_locks[HASH_LOCKS];
static uint64_t name_total;

void component_set(struct component *component, const char *text, size_t length)
{
	uint64_t state = name_hash_key, word = 0;
	unsigned shift = 0;

	for (size_t i = 0; i < length; i++) {
		word |= (uint64_t)(uint8_t)text[i] << shift;
		shift += 8;
		if (shift == 64) {
			state = name_hash_step(state, word);
			word = 0;
			shift = 0;
		}
	}
	component->text = text;
	component->length = (uint32_t)length;
	component->hash = (uint32_t)name_hash_step(state, word + (uint32_t)length);
}

/* Parents are cache-line sized objects: their low bits say nothing. */
static inline uint32_t bucket_of(const struct name *parent, uint32_t hash)
{
	uint64_t place = (uintptr_t)parent >> 6;

	return (hash + (uint32_t)(place ^ place >> 16)) & hash_mask;
}

static bool text_is_equal(const char *a, const char *b, uint32_t length)
{
	while (length >= 8) {
		uint64_t x, y;

		memcpy(&x, a, 8);
		memcpy(&y, b, 8);
		if (x != y)
			return false;
		a += 8;
		b += 8;
		length -= 8;
	}
	while (length > 0) {
		if (*a++ != *b++)
			return false;
		length--;
	}
	return true;
}

struct name *name_find_rcu(struct name *parent, const struct component *component,
			   uint32_t *sequence)
{
	struct name *name = rcu_dereference(hash_table[bucket_of(parent, component->hash)]);

	for (; name; name = rcu_dereference(name->hash_next)) {
		const char *text;
		uint32_t begun;

		if (READ_ONCE(name->hash) != component->hash)
			continue;
		begun = atomic_load_acquire(&name->sequence.value);
		if ((begun & 1) || READ_ONCE(name->parent) != parent ||
		    READ_ONCE(name->length) != component->length)
			continue;
		text = READ_ONCE(name->text);
		/* Length and text belong together only if no rename was between the two loads. */
		if (sequence_read_retry(&name->sequence, begun))
			continue;
		if (!text_is_equal(text, component->text, component->length) ||
		    !(READ_ONCE(name->flags) & NAME_HASHED))
			continue;
		*sequence = begun;
		return name;
	}
	return NULL;
}

bool name_get_unless_dead(struct name *name)
{
	uint32_t seen = atomic_load_relaxed(&name->references);

	do {
		if (seen == NAME_DEAD)
			return false;
	} while (!atomic_compare_swap_acquire(&name->references, &seen, seen + 1));
	return true;
}

struct name *name_find(struct name *parent, const struct component *component)
{
	struct name *name;
	uint32_t sequence;

	rcu_read_lock();
	name = name_find_rcu(parent, component, &sequence);
	if (name && !name_get_unless_dead(name))
		name = NULL;
	rcu_read_unlock();
	if (!name)
		return NULL;
	atomic_fence();
	if (likely(!sequence_read_retry(&name->sequence, sequence)))
		return name;
	/* Somebody is changing it: wait until its inode is settled, then see what it has become. */
	spin_lock(&name->lock);
	spin_unlock(&name->lock);
	if (READ_ONCE(name->parent) == parent && (READ_ONCE(name->flags) & NAME_HASHED))
		return name;
	name_put(name);
	return NULL;
}

void name_get(struct name *name)
{
	uint32_t before = atomic_fetch_add_relaxed(&name->references, 1);

	DEBUG_ASSERT(before < REFCOUNT_LARGEST);
	(void)before;
}

/*
 * A hashed name that was on the list of unused ones goes from 1 to 0. Its flags may be older than
 * the count: somebody may have found it meanwhile, taken it away or off the list, and put it. RCU
 * keeps the name, which the shrinker may take at once. True: it is used again, to be put again.
 */
static bool put_last(struct name *name, uint32_t *seen)
{
	uint32_t zero = 0, flags;
	bool is_used = true, is_dead = false;

	rcu_read_lock();
	if (atomic_compare_swap(&name->references, seen, 0)) {
		flags = READ_ONCE(name->flags);
		if (unlikely(!(flags & NAME_HASHED)))
			is_dead = atomic_compare_swap(&name->references, &zero, NAME_DEAD);
		is_used = unlikely(!(flags & NAME_ON_UNUSED)) && !is_dead &&
			  name_get_unless_dead(name);
		if (is_used)
			*seen = atomic_load_relaxed(&name->references);
	}
	rcu_read_unlock();
	if (unlikely(is_dead))
		name_kill(name);
	return is_used;
}

/* From 1 a hashed name goes to 0 and stays; anything else goes to NAME_DEAD and is freed. */
void name_put(struct name *name)
{
	uint32_t seen = atomic_load_relaxed(&name->references);

	for (;;) {
		uint32_t flags;

		DEBUG_ASSERT(seen != 0 && seen < REFCOUNT_LARGEST);
		if (seen > 1) {
			if (atomic_compare_swap_release(&name->references, &seen, seen - 1))
				return;
			continue;
		}
		flags = READ_ONCE(name->flags);
		if (!(flags & NAME_HASHED)) {
			if (atomic_compare_swap(&name->references, &seen, NAME_DEAD)) {
				name_kill(name);
				return;
			}
			continue;
		}
		if (!(flags & NAME_ON_UNUSED))
			name_unused_add(name);
		else if (!(flags & NAME_USED_AGAIN))
			atomic_fetch_or_relaxed(&name->flags, NAME_USED_AGAIN);
		if (!put_last(name, &seen))
			return;
	}
}

static bool text_set(struct name *name, const char *text, uint32_t length)
{
	char *to = name->inline_text;

	if (length >= NAME_INLINE) {
		to = heap_allocate(length + 1, HEAP_RAW);
		if (!to)
			return false;
	}
	memcpy(to, text, length);
	to[length] = '\0';
	name->text = to;
	name->length = length;
	return true;
}

static struct name *name_allocate(const char *text, uint32_t length)
{
	struct name *name = slab_allocate(name_slab, HEAP_ACCOUNT | HEAP_RAW);

	if (!name)
		return NULL;
	memset(name, 0, offsetof(struct name, inline_text));
	if (!text_set(name, text, length)) {
		slab_free(name_slab, name);
		return NULL;
	}
	name->references = 1;
	spin_lock_init(&name->lock, LOCK_NAME_CACHE);
	list_init(&name->children);
	list_node_init(&name->child_node);
	list_node_init(&name->unused_node);
	atomic_fetch_add_relaxed(&name_total, 1);
	return name;
}

struct name *name_create(struct name *parent, const struct component *component)
{
	struct name *name = name_allocate(component->text, component->length);

	if (!name)
		return NULL;
	name->hash = component->hash;
	name_get(parent);
	name->parent = parent;
	spin_lock(&parent->lock);
	list_add(&parent->children, &name->child_node);
	spin_unlock(&parent->lock);
	return name;
}

struct name *name_create_root(struct inode *inode, struct superblock *superblock)
{
	struct name *name = name_allocate("/", 1);

	(void)superblock;
	if (!name)
		return NULL;
	name->parent = name;
	name->inode = inode;
	name->flags = NAME_IS_ROOT;
	return name;
}

struct name *name_create_unlinked(struct inode *inode, const char *text)
{
	struct name *name = name_allocate(text, (uint32_t)strnlen(text, NAME_MAXIMUM));

	if (!name)
		return NULL;
	name->parent = name;
	name->inode = inode;
	name->flags = NAME_OUTSIDE;
	return name;
}

struct name *name_create_unnamed(struct name *directory, struct inode *inode, const char *text)
{
	struct component component;
	struct name *name;

	component_set(&component, text, strlen(text));
	name = name_create(directory, &component);
	if (!name)
		return NULL;
	name->inode = inode;
	name->flags = NAME_DELETED;
	return name;
}

void name_attach(struct name *name, struct inode *inode)
{
	if (!inode)
		return;
	spin_lock(&name->lock);
	sequence_write_begin(&name->sequence);
	atomic_store_release(&name->inode, inode);
	sequence_write_end(&name->sequence);
	spin_unlock(&name->lock);
}

void name_hash_add(struct name *name)
{
	uint32_t bucket = bucket_of(name->parent, name->hash);
	struct spin_lock *lock = &hash_locks[bucket % HASH_LOCKS];
	struct name **head = &hash_table[bucket];

	spin_lock(lock);
	atomic_fetch_or_relaxed(&name->flags, NAME_HASHED);
	name->hash_next = *head;
	name->hash_link = head;
	if (*head)
		(*head)->hash_link = &name->hash_next;
	rcu_assign(*head, name);
	spin_unlock(lock);
}

void name_hash_remove(struct name *name)
{
	struct spin_lock *lock = &hash_locks[bucket_of(name->parent, name->hash) % HASH_LOCKS];

	spin_lock(lock);
	if (name->flags & NAME_HASHED) {
		if (name->hash_next)
			name->hash_next->hash_link = name->hash_link;
		rcu_assign(*name->hash_link, name->hash_next);
		atomic_fetch_and_relaxed(&name->flags, ~(uint32_t)NAME_HASHED);
	}
	spin_unlock(lock);
}

struct name *name_publish(struct name *name)
{
	struct component component = { name->text, name->length, name->hash };
	struct name *parent = name->parent, *other;

	/* The parent's lock makes "look again, then add" one step among lookups of one name. */
	spin_lock(&parent->lock);
	other = name_find(parent, &component);
	if (!other)
		name_hash_add(name);
	spin_unlock(&parent->lock);
	if (other) {
		name_put(name);
		return other;
	}
	return name;
}

static void name_free_rcu(struct rcu_head *head)
{
	struct name *name = container_of(head, struct name, rcu);

	if (name->text != name->inline_text)
		heap_free((void *)(uintptr_t)name->text);
	slab_free(name_slab, name);
	atomic_fetch_subtract_relaxed(&name_total, 1);
}

/* Watches pin the inode: they end with the last name of what has no links any more. */
void name_inode_put(struct inode *inode)
{
	if (unlikely(inode->marks) && inode->attributes.link_count == 0)
		notify_inode_gone(inode);
	inode_put(inode);
}

void name_kill(struct name *name)
{
	while (name) {
		struct name *parent = name->parent;
		struct inode *inode = name->inode;

		name_unused_remove(name);
		if (parent == name) {
			parent = NULL;
		} else {
			name_hash_remove(name);
			spin_lock(&parent->lock);
			list_remove(&name->child_node);
			spin_unlock(&parent->lock);
		}
		rcu_call(&name->rcu, name_free_rcu);
		if (inode)
			name_inode_put(inode);
		if (!parent)
			return;
		/* The last child of an unhashed parent takes it along: not by recursion. */
		name = parent;
		for (uint32_t seen = atomic_load_relaxed(&name->references);;) {
			uint32_t one = 1;

			if (seen != 1 || (READ_ONCE(name->flags) & NAME_HASHED)) {
				name_put(name);
				return;
			}
			if (atomic_compare_swap(&name->references, &one, NAME_DEAD))
				break;
			seen = one;
		}
	}
}

uint64_t name_total_count(void)
{
	return atomic_load_relaxed(&name_total);
}

int name_start(void)
{
	struct memory_statistics memory;
	uint64_t buckets;

	memory_statistics_read(&memory);
	buckets = clamp(round_up_power_of_two(memory.total / 8), 512u, 65536u);
	hash_table = heap_allocate_array(buckets, sizeof(*hash_table), HEAP_PATIENT);
	name_slab = slab_cache_create("name", sizeof(struct name), 64, SLAB_RECLAIMABLE);
	if (!hash_table || !name_slab)
		return -ENOMEM;
	hash_mask = (uint32_t)buckets - 1;
	name_hash_key = random_u64();
	for (unsigned i = 0; i < HASH_LOCKS; i++)
		spin_lock_init(&hash_locks[i], LOCK_NAME_HASH);
	return name_unused_start();
}
