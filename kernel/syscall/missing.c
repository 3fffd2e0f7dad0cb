/*
 * Calls that programs made and that do not exist here, counted by program name and number: what
 * /proc/aegis/missing shows tells what to build next.
 */
#include "base/string.h"
#include "log/status.h"
#include "memory/heap.h"
#include "sync/spin_lock.h"
#include "syscall/support.h"
#include "task/thread.h"

/* A flood of invented numbers must not eat the memory. */
#define MISSING_KINDS_MAXIMUM 1024

struct missing {
	struct list_node node;
	char program[16];
	long number;
	uint64_t count;
};

static struct spin_lock missing_lock = SPIN_LOCK_INITIALIZER(LOCK_LEAF);
static struct list_head missing_calls = LIST_HEAD_INITIALIZER(missing_calls);
static unsigned missing_kinds;

static struct missing *missing_find(const char *program, long number)
{
	struct missing *missing;

	list_for_each(missing, &missing_calls, node) {
		if (missing->number == number && strcmp(missing->program, program) == 0)
			return missing;
	}
	return NULL;
}

long missing_call(long number)
{
	struct thread *thread = thread_current();
	struct missing *fresh = NULL, *missing;
	bool enabled = spin_lock_irq(&missing_lock);

	missing = missing_find(thread->name, number);
	if (!missing && missing_kinds < MISSING_KINDS_MAXIMUM) {
		fresh = heap_allocate(sizeof(*fresh), HEAP_ATOMIC);
		if (fresh) {
			strlcpy(fresh->program, thread->name, sizeof(fresh->program));
			fresh->number = number;
			list_add_tail(&missing_calls, &fresh->node);
			missing_kinds++;
			missing = fresh;
		}
	}
	if (missing)
		missing->count++;
	spin_unlock_irq(&missing_lock, enabled);
	return -ENOSYS;
}

static const char *missing_name(long number)
{
	const struct call_name *call = call_names_missing;

	while (call->name && call->number != number)
		call++;
	return call->name;
}

/* Entries are never freed, so one can be copied out under the lock and its successor found
 * again. */
static void missing_show(struct format_sink *sink)
{
	bool enabled = spin_lock_irq(&missing_lock);
	struct missing *missing = list_first(&missing_calls, struct missing, node);

	spin_unlock_irq(&missing_lock, enabled);
	while (missing) {
		const char *name = missing_name(missing->number);

		format_to(sink, "%s %ld %llu%s%s\n", missing->program, missing->number,
			  (unsigned long long)missing->count, name ? " " : "", name ? name : "");
		enabled = spin_lock_irq(&missing_lock);
		missing = list_next(missing, &missing_calls, node);
		spin_unlock_irq(&missing_lock, enabled);
	}
}

int missing_start(void)
{
	static struct status_entry entry = { .name = "missing", .show = missing_show };

	status_add(&entry);
	return 0;
}
