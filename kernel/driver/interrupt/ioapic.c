/* The I/O APIC: wires of devices become interrupts of one CPU (physical destination, fixed). */
#include "driver/interrupt/ioapic_registers.h"

#include "arch/interrupt.h"
#include "base/errno.h"
#include "device/driver.h"
#include "device/interrupt.h"
#include "log/log.h"
#include "memory/heap.h"
#include "sync/spin_lock.h"

struct ioapic {
	struct interrupt_controller controller;
	struct registers registers;
	struct spin_lock lock;		/* LOCK_LEAF: the pair of index and window */
};

static uint32_t ioapic_read(struct ioapic *ioapic, uint32_t index)
{
	register_write32(&ioapic->registers, IOREGSEL, index);
	return register_read32(&ioapic->registers, IOWIN);
}

static void ioapic_write(struct ioapic *ioapic, uint32_t index, uint32_t value)
{
	register_write32(&ioapic->registers, IOREGSEL, index);
	register_write32(&ioapic->registers, IOWIN, value);
}

static struct ioapic *ioapic_of(struct interrupt_controller *controller)
{
	return container_of(controller, struct ioapic, controller);
}

static int ioapic_route(struct interrupt_controller *controller, uint32_t line, uint32_t trigger,
			unsigned cpu, unsigned number)
{
	struct ioapic *ioapic = ioapic_of(controller);
	uint32_t entry = IOREDTBL(line - controller->first_line);
	uint64_t destination = interrupt_cpu_identity(cpu);
	uint32_t low = (uint32_t)REDIRECTION_MASKED | number;
	bool were_enabled;

	if (destination > UINT8_MAX || number > UINT8_MAX)
		return -EINVAL;
	if (trigger & TRIGGER_LEVEL)
		low |= REDIRECTION_LEVEL;
	if (trigger & TRIGGER_ACTIVE_LOW)
		low |= REDIRECTION_ACTIVE_LOW;
	were_enabled = spin_lock_irq(&ioapic->lock);
	ioapic_write(ioapic, entry, (uint32_t)REDIRECTION_MASKED);
	ioapic_write(ioapic, entry + 1, (uint32_t)destination << REDIRECTION_DESTINATION_SHIFT);
	ioapic_write(ioapic, entry, low);
	spin_unlock_irq(&ioapic->lock, were_enabled);
	return 0;
}

static void mask_change(struct interrupt_controller *controller, uint32_t line, uint32_t set)
{
	struct ioapic *ioapic = ioapic_of(controller);
	uint32_t entry = IOREDTBL(line - controller->first_line);
	bool were_enabled = spin_lock_irq(&ioapic->lock);
	uint32_t low = ioapic_read(ioapic, entry);

	ioapic_write(ioapic, entry, (low & ~(uint32_t)REDIRECTION_MASKED) | set);
	spin_unlock_irq(&ioapic->lock, were_enabled);
}

static void ioapic_mask(struct interrupt_controller *controller, uint32_t line)
{
	mask_change(controller, line, (uint32_t)REDIRECTION_MASKED);
}

static void ioapic_unmask(struct interrupt_controller *controller, uint32_t line)
{
	mask_change(controller, line, 0);
}

/* The first line of its range stands as the first interrupt resource. */
static uint32_t first_line(struct device *device)
{
	struct device_resource *resource;

	list_for_each(resource, &device->resources, node) {
		if (resource->kind == RESOURCE_INTERRUPT)
			return (uint32_t)resource->start;
	}
	return 0;
}

static int ioapic_attach(struct device *device)
{
	struct ioapic *ioapic = heap_allocate(sizeof(*ioapic), HEAP_PATIENT);
	uint32_t version;
	int result = -ENOMEM;

	if (!ioapic)
		return -ENOMEM;
	result = device_registers_map(device, 0, &ioapic->registers);
	if (result < 0)
		goto fail;
	version = ioapic_read(ioapic, IOAPICVER);
	/* Nothing answers at this address. */
	result = -ENODEV;
	if (version == UINT32_MAX || version == 0)
		goto fail;
	spin_lock_init(&ioapic->lock, LOCK_LEAF);
	ioapic->controller = (struct interrupt_controller){
		.name = "IO-APIC",
		.first_line = first_line(device),
		.line_count = IOAPICVER_MAXIMUM_ENTRY(version) + 1,
		.route = ioapic_route,
		.mask = ioapic_mask,
		.unmask = ioapic_unmask,
	};
	for (uint32_t i = 0; i < ioapic->controller.line_count; i++)
		ioapic_write(ioapic, IOREDTBL(i), (uint32_t)REDIRECTION_MASKED);
	device->state = ioapic;
	log_print(LOG_INFO, "%s: lines %u to %u", device->name, ioapic->controller.first_line,
		  ioapic->controller.first_line + ioapic->controller.line_count - 1);
	return interrupt_controller_add(&ioapic->controller);
fail:
	heap_free(ioapic);
	return result;
}

static const struct device_match ioapic_matches[] = { MATCH_FIRMWARE("ACPI000A"), MATCH_END };

const struct driver ioapic_driver = {
	.name = "ioapic",
	.matches = ioapic_matches,
	.attach = ioapic_attach,
};
