/*
 * Seam: device nodes as programs see them in /dev. Classes and drivers add them; fs/dev shows them,
 * vfs/ opens them by number.
 */
#ifndef DEVICE_NODE_H
#define DEVICE_NODE_H

#include "base/compiler.h"
#include "base/list.h"
#include "base/types.h"

struct file;
struct file_operations;
struct format_sink;

#define DEVICE_NUMBER(major, minor) ((uint64_t)(major) << 32 | (uint32_t)(minor))
#define DEVICE_MAJOR(number) ((uint32_t)((number) >> 32))
#define DEVICE_MINOR(number) ((uint32_t)(number))

struct device_node {
	struct list_node node;
	const char *name;		/* below /dev, "pts/3" excluded: "null", "ttyS0" */
	uint64_t number;		/* DEVICE_NUMBER; Linux's numbers */
	bool is_block;
	uint16_t permissions;		/* 0666 */
	uint32_t gid;
	/* Sets file->operations and object for a fresh file, or an error. May sleep. */
	int (*open)(struct device_node *node, struct file *file);
	void *object;
	const char *subsystem;		/* for sysfs: "mem", "tty" */
};

int device_node_add(struct device_node *node) MUST_CHECK;
void device_node_remove(struct device_node *node);
struct device_node *device_node_find(uint64_t number, bool is_block);
struct device_node *device_node_next(struct device_node *after);	/* NULL: the first */
uint64_t device_node_generation(void);	/* changes when nodes come or go */
/* One listener (fs/dev), told after every change; it may not sleep. */
void device_node_listen(void (*changed)(void));

/* The text of /proc/devices: each major number with the subsystem of its first node. */
void device_major_describe(struct format_sink *sink);

#endif
