/*
 * Hash tables through a node inside each entry, over an array of 2^bits chains that the caller
 * supplies. The node remembers its hash, so that most mismatches cost no key comparison and the
 * table can grow. Changes need the owner's lock; lookups need it or RCU.
 */
#ifndef BASE_TABLE_HASH_TABLE_H
#define BASE_TABLE_HASH_TABLE_H

#include "base/table/hash_list.h"

struct hash_table_node {
	struct hash_list_node chain;
	uint64_t hash;
};

struct hash_table {
	struct hash_list *buckets;
	unsigned int bits;
	size_t count;
};

/* Start empty over `buckets`, an array of 2^bits, any contents. */
void hash_table_init(struct hash_table *table, struct hash_list *buckets, unsigned int bits);

/* Add `node` under `hash`, whose lower bits must be well mixed (base/table/hash.h). */
void hash_table_add(struct hash_table *table, struct hash_table_node *node, uint64_t hash);

/* Take `node` out. Readers under RCU may still be at it. */
void hash_table_remove(struct hash_table *table, struct hash_table_node *node);

/* True when chains have become long: time for hash_table_move() to about twice the buckets. */
static inline bool hash_table_is_crowded(const struct hash_table *table)
{
	return table->count > (size_t)1 << table->bits;
}

/*
 * Move all entries to a new array of 2^bits chains; the result is the old array, the caller's
 * again. A lookup that runs at the same time may miss entries: readers under RCU must look again
 * under a sequence count.
 */
struct hash_list *hash_table_move(struct hash_table *table, struct hash_list *buckets,
				  unsigned int bits);

static inline struct hash_list *hash_table_bucket(const struct hash_table *table, uint64_t hash)
{
	return &table->buckets[hash & (((size_t)1 << table->bits) - 1)];
}

/* Walk the entries with exactly this hash; the caller compares keys. */
#define hash_table_for_each_match(entry, table, wanted_hash, member) \
	hash_list_for_each(entry, hash_table_bucket(table, wanted_hash), member.chain) \
		if (entry->member.hash == (wanted_hash))

#endif
