/*
 * Virtio 1.x devices behind any transport (PCI, memory-mapped): negotiation, and split queues that
 * believe nothing of what the device writes. A transport publishes a device with IDENTITY_VIRTIO;
 * its driver comes here.
 */
#ifndef DEVICE_VIRTIO_VIRTIO_H
#define DEVICE_VIRTIO_VIRTIO_H

#include "base/compiler.h"
#include "base/types.h"
#include "device/dma.h"
#include "device/driver.h"

struct virtio_device;
struct virtio_queue;

/* Device numbers, virtio 1.2 section 5. */
#define VIRTIO_CONSOLE 3

/* Feature bits of every device, section 6. */
#define VIRTIO_F_VERSION_1 BIT(32)
#define VIRTIO_F_ACCESS_PLATFORM BIT(33)

/* Where a queue lies, for the transport. */
struct virtio_queue_place {
	uint16_t index, size;
	uint64_t descriptors, driver_ring, device_ring;
};

/* Called with the device's lock of its driver, or while it starts. Registers only: none sleeps but
 * interrupt_connect. */
struct virtio_transport {
	uint8_t (*status_read)(struct virtio_device *device);
	void (*status_write)(struct virtio_device *device, uint8_t status);
	uint32_t (*features_read)(struct virtio_device *device, unsigned word);
	void (*features_write)(struct virtio_device *device, unsigned word, uint32_t features);
	uint32_t (*queue_limit)(struct virtio_device *device, unsigned index);	/* 0: no such */
	int (*queue_enable)(struct virtio_device *device, const struct virtio_queue_place *place);
	void (*notify)(struct virtio_device *device, unsigned index);
	/* Connects the device's interrupt to virtio_interrupted(). -errno: there is none. */
	int (*interrupt_connect)(struct virtio_device *device);
	/* Configuration space of the device; the caller has checked against config_length. */
	uint32_t (*config_read32)(struct virtio_device *device, unsigned offset);
	void (*config_write32)(struct virtio_device *device, unsigned offset, uint32_t value);
};

struct virtio_device {
	struct device *device;
	const struct virtio_transport *transport;
	uint64_t features;			/* what both sides agreed on */
	uint64_t config_length;
	bool is_broken;				/* it lied: nothing is sent any more */
	void (*interrupt)(void *argument);
	void *argument;
};

/* For transports: publishes the device `number` below `parent` under a name. */
int virtio_publish(struct virtio_device *virtio, struct device *parent, uint32_t number)
	MUST_CHECK;
/* From the transport's handler: a queue or the configuration has changed. */
void virtio_interrupted(struct virtio_device *virtio);

/* What a device published by a transport is. */
struct virtio_device *virtio_device_of(struct device *device);

/*
 * For drivers, in this order: negotiate (resets the device, takes those of `wanted` that it offers;
 * -ENODEV if it is not of version 1), make queues, connect the interrupt, run. May sleep.
 */
int virtio_negotiate(struct virtio_device *virtio, uint64_t wanted) MUST_CHECK;
int virtio_interrupt_connect(struct virtio_device *virtio, void (*interrupt)(void *argument),
			     void *argument) MUST_CHECK;
void virtio_run(struct virtio_device *virtio);
/* The device stops and forgets its queues: their memory can be freed when this returns 0. */
int virtio_reset(struct virtio_device *virtio);
/* The device did what it must not: it is reset and never used again. Any context. */
void virtio_fail(struct virtio_device *virtio, const char *why);

/* Configuration; 0 and nothing behind its end. */
uint32_t virtio_config_read32(struct virtio_device *virtio, unsigned offset);
void virtio_config_write32(struct virtio_device *virtio, unsigned offset, uint32_t value);

enum virtio_direction { VIRTIO_TO_DEVICE, VIRTIO_FROM_DEVICE };

struct virtio_segment {
	uint64_t address;
	uint32_t length;
	enum virtio_direction direction;
};

/* At most `size` entries; fewer if the device wants so. -ENODEV: no such queue. May sleep. */
int virtio_queue_create(struct virtio_device *virtio, unsigned index, unsigned size,
			struct virtio_queue **queue) MUST_CHECK;
unsigned virtio_queue_size(const struct virtio_queue *queue);
/* After virtio_reset() only. */
void virtio_queue_destroy(struct virtio_queue *queue);

/*
 * The rest under a lock of the driver's, any context. Adds a chain of segments, those to the device
 * first; `token` (not NULL) comes back with it. -ENOSPC, or -EIO from a broken device.
 */
int virtio_queue_add(struct virtio_queue *queue, const struct virtio_segment *segments,
		     unsigned count, void *token) MUST_CHECK;
void virtio_queue_notify(struct virtio_queue *queue);
/* The token of a chain that the device is done with, and how many bytes it wrote, at most as many
 * as there were; NULL: none yet, or the device is broken. */
void *virtio_queue_take(struct virtio_queue *queue, uint32_t *length);

#endif
