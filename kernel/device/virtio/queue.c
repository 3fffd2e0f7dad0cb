/*
 * Split virtqueues (virtio 1.2, section 2.7). The device can write anything anywhere in the shared
 * memory at any time: so which descriptors are free, which belong together, how long they are and
 * how far the used ring was read is kept here, and only the index of the used ring and its entries
 * are read from there, once each, and checked.
 */
#include "arch/cpu.h"
#include "base/arithmetic.h"
#include "base/errno.h"
#include "base/string.h"
#include "device/virtio/internal.h"
#include "device/virtio/virtio.h"
#include "memory/heap.h"

#define DESCRIPTOR_NEXT 1u
#define DESCRIPTOR_WRITE 2u
#define SIZE_LIMIT 1024u	/* all parts of it fit into the largest block of pages */
#define NO_SLOT UINT16_MAX

/* As the device sees them. */
struct descriptor {
	uint64_t address;
	uint32_t length;
	uint16_t flags, next;
};

struct driver_ring {
	uint16_t flags, index;
	uint16_t heads[];
};

struct used_entry {
	uint32_t head, length;
};

struct device_ring {
	uint16_t flags, index;
	struct used_entry entries[];
};

/* What the kernel knows of a descriptor. */
struct slot {
	void *token;			/* of a chain's head while the device has it, else NULL */
	uint32_t writable_bytes;	/* likewise: of the whole chain */
	uint16_t next;			/* of the free ones, or of the chain; NO_SLOT: none */
};

struct virtio_queue {
	struct virtio_device *virtio;
	struct dma_memory dma;
	struct descriptor *descriptors;
	struct driver_ring *driver_ring;
	struct device_ring *device_ring;
	uint16_t index, size;
	uint16_t added, taken;		/* chains ever, modulo 2^16, as the rings count */
	uint16_t free_head, free_count;
	struct slot slots[];
};

static size_t driver_ring_at(unsigned size)
{
	return size * sizeof(struct descriptor);
}

static size_t device_ring_at(unsigned size)
{
	return align_up(driver_ring_at(size) + sizeof(struct driver_ring) +
			(size + 1) * sizeof(uint16_t), (size_t)4);
}

static size_t queue_bytes(unsigned size)
{
	return device_ring_at(size) + sizeof(struct device_ring) +
	       size * sizeof(struct used_entry) + sizeof(uint16_t);
}

static void queue_init(struct virtio_queue *queue, unsigned index, unsigned size)
{
	uint8_t *memory = queue->dma.memory;

	queue->index = (uint16_t)index;
	queue->size = (uint16_t)size;
	queue->descriptors = (struct descriptor *)memory;
	queue->driver_ring = (struct driver_ring *)(memory + driver_ring_at(size));
	queue->device_ring = (struct device_ring *)(memory + device_ring_at(size));
	for (unsigned i = 0; i < size; i++)
		queue->slots[i].next = i + 1 < size ? (uint16_t)(i + 1) : NO_SLOT;
	queue->free_count = (uint16_t)size;
}

int virtio_queue_create(struct virtio_device *virtio, unsigned index, unsigned size,
			struct virtio_queue **result)
{
	uint32_t limit = min(virtio->transport->queue_limit(virtio, index), SIZE_LIMIT);
	struct virtio_queue_place place = { .index = (uint16_t)index };
	struct virtio_queue *queue;
	int error = -ENOMEM;

	if (limit == 0)
		return -ENODEV;
	/* A power of two in any case; the device's own limit need not be one. */
	size = 1u << log2_floor(min(size, limit));
	queue = heap_allocate(sizeof(*queue) + size * sizeof(queue->slots[0]), HEAP_PATIENT);
	if (!queue)
		return -ENOMEM;
	queue->virtio = virtio;
	error = device_dma_allocate(virtio->device, queue_bytes(size), &queue->dma);
	if (error < 0)
		goto fail;
	queue_init(queue, index, size);
	place.size = queue->size;
	place.descriptors = queue->dma.address;
	place.driver_ring = queue->dma.address + driver_ring_at(size);
	place.device_ring = queue->dma.address + device_ring_at(size);
	error = virtio->transport->queue_enable(virtio, &place);
	if (error < 0)
		goto fail;
	*result = queue;
	return 0;
fail:
	device_dma_free(virtio->device, &queue->dma);
	heap_free(queue);
	return error;
}

unsigned virtio_queue_size(const struct virtio_queue *queue)
{
	return queue->size;
}

void virtio_queue_destroy(struct virtio_queue *queue)
{
	if (!queue)
		return;
	device_dma_free(queue->virtio->device, &queue->dma);
	heap_free(queue);
}

/* The free descriptors stand in the order of their list, so the chain is its beginning. */
static uint32_t chain_write(struct virtio_queue *queue, const struct virtio_segment *segments,
			    unsigned count)
{
	uint16_t at = queue->free_head, last = at;
	uint32_t writable = 0;

	for (unsigned i = 0; i < count; i++) {
		bool is_writable = segments[i].direction == VIRTIO_FROM_DEVICE;

		queue->descriptors[at] = (struct descriptor){
			.address = segments[i].address,
			.length = segments[i].length,
			.flags = (uint16_t)((is_writable ? DESCRIPTOR_WRITE : 0) |
					    (i + 1 < count ? DESCRIPTOR_NEXT : 0)),
			.next = i + 1 < count ? queue->slots[at].next : 0,
		};
		if (is_writable)
			writable += segments[i].length;
		last = at;
		at = queue->slots[at].next;
	}
	queue->free_head = at;
	queue->free_count = (uint16_t)(queue->free_count - count);
	queue->slots[last].next = NO_SLOT;
	return writable;
}

int virtio_queue_add(struct virtio_queue *queue, const struct virtio_segment *segments,
		     unsigned count, void *token)
{
	uint16_t head = queue->free_head;

	if (queue->virtio->is_broken)
		return -EIO;
	if (count == 0 || count > queue->free_count)
		return -ENOSPC;
	queue->slots[head].writable_bytes = chain_write(queue, segments, count);
	queue->slots[head].token = token;
	queue->driver_ring->heads[queue->added & (queue->size - 1)] = head;
	/* The device may look at any time: the chain first, then that it is there. */
	cpu_barrier_device();
	queue->added++;
	WRITE_ONCE(queue->driver_ring->index, queue->added);
	return 0;
}

void virtio_queue_notify(struct virtio_queue *queue)
{
	if (queue->virtio->is_broken)
		return;
	cpu_barrier_device();
	queue->virtio->transport->notify(queue->virtio, queue->index);
}

/* Whether the used ring has an entry that was not taken; fails a device that counts past what it
 * was given. */
static bool has_used(struct virtio_queue *queue)
{
	uint16_t waiting = (uint16_t)(READ_ONCE(queue->device_ring->index) - queue->taken);

	if (waiting > (uint16_t)(queue->added - queue->taken)) {
		virtio_fail(queue->virtio, "used more buffers than there are");
		return false;
	}
	return waiting > 0;
}

static void chain_free(struct virtio_queue *queue, uint16_t head)
{
	uint16_t last = head;

	queue->free_count++;
	while (queue->slots[last].next != NO_SLOT) {
		last = queue->slots[last].next;
		queue->free_count++;
	}
	queue->slots[last].next = queue->free_head;
	queue->free_head = head;
}

void *virtio_queue_take(struct virtio_queue *queue, uint32_t *length)
{
	const struct used_entry *entry;
	uint32_t head;
	void *token;

	if (queue->virtio->is_broken || !has_used(queue))
		return NULL;
	/* The entry was written before the index was. */
	cpu_barrier_device();
	entry = &queue->device_ring->entries[queue->taken & (queue->size - 1)];
	head = READ_ONCE(entry->head);
	if (head >= queue->size || !queue->slots[head].token) {
		virtio_fail(queue->virtio, "used a buffer that it does not have");
		return NULL;
	}
	queue->taken++;
	*length = min(READ_ONCE(entry->length), queue->slots[head].writable_bytes);
	token = queue->slots[head].token;
	queue->slots[head].token = NULL;
	chain_free(queue, (uint16_t)head);
	return token;
}
