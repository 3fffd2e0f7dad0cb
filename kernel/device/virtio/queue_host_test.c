/* A virtqueue against a device that lies: the test writes the device's ring itself. */
#include "arch/mmu.h"
#include "base/errno.h"
#include "base/string.h"
#include "device/virtio/virtio.h"
#include "memory/host_test.h"

#define SIZE 8

static struct virtio_queue_place place;
static unsigned resets, notices;
static uint32_t limit;
static uint8_t status;

static uint8_t fake_status_read(struct virtio_device *virtio)
{
	(void)virtio;
	return status;
}

static void fake_status_write(struct virtio_device *virtio, uint8_t value)
{
	(void)virtio;
	status = value;
	resets += value == 0;
}

static uint32_t fake_queue_limit(struct virtio_device *virtio, unsigned index)
{
	(void)virtio;
	return index == 0 ? limit : 0;
}

static int fake_queue_enable(struct virtio_device *virtio, const struct virtio_queue_place *at)
{
	(void)virtio;
	place = *at;
	return 0;
}

static void fake_notify(struct virtio_device *virtio, unsigned index)
{
	(void)virtio;
	(void)index;
	notices++;
}

static const struct virtio_transport transport = {
	.status_read = fake_status_read,
	.status_write = fake_status_write,
	.queue_limit = fake_queue_limit,
	.queue_enable = fake_queue_enable,
	.notify = fake_notify,
};
static struct device device = { .name = "fake" };
static struct virtio_device virtio;

static struct virtio_queue *queue_make(uint32_t size_limit)
{
	struct virtio_queue *queue = NULL;

	virtio = (struct virtio_device){ .device = &device, .transport = &transport };
	resets = 0;
	limit = size_limit;
	return virtio_queue_create(&virtio, 0, SIZE, &queue) == 0 ? queue : NULL;
}

/* The device says that it used a chain: its entry, then the index. */
static void use(unsigned at, uint32_t head, uint32_t length, uint16_t index)
{
	uint8_t *ring = physical_to_virtual(place.device_ring);

	memcpy(ring + 4 + at % SIZE * 8, &head, 4);
	memcpy(ring + 8 + at % SIZE * 8, &length, 4);
	memcpy(ring + 2, &index, 2);
}

static int add(struct virtio_queue *queue, void *token, unsigned count)
{
	const struct virtio_segment segments[3] = {
		{ 0x1000, 16, VIRTIO_TO_DEVICE }, { 0x2000, 100, VIRTIO_FROM_DEVICE },
		{ 0x3000, 28, VIRTIO_FROM_DEVICE },
	};

	return virtio_queue_add(queue, segments, count, token);
}

MEMORY_TEST(virtio_queue, chains_come_back)
{
	struct virtio_queue *queue = queue_make(1024);
	uint32_t length;
	int token[2];

	ASSERT_TRUE(queue && place.size == SIZE);
	EXPECT(!virtio_queue_take(queue, &length));
	/* Often enough that the rings go round and every descriptor was in every place. */
	for (unsigned i = 0; i < 100; i++) {
		ASSERT_TRUE(add(queue, &token[0], 3) == 0 && add(queue, &token[1], 1) == 0);
		/* The second is done first; the heads stand in the driver's ring. */
		uint8_t *ring = physical_to_virtual(place.driver_ring);
		uint16_t first, second;

		memcpy(&first, ring + 4 + 2 * i % SIZE * 2, 2);
		memcpy(&second, ring + 4 + (2 * i + 1) % SIZE * 2, 2);
		use(2 * i, second, 5, (uint16_t)(2 * i + 1));
		use(2 * i + 1, first, 128, (uint16_t)(2 * i + 2));
		EXPECT(virtio_queue_take(queue, &length) == &token[1] && length == 0);
		EXPECT(virtio_queue_take(queue, &length) == &token[0] && length == 128);
		EXPECT(!virtio_queue_take(queue, &length));
	}
	EXPECT(!virtio.is_broken);
	virtio_queue_destroy(queue);
}

MEMORY_TEST(virtio_queue, room_ends)
{
	struct virtio_queue *queue = queue_make(6);
	int token;

	/* A power of two below what the device can. */
	ASSERT_TRUE(queue && place.size == 4);
	EXPECT(add(queue, &token, 3) == 0);
	EXPECT(add(queue, &token, 3) == -ENOSPC);
	EXPECT(add(queue, &token, 0) == -ENOSPC);
	EXPECT(add(queue, &token, 1) == 0);
	EXPECT(add(queue, &token, 1) == -ENOSPC);
	virtio_queue_destroy(queue);
	EXPECT(!queue_make(0));
}

/* What the device says it has written is at most what it was given. */
MEMORY_TEST(virtio_queue, lengths_are_cut)
{
	struct virtio_queue *queue = queue_make(SIZE);
	uint32_t length;
	int token;

	ASSERT_TRUE(queue && add(queue, &token, 3) == 0);
	use(0, 0, UINT32_MAX, 1);
	EXPECT(virtio_queue_take(queue, &length) == &token && length == 128);
	virtio_queue_destroy(queue);
}

static void lie_is_noticed(uint32_t head, uint16_t index)
{
	struct virtio_queue *queue = queue_make(SIZE);
	uint32_t length;
	int token;

	ASSERT_TRUE(queue && add(queue, &token, 2) == 0);
	use(0, head, 1, index);
	for (unsigned i = 1; i < SIZE; i++)
		use(i, head, 1, index);
	while (virtio_queue_take(queue, &length))
		EXPECT(length <= 100);
	EXPECT(virtio.is_broken && resets == 1);
	/* From here on nothing is sent, and nothing comes. */
	EXPECT(add(queue, &token, 1) == -EIO);
	notices = 0;
	virtio_queue_notify(queue);
	EXPECT(notices == 0 && !virtio_queue_take(queue, &length));
	virtio_queue_destroy(queue);
}

MEMORY_TEST(virtio_queue, lies_are_noticed)
{
	lie_is_noticed(0, 2);		/* more than it was given */
	lie_is_noticed(0, UINT16_MAX);	/* backwards */
	lie_is_noticed(0, 0x8000);
	lie_is_noticed(1, 1);		/* the middle of a chain */
	lie_is_noticed(2, 1);		/* a free one */
	lie_is_noticed(SIZE, 1);	/* none */
	lie_is_noticed(UINT32_MAX, 1);
	lie_is_noticed(0x10000, 1);	/* one, if its upper half were cut off */
}

/* A device that rewrites what the kernel told it changes nothing that the kernel knows. */
MEMORY_TEST(virtio_queue, shared_memory_is_not_believed)
{
	struct virtio_queue *queue = queue_make(SIZE);
	uint32_t length;
	int token;

	ASSERT_TRUE(queue && add(queue, &token, 3) == 0);
	memset(physical_to_virtual(place.descriptors), 0xff, SIZE * 16);
	use(0, 0, 7, 1);
	EXPECT(virtio_queue_take(queue, &length) == &token && length == 7);
	for (unsigned i = 0; i < SIZE; i++)
		EXPECT(add(queue, &token, 1) == 0);
	EXPECT(add(queue, &token, 1) == -ENOSPC && !virtio.is_broken);
	virtio_queue_destroy(queue);
}
