/*
 * Interrupts that are memory writes. Who turns a write into an interrupt is either the CPU itself
 * (x86: the local APICs; each message then is a line of a controller made here), or a device that
 * has offered itself as a source (a GICv2m frame, whose messages are lines of the GIC, or an ITS,
 * which wants to know who sends them).
 */
#include "device/interrupt.h"

#include "arch/cpu.h"
#include "arch/interrupt.h"
#include "base/errno.h"
#include "sync/spin_lock.h"

#define CPU_MESSAGE_LINES 1024u		/* more than a CPU has vectors */

static struct spin_lock sources_lock = SPIN_LOCK_INITIALIZER(LOCK_LEAF);
static struct interrupt_message_source *source;

/* LOCK_INTERRUPT_LINE orders these: route() is called with it. */
static struct interrupt_message messages[CPU_MESSAGE_LINES];
static uint32_t message_count;

static int cpu_message_route(struct interrupt_controller *controller, uint32_t line,
			     uint32_t trigger, unsigned cpu, unsigned number)
{
	struct interrupt_message *message = &messages[line - controller->first_line];

	if (trigger != TRIGGER_EDGE)
		return -EINVAL;
	interrupt_message(cpu, number, &message->address, &message->data);
	return 0;
}

/* The device masks its own messages. */
static void cpu_message_nothing(struct interrupt_controller *controller, uint32_t line)
{
	(void)controller;
	(void)line;
}

static struct interrupt_controller cpu_messages = {
	.name = "PCI-MSI",
	.route = cpu_message_route,
	.mask = cpu_message_nothing,
	.unmask = cpu_message_nothing,
};

static int cpu_message_reserve(struct interrupt_message_source *self, struct device *sender,
			       uint32_t *line)
{
	bool were_enabled = spin_lock_irq(&sources_lock);
	uint32_t index = message_count;

	(void)self;
	(void)sender;
	if (index < CPU_MESSAGE_LINES)
		message_count++;
	spin_unlock_irq(&sources_lock, were_enabled);
	*line = cpu_messages.first_line + index;
	return index < CPU_MESSAGE_LINES ? 0 : -ENOSPC;
}

static void cpu_message_compose(struct interrupt_message_source *self, uint32_t line,
				struct interrupt_message *message)
{
	(void)self;
	*message = messages[line - cpu_messages.first_line];
}

static struct interrupt_message_source cpu_source = {
	.reserve = cpu_message_reserve,
	.compose = cpu_message_compose,
};

int interrupt_message_source_add(struct interrupt_message_source *added)
{
	bool were_enabled = spin_lock_irq(&sources_lock);
	int result = source ? -EEXIST : 0;

	if (!source)
		source = added;
	spin_unlock_irq(&sources_lock, were_enabled);
	return result;
}

/* CPUs that number their own interrupts take messages; others need a source. */
static int cpu_source_start(void)
{
	int number = interrupt_number_reserve(0, 1);
	int result;

	if (number < 0)
		return -ENODEV;
	interrupt_number_release(0, (unsigned)number, 1);
	cpu_messages.first_line = interrupt_line_limit();
	cpu_messages.line_count = CPU_MESSAGE_LINES;
	result = interrupt_controller_add(&cpu_messages);
	return result == 0 ? interrupt_message_source_add(&cpu_source) : result;
}

int interrupt_message_connect(struct device *sender, interrupt_handler handler, void *argument,
			      struct interrupt_message *message)
{
	uint32_t line;
	int result = 0;

	if (!source)
		result = cpu_source_start();
	if (result == 0)
		result = source->reserve(source, sender, &line);
	if (result == 0)
		result = interrupt_line_connect(line, TRIGGER_EDGE, handler, argument,
						sender->name);
	if (result == 0)
		source->compose(source, line, message);
	return result;
}
