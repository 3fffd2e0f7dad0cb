/*
 * The list of values that /proc/aegis shows. Filled at start, then only read.
 */
#include "log/status.h"

#include "base/string.h"
#include "sync/spin_lock.h"

static struct list_head entries = LIST_HEAD_INITIALIZER(entries);
static struct spin_lock entries_lock = SPIN_LOCK_INITIALIZER(LOCK_LEAF);

void status_add(struct status_entry *entry)
{
	bool were_enabled = spin_lock_irq(&entries_lock);

	list_add_tail(&entries, &entry->node);
	spin_unlock_irq(&entries_lock, were_enabled);
}

struct status_entry *status_find(const char *name)
{
	struct status_entry *entry;

	list_for_each(entry, &entries, node) {
		if (strcmp(entry->name, name) == 0)
			return entry;
	}
	return NULL;
}

struct status_entry *status_next(struct status_entry *after)
{
	return after ? list_next(after, &entries, node) :
		       list_first(&entries, struct status_entry, node);
}
