/* Heap sort: no recursion, no memory, no bad input. */
#include "base/table/sort.h"

static void swap_elements(unsigned char *a, unsigned char *b, size_t size)
{
	while (size--) {
		unsigned char byte = *a;

		*a++ = *b;
		*b++ = byte;
	}
}

/* Let the element at `hole` sink until neither child is greater. */
static void sift_down(unsigned char *bytes, size_t hole, size_t count, size_t size,
		      sort_compare_function compare)
{
	size_t child;

	while ((child = hole * 2 + 1) < count) {
		if (child + 1 < count &&
		    compare(bytes + child * size, bytes + (child + 1) * size) < 0)
			child++;
		if (compare(bytes + hole * size, bytes + child * size) >= 0)
			return;
		swap_elements(bytes + hole * size, bytes + child * size, size);
		hole = child;
	}
}

void sort(void *array, size_t count, size_t size, sort_compare_function compare)
{
	unsigned char *bytes = array;

	for (size_t hole = count / 2; hole-- > 0;)
		sift_down(bytes, hole, count, size, compare);
	for (size_t last = count; last-- > 1;) {
		swap_elements(bytes, bytes + last * size, size);
		sift_down(bytes, 0, last, size, compare);
	}
}

void *sorted_find(const void *array, size_t count, size_t size, const void *key,
		  sort_compare_function compare)
{
	const unsigned char *low = array;

	while (count) {
		const unsigned char *middle = low + count / 2 * size;
		int order = compare(key, middle);

		if (order == 0)
			return (void *)middle;
		if (order > 0) {
			low = middle + size;
			count--;
		}
		count /= 2;
	}
	return NULL;
}
