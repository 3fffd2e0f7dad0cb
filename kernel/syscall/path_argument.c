/*
 * File names on their way from programs: copied once into kernel memory, in blocks of one size so
 * that the heap's per-CPU magazines serve them.
 */
#include "memory/heap.h"
#include "syscall/support.h"
#include "vfs/name.h"

static struct slab_cache *path_cache;

int call_path_get(char **path, user_address_t address, bool is_null_allowed)
{
	char *copy;
	long length;

	*path = NULL;
	if (address == 0 && is_null_allowed)
		return 0;
	copy = slab_allocate(path_cache, HEAP_RAW);
	if (!copy)
		return -ENOMEM;
	length = user_copy_string(copy, address, PATH_MAXIMUM);
	if (unlikely(length < 0)) {
		slab_free(path_cache, copy);
		return length;
	}
	*path = copy;
	return 0;
}

int call_path_block(char **block)
{
	*block = slab_allocate(path_cache, HEAP_RAW);
	return *block ? 0 : -ENOMEM;
}

void call_path_put(char *path)
{
	if (path)
		slab_free(path_cache, path);
}

int syscall_start(void)
{
	int result;

	path_cache = slab_cache_create("path", PATH_MAXIMUM, 16, 0);
	if (!path_cache)
		return -ENOMEM;
	result = missing_start();
	return result < 0 ? result : trace_start();
}
