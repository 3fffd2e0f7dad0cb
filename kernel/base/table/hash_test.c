/* SipHash test vectors of its paper (key 00..0f, message 00 01 02 ...), and the hash table. */
#include "base/table/hash.h"

#include "base/table/hash_table.h"
#include "base/test.h"

#define ITEM_COUNT 100

struct item {
	uint64_t key;
	struct hash_table_node node;
};

static struct item items[ITEM_COUNT];
static struct hash_list small_buckets[8];
static struct hash_list large_buckets[64];

TEST(hash, siphash_vectors)
{
	const struct hash_key key = {
		{ UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908) }
	};
	unsigned char message[15];

	for (unsigned int i = 0; i < sizeof(message); i++)
		message[i] = (unsigned char)i;
	EXPECT_EQUAL(hash_keyed(&key, message, 15), UINT64_C(0xa129ca6149be45e5));
	EXPECT_EQUAL(hash_keyed(&key, message, 0), UINT64_C(0x726fdb47dd0e0e31));
	EXPECT_EQUAL(hash_keyed(&key, message, 8), UINT64_C(0x93f5f5799a932462));
	EXPECT_EQUAL(hash_keyed(&key, message, 8), hash_keyed_u64(&key, key.words[0]));
}

TEST(hash, mixes_low_bits)
{
	uint32_t seen = 0;

	for (uint64_t i = 0; i < 256; i++)
		seen |= UINT32_C(1) << (hash_u64(i << 40) & 31);
	EXPECT_EQUAL(seen, UINT32_MAX);
	EXPECT_EQUAL(hash_string("tcp"), hash_bytes("tcp", 3));
}

static struct item *item_find(struct hash_table *table, uint64_t key)
{
	struct item *item;

	hash_table_for_each_match(item, table, hash_u64(key / 2), node) {
		if (item->key == key)
			return item;
	}
	return NULL;
}

TEST(hash_table, finds_after_growth)
{
	struct hash_table table;

	hash_table_init(&table, small_buckets, 3);
	for (uint64_t i = 0; i < ITEM_COUNT; i++) {
		items[i].key = i;
		hash_table_add(&table, &items[i].node, hash_u64(i / 2));
	}
	EXPECT(hash_table_is_crowded(&table));
	EXPECT(hash_table_move(&table, large_buckets, 6) == small_buckets);
	hash_table_remove(&table, &items[7].node);
	for (uint64_t i = 0; i < ITEM_COUNT; i++)
		EXPECT(item_find(&table, i) == (i == 7 ? NULL : &items[i]));
	EXPECT_EQUAL(table.count, ITEM_COUNT - 1);
}
