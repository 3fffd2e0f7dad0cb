/*
 * Extended attributes of tmpfs: a list, its order that of setting. Inode lock held.
 */
#include "base/errno.h"
#include "base/string.h"
#include "fs/tmp/internal.h"
#include "memory/heap.h"
#include <abi/fcntl.h>

static struct tmp_attribute **find(struct inode *inode, const char *name)
{
	struct tmp_attribute **link = &tmp_inode_of(inode)->attributes;

	while (*link && strcmp((*link)->name, name) != 0)
		link = &(*link)->next;
	return link;
}

static void attribute_free(struct tmp_attribute *attribute)
{
	heap_free(attribute->value);
	heap_free(attribute);
}

long tmp_attribute_get(struct inode *inode, const char *name, void *value, size_t size)
{
	struct tmp_attribute *attribute = *find(inode, name);

	if (!attribute)
		return -ENODATA;
	if (size == 0)
		return (long)attribute->size;
	if (attribute->size > size)
		return -ERANGE;
	memcpy(value, attribute->value, attribute->size);
	return (long)attribute->size;
}

int tmp_attribute_set(struct inode *inode, const char *name, const void *value, size_t size,
		      int flags)
{
	struct tmp_attribute **link = find(inode, name), *fresh;
	size_t length = strlen(name) + 1;

	if (*link && (flags & XATTR_CREATE))
		return -EEXIST;
	if (!*link && (flags & XATTR_REPLACE))
		return -ENODATA;
	fresh = heap_allocate(sizeof(*fresh) + length, HEAP_ACCOUNT);
	if (!fresh)
		return -ENOMEM;
	memcpy(fresh->name, name, length);
	fresh->size = size;
	fresh->value = size ? heap_copy(value, size, HEAP_ACCOUNT) : heap_allocate(1, HEAP_ACCOUNT);
	if (!fresh->value) {
		heap_free(fresh);
		return -ENOMEM;
	}
	if (*link) {
		struct tmp_attribute *old = *link;

		fresh->next = old->next;
		*link = fresh;
		attribute_free(old);
	} else {
		*link = fresh;
	}
	return 0;
}

long tmp_attribute_list(struct inode *inode, char *names, size_t size)
{
	size_t total = 0;

	for (struct tmp_attribute *at = tmp_inode_of(inode)->attributes; at; at = at->next) {
		size_t length = strlen(at->name) + 1;

		if (size && total + length > size)
			return -ERANGE;
		if (size)
			memcpy(names + total, at->name, length);
		total += length;
	}
	return (long)total;
}

int tmp_attribute_remove(struct inode *inode, const char *name)
{
	struct tmp_attribute **link = find(inode, name), *old = *link;

	if (!old)
		return -ENODATA;
	*link = old->next;
	attribute_free(old);
	return 0;
}

void tmp_attributes_free(struct tmp_inode *node)
{
	struct tmp_attribute *next;

	for (struct tmp_attribute *at = node->attributes; at; at = next) {
		next = at->next;
		attribute_free(at);
	}
}
