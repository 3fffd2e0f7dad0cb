/*
 * The order checker of debug builds. Each class has a rank (its line in lock_order.h); a lock may
 * be taken only above everything the context holds. Reports are limited to one per pair of classes,
 * so that the checker can stay on under stress.
 */
#include "sync/lock_check.h"

#include "arch/context.h"
#include "arch/cpu.h"
#include "base/atomic.h"
#include "base/panic.h"
#include "sync/lock_order.h"
#include "sync/spin_lock.h"

#define LOCK_CLASS_NAME(name, context) [name] = #name,
static const char *const class_names[LOCK_CLASS_COUNT] = { LOCK_CLASSES(LOCK_CLASS_NAME) };

#define LOCK_CLASS_CONTEXT(name, context) [name] = context,
static const uint8_t class_contexts[LOCK_CLASS_COUNT] = { LOCK_CLASSES(LOCK_CLASS_CONTEXT) };

const char *lock_class_name(unsigned class)
{
	return class_names[class];
}

static uint64_t reported[LOCK_CLASS_COUNT];	/* bit: the class taken meanwhile */
static uint64_t report_count;

static_assert(LOCK_CLASS_COUNT <= 64, "one word of reports per class");

static bool is_first_report(unsigned held, unsigned taken)
{
	uint64_t bit = BIT(taken);

	atomic_fetch_add_relaxed(&report_count, 1);
	return !(atomic_fetch_or_relaxed(&reported[held], bit) & bit);
}

static void report(const char *what, unsigned held, unsigned taken)
{
	struct lock_trace *trace = context_current()->locks;

	if (!is_first_report(held, taken))
		return;
	/* The report takes locks itself. */
	context_current()->locks = NULL;
	warn("lock order: %s: takes %s while holding %s", what, class_names[taken],
	     class_names[held]);
	context_current()->locks = trace;
}

static void check_context(unsigned class, unsigned flags)
{
	enum lock_context deepest = class_contexts[class];

	if (flags & LOCK_CHECK_SLEEPS) {
		if (deepest != LOCK_CONTEXT_SLEEP)
			report("a spin class in a sleeping lock", class, class);
		return;
	}
	if (deepest == LOCK_CONTEXT_SLEEP)
		report("a sleeping class in a spin lock", class, class);
	if (deepest < LOCK_CONTEXT_INTERRUPT && context_current()->interrupt_depth)
		report("in an interrupt", class, class);
	if (deepest == LOCK_CONTEXT_INTERRUPT && interrupts_are_enabled())
		report("interrupts not masked", class, class);
}

static void check_order(const struct lock_trace *trace, const void *lock, unsigned class,
			unsigned flags)
{
	for (unsigned i = 0; i < trace->count; i++) {
		const struct held_lock *held = &trace->held[i];

		if (held->lock == lock)
			report("held already", held->class, class);
		else if (held->class > class)
			report("out of order", held->class, class);
		else if (held->class == class && !(flags & LOCK_CHECK_NESTED))
			report("second of its class", held->class, class);
	}
}

void lock_check_acquire(const void *lock, unsigned class, unsigned flags)
{
	struct lock_trace *trace = context_current()->locks;
	bool were_enabled;

	if (!trace)
		return;
	if (!(flags & LOCK_CHECK_TRIED)) {
		check_context(class, flags);
		check_order(trace, lock, class, flags);
	}
	/* An interrupt pushes and pops in between, and leaves the stack as it was. */
	were_enabled = interrupts_disable();
	if (trace->count < LOCK_TRACE_DEPTH)
		trace->held[trace->count++] = (struct held_lock){ lock, (uint16_t)class };
	else
		trace->untracked++;
	interrupts_restore(were_enabled);
}

void lock_check_release(const void *lock, unsigned class)
{
	struct lock_trace *trace = context_current()->locks;
	bool were_enabled;

	if (!trace)
		return;
	were_enabled = interrupts_disable();
	for (unsigned i = trace->count; i-- > 0;) {
		if (trace->held[i].lock != lock)
			continue;
		trace->count--;
		for (; i < trace->count; i++)
			trace->held[i] = trace->held[i + 1];
		interrupts_restore(were_enabled);
		return;
	}
	interrupts_restore(were_enabled);
	if (trace->untracked > 0)
		trace->untracked--;
	else
		report("released but not held", class, class);
}

void lock_check_print(void)
{
	struct lock_trace *trace = context_current()->locks;

	if (!trace)
		return;
	context_current()->locks = NULL;
	for (unsigned i = 0; i < trace->count; i++)
		warn("holds %s at %p", class_names[trace->held[i].class], trace->held[i].lock);
	context_current()->locks = trace;
}

uint64_t lock_check_report_count(void)
{
	return atomic_load_relaxed(&report_count);
}

void assert_may_sleep(void)
{
	struct context *self;
	struct lock_trace *trace;

	if (!DEBUG_BUILD)
		return;
	self = context_current();
	trace = self->locks;
	if (!trace)
		return;
	if (self->interrupt_depth == 0 && self->preemption_count == 0 && interrupts_are_enabled())
		return;
	self->locks = NULL;
	WARN_ON(self->interrupt_depth != 0);
	WARN_ON(self->preemption_count != 0);
	WARN_ON(!interrupts_are_enabled());
	self->locks = trace;
	atomic_fetch_add_relaxed(&report_count, 1);
}
