/*
 * Seam: values and short texts that any subsystem lets people read below /proc/aegis.
 */
#ifndef LOG_STATUS_H
#define LOG_STATUS_H

#include "base/format.h"
#include "base/list.h"

struct status_entry {
	struct list_node node;
	const char *name;				/* file name below /proc/aegis */
	void (*show)(struct format_sink *sink);		/* may sleep */
	int (*store)(const char *text, size_t length);	/* NULL: read-only; text is terminated */
};

/* At start only; entries are never removed. */
void status_add(struct status_entry *entry);
struct status_entry *status_find(const char *name);
struct status_entry *status_next(struct status_entry *after);	/* NULL: the first */

#endif
