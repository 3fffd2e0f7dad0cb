/*
 * /proc/mounts and /proc/<pid>/mountinfo, as seen from a root.
 */
#include "base/error_pointer.h"
#include "base/string.h"
#include "device/node.h"
#include "memory/heap.h"
#include "vfs/mount/internal.h"
#include "vfs/name_find.h"
#include "vfs/sink.h"
#include <abi/stat.h>

/* Blanks and backslashes of names would break the lines. */
#define BREAKING " \t\n\\#"

static void sink_flags(struct format_sink *sink, const struct mount *mount)
{
	static const struct {
		unsigned long flag;
		const char *text;
	} texts[] = {
		{ MS_NOSUID, ",nosuid" }, { MS_NODEV, ",nodev" }, { MS_NOEXEC, ",noexec" },
		{ MS_NOATIME, ",noatime" }, { MS_NODIRATIME, ",nodiratime" },
		{ MS_RELATIME, ",relatime" }, { MS_NOSYMFOLLOW, ",nosymfollow" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (mount->flags & texts[i].flag)
			format_to(sink, "%s", texts[i].text);
}

static void sink_superblock_flags(struct format_sink *sink, const struct superblock *superblock)
{
	if (superblock->flags & MS_SYNCHRONOUS)
		format_to(sink, ",sync");
	if (superblock->flags & MS_DIRSYNC)
		format_to(sink, ",dirsync");
	if (superblock->flags & MS_LAZYTIME)
		format_to(sink, ",lazytime");
}

static void sink_options(struct format_sink *sink, struct superblock *superblock)
{
	if (superblock->operations->describe_options)
		superblock->operations->describe_options(superblock, sink);
}

static void describe_mount(struct format_sink *sink, struct mount *mount, const char *point)
{
	sink_escaped(sink, mount->source, BREAKING);
	format_to(sink, " ");
	sink_escaped(sink, point, BREAKING);
	format_to(sink, " %s %s", mount->superblock->filesystem->name,
		   mount_is_read_only(mount) ? "ro" : "rw");
	sink_superblock_flags(sink, mount->superblock);
	sink_flags(sink, mount);
	sink_options(sink, mount->superblock);
	format_to(sink, " 0 0\n");
}

static void describe_info(struct format_sink *sink, struct mount *mount, const char *point,
			  char *buffer)
{
	struct superblock *superblock = mount->superblock;
	struct mount top = { .parent = &top, .root = superblock->root, .point = superblock->root };
	struct path shown = { &top, mount->root };
	char *root = path_describe(&shown, NULL, buffer, PATH_MAXIMUM);

	format_to(sink, "%d %d %u:%u ", mount->id, mount->parent->id,
		   DEVICE_MAJOR(superblock->device), DEVICE_MINOR(superblock->device));
	sink_escaped(sink, is_error(root) ? "/" : root, BREAKING);
	format_to(sink, " ");
	sink_escaped(sink, point, BREAKING);
	format_to(sink, " %s", mount->flags & MS_RDONLY ? "ro" : "rw");
	sink_flags(sink, mount);
	format_to(sink, "%s - %s ", mount->is_unbindable ? " unbindable" : "",
		   superblock->filesystem->name);
	sink_escaped(sink, mount->source, BREAKING);
	format_to(sink, " %s", superblock->flags & MS_RDONLY ? "ro" : "rw");
	sink_superblock_flags(sink, superblock);
	sink_options(sink, superblock);
	format_to(sink, "\n");
}

static void describe_all(struct format_sink *sink, const struct path *root, bool is_info)
{
	char *buffer = heap_allocate(2 * PATH_MAXIMUM, HEAP_RAW);
	struct mount *mount;

	if (!buffer)
		return;
	mutex_lock(&mount_mutex);
	list_for_each(mount, &mount_list, all_node) {
		struct path at = { mount, mount->root };
		char *point = path_describe(&at, root, buffer, PATH_MAXIMUM);

		/* What lies outside of the caller's root is not shown. */
		if (is_error(point) || *point != '/')
			continue;
		if (is_info)
			describe_info(sink, mount, point, buffer + PATH_MAXIMUM);
		else
			describe_mount(sink, mount, point);
	}
	mutex_unlock(&mount_mutex);
	heap_free(buffer);
}

void mounts_describe(struct format_sink *sink, const struct path *root)
{
	describe_all(sink, root, false);
}

void mountinfo_describe(struct format_sink *sink, const struct path *root)
{
	describe_all(sink, root, true);
}
