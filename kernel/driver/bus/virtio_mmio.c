/*
 * Virtio devices whose registers a device tree, ACPI or the command line names. A place where QEMU
 * could have put one has the number 0, and QEMU's older layout (version 1) is left alone.
 */
#include "driver/bus/virtio_mmio_registers.h"

#include "base/errno.h"
#include "device/driver.h"
#include "device/virtio/virtio.h"
#include "log/log.h"
#include "memory/heap.h"

struct virtio_mmio {
	struct virtio_device virtio;
	struct registers registers;
	struct device *device;		/* where the registers and the interrupt are */
};

static struct virtio_mmio *mmio_of(struct virtio_device *virtio)
{
	return container_of(virtio, struct virtio_mmio, virtio);
}

static uint32_t mmio_read(struct virtio_device *virtio, uint64_t offset)
{
	return register_read32(&mmio_of(virtio)->registers, offset);
}

static void mmio_write(struct virtio_device *virtio, uint64_t offset, uint32_t value)
{
	register_write32(&mmio_of(virtio)->registers, offset, value);
}

static uint8_t mmio_status_read(struct virtio_device *virtio)
{
	return (uint8_t)mmio_read(virtio, Status);
}

static void mmio_status_write(struct virtio_device *virtio, uint8_t status)
{
	mmio_write(virtio, Status, status);
}

static uint32_t mmio_features_read(struct virtio_device *virtio, unsigned word)
{
	mmio_write(virtio, DeviceFeaturesSel, word);
	return mmio_read(virtio, DeviceFeatures);
}

static void mmio_features_write(struct virtio_device *virtio, unsigned word, uint32_t features)
{
	mmio_write(virtio, DriverFeaturesSel, word);
	mmio_write(virtio, DriverFeatures, features);
}

static uint32_t mmio_queue_limit(struct virtio_device *virtio, unsigned index)
{
	mmio_write(virtio, QueueSel, index);
	return mmio_read(virtio, QueueReady) ? 0 : mmio_read(virtio, QueueSizeMax);
}

static void address_write(struct virtio_device *virtio, uint64_t offset, uint64_t address)
{
	mmio_write(virtio, offset, (uint32_t)address);
	mmio_write(virtio, offset + 4, (uint32_t)(address >> 32));
}

static int mmio_queue_enable(struct virtio_device *virtio, const struct virtio_queue_place *place)
{
	mmio_write(virtio, QueueSel, place->index);
	mmio_write(virtio, QueueSize, place->size);
	address_write(virtio, QueueDescLow, place->descriptors);
	address_write(virtio, QueueDriverLow, place->driver_ring);
	address_write(virtio, QueueDeviceLow, place->device_ring);
	mmio_write(virtio, QueueReady, 1);
	return mmio_read(virtio, QueueReady) ? 0 : -EIO;
}

static void mmio_notify(struct virtio_device *virtio, unsigned index)
{
	mmio_write(virtio, QueueNotify, index);
}

static bool mmio_interrupt(void *argument)
{
	struct virtio_device *virtio = argument;
	uint32_t status = mmio_read(virtio, InterruptStatus);

	if (!status)
		return false;
	mmio_write(virtio, InterruptACK, status);
	virtio_interrupted(virtio);
	return true;
}

static int mmio_interrupt_connect(struct virtio_device *virtio)
{
	return device_interrupt_connect(mmio_of(virtio)->device, 0, mmio_interrupt, virtio);
}

static uint32_t mmio_config_read32(struct virtio_device *virtio, unsigned offset)
{
	return mmio_read(virtio, Config + (uint64_t)offset);
}

static void mmio_config_write32(struct virtio_device *virtio, unsigned offset, uint32_t value)
{
	mmio_write(virtio, Config + (uint64_t)offset, value);
}

static const struct virtio_transport mmio_transport = {
	.status_read = mmio_status_read,
	.status_write = mmio_status_write,
	.features_read = mmio_features_read,
	.features_write = mmio_features_write,
	.queue_limit = mmio_queue_limit,
	.queue_enable = mmio_queue_enable,
	.notify = mmio_notify,
	.interrupt_connect = mmio_interrupt_connect,
	.config_read32 = mmio_config_read32,
	.config_write32 = mmio_config_write32,
};

/* Whether a virtio device's registers are where somebody says. */
static int magic_check(struct virtio_mmio *mmio)
{
	uint32_t magic;
	int result;

	if (mmio->registers.length < Config)
		return -ENODEV;
	result = device_probe32(mmio->device, &mmio->registers, MagicValue, &magic);
	if (result == 0 && magic != MAGIC) {
		log_print(LOG_WARNING, "%s: not found, no virtio device is at %#llx",
			  mmio->device->name, (unsigned long long)device_resource_find(mmio->device,
								   RESOURCE_MEMORY, 0)->start);
		result = -ENODEV;
	}
	return result;
}

static int virtio_mmio_attach(struct device *device)
{
	struct virtio_mmio *mmio = heap_allocate(sizeof(*mmio), HEAP_PATIENT);
	uint32_t number = 0;
	int result;

	if (!mmio)
		return -ENOMEM;
	mmio->device = device;
	mmio->virtio.transport = &mmio_transport;
	result = device_registers_map(device, 0, &mmio->registers);
	if (result == 0)
		result = magic_check(mmio);
	if (result < 0)
		goto fail;
	result = -ENODEV;
	number = mmio_read(&mmio->virtio, DeviceID);
	if (number == 0)
		goto fail;
	if (mmio_read(&mmio->virtio, Version) != VERSION_MODERN) {
		log_print(LOG_WARNING, "%s: virtio device %u is older than virtio 1.0",
			  device->name, number);
		goto fail;
	}
	mmio->virtio.config_length = mmio->registers.length - Config;
	device->state = mmio;
	return virtio_publish(&mmio->virtio, device, number);
fail:
	heap_free(mmio);
	return result;
}

static const struct device_match virtio_mmio_matches[] = {
	MATCH_FIRMWARE("virtio,mmio"), MATCH_FIRMWARE("LNRO0005"), MATCH_END
};

const struct driver virtio_mmio_driver = {
	.name = "virtio_mmio",
	.matches = virtio_mmio_matches,
	.attach = virtio_mmio_attach,
};
