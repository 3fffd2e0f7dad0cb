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

void interrupt_describe(struct format_sink *sink);	/* /proc/interrupts */
void interrupt_sums_describe(struct format_sink *sink);	/* the line `intr` of /proc/stat */

#endif
