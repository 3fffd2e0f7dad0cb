/*
 * Capability sets: a table of rights and the bound above it, immutable once made. Changing what a
 * process holds means giving it another set.
 */
#include "base/errno.h"
#include "base/string.h"
#include "capability/internal.h"
#include "memory/heap.h"

static struct capability_set system_set;

struct capability_set *capability_set_system(void)
{
	return &system_set;
}

struct capability_set *capability_set_get(struct capability_set *set)
{
	refcount_get(&set->references);
	return set;
}

static void set_free(struct rcu_head *head)
{
	heap_free(container_of(head, struct capability_set, rcu));
}

void capability_set_put(struct capability_set *set)
{
	if (refcount_put(&set->references))
		rcu_call(&set->rcu, set_free);
}

int capability_set_narrow(const struct capability_set *from, const struct capability_rights *keep,
			  struct capability_set **narrowed)
{
	struct capability_set *set = heap_allocate(sizeof(*set), HEAP_PATIENT);

	if (!set)
		return -ENOMEM;
	refcount_init(&set->references, 1);
	for (size_t i = 0; i < ARRAY_SIZE(keep->words); i++) {
		set->table.words[i] = from->table.words[i] & keep->words[i];
		set->bound.words[i] = from->bound.words[i] & keep->words[i];
	}
	*narrowed = set;
	return 0;
}

const char *capability_right_name(enum capability_right right)
{
	return capability_right_names[right];
}

int capability_right_find(const char *name, size_t length)
{
	for (int i = 0; i < CAPABILITY_RIGHT_COUNT; i++) {
		const char *candidate = capability_right_names[i];

		if (strlen(candidate) == length && memcmp(candidate, name, length) == 0)
			return i;
	}
	return -EINVAL;
}

void capability_start(void)
{
	/* The reference that is never dropped keeps the set out of the heap's hands. */
	refcount_init(&system_set.references, 1);
	for (int i = 0; i < CAPABILITY_RIGHT_COUNT; i++)
		system_set.table.words[i / 64] |= BIT(i % 64);
	system_set.bound = system_set.table;
}
