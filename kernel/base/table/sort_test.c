/* Sorting and searching arrays. */
#include "base/table/sort.h"

#include "base/test.h"

static int compare_numbers(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a;
	uint32_t right = *(const uint32_t *)b;

	return left < right ? -1 : left > right;
}

TEST(sort, every_length)
{
	uint32_t numbers[40];
	uint32_t random = 5;

	for (size_t count = 0; count <= ARRAY_SIZE(numbers); count++) {
		uint32_t sum = 0;

		for (size_t i = 0; i < count; i++) {
			random = random * 1103515245 + 12345;
			numbers[i] = random >> 16 & 62;
			sum += numbers[i];
		}
		sort(numbers, count, sizeof(numbers[0]), compare_numbers);
		for (size_t i = 0; i < count; i++) {
			uint32_t absent = numbers[i] | 1;
			uint32_t *found = sorted_find(numbers, count, sizeof(numbers[0]),
						      &numbers[i], compare_numbers);

			EXPECT(i == 0 || numbers[i - 1] <= numbers[i]);
			EXPECT(found && *found == numbers[i]);
			if (numbers[i] % 2 == 0)
				EXPECT(!sorted_find(numbers, count, sizeof(numbers[0]), &absent,
						    compare_numbers));
			sum -= numbers[i];
		}
		EXPECT_EQUAL(sum, 0);
	}
}
