/*
 * Asking for a right. The set is immutable and replaced whole, so a check is one load and one bit
 * test; refusals are counted per process and right.
 */
#include "task/authority.h"

#include "base/errno.h"
#include "base/format.h"
#include "base/panic.h"
#include "memory/heap.h"
#include "task/thread.h"

/* How often each right was refused to a process; made at the first refusal. */
struct capability_denials {
	uint32_t counts[CAPABILITY_RIGHT_COUNT];
};

static bool rights_have(const struct capability_rights *rights, enum capability_right right)
{
	return rights->words[right / 64] >> (right % 64) & 1;
}

bool capability_is_held(enum capability_right right)
{
	const struct capability_set *set;
	bool is_held;

	if (DEBUG_BUILD)
		thread_current()->has_asked_right = true;
	rcu_read_lock();
	set = rcu_dereference(process_current()->capabilities);
	is_held = rights_have(&set->table, right);
	rcu_read_unlock();
	return is_held;
}

int capability_not_needed(void)
{
	if (DEBUG_BUILD)
		thread_current()->has_asked_right = true;
	return 0;
}

void capability_question_open(void)
{
	thread_current()->has_asked_right = false;
}

void capability_question_close(const char *call, long result)
{
	if (result >= 0 && !thread_current()->has_asked_right)
		panic("%s succeeded and asked for no right", call);
}

static COLD void denial_record(enum capability_right right)
{
	struct process *process = process_current();
	struct capability_denials *denials = __atomic_load_n(&process->denials, __ATOMIC_ACQUIRE);

	if (!denials) {
		/* Some ask under locks. */
		struct capability_denials *fresh = heap_allocate(sizeof(*fresh), HEAP_ATOMIC);

		if (!fresh)
			return;
		if (!__atomic_compare_exchange_n(&process->denials, &denials, fresh, false,
						 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			heap_free(fresh);
		else
			denials = fresh;
	}
	__atomic_add_fetch(&denials->counts[right], 1, __ATOMIC_RELAXED);
}

int capability_require(enum capability_right right)
{
	if (likely(capability_is_held(right)))
		return 0;
	denial_record(right);
	return -EPERM;
}

int capability_require_file(enum capability_right right)
{
	return capability_require(right) == 0 ? 0 : -EACCES;
}

bool capability_dominates(struct process *target)
{
	const struct capability_set *own, *other;
	bool dominates = true;

	rcu_read_lock();
	own = rcu_dereference(process_current()->capabilities);
	other = rcu_dereference(target->capabilities);
	for (size_t i = 0; i < ARRAY_SIZE(own->table.words); i++) {
		if (other->table.words[i] & ~own->table.words[i] ||
		    other->bound.words[i] & ~own->bound.words[i])
			dominates = false;
	}
	rcu_read_unlock();
	return dominates;
}

struct capability_set *capability_set_of(struct process *process)
{
	struct capability_set *set;

	rcu_read_lock();
	do {
		set = rcu_dereference(process->capabilities);
		/* A set without references has been replaced already. */
	} while (!refcount_get_unless_zero(&set->references));
	rcu_read_unlock();
	return set;
}

int capability_drop(const struct capability_rights *keep)
{
	struct process *process = process_current();
	struct capability_set *old = capability_set_of(process), *narrowed;
	int result = capability_set_narrow(old, keep, &narrowed);
	bool enabled;

	capability_set_put(old);
	if (result < 0)
		return result;
	/* Two threads that drop at once must both have their way, and may not free what the other
	 * looks at: what is there is only known under the lock. */
	enabled = spin_lock_irq(&process->signals.lock);
	old = process->capabilities;
	for (size_t i = 0; i < ARRAY_SIZE(keep->words); i++) {
		narrowed->table.words[i] &= old->table.words[i];
		narrowed->bound.words[i] &= old->bound.words[i];
	}
	rcu_assign(process->capabilities, narrowed);
	spin_unlock_irq(&process->signals.lock, enabled);
	capability_set_put(old);
	return 0;
}

void capability_denials_describe(struct process *process, struct format_sink *sink)
{
	struct capability_denials *denials = __atomic_load_n(&process->denials, __ATOMIC_ACQUIRE);

	for (int i = 0; denials && i < CAPABILITY_RIGHT_COUNT; i++) {
		if (denials->counts[i])
			format_to(sink, "%s %u\n", capability_right_name(i), denials->counts[i]);
	}
}

static void rights_describe(const struct capability_rights *rights, struct format_sink *sink)
{
	for (int i = 0; i < CAPABILITY_RIGHT_COUNT; i++) {
		if (rights_have(rights, i))
			format_to(sink, " %s", capability_right_name(i));
	}
	format_to(sink, "\n");
}

void capability_describe(struct process *process, struct format_sink *sink)
{
	struct capability_rights table, bound;

	rcu_read_lock();
	table = rcu_dereference(process->capabilities)->table;
	bound = rcu_dereference(process->capabilities)->bound;
	rcu_read_unlock();
	format_to(sink, "table");
	rights_describe(&table, sink);
	format_to(sink, "bound");
	rights_describe(&bound, sink);
}
