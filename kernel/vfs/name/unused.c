/*
 * Names that nobody holds, oldest first, and the shrinker that takes them. A name stays on the list
 * while it is used again, so that the common get and put touch no lock.
 */
#include "memory/pressure.h"
#include "sync/rcu.h"
#include "task/deferred.h"
#include "vfs/inode.h"
#include "vfs/name/internal.h"

static struct spin_lock unused_lock = SPIN_LOCK_INITIALIZER(LOCK_NAME_UNUSED);
static struct list_head unused = LIST_HEAD_INITIALIZER(unused);
static uint64_t unused_total;

/* Names taken by the shrinker; freed by a work item, because the caller may hold any lock. */
static struct list_head condemned = LIST_HEAD_INITIALIZER(condemned);
static struct work condemned_work;

void name_unused_add(struct name *name)
{
	spin_lock(&unused_lock);
	if (!(name->flags & NAME_ON_UNUSED)) {
		list_add_tail(&unused, &name->unused_node);
		atomic_fetch_or_relaxed(&name->flags, NAME_ON_UNUSED);
		unused_total++;
	}
	spin_unlock(&unused_lock);
}

static void unused_remove_locked(struct name *name)
{
	list_remove(&name->unused_node);
	atomic_fetch_and_relaxed(&name->flags, ~(uint32_t)NAME_ON_UNUSED);
	unused_total--;
}

void name_unused_remove(struct name *name)
{
	if (!(READ_ONCE(name->flags) & NAME_ON_UNUSED))
		return;
	spin_lock(&unused_lock);
	if (name->flags & NAME_ON_UNUSED)
		unused_remove_locked(name);
	spin_unlock(&unused_lock);
}

uint64_t name_unused_count(void)
{
	return READ_ONCE(unused_total);
}

static uint64_t unused_count(struct shrinker *shrinker)
{
	(void)shrinker;
	return name_unused_count();
}

/* Claims the name if it is free to go: then its count is NAME_DEAD. */
static bool claim(struct name *name)
{
	uint32_t zero = 0;

	return atomic_compare_swap(&name->references, &zero, NAME_DEAD);
}

static uint64_t unused_scan(struct shrinker *shrinker, uint64_t wanted)
{
	uint64_t taken = 0, looked = 0, limit;

	(void)shrinker;
	spin_lock(&unused_lock);
	limit = unused_total;
	while (taken < wanted && looked < limit && looked < 4 * wanted) {
		struct name *name = list_first(&unused, struct name, unused_node);

		if (!name)
			break;
		looked++;
		if (READ_ONCE(name->references) >= 2) {
			unused_remove_locked(name);
			continue;
		}
		list_remove(&name->unused_node);
		if ((name->flags & NAME_USED_AGAIN) || !claim(name)) {
			atomic_fetch_and_relaxed(&name->flags, ~(uint32_t)NAME_USED_AGAIN);
			list_add_tail(&unused, &name->unused_node);
			continue;
		}
		atomic_fetch_and_relaxed(&name->flags, ~(uint32_t)NAME_ON_UNUSED);
		unused_total--;
		list_add_tail(&condemned, &name->unused_node);
		taken++;
	}
	/* Inside, so that condemned_flush() finds the work queued for all that is condemned. */
	if (taken)
		work_queue(&condemned_work);
	spin_unlock(&unused_lock);
	return taken;
}

static void condemned_free(struct work *work)
{
	(void)work;
	for (;;) {
		struct name *name;

		spin_lock(&unused_lock);
		name = list_pop(&condemned, struct name, unused_node);
		spin_unlock(&unused_lock);
		if (!name)
			return;
		name_kill(name);
	}
}

/* Returns when what the shrinker has condemned by now is gone. May sleep. */
static void condemned_flush(void)
{
	/* Not in the middle of a scan, whose names nobody else would find any more. */
	spin_lock(&unused_lock);
	spin_unlock(&unused_lock);
	work_flush(&condemned_work);
}

static struct shrinker unused_shrinker = {
	.name = "names",
	.count = unused_count,
	.scan = unused_scan,
};

int name_unused_start(void)
{
	work_init(&condemned_work, condemned_free);
	shrinker_add(&unused_shrinker);
	return 0;
}

void name_forget(struct name *name)
{
	struct name *child;

	name_hash_remove(name);
	/* Children in use keep their places below it; nobody finds them from above any more. */
	do {
		struct name *found = NULL;

		spin_lock(&name->lock);
		list_for_each(child, &name->children, child_node) {
			if (claim(child)) {
				found = child;
				break;
			}
		}
		spin_unlock(&name->lock);
		child = found;
		if (child)
			name_kill(child);
	} while (child);
}

/* One name below `at` that is free to go, or a counted one to look below, or neither. */
static struct name *claim_child(struct name *at, struct name **next)
{
	struct name *child, *claimed = NULL;

	*next = NULL;
	spin_lock(&at->lock);
	list_for_each(child, &at->children, child_node) {
		if (claim(child)) {
			claimed = child;
			break;
		}
		if (!*next && !list_is_empty(&child->children) && name_get_unless_dead(child))
			*next = child;
	}
	spin_unlock(&at->lock);
	return claimed;
}

/* Descends to a name that is free to go, frees it, and starts again from the root. */
static void drop_unused(struct name *root)
{
	struct name *victim;

	do {
		struct name *at = root, *next;

		while (!(victim = claim_child(at, &next)) && next) {
			if (at != root)
				name_put(at);
			at = next;
		}
		if (victim && next)
			name_put(next);
		if (victim)
			name_kill(victim);
		if (at != root)
			name_put(at);
	} while (victim);
}

void name_drop_tree(struct name *root)
{
	/* What the shrinker has condemned holds inodes and parents in the tree until its work has
	 * run; those parents are free to go only then, and the shrinker may be at it still. */
	condemned_flush();
	for (;;) {
		drop_unused(root);
		condemned_flush();
		if (list_is_empty(&root->children))
			return;
		rcu_synchronise();
	}
}
