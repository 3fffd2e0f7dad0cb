/*
 * Chains for hash buckets: a head of one pointer, and removal without knowing the head. Readers
 * under RCU may walk while the one writer, holding the owner's lock, adds and removes.
 */
#ifndef BASE_TABLE_HASH_LIST_H
#define BASE_TABLE_HASH_LIST_H

#include "base/atomic.h"

struct hash_list_node {
	struct hash_list_node *next;
	struct hash_list_node **link; /* what points at this node; NULL in no chain */
};

struct hash_list {
	struct hash_list_node *first;
};

static inline void hash_list_init(struct hash_list *list)
{
	list->first = NULL;
}

static inline bool hash_list_is_empty(const struct hash_list *list)
{
	return !atomic_load_relaxed(&list->first);
}

static inline void hash_list_node_init(struct hash_list_node *node)
{
	node->next = NULL;
	node->link = NULL;
}

static inline bool hash_list_node_is_linked(const struct hash_list_node *node)
{
	return node->link != NULL;
}

/* Put `node` first; a reader finds it complete or not at all. */
static inline void hash_list_add(struct hash_list *list, struct hash_list_node *node)
{
	node->next = list->first;
	node->link = &list->first;
	if (node->next)
		node->next->link = &node->next;
	atomic_store_release(&list->first, node);
}

/*
 * Take `node` off its chain, if it is in one. Readers at it still go forward, so it is neither
 * freed nor added again before a grace period has gone.
 */
static inline void hash_list_remove(struct hash_list_node *node)
{
	if (!node->link)
		return;
	atomic_store_release(node->link, node->next);
	if (node->next)
		node->next->link = node->link;
	node->link = NULL;
}

#define HASH_ENTRY_OR_NULL(expression, type, member, node) \
	({ \
		struct hash_list_node *node = (expression); \
		node ? container_of(node, type, member) : NULL; \
	})

#define hash_list_entry(expression, type, member) \
	HASH_ENTRY_OR_NULL(expression, type, member, UNIQUE_NAME(hash_node_))

/* Walk under the owner's lock or in a read section of RCU; `entry` is NULL at the end. */
#define hash_list_for_each(entry, list, member) \
	for (entry = hash_list_entry(atomic_load_acquire(&(list)->first), \
				     __typeof__(*entry), member); \
	     entry; \
	     entry = hash_list_entry(atomic_load_acquire(&entry->member.next), \
				     __typeof__(*entry), member))

#endif
