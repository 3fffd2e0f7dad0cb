/*
 * A GICv2m frame (ARM Server Base System Architecture, appendix E): a page whose register turns
 * writes of devices into shared interrupts of the GIC, out of a range that the frame names.
 */
#include "base/errno.h"
#include "device/driver.h"
#include "device/interrupt.h"
#include "log/log.h"
#include "memory/heap.h"

#define MSI_TYPER 0x008
#define TYPER_BASE(value) ((value) >> 16 & 0x3ff)
#define TYPER_COUNT(value) ((value) & 0x3ff)
#define MSI_SETSPI_NS 0x040
#define FRAME_BYTES 0x1000
#define SHARED_FIRST 32
#define SHARED_END 1020

struct frame {
	struct interrupt_message_source source;
	uint64_t address;
	uint32_t line_next, line_end;	/* one thread attaches devices */
};

static int frame_reserve(struct interrupt_message_source *source, struct interrupt_sender sender,
			 uint32_t *line)
{
	struct frame *frame = container_of(source, struct frame, source);

	(void)sender;
	if (frame->line_next == frame->line_end)
		return -ENOSPC;
	*line = frame->line_next++;
	return 0;
}

static void frame_compose(struct interrupt_message_source *source, uint32_t line,
			  struct interrupt_message *message)
{
	struct frame *frame = container_of(source, struct frame, source);

	message->address = frame->address + MSI_SETSPI_NS;
	message->data = line;
}

static uint64_t frame_address(struct device *device)
{
	struct device_resource *resource;

	list_for_each(resource, &device->resources, node) {
		if (resource->kind == RESOURCE_MEMORY)
			return resource->start;
	}
	return 0;
}

static int gicv2m_attach(struct device *device)
{
	struct frame *frame = heap_allocate(sizeof(*frame), HEAP_PATIENT);
	struct registers registers;
	uint32_t type;
	int result;

	if (!frame)
		return -ENOMEM;
	result = device_registers_map(device, 0, &registers);
	if (result == 0 && registers.length < FRAME_BYTES)
		result = -ENODEV;
	if (result < 0)
		goto fail;
	type = register_read32(&registers, MSI_TYPER);
	frame->address = frame_address(device);
	frame->line_next = TYPER_BASE(type);
	frame->line_end = frame->line_next + TYPER_COUNT(type);
	result = -ENODEV;
	if (frame->line_next < SHARED_FIRST || frame->line_end > SHARED_END)
		goto fail;
	frame->source.reserve = frame_reserve;
	frame->source.compose = frame_compose;
	result = interrupt_message_source_add(&frame->source);
	if (result < 0)
		goto fail;
	device->state = frame;
	log_print(LOG_INFO, "%s: messages as lines %u to %u", device->name, frame->line_next,
		  frame->line_end - 1);
	return 0;
fail:
	heap_free(frame);
	return result;
}

static const struct device_match gicv2m_matches[] = {
	MATCH_FIRMWARE("arm,gic-v2m-frame"), MATCH_END
};

const struct driver gicv2m_driver = {
	.name = "gicv2m",
	.matches = gicv2m_matches,
	.attach = gicv2m_attach,
};
