/* Hash tables over chains that the caller supplies. */
#include "base/table/hash_table.h"

static void buckets_init(struct hash_list *buckets, unsigned int bits)
{
	for (size_t i = 0; i < (size_t)1 << bits; i++)
		hash_list_init(&buckets[i]);
}

void hash_table_init(struct hash_table *table, struct hash_list *buckets, unsigned int bits)
{
	buckets_init(buckets, bits);
	*table = (struct hash_table){ .buckets = buckets, .bits = bits };
}

void hash_table_add(struct hash_table *table, struct hash_table_node *node, uint64_t hash)
{
	node->hash = hash;
	hash_list_add(hash_table_bucket(table, hash), &node->chain);
	table->count++;
}

void hash_table_remove(struct hash_table *table, struct hash_table_node *node)
{
	hash_list_remove(&node->chain);
	table->count--;
}

struct hash_list *hash_table_move(struct hash_table *table, struct hash_list *buckets,
				  unsigned int bits)
{
	struct hash_list *old = table->buckets;
	size_t old_count = (size_t)1 << table->bits;

	buckets_init(buckets, bits);
	table->buckets = buckets;
	table->bits = bits;
	for (size_t i = 0; i < old_count; i++) {
		struct hash_list_node *chain;

		while ((chain = old[i].first)) {
			struct hash_table_node *node =
				container_of(chain, struct hash_table_node, chain);

			hash_list_remove(chain);
			hash_list_add(hash_table_bucket(table, node->hash), chain);
		}
	}
	return old;
}
