/*
 * Doubly linked lists through a node inside each entry. List and node are different types, so that
 * swapped arguments do not compile. No locking: the owner of the list says what protects it. The
 * _rcu forms let readers walk forward while the one writer, holding the owner's lock, changes it.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include "base/atomic.h"

struct list_node {
	struct list_node *next;
	struct list_node *previous;
};

struct list_head {
	struct list_node head;
};

#define LIST_HEAD_INITIALIZER(list) { { &(list).head, &(list).head } }

static inline void list_init(struct list_head *list)
{
	list->head.next = &list->head;
	list->head.previous = &list->head;
}

/* Make a node that is on no list, so that list_node_is_linked() can be asked. */
static inline void list_node_init(struct list_node *node)
{
	node->next = node;
	node->previous = node;
}

static inline bool list_node_is_linked(const struct list_node *node)
{
	return node->next != node;
}

static inline bool list_is_empty(const struct list_head *list)
{
	return list->head.next == &list->head;
}

static inline bool list_has_one(const struct list_head *list)
{
	return !list_is_empty(list) && list->head.next == list->head.previous;
}

/* Put `node` behind or before `place`, which is on a list. */
static inline void list_add_after(struct list_node *place, struct list_node *node)
{
	node->next = place->next;
	node->previous = place;
	place->next->previous = node;
	place->next = node;
}

static inline void list_add_before(struct list_node *place, struct list_node *node)
{
	list_add_after(place->previous, node);
}

/* Put `node` first. */
static inline void list_add(struct list_head *list, struct list_node *node)
{
	list_add_after(&list->head, node);
}

/* Put `node` last. */
static inline void list_add_tail(struct list_head *list, struct list_node *node)
{
	list_add_before(&list->head, node);
}

/* Take `node` off its list; harmless for a node that list_node_init() or list_remove() left. */
static inline void list_remove(struct list_node *node)
{
	node->next->previous = node->previous;
	node->previous->next = node->next;
	list_node_init(node);
}

/* The first or last node, NULL if the list is empty. */
static inline struct list_node *list_first_node(const struct list_head *list)
{
	return list_is_empty(list) ? NULL : list->head.next;
}

static inline struct list_node *list_last_node(const struct list_head *list)
{
	return list_is_empty(list) ? NULL : list->head.previous;
}

/* Take the first node off and return it, NULL if the list is empty. */
static inline struct list_node *list_pop_node(struct list_head *list)
{
	struct list_node *node = list_first_node(list);

	if (node)
		list_remove(node);
	return node;
}

/* Move all of `from` to the end of `list`; `from` is empty afterwards. */
static inline void list_splice(struct list_head *list, struct list_head *from)
{
	if (list_is_empty(from))
		return;
	from->head.next->previous = list->head.previous;
	list->head.previous->next = from->head.next;
	from->head.previous->next = &list->head;
	list->head.previous = from->head.previous;
	list_init(from);
}

/* Put `node` first or last; a reader finds it complete or not at all. */
static inline void list_add_after_rcu(struct list_node *place, struct list_node *node)
{
	node->next = place->next;
	node->previous = place;
	place->next->previous = node;
	atomic_store_release(&place->next, node);
}

static inline void list_add_rcu(struct list_head *list, struct list_node *node)
{
	list_add_after_rcu(&list->head, node);
}

static inline void list_add_tail_rcu(struct list_head *list, struct list_node *node)
{
	list_add_after_rcu(list->head.previous, node);
}

/* Take `node` off. Readers at it still go forward, so it lives on until a grace period has gone. */
static inline void list_remove_rcu(struct list_node *node)
{
	node->next->previous = node->previous;
	atomic_store_release(&node->previous->next, node->next);
	node->previous = node;
}

#define list_entry(node, type, member) container_of(node, type, member)

#define LIST_ENTRY_OR_NULL(expression, type, member, node) \
	({ \
		struct list_node *node = (expression); \
		node ? list_entry(node, type, member) : NULL; \
	})

/* The first, last or first-taken-off entry, NULL if the list is empty. */
#define list_first(list, type, member) \
	LIST_ENTRY_OR_NULL(list_first_node(list), type, member, UNIQUE_NAME(node_))
#define list_last(list, type, member) \
	LIST_ENTRY_OR_NULL(list_last_node(list), type, member, UNIQUE_NAME(node_))
#define list_pop(list, type, member) \
	LIST_ENTRY_OR_NULL(list_pop_node(list), type, member, UNIQUE_NAME(node_))

/* The neighbour of `entry`, NULL at the end of `list`. */
#define list_next(entry, list, member) \
	((entry)->member.next == &(list)->head ? NULL : \
	 list_entry((entry)->member.next, __typeof__(*(entry)), member))
#define list_previous(entry, list, member) \
	((entry)->member.previous == &(list)->head ? NULL : \
	 list_entry((entry)->member.previous, __typeof__(*(entry)), member))

/* Walk the entries. The list must not change; list_for_each_safe() allows removal of `entry`. */
#define list_for_each(entry, list, member) \
	for (entry = list_entry((list)->head.next, __typeof__(*entry), member); \
	     &entry->member != &(list)->head; \
	     entry = list_entry(entry->member.next, __typeof__(*entry), member))

/* Within a read section of RCU. */
#define list_for_each_rcu(entry, list, member) \
	for (entry = list_entry(atomic_load_acquire(&(list)->head.next), __typeof__(*entry), \
				member); \
	     &entry->member != &(list)->head; \
	     entry = list_entry(atomic_load_acquire(&entry->member.next), __typeof__(*entry), \
				member))

#define list_for_each_reverse(entry, list, member) \
	for (entry = list_entry((list)->head.previous, __typeof__(*entry), member); \
	     &entry->member != &(list)->head; \
	     entry = list_entry(entry->member.previous, __typeof__(*entry), member))

#define list_for_each_safe(entry, following, list, member) \
	for (entry = list_entry((list)->head.next, __typeof__(*entry), member), \
	     following = list_entry(entry->member.next, __typeof__(*entry), member); \
	     &entry->member != &(list)->head; \
	     entry = following, \
	     following = list_entry(entry->member.next, __typeof__(*entry), member))

#endif
