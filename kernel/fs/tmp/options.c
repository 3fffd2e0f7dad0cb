/*
 * The mount options of tmpfs (tmpfs(5)): size, nr_blocks, nr_inodes, mode, uid, gid; in debug
 * builds also store (store.c).
 */
#include "fs/tmp/options.h"
#include "base/arithmetic.h"
#include "base/errno.h"
#include "base/parse.h"
#include "base/string.h"
#include "fs/tmp/internal.h"
#include "memory/page.h"
#include "vfs/options.h"

static int size_read(const char *value, uint64_t *pages)
{
	size_t length = strlen(value);
	uint64_t bytes;
	int error;

	if (length > 1 && value[length - 1] == '%') {
		struct memory_statistics memory;
		const char *end;
		uint64_t percent;

		error = parse_unsigned_prefix(value, 10, &percent, &end);
		if (error || *end != '%' || percent > 100)
			return -EINVAL;
		memory_statistics_read(&memory);
		*pages = multiply_divide_u64(memory.total, percent, 100);
		return 0;
	}
	error = parse_size(value, &bytes);
	if (error)
		return -EINVAL;
	*pages = divide_up_u64(bytes, PAGE_SIZE);
	return 0;
}

static int number_read(const char *value, unsigned base, uint64_t limit, uint64_t *number)
{
	return parse_unsigned(value, base, number) || *number > limit ? -EINVAL : 0;
}

static int option_read(void *argument, const char *name, const char *value)
{
	struct tmp_instance *instance = argument;
	uint64_t number;
	int error = -EINVAL;

	if (!value && DEBUG_BUILD && strcmp(name, "store") == 0) {
		instance->has_store = true;
		return 0;
	}
	if (!value)
		return strcmp(name, "inode64") == 0 ? 0 : -EINVAL;
	if (strcmp(name, "size") == 0)
		return size_read(value, &instance->limits.pages);
	if (strcmp(name, "nr_blocks") == 0)
		return parse_size(value, &instance->limits.pages) ? -EINVAL : 0;
	if (strcmp(name, "nr_inodes") == 0)
		return parse_size(value, &instance->limits.inodes) ? -EINVAL : 0;
	if (strcmp(name, "mode") == 0) {
		error = number_read(value, 8, 07777, &number);
		if (error == 0)
			instance->mode = (uint16_t)number;
	} else if (strcmp(name, "uid") == 0) {
		error = number_read(value, 10, UINT32_MAX, &number);
		if (error == 0)
			instance->uid = (uint32_t)number;
	} else if (strcmp(name, "gid") == 0) {
		error = number_read(value, 10, UINT32_MAX, &number);
		if (error == 0)
			instance->gid = (uint32_t)number;
	}
	return error;
}

int tmp_options_read(struct tmp_instance *instance, const char *options)
{
	struct tmp_instance changed = *instance;
	int error = options_read(options, option_read, &changed);

	if (error)
		return error;
	/* Limits may not be set below what is in use. */
	if ((changed.limits.pages && changed.limits.pages < READ_ONCE(instance->pages_used)) ||
	    (changed.limits.inodes && changed.limits.inodes < READ_ONCE(instance->inodes_used)))
		return -EINVAL;
	instance->limits = changed.limits;
	instance->mode = changed.mode;
	instance->uid = changed.uid;
	instance->gid = changed.gid;
	instance->has_store = changed.has_store;
	return 0;
}
