/* Virtio devices: how one starts, stops, and is given up (virtio 1.2, sections 2.1 to 3.1). */
#include "device/virtio/virtio.h"

#include "arch/cpu.h"
#include "base/arithmetic.h"
#include "base/errno.h"
#include "base/format.h"
#include "device/virtio/internal.h"
#include "log/log.h"

#define RESET_READS 1000000	/* of a register that answers within a microsecond */

int virtio_publish(struct virtio_device *virtio, struct device *parent, uint32_t number)
{
	struct device *device;
	char name[32];
	int result;

	format_print(name, sizeof(name), "virtio%u:%s", number, parent->name);
	device = device_create(parent, name);
	if (!device)
		return -ENOMEM;
	virtio->device = device;
	device->bus_state = virtio;
	result = device_identity_add(device, IDENTITY_VIRTIO, number, NULL);
	return result == 0 ? device_publish(device) : result;
}

struct virtio_device *virtio_device_of(struct device *device)
{
	return device->bus_state;
}

void virtio_interrupted(struct virtio_device *virtio)
{
	if (virtio->interrupt)
		virtio->interrupt(virtio->argument);
}

int virtio_reset(struct virtio_device *virtio)
{
	virtio->transport->status_write(virtio, 0);
	for (unsigned i = 0; i < RESET_READS; i++) {
		if (virtio->transport->status_read(virtio) == 0)
			return 0;
		cpu_relax();
	}
	return -EIO;
}

void virtio_fail(struct virtio_device *virtio, const char *why)
{
	if (virtio->is_broken)
		return;
	virtio->is_broken = true;
	virtio->transport->status_write(virtio, STATUS_FAILED);
	virtio->transport->status_write(virtio, 0);
	log_print(LOG_ERROR, "%s: %s, given up", virtio->device->name, why);
}

static void status_add_bits(struct virtio_device *virtio, uint8_t bits)
{
	virtio->transport->status_write(virtio, virtio->transport->status_read(virtio) | bits);
}

int virtio_negotiate(struct virtio_device *virtio, uint64_t wanted)
{
	const struct virtio_transport *transport = virtio->transport;
	uint64_t offered;
	int result = virtio_reset(virtio);

	if (result < 0)
		return result;
	status_add_bits(virtio, STATUS_ACKNOWLEDGE);
	status_add_bits(virtio, STATUS_DRIVER);
	offered = transport->features_read(virtio, 0) |
		  (uint64_t)transport->features_read(virtio, 1) << 32;
	if (!(offered & VIRTIO_F_VERSION_1)) {
		log_print(LOG_WARNING, "%s: older than virtio 1.0", virtio->device->name);
		goto refused;
	}
	/* What the device calls an address is a physical one with ACCESS_PLATFORM too, as long as
	 * no IOMMU stands between. */
	virtio->features = offered & (wanted | VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM);
	transport->features_write(virtio, 0, (uint32_t)virtio->features);
	transport->features_write(virtio, 1, (uint32_t)(virtio->features >> 32));
	status_add_bits(virtio, STATUS_FEATURES_OK);
	if (transport->status_read(virtio) & STATUS_FEATURES_OK)
		return 0;
refused:
	status_add_bits(virtio, STATUS_FAILED);
	return -ENODEV;
}

int virtio_interrupt_connect(struct virtio_device *virtio, void (*interrupt)(void *argument),
			     void *argument)
{
	virtio->argument = argument;
	virtio->interrupt = interrupt;
	return virtio->transport->interrupt_connect(virtio);
}

void virtio_run(struct virtio_device *virtio)
{
	status_add_bits(virtio, STATUS_DRIVER_OK);
}

uint32_t virtio_config_read32(struct virtio_device *virtio, unsigned offset)
{
	if (!range_is_within(offset, 4, virtio->config_length))
		return 0;
	return virtio->transport->config_read32(virtio, offset);
}

void virtio_config_write32(struct virtio_device *virtio, unsigned offset, uint32_t value)
{
	if (range_is_within(offset, 4, virtio->config_length))
		virtio->transport->config_write32(virtio, offset, value);
}
