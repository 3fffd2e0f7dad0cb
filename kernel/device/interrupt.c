/*
 * Interrupt lines: the numbers of the architecture become calls of handlers. Lines are made at
 * their first use and stay for ever, so that an interrupt finds them without a lock; a handler that
 * disconnects waits until no CPU runs the line's handlers.
 */
#include "device/interrupt.h"

#include "arch/cpu.h"
#include "arch/interrupt.h"
#include "arch/upcalls.h"
#include "base/errno.h"
#include "base/format.h"
#include "device/internal.h"
#include "log/log.h"
#include "memory/heap.h"
#include "sync/rcu.h"
#include "sync/spin_lock.h"

#define BUCKET_COUNT 64			/* a power of two; chains grow as they must */
#define UNHANDLED_LIMIT 100000		/* in a row: the line is stuck */

struct line_handler {
	struct list_node node;
	interrupt_handler handler;
	void *argument;
	const char *name;
};

struct interrupt_line {
	struct interrupt_line *next;		/* of the bucket; set before it is published */
	uint32_t line, trigger;
	struct interrupt_controller *controller;
	unsigned cpu, number;
	struct list_head handlers;		/* lines_lock to change, masked to read */
	uint32_t running;			/* CPUs inside the handlers; atomic */
	uint64_t unhandled;
	uint64_t counts[];			/* by CPU, each written by its CPU */
};

static struct spin_lock lines_lock = SPIN_LOCK_INITIALIZER(LOCK_INTERRUPT_LINE);
static struct list_head controllers = LIST_HEAD_INITIALIZER(controllers);
static struct interrupt_line *buckets[BUCKET_COUNT];	/* by number */
static uint64_t spurious_count;

int interrupt_controller_add(struct interrupt_controller *controller)
{
	bool were_enabled = spin_lock_irq(&lines_lock);

	list_add_tail(&controllers, &controller->node);
	spin_unlock_irq(&lines_lock, were_enabled);
	return 0;
}

static struct interrupt_controller *controller_find(uint32_t line)
{
	struct interrupt_controller *controller;

	list_for_each(controller, &controllers, node) {
		if (line - controller->first_line < controller->line_count)
			return controller;
	}
	return NULL;
}

uint32_t interrupt_line_limit(void)
{
	bool were_enabled = spin_lock_irq(&lines_lock);
	struct interrupt_controller *controller;
	uint32_t limit = 0;

	list_for_each(controller, &controllers, node)
		limit = max(limit, controller->first_line + controller->line_count);
	spin_unlock_irq(&lines_lock, were_enabled);
	return limit;
}

static struct interrupt_line *line_find(uint32_t line)
{
	for (unsigned i = 0; i < BUCKET_COUNT; i++) {
		for (struct interrupt_line *at = buckets[i]; at; at = at->next) {
			if (at->line == line)
				return at;
		}
	}
	return NULL;
}

static bool handlers_run(struct interrupt_line *line)
{
	struct line_handler *handler;
	bool was_handled = false;

	list_for_each_rcu(handler, &line->handlers, node)
		was_handled |= handler->handler(handler->argument);
	return was_handled;
}

/* A line that nobody answers for, again and again, would stop the CPU. */
static void line_unhandled(struct interrupt_line *line)
{
	if (++line->unhandled < UNHANDLED_LIMIT)
		return;
	line->controller->mask(line->controller, line->line);
	line->unhandled = 0;
	log_limited(LOG_ERROR, "interrupt line %u: nobody answers, masked", line->line);
}

void upcall_interrupt(unsigned number)
{
	unsigned cpu = cpu_current();
	bool was_found = false;

	for (struct interrupt_line *line = atomic_load_acquire(&buckets[number % BUCKET_COUNT]);
	     line; line = line->next) {
		if (line->number != number || line->cpu != cpu)
			continue;
		was_found = true;
		line->counts[cpu]++;
		atomic_fetch_add_ordered(&line->running, 1);
		if (handlers_run(line))
			line->unhandled = 0;
		else
			line_unhandled(line);
		atomic_fetch_subtract_release(&line->running, 1);
	}
	if (!was_found)
		atomic_fetch_add_relaxed(&spurious_count, 1);
	interrupt_end(number);
}

/* Lock held: gives the line a number on the boot CPU and routes it there, masked. */
static int line_route(struct interrupt_line *line)
{
	int number = interrupt_number_reserve(line->cpu, 1);
	int result;

	if (number == -ENOSYS)
		number = (int)line->line;
	if (number < 0)
		return number;
	line->number = (unsigned)number;
	result = line->controller->route(line->controller, line->line, line->trigger, line->cpu,
					 line->number);
	if (result < 0)
		interrupt_number_release(line->cpu, line->number, 1);
	return result;
}

/* Lock held. Takes `fresh` over and clears it when a new line is needed. */
static int line_prepare(uint32_t number, uint32_t trigger, struct interrupt_line **fresh,
			struct interrupt_line **result)
{
	struct interrupt_line *line = line_find(number);
	int error;

	*result = line;
	if (line)
		return 0;
	line = *fresh;
	line->line = number;
	line->trigger = trigger;
	line->controller = controller_find(number);
	if (!line->controller)
		return -ENODEV;
	list_init(&line->handlers);
	error = line_route(line);
	if (error < 0)
		return error;
	line->next = buckets[line->number % BUCKET_COUNT];
	atomic_store_release(&buckets[line->number % BUCKET_COUNT], line);
	*fresh = NULL;
	*result = line;
	return 0;
}

int interrupt_line_connect(uint32_t line_number, uint32_t trigger, interrupt_handler handler,
			   void *argument, const char *name)
{
	struct interrupt_line *fresh, *line;
	struct line_handler *entry = heap_allocate(sizeof(*entry), HEAP_PATIENT);
	bool were_enabled, is_first;
	int result = -ENOMEM;

	fresh = heap_allocate(sizeof(*fresh) + cpu_count() * sizeof(fresh->counts[0]),
			      HEAP_PATIENT);
	if (!entry || !fresh)
		goto out;
	entry->handler = handler;
	entry->argument = argument;
	entry->name = name;
	were_enabled = spin_lock_irq(&lines_lock);
	result = line_prepare(line_number, trigger, &fresh, &line);
	if (result == 0 && line->trigger != trigger)
		result = -EBUSY;
	if (result == 0) {
		is_first = list_is_empty(&line->handlers);
		list_add_tail_rcu(&line->handlers, &entry->node);
		entry = NULL;
		if (is_first)
			line->controller->unmask(line->controller, line_number);
	}
	spin_unlock_irq(&lines_lock, were_enabled);
out:
	heap_free(fresh);
	heap_free(entry);
	return result;
}

static struct line_handler *handler_find(struct interrupt_line *line, void *argument)
{
	struct line_handler *handler;

	list_for_each(handler, &line->handlers, node) {
		if (handler->argument == argument)
			return handler;
	}
	return NULL;
}

void interrupt_line_disconnect(uint32_t line_number, void *argument)
{
	bool were_enabled = spin_lock_irq(&lines_lock);
	struct interrupt_line *line = line_find(line_number);
	struct line_handler *handler = line ? handler_find(line, argument) : NULL;

	if (handler) {
		list_remove_rcu(&handler->node);
		if (list_is_empty(&line->handlers))
			line->controller->mask(line->controller, line_number);
	}
	spin_unlock_irq(&lines_lock, were_enabled);
	if (!handler)
		return;
	/* An interrupt that found the handler counted itself before it walked the list. */
	atomic_fence();
	while (atomic_load_acquire(&line->running))
		cpu_relax();
	heap_free(handler);
}

int device_interrupt_connect(struct device *device, unsigned index, interrupt_handler handler,
			     void *argument)
{
	struct device_resource *resource = device_resource_find(device, RESOURCE_INTERRUPT, index);

	if (!resource)
		return -ENODEV;
	return interrupt_line_connect((uint32_t)resource->start, resource->flags, handler, argument,
				      device->name);
}

void device_interrupt_disconnect(struct device *device, unsigned index)
{
	struct device_resource *resource = device_resource_find(device, RESOURCE_INTERRUPT, index);

	if (resource)
		interrupt_line_disconnect((uint32_t)resource->start, device->state);
}

static void line_describe(struct format_sink *sink, struct interrupt_line *line)
{
	struct line_handler *handler;
	const char *separator = "  ";

	format_to(sink, "%4u:", line->line);
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		if (cpu_is_online(cpu))
			format_to(sink, " %10llu", (unsigned long long)line->counts[cpu]);
	}
	format_to(sink, "   %s %3u-%s", line->controller->name, line->line,
		  line->trigger & TRIGGER_LEVEL ? "fasteoi" : "edge");
	rcu_read_lock();
	list_for_each_rcu(handler, &line->handlers, node) {
		format_to(sink, "%s%s", separator, handler->name);
		separator = ", ";
	}
	rcu_read_unlock();
	format_to(sink, "\n");
}

/* The line with the lowest number of at least `from`. */
static struct interrupt_line *line_next(uint32_t from)
{
	struct interrupt_line *best = NULL;

	for (unsigned i = 0; i < BUCKET_COUNT; i++) {
		for (struct interrupt_line *at = atomic_load_acquire(&buckets[i]); at;
		     at = at->next) {
			if (at->line >= from && (!best || at->line < best->line))
				best = at;
		}
	}
	return best;
}

static const struct {
	const char *label, *text;
} kinds[INTERRUPT_KIND_COUNT] = {
	[INTERRUPT_ALARM] = { "LOC", "Local timer interrupts" },
	[INTERRUPT_KICK] = { "RES", "Rescheduling interrupts" },
	[INTERRUPT_CALL] = { "CAL", "Function call interrupts" },
};

static void kind_describe(struct format_sink *sink, enum interrupt_kind kind)
{
	format_to(sink, "%4s:", kinds[kind].label);
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		if (cpu_is_online(cpu))
			format_to(sink, " %10llu",
				  (unsigned long long)interrupt_kind_count(cpu, kind));
	}
	format_to(sink, "   %s\n", kinds[kind].text);
}

void interrupt_describe(struct format_sink *sink)
{
	format_to(sink, "     ");
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		if (cpu_is_online(cpu))
			format_to(sink, " %7s%-3u", "CPU", cpu);
	}
	format_to(sink, "\n");
	for (struct interrupt_line *line = line_next(0); line; line = line_next(line->line + 1))
		line_describe(sink, line);
	for (int kind = 0; kind < INTERRUPT_KIND_COUNT; kind++)
		kind_describe(sink, (enum interrupt_kind)kind);
	format_to(sink, " ERR: %10llu\n", (unsigned long long)atomic_load_relaxed(&spurious_count));
}

static uint64_t line_sum(const struct interrupt_line *line)
{
	uint64_t sum = 0;

	for (unsigned cpu = 0; cpu < cpu_count(); cpu++)
		sum += READ_ONCE(line->counts[cpu]);
	return sum;
}

void interrupt_sums_describe(struct format_sink *sink)
{
	uint64_t total = atomic_load_relaxed(&spurious_count);
	uint32_t next = 0;

	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		for (int kind = 0; kind < INTERRUPT_KIND_COUNT; kind++)
			total += interrupt_kind_count(cpu, (enum interrupt_kind)kind);
	}
	for (struct interrupt_line *line = line_next(0); line; line = line_next(line->line + 1))
		total += line_sum(line);
	format_to(sink, "intr %llu", (unsigned long long)total);
	/* After the sum the lines by number; those without a handler are 0. */
	for (struct interrupt_line *line = line_next(0); line; line = line_next(line->line + 1)) {
		for (; next < line->line; next++)
			format_to(sink, " 0");
		format_to(sink, " %llu", (unsigned long long)line_sum(line));
		next = line->line + 1;
	}
	format_to(sink, "\n");
}
