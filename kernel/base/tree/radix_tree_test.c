/* Radix tree: agrees with a plain array, keeps tags and free slots right, survives no memory. */
#include "base/tree/radix_tree.h"

#include "base/errno.h"
#include "base/test.h"

#define POOL_SIZE 64
#define INDEX_COUNT 700

static struct radix_node pool[POOL_SIZE];
static bool pool_used[POOL_SIZE];
static unsigned int pool_limit;

static struct radix_node *pool_allocate(struct radix_tree *tree UNUSED)
{
	for (unsigned int i = 0; i < pool_limit; i++) {
		if (!pool_used[i]) {
			pool_used[i] = true;
			return &pool[i];
		}
	}
	return NULL;
}

static void pool_free(struct radix_tree *tree UNUSED, struct radix_node *node)
{
	EXPECT(pool_used[node - pool]);
	pool_used[node - pool] = false;
}

static unsigned int pool_in_use(void)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < POOL_SIZE; i++)
		count += pool_used[i];
	return count;
}

static const struct radix_allocator pool_allocator = {
	.allocate_node = pool_allocate,
	.free_node = pool_free,
};

static int entries[INDEX_COUNT];
static bool is_in[INDEX_COUNT];
static bool is_tagged[INDEX_COUNT];

/* Spreads the test's indexes: dense, then over several levels, up to the very end. */
static uint64_t index_of(unsigned int i)
{
	if (i < 400)
		return i;
	if (i < 690)
		return 4096 + (uint64_t)i * 3;
	return UINT64_MAX - 10 * (uint64_t)(INDEX_COUNT - 1 - i);
}

static void check_against_arrays(struct radix_tree *tree)
{
	uint64_t index = 0;
	uint64_t tagged = 0;

	for (unsigned int i = 0; i < INDEX_COUNT; i++) {
		EXPECT(radix_tree_find(tree, index_of(i)) == (is_in[i] ? &entries[i] : NULL));
		EXPECT_EQUAL(radix_tree_tag_test(tree, index_of(i), RADIX_TAG_1), is_tagged[i]);
		if (is_in[i]) {
			EXPECT(radix_tree_next(tree, &index) == &entries[i]);
			EXPECT_EQUAL(index, index_of(i));
			index++;
		}
		if (is_tagged[i]) {
			EXPECT(radix_tree_next_tagged(tree, &tagged, RADIX_TAG_1) == &entries[i]);
			EXPECT_EQUAL(tagged, index_of(i));
			tagged++;
		}
	}
	if (!is_in[INDEX_COUNT - 1])
		EXPECT(radix_tree_next(tree, &index) == NULL);
	for (uint64_t from = 0; from < 400; from += 37) {
		uint64_t is_free = from;
		uint64_t expected = from;

		while (expected < 400 && is_in[expected])
			expected++;
		EXPECT(radix_tree_next_free(tree, &is_free));
		EXPECT_EQUAL(is_free, expected);
	}
}

static void step_at(struct radix_tree *tree, unsigned int i, uint32_t random)
{
	if (!is_in[i]) {
		EXPECT_EQUAL(radix_tree_insert(tree, index_of(i), &entries[i]), 0);
		EXPECT_EQUAL(radix_tree_insert(tree, index_of(i), &entries[i]), -EEXIST);
		is_in[i] = true;
	} else if (random % 3 == 0) {
		radix_tree_tag_set(tree, index_of(i), RADIX_TAG_1);
		is_tagged[i] = true;
	} else if (random % 3 == 1) {
		radix_tree_tag_clear(tree, index_of(i), RADIX_TAG_1);
		is_tagged[i] = false;
	} else {
		EXPECT(radix_tree_remove(tree, index_of(i)) == &entries[i]);
		is_in[i] = false;
		is_tagged[i] = false;
	}
}

TEST(radix_tree, agrees_with_array)
{
	struct radix_tree tree;
	uint32_t random = 3;

	pool_limit = POOL_SIZE;
	radix_tree_init(&tree, &pool_allocator);
	check_against_arrays(&tree);
	for (int step = 0; step < 6000; step++) {
		random = random * 1103515245 + 12345;
		step_at(&tree, (random >> 8) % INDEX_COUNT, random >> 20);
		if (step % 50 == 0)
			check_against_arrays(&tree);
	}
	check_against_arrays(&tree);
	for (unsigned int i = 0; i < INDEX_COUNT; i++) {
		radix_tree_remove(&tree, index_of(i));
		is_in[i] = false;
		is_tagged[i] = false;
	}
	EXPECT(radix_tree_is_empty(&tree));
	EXPECT_EQUAL(pool_in_use(), 0);
}

TEST(radix_tree, release_frees_all_nodes)
{
	struct radix_tree tree;

	pool_limit = POOL_SIZE;
	radix_tree_init(&tree, &pool_allocator);
	for (unsigned int i = 0; i < INDEX_COUNT; i++)
		EXPECT_EQUAL(radix_tree_insert(&tree, index_of(i), &entries[i]), 0);
	radix_tree_release(&tree);
	EXPECT_EQUAL(pool_in_use(), 0);
}

TEST(radix_tree, failed_insert_changes_nothing)
{
	struct radix_tree tree;

	radix_tree_init(&tree, &pool_allocator);
	for (pool_limit = 0; pool_limit < 14; pool_limit++) {
		unsigned int before;
		int error;

		EXPECT_EQUAL(radix_tree_insert(&tree, 5, &entries[0]), pool_limit ? 0 : -ENOMEM);
		before = pool_in_use();
		error = radix_tree_insert(&tree, UINT64_MAX, &entries[1]);
		if (error)
			EXPECT_EQUAL(pool_in_use(), before);
		EXPECT_EQUAL(error, pool_limit >= 21 ? 0 : -ENOMEM);
		EXPECT(radix_tree_find(&tree, UINT64_MAX) == (error ? NULL : &entries[1]));
		EXPECT(radix_tree_find(&tree, 5) == (pool_limit ? &entries[0] : NULL));
		radix_tree_remove(&tree, 5);
		EXPECT_EQUAL(pool_in_use(), 0);
	}
}

TEST(radix_tree, gathers_in_pieces)
{
	struct radix_tree tree;
	void *found[10];
	uint64_t from = 0;
	size_t total = 0;
	size_t count;

	pool_limit = POOL_SIZE;
	radix_tree_init(&tree, &pool_allocator);
	for (unsigned int i = 0; i < 200; i += 2)
		EXPECT_EQUAL(radix_tree_insert(&tree, i, &entries[i]), 0);
	while ((count = radix_tree_gather(&tree, &from, 150, found, 10))) {
		EXPECT(found[0] == &entries[total * 2]);
		total += count;
	}
	EXPECT_EQUAL(total, 76);
	radix_tree_tag_set(&tree, 20, RADIX_TAG_2);
	radix_tree_tag_set(&tree, 180, RADIX_TAG_2);
	EXPECT(radix_tree_is_tagged(&tree, RADIX_TAG_2));
	EXPECT(!radix_tree_is_tagged(&tree, RADIX_TAG_0));
	from = 10;
	EXPECT_EQUAL(radix_tree_gather_tagged(&tree, &from, 179, RADIX_TAG_2, found, 10), 1);
	EXPECT(found[0] == &entries[20]);
	radix_tree_release(&tree);
}
