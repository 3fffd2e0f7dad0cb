/*
 * Devices as an ITS knows them: each number has a table, in which the ITS keeps what its events
 * become. Functions behind a bridge may share a number, and then have different events.
 */
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "base/arithmetic.h"
#include "base/errno.h"
#include "driver/interrupt/gic_its/internal.h"
#include "memory/heap.h"

struct its_device {
	struct list_node node;
	uint32_t number;
	struct dma_memory table;		/* the hardware's */
	uint32_t event_count, event_next;	/* events are not given back: devices stay */
};

static struct its_device *device_find(struct its *its, uint32_t number)
{
	struct its_device *device;

	list_for_each(device, &its->devices, node) {
		if (device->number == number)
			return device;
	}
	return NULL;
}

/* As many events as a page has room for, if the hardware can tell so many apart. */
static unsigned event_bits_of(uint64_t type)
{
	return min(log2_floor(PAGE_SIZE / TYPER_ITT_ENTRY_BYTES(type)), TYPER_EVENT_BITS(type));
}

static int device_map(struct its *its, struct its_device *device)
{
	unsigned event_bits = event_bits_of(its->type);
	const struct its_command command =
		its_command_map_device(device->number, event_bits, device->table.address);

	device->event_count = 1u << event_bits;
	/* How the ITS accesses this table nobody says: it may not see caches. */
	cpu_write_back(device->table.memory, PAGE_SIZE);
	return its_queue_run(its, &command, 1);
}

static int device_create_for(struct its *its, uint32_t number, struct its_device **result)
{
	struct its_device *device;
	int error;

	if (number >= its->device_limit)
		return -ENODEV;
	device = heap_allocate(sizeof(*device), HEAP_PATIENT);
	if (!device)
		return -ENOMEM;
	device->number = number;
	error = device_dma_allocate(its->device, PAGE_SIZE, &device->table);
	if (error < 0) {
		heap_free(device);
		return error;
	}
	/* What an ITS that does not answer may have taken stays its own. */
	list_add_tail(&its->devices, &device->node);
	*result = device;
	return device_map(its, device);
}

int its_event_reserve(struct its *its, uint32_t device_number, uint32_t *event)
{
	struct its_device *device = device_find(its, device_number);
	int result = device ? 0 : device_create_for(its, device_number, &device);

	if (result < 0)
		return result;
	if (device->event_next == device->event_count)
		return -ENOSPC;
	*event = device->event_next++;
	return 0;
}
