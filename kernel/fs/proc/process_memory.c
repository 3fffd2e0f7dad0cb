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

static void usage_lines(struct format_sink *sink, struct region *region)
{
	const unsigned long long unit = PAGE_SIZE / 1024;
	struct region_usage usage = { 0 };

	space_region_usage(region, &usage);
	format_to(sink, "Size:           %8llu kB\nKernelPageSize: %8llu kB\n",
		  (unsigned long long)(region->end - region->start) / 1024, unit);
	format_to(sink, "MMUPageSize:    %8llu kB\nRss:            %8llu kB\n", unit,
		  usage.resident * unit);
	format_to(sink, "Pss:            %8llu kB\nPss_Dirty:      %8llu kB\n",
		  usage.proportional * unit, usage.private_dirty * unit);
	format_to(sink, "Shared_Clean:   %8llu kB\nShared_Dirty:   %8llu kB\n",
		  usage.shared_clean * unit, usage.shared_dirty * unit);
	format_to(sink, "Private_Clean:  %8llu kB\nPrivate_Dirty:  %8llu kB\n",
		  usage.private_clean * unit, usage.private_dirty * unit);
	format_to(sink, "Referenced:     %8llu kB\nAnonymous:      %8llu kB\n",
		  usage.referenced * unit, usage.anonymous * unit);
	format_to(sink, "LazyFree:       %8u kB\nAnonHugePages:  %8u kB\n", 0, 0);
	format_to(sink, "ShmemPmdMapped: %8u kB\nFilePmdMapped:  %8u kB\n", 0, 0);
	format_to(sink, "Shared_Hugetlb: %8u kB\nPrivate_Hugetlb: %7u kB\n", 0, 0);
	format_to(sink, "Swap:           %8u kB\nSwapPss:        %8u kB\n", 0, 0);
	format_to(sink, "Locked:         %8llu kB\nTHPeligible:    0\n", usage.locked * unit);
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

static int show_regions(struct format_sink *sink, struct proc_inode *node, bool has_usage)
{
	struct space *space = proc_space_get(node->process);
	struct name_sink name = { .sink.write = name_write };
	struct region *region;

	if (!space)
		return 0;
	name.bytes = heap_allocate(PATH_MAXIMUM, HEAP_ACCOUNT | HEAP_RAW);
	if (!name.bytes) {
		space_put(space);
		return -ENOMEM;
	}
	shared_lock_read(&space->lock);
	for (region = space_region_first(space); region; region = space_region_next(region)) {
		region_line(sink, space, region, &name);
		if (has_usage) {
			usage_lines(sink, region);
			flags_line(sink, region);
		}
	}
	shared_unlock_read(&space->lock);
	heap_free(name.bytes);
	space_put(space);
	return 0;
}

int proc_show_maps(struct format_sink *sink, struct proc_inode *node)
{
	return show_regions(sink, node, false);
}

int proc_show_smaps(struct format_sink *sink, struct proc_inode *node)
{
	return show_regions(sink, node, true);
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

int proc_show_environment(struct format_sink *sink, struct proc_inode *node)
{
	struct space *space = proc_space_get(node->process);
	int error;

	if (!space)
		return 0;
	error = show_bytes(sink, space, space->environment_start, space->environment_end);
	space_put(space);
	return error;
}

int proc_show_auxiliary(struct format_sink *sink, struct proc_inode *node)
{
	struct space *space = proc_space_get(node->process);

	if (!space)
		return 0;
	sink->write(sink, (const char *)space->auxiliary,
		    min(space->auxiliary_count, (uint32_t)ARRAY_SIZE(space->auxiliary)) *
		    sizeof(uint64_t));
	space_put(space);
	return 0;
}

static int show_mounts(struct format_sink *sink, struct proc_inode *node,
		       void (*describe)(struct format_sink *sink, const struct path *root))
{
	struct directory_state *state = proc_directories_get(node->process);
	struct path root;

	if (!state)
		return -EINVAL;
	directory_root_get(state, &root);
	directory_state_put(state);
	describe(sink, &root);
	path_put(&root);
	return 0;
}

int proc_show_mounts(struct format_sink *sink, struct proc_inode *node)
{
	return show_mounts(sink, node, mounts_describe);
}

int proc_show_mountinfo(struct format_sink *sink, struct proc_inode *node)
{
	return show_mounts(sink, node, mountinfo_describe);
}

int proc_show_fdinfo(struct format_sink *sink, struct proc_inode *node)
{
	struct file *file = process_file_get(node->process, node->fd);
	struct descriptor_table *table;
	uint32_t flags;

	if (!file)
		return -ENOENT;
	flags = file->flags;
	table = process_descriptors_get(node->process);
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
