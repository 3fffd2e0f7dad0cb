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

static int frame_reserve(struct interrupt_message_source *source, struct device *sender,
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

/* The bus may know better than the register which lines there are. */
static bool frame_lines_find(struct frame *frame, struct device *device, uint32_t type)
{
	const struct device_resource *lines = device_resource_find(device, RESOURCE_INTERRUPT, 0);
	uint64_t first = lines ? lines->start : TYPER_BASE(type);
	uint64_t count = lines ? lines->length : TYPER_COUNT(type);

	if (first < SHARED_FIRST || first > SHARED_END || count > SHARED_END - first)
		return false;
	frame->line_next = (uint32_t)first;
	frame->line_end = (uint32_t)(first + count);
	return true;
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
	if (result == 0)
		result = device_probe32(device, &registers, MSI_TYPER, &type);
	if (result < 0)
		goto fail;
	frame->address = device_resource_find(device, RESOURCE_MEMORY, 0)->start;
	result = -ENODEV;
	if (!frame_lines_find(frame, device, type))
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
