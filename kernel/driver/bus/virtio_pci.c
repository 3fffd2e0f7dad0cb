/*
 * Virtio devices on PCI, by the capabilities of virtio 1.x. Their four structures may lie anywhere
 * in the device's memory; each is mapped as far as it is said and needed, never past its register.
 */
#include "driver/bus/virtio_pci_registers.h"

#include "base/arithmetic.h"
#include "base/errno.h"
#include "device/driver.h"
#include "device/pci/pci.h"
#include "device/virtio/virtio.h"
#include "log/log.h"
#include "memory/heap.h"

#define QUEUE_LIMIT 64			/* of those that drivers here ask for */
#define NOTIFY_LIMIT BIT(20)		/* a page for each queue, and then some */
#define CAP_LIMIT (PCI_CONFIG_BYTES / CAP_BYTES)
#define DEVICE_CONFIG_LIMIT 4096	/* more than any device of the specification has */

struct virtio_pci {
	struct virtio_device virtio;
	struct pci_function *function;
	struct registers common, notify, isr, config;
	uint32_t notify_multiplier;
	uint64_t notify_offsets[QUEUE_LIMIT];	/* checked when the queue was enabled */
	bool was_message_tried, has_message;
};

static struct virtio_pci *pci_of(struct virtio_device *virtio)
{
	return container_of(virtio, struct virtio_pci, virtio);
}

static const struct registers *common_of(struct virtio_device *virtio)
{
	return &pci_of(virtio)->common;
}

static uint8_t pci_status_read(struct virtio_device *virtio)
{
	return register_read8(common_of(virtio), COMMON_DEVICE_STATUS);
}

static void pci_status_write(struct virtio_device *virtio, uint8_t status)
{
	register_write8(common_of(virtio), COMMON_DEVICE_STATUS, status);
}

static uint32_t pci_features_read(struct virtio_device *virtio, unsigned word)
{
	register_write32(common_of(virtio), COMMON_DEVICE_FEATURE_SELECT, word);
	return register_read32(common_of(virtio), COMMON_DEVICE_FEATURE);
}

static void pci_features_write(struct virtio_device *virtio, unsigned word, uint32_t features)
{
	register_write32(common_of(virtio), COMMON_DRIVER_FEATURE_SELECT, word);
	register_write32(common_of(virtio), COMMON_DRIVER_FEATURE, features);
}

static uint32_t pci_queue_limit(struct virtio_device *virtio, unsigned index)
{
	const struct registers *common = common_of(virtio);

	if (index >= QUEUE_LIMIT || index >= register_read16(common, COMMON_NUM_QUEUES))
		return 0;
	register_write16(common, COMMON_QUEUE_SELECT, (uint16_t)index);
	if (register_read16(common, COMMON_QUEUE_ENABLE))
		return 0;
	return register_read16(common, COMMON_QUEUE_SIZE);
}

static bool pci_message(void *argument)
{
	virtio_interrupted(argument);
	return true;
}

/* Reading the status takes the wire back. */
static bool pci_interrupt(void *argument)
{
	struct virtio_device *virtio = argument;

	if (!register_read8(&pci_of(virtio)->isr, 0))
		return false;
	virtio_interrupted(virtio);
	return true;
}

/* A queue needs to know its message when it begins. */
static void message_try(struct virtio_pci *pci)
{
	if (!pci->was_message_tried)
		pci->has_message = pci_message_connect(pci->function, pci_message,
						       &pci->virtio) == 0;
	pci->was_message_tried = true;
}

static int message_choose(struct virtio_pci *pci)
{
	uint16_t vector;

	message_try(pci);
	if (!pci->has_message)
		return 0;
	register_write16(&pci->common, COMMON_QUEUE_MSIX_VECTOR, 0);
	/* The device says so when it is short of something. */
	vector = register_read16(&pci->common, COMMON_QUEUE_MSIX_VECTOR);
	return vector == VIRTIO_MSI_NO_VECTOR ? -EBUSY : 0;
}

static void address_write(struct virtio_pci *pci, uint64_t offset, uint64_t address)
{
	register_write32(&pci->common, offset, (uint32_t)address);
	register_write32(&pci->common, offset + 4, (uint32_t)(address >> 32));
}

static int pci_queue_enable(struct virtio_device *virtio, const struct virtio_queue_place *place)
{
	struct virtio_pci *pci = pci_of(virtio);
	uint64_t offset;
	int result;

	register_write16(&pci->common, COMMON_QUEUE_SELECT, place->index);
	offset = register_read16(&pci->common, COMMON_QUEUE_NOTIFY_OFF);
	offset *= pci->notify_multiplier;
	if (!range_is_within(offset, sizeof(uint16_t), pci->notify.length) || offset % 2)
		return -EIO;
	pci->notify_offsets[place->index] = offset;
	result = message_choose(pci);
	if (result < 0)
		return result;
	register_write16(&pci->common, COMMON_QUEUE_SIZE, place->size);
	address_write(pci, COMMON_QUEUE_DESC, place->descriptors);
	address_write(pci, COMMON_QUEUE_DRIVER, place->driver_ring);
	address_write(pci, COMMON_QUEUE_DEVICE, place->device_ring);
	register_write16(&pci->common, COMMON_QUEUE_ENABLE, 1);
	return register_read16(&pci->common, COMMON_QUEUE_ENABLE) ? 0 : -EIO;
}

static void pci_notify(struct virtio_device *virtio, unsigned index)
{
	struct virtio_pci *pci = pci_of(virtio);

	register_write16(&pci->notify, pci->notify_offsets[index], (uint16_t)index);
}

static int pci_interrupt_connect(struct virtio_device *virtio)
{
	struct virtio_pci *pci = pci_of(virtio);
	int result;

	message_try(pci);
	if (pci->has_message)
		return 0;
	result = device_interrupt_connect(pci->function->device, 0, pci_interrupt, virtio);
	if (result < 0)
		pci_interrupt_missing(pci->function);
	return result;
}

static uint32_t pci_config_read32(struct virtio_device *virtio, unsigned offset)
{
	return register_read32(&pci_of(virtio)->config, offset);
}

static void pci_config_write32(struct virtio_device *virtio, unsigned offset, uint32_t value)
{
	register_write32(&pci_of(virtio)->config, offset, value);
}

static const struct virtio_transport pci_transport = {
	.status_read = pci_status_read,
	.status_write = pci_status_write,
	.features_read = pci_features_read,
	.features_write = pci_features_write,
	.queue_limit = pci_queue_limit,
	.queue_enable = pci_queue_enable,
	.notify = pci_notify,
	.interrupt_connect = pci_interrupt_connect,
	.config_read32 = pci_config_read32,
	.config_write32 = pci_config_write32,
};

/* The first capability of a type that can be mapped, as the specification wants; 0: none. */
static unsigned structure_map(struct pci_function *function, unsigned type, uint64_t least,
			      uint64_t most, struct registers *registers)
{
	unsigned at = 0;

	/* The limit is for a list that changes while it is read. */
	for (unsigned i = 0; i < CAP_LIMIT; i++) {
		uint32_t length, offset;

		at = pci_capability_find(function, PCI_CAPABILITY_VENDOR, at, CAP_BYTES);
		if (at == 0)
			return 0;
		length = pci_read32(function, at + CAP_LENGTH);
		offset = pci_read32(function, at + CAP_OFFSET);
		if (pci_read32(function, at) >> CAP_TYPE_SHIFT != type || length < least ||
		    offset % 4)
			continue;
		if (pci_bar_map(function, pci_read8(function, at + CAP_BAR), offset,
				min((uint64_t)length, most), registers) == 0)
			return at;
	}
	return 0;
}

/* A device may do without configuration of its own; the others it needs. */
static int structures_map(struct virtio_pci *pci)
{
	struct pci_function *function = pci->function;
	unsigned notify;

	if (!structure_map(function, VIRTIO_PCI_CAP_COMMON_CFG, COMMON_BYTES, COMMON_BYTES,
			   &pci->common) ||
	    !structure_map(function, VIRTIO_PCI_CAP_ISR_CFG, 1, 1, &pci->isr))
		return -ENODEV;
	notify = structure_map(function, VIRTIO_PCI_CAP_NOTIFY_CFG, 2, NOTIFY_LIMIT,
			       &pci->notify);
	if (!notify || !range_is_within(notify, CAP_NOTIFY_BYTES, PCI_CONFIG_BYTES))
		return -ENODEV;
	pci->notify_multiplier = pci_read32(function, notify + CAP_NOTIFY_MULTIPLIER);
	if (structure_map(function, VIRTIO_PCI_CAP_DEVICE_CFG, 4, DEVICE_CONFIG_LIMIT,
			  &pci->config))
		pci->virtio.config_length = pci->config.length;
	return 0;
}

/* Transitional devices have old ids, and their number in the subsystem's (section 4.1.2.3). */
static uint32_t number_of(struct pci_function *function)
{
	uint16_t id = pci_read16(function, 2);

	return id >= VIRTIO_ID_MODERN ? id - VIRTIO_ID_MODERN : pci_read16(function, 0x2e);
}

static int virtio_pci_attach(struct device *device)
{
	struct virtio_pci *pci = heap_allocate(sizeof(*pci), HEAP_PATIENT);
	int result;

	if (!pci)
		return -ENOMEM;
	pci->function = pci_function_of(device);
	pci->virtio.transport = &pci_transport;
	pci_function_enable(pci->function);
	result = structures_map(pci);
	if (result < 0) {
		heap_free(pci);
		log_print(LOG_WARNING, "%s: virtio without the structures of 1.0", device->name);
		return result;
	}
	device->state = pci;
	return virtio_publish(&pci->virtio, device, number_of(pci->function));
}

/* Those that have drivers here: others keep their registers unmapped. */
static const struct device_match virtio_pci_matches[] = {
	MATCH_PCI_ID(VIRTIO_VENDOR, 0x1003),
	MATCH_PCI_ID(VIRTIO_VENDOR, VIRTIO_ID_MODERN + VIRTIO_CONSOLE),
	MATCH_END
};

const struct driver virtio_pci_driver = {
	.name = "virtio_pci",
	.matches = virtio_pci_matches,
	.attach = virtio_pci_attach,
};
