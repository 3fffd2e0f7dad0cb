/*
 * The memory of a process as /proc/<pid> shows it: regions, arguments, environment, auxiliary
 * vector.
 */
#include "base/errno.h"
#include "base/string.h"
#include "file/descriptor.h"
#include "fs/proc/internal.h"
#include "memory/heap.h"
#include "memory/page.h"
#include "memory/space.h"
#include "vfs/directories.h"
#include "vfs/vfs.h"
#include <abi/stat.h>

/* Where the name of a region begins in its line. */
#define MAPS_NAME_COLUMN 73
#define STRINGS_LIMIT (1 << 20)

struct line_sink {
	struct format_sink sink;
	char bytes[128];
	size_t length;
};

static void line_write(struct format_sink *sink, const char *bytes, size_t length)
{
	struct line_sink *line = container_of(sink, struct line_sink, sink);

	length = min(length, sizeof(line->bytes) - line->length);
	memcpy(line->bytes + line->length, bytes, length);
	line->length += length;
}

/* Collects a region's name: it comes before device and inode are known. */
struct name_sink {
	struct format_sink sink;
	char *bytes;
	size_t length;
};

static void name_write(struct format_sink *sink, const char *bytes, size_t length)
{
	struct name_sink *name = container_of(sink, struct name_sink, sink);

	length = min(length, (size_t)PATH_MAXIMUM - name->length);
	memcpy(name->bytes + name->length, bytes, length);
	name->length += length;
}

static const char *implied_name(const struct space *space, const struct region *region)
{
	if (region->name)
		return region->name;
	if (region->operations)
		return NULL;
	if (region->start <= space->brk_end && region->end >= space->brk_start &&
	    space->brk_start != space->brk_end)
		return "[heap]";
	if (region->start <= space->stack_start && region->end >= space->stack_start)
		return "[stack]";
	return NULL;
}

static void region_line(struct format_sink *sink, struct space *space, struct region *region,
			struct name_sink *name)
{
	struct line_sink line = { .sink.write = line_write };
	const char *implied = implied_name(space, region);
	uint64_t device = 0, inode = 0, offset = 0;

	name->length = 0;
	if (region->operations && region->operations->describe)
		region->operations->describe(region, &name->sink, &device, &inode);
	else if (implied)
		name_write(&name->sink, implied, strlen(implied));
	if (region->operations)
		offset = region->page_offset << PAGE_SHIFT;
	format_to(&line.sink, "%08llx-%08llx %c%c%c%c %08llx %02x:%02x %llu ",
		  (unsigned long long)region->start, (unsigned long long)region->end,
		  region->flags & REGION_READ ? 'r' : '-', region->flags & REGION_WRITE ? 'w' : '-',
		  region->flags & REGION_EXECUTE ? 'x' : '-',
		  region->flags & REGION_SHARED ? 's' : 'p', (unsigned long long)offset,
		  (unsigned)(device >> 32), (unsigned)device, (unsigned long long)inode);
	while (name->length && line.length < MAPS_NAME_COLUMN)
		line_write(&line.sink, " ", 1);
	sink->write(sink, line.bytes, line.length);
	for (size_t i = 0; i < name->length; i++) {
		if (name->bytes[i] == '\n')
			sink_text(sink, "\\012");
		else
			sink->write(sink, name->bytes + i, 1);
	}
	sink_text(sink, "\n");
}

static void kilobyte_line(struct format_sink *sink, const char *name, uint64_t pages)
{
	char label[20];

	format_print(label, sizeof(label), "%s:", name);
	format_to(sink, "%-16s%8llu kB\n", label,
		  (unsigned long long)pages * (PAGE_SIZE / 1024));
}

static void usage_lines(struct format_sink *sink, const struct region_usage *usage)
{
	kilobyte_line(sink, "Shared_Clean", usage->shared_clean);
	kilobyte_line(sink, "Shared_Dirty", usage->shared_dirty);
	kilobyte_line(sink, "Private_Clean", usage->private_clean);
	kilobyte_line(sink, "Private_Dirty", usage->private_dirty);
	kilobyte_line(sink, "Referenced", usage->referenced);
	kilobyte_line(sink, "Anonymous", usage->anonymous);
	kilobyte_line(sink, "LazyFree", 0);
	kilobyte_line(sink, "AnonHugePages", 0);
	kilobyte_line(sink, "ShmemPmdMapped", 0);
	kilobyte_line(sink, "FilePmdMapped", 0);
	kilobyte_line(sink, "Shared_Hugetlb", 0);
	format_to(sink, "Private_Hugetlb: %7u kB\n", 0);
	kilobyte_line(sink, "Swap", 0);
	kilobyte_line(sink, "SwapPss", 0);
	kilobyte_line(sink, "Locked", usage->locked);
}

static void region_usage_lines(struct format_sink *sink, struct region *region)
{
	struct region_usage usage = { 0 };

	space_region_usage(region, &usage);
	kilobyte_line(sink, "Size", (region->end - region->start) / PAGE_SIZE);
	kilobyte_line(sink, "KernelPageSize", 1);
	kilobyte_line(sink, "MMUPageSize", 1);
	kilobyte_line(sink, "Rss", usage.resident);
	kilobyte_line(sink, "Pss", usage.proportional);
	kilobyte_line(sink, "Pss_Dirty", usage.private_dirty);
	usage_lines(sink, &usage);
	sink_text(sink, "THPeligible:    0\n");
}

static void flags_line(struct format_sink *sink, const struct region *region)
{
	static const struct {
		uint32_t flag;
		const char *text;
	} texts[] = {
		{ REGION_READ, " rd" }, { REGION_WRITE, " wr" }, { REGION_EXECUTE, " ex" },
		{ REGION_SHARED, " sh" }, { REGION_MAY_READ, " mr" }, { REGION_MAY_WRITE, " mw" },
		{ REGION_MAY_EXECUTE, " me" }, { REGION_GROWS_DOWN, " gd" },
		{ REGION_LOCKED, " lo" }, { REGION_SEQUENTIAL, " sr" }, { REGION_RANDOM, " rr" },
		{ REGION_NO_FORK, " dc" }, { REGION_NO_RESERVE, " nr" },
		{ REGION_NO_DUMP, " dd" }, { REGION_WIPE_ON_FORK, " wf" },
	};

	sink_text(sink, "VmFlags:");
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (region->flags & texts[i].flag)
			sink_text(sink, texts[i].text);
	sink_text(sink, " \n");
}

static int show_regions(struct format_sink *sink, struct space *space, bool has_usage)
{
	struct name_sink name = { .sink.write = name_write };
	struct region *region;

	if (!space)
		return 0;
	name.bytes = heap_allocate(PATH_MAXIMUM, HEAP_ACCOUNT | HEAP_RAW);
	if (!name.bytes)
		return -ENOMEM;
	shared_lock_read(&space->lock);
	for (region = space_region_first(space); region; region = space_region_next(region)) {
		region_line(sink, space, region, &name);
		if (has_usage) {
			region_usage_lines(sink, region);
			flags_line(sink, region);
		}
	}
	shared_unlock_read(&space->lock);
	heap_free(name.bytes);
	return 0;
}

int proc_show_maps(struct format_sink *sink, struct space *space)
{
	return show_regions(sink, space, false);
}

int proc_show_smaps(struct format_sink *sink, struct space *space)
{
	return show_regions(sink, space, true);
}

/* Proportional pages of anonymous memory, and of files. */
struct rollup {
	struct region_usage total;
	uint64_t anonymous, file, shared;
	user_address_t start, end;
};

static void rollup_add(struct rollup *rollup, struct region *region)
{
	struct region_usage *total = &rollup->total, usage = { 0 };

	space_region_usage(region, &usage);
	total->resident += usage.resident;
	total->proportional += usage.proportional;
	total->shared_clean += usage.shared_clean;
	total->shared_dirty += usage.shared_dirty;
	total->private_clean += usage.private_clean;
	total->private_dirty += usage.private_dirty;
	total->referenced += usage.referenced;
	total->anonymous += usage.anonymous;
	total->locked += usage.locked;
	if (!region->operations)
		rollup->anonymous += usage.proportional;
	else if (region->flags & REGION_SHARED)
		rollup->shared += usage.proportional;
	else
		rollup->file += usage.proportional;
	rollup->start = rollup->end ? rollup->start : region->start;
	rollup->end = region->end;
}

int proc_show_smaps_rollup(struct format_sink *sink, struct space *space)
{
	struct rollup *rollup;
	struct region *region;

	if (!space || !space_user_get_unless_dead(space))
		return -ESRCH;
	rollup = heap_allocate(sizeof(*rollup), HEAP_ACCOUNT);
	if (rollup) {
		shared_lock_read(&space->lock);
		for (region = space_region_first(space); region;
		     region = space_region_next(region))
			rollup_add(rollup, region);
		shared_unlock_read(&space->lock);
		format_to(sink, "%08llx-%08llx ---p 00000000 00:00 0 %*s[rollup]\n",
			  (unsigned long long)rollup->start, (unsigned long long)rollup->end,
			  20, "");
		kilobyte_line(sink, "Rss", rollup->total.resident);
		kilobyte_line(sink, "Pss", rollup->total.proportional);
		kilobyte_line(sink, "Pss_Dirty", rollup->total.private_dirty);
		kilobyte_line(sink, "Pss_Anon", rollup->anonymous);
		kilobyte_line(sink, "Pss_File", rollup->file);
		kilobyte_line(sink, "Pss_Shmem", rollup->shared);
		usage_lines(sink, &rollup->total);
	}
	space_user_put(space);
	heap_free(rollup);
	return rollup ? 0 : -ENOMEM;
}

/* Bytes of a program, at most a megabyte; what is not there ends the text. */
static int show_bytes(struct format_sink *sink, struct space *space, uint64_t start, uint64_t end)
{
	uint64_t left = end > start ? min(end - start, (uint64_t)STRINGS_LIMIT) : 0;
	char *buffer = heap_allocate(PAGE_SIZE, HEAP_ACCOUNT | HEAP_RAW);

	if (!buffer)
		return -ENOMEM;
	while (left > 0) {
		size_t wanted = min(left, PAGE_SIZE);
		size_t moved = space_copy_in(space, buffer, start, wanted);

		sink->write(sink, buffer, moved);
		if (moved < wanted)
			break;
		start += moved;
		left -= moved;
	}
	heap_free(buffer);
	return 0;
}

/*
 * A program that overwrote the end of its arguments has put its title there: then the text runs on
 * into the environment to its first end (setproctitle).
 */
static int show_arguments(struct format_sink *sink, struct space *space)
{
	char last = 0;

	if (space->arguments_end > space->arguments_start &&
	    space_copy_in(space, &last, space->arguments_end - 1, 1) == 1 && last != '\0') {
		char *title = heap_allocate(PAGE_SIZE, HEAP_ACCOUNT);
		size_t moved;

		if (!title)
			return -ENOMEM;
		moved = space_copy_in(space, title, space->arguments_start, PAGE_SIZE - 1);
		sink->write(sink, title, strnlen(title, moved));
		heap_free(title);
		return 0;
	}
	return show_bytes(sink, space, space->arguments_start, space->arguments_end);
}

int proc_show_command_line(struct format_sink *sink, struct proc_inode *node)
{
	struct space *space = proc_space_get(node->process);
	int error;

	if (!space)
		return 0;
	error = show_arguments(sink, space);
	space_put(space);
	return error;
}

int proc_show_environment(struct format_sink *sink, struct space *space)
{
	return space ? show_bytes(sink, space, space->environment_start,
				  space->environment_end) : 0;
}

/* It stands in the space itself, and stays when the memory is gone. */
int proc_show_auxiliary(struct format_sink *sink, struct space *space)
{
	if (space)
		sink->write(sink, (const char *)space->auxiliary,
			    min(space->auxiliary_count, (uint32_t)ARRAY_SIZE(space->auxiliary)) *
			    sizeof(uint64_t));
	return 0;
}

int proc_show_fdinfo(struct format_sink *sink, struct proc_inode *node)
{
	struct file *file = proc_file_get(node, node->fd);
	struct descriptor_table *table;
	uint32_t flags;

	if (!file)
		return -ENOENT;
	flags = file->flags;
	table = proc_descriptors_get(node);
	if (table) {
		if (descriptor_table_closes_on_exec(table, node->fd))
			flags |= O_CLOEXEC;
		descriptor_table_put(table);
	}
	format_to(sink, "pos:\t%lld\nflags:\t0%o\nmnt_id:\t%d\nino:\t%llu\n",
		  (long long)file->position, flags, file->mount ? file->mount->id : 0,
		  (unsigned long long)(file->inode ? file->inode->number
						   : vfs_anonymous_number(file)));
	if (file->operations->describe)
		file->operations->describe(file, sink);
	file_put(file);
	return 0;
}
