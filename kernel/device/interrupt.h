/*
 * Interrupt lines of controllers (IOAPIC, GIC): how a line's number becomes a call of a handler.
 */
#ifndef DEVICE_INTERRUPT_H
#define DEVICE_INTERRUPT_H

#include "base/compiler.h"
#include "base/list.h"
#include "base/types.h"
#include "device/driver.h"

struct format_sink;

/* A controller takes a range of global line numbers (ACPI GSIs, GIC INTIDs). */
struct interrupt_controller {
	struct list_node node;
	const char *name;
	uint32_t first_line, line_count;
	/* Routes a line to `number` (arch/interrupt.h) on a CPU, masked; -errno. */
	int (*route)(struct interrupt_controller *controller, uint32_t line, uint32_t trigger,
		     unsigned cpu, unsigned number);
	void (*mask)(struct interrupt_controller *controller, uint32_t line);
	void (*unmask)(struct interrupt_controller *controller, uint32_t line);
};
int interrupt_controller_add(struct interrupt_controller *controller) MUST_CHECK;

/* Lines without a device object (ACPI SCI, tests) and sharing of one line by several handlers. */
int interrupt_line_connect(uint32_t line, uint32_t trigger, interrupt_handler handler,
			   void *argument, const char *name) MUST_CHECK;
void interrupt_line_disconnect(uint32_t line, void *argument);

/* The first number above the lines of all controllers. */
uint32_t interrupt_line_limit(void);

/* A write of `data` to `address`, which some device does, interrupts a CPU. */
struct interrupt_message {
	uint64_t address;
	uint32_t data;
};

/* What turns writes into lines: reserve() gives a line of a controller, which is connected, and
 * compose() then says what to write. Some tell apart who writes. There is one; -EEXIST. */
struct interrupt_message_source {
	int (*reserve)(struct interrupt_message_source *source, struct device *sender,
		       uint32_t *line);
	void (*compose)(struct interrupt_message_source *source, uint32_t line,
			struct interrupt_message *message);
};
int interrupt_message_source_add(struct interrupt_message_source *source) MUST_CHECK;

/* Connects a fresh message of a device, whose name it bears, to a handler. -ENODEV: this machine
 * has none; -ENOSPC. Sleeps; called by one thread at a time, as devices attach. */
int interrupt_message_connect(struct device *sender, interrupt_handler handler, void *argument,
			      struct interrupt_message *message) MUST_CHECK;

void interrupt_describe(struct format_sink *sink);	/* /proc/interrupts */
void interrupt_sums_describe(struct format_sink *sink);	/* the line `intr` of /proc/stat */

#endif
