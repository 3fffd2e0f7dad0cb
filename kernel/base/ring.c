/* Every copy is at most two pieces: up to the end of the memory, and from its start. */
#include "base/ring.h"

#include "base/panic.h"
#include "base/string.h"

static inline uint32_t ring_index(const struct ring *ring, uint32_t count)
{
	return count & (ring->capacity - 1);
}

uint32_t ring_write(struct ring *ring, const void *from, uint32_t length)
{
	uint32_t start = ring_index(ring, ring->written);
	uint32_t first;

	length = min(length, ring_space(ring));
	first = min(length, ring->capacity - start);
	memcpy(ring->bytes + start, from, first);
	memcpy(ring->bytes, (const uint8_t *)from + first, length - first);
	ring->written += length;
	return length;
}

uint32_t ring_peek(const struct ring *ring, uint32_t offset, void *to, uint32_t length)
{
	uint32_t used = ring_used(ring);
	uint32_t start = ring_index(ring, ring->read + offset);
	uint32_t first;

	if (offset >= used)
		return 0;
	length = min(length, used - offset);
	first = min(length, ring->capacity - start);
	memcpy(to, ring->bytes + start, first);
	memcpy((uint8_t *)to + first, ring->bytes, length - first);
	return length;
}

uint32_t ring_read(struct ring *ring, void *to, uint32_t length)
{
	return ring_skip(ring, ring_peek(ring, 0, to, length));
}

uint32_t ring_skip(struct ring *ring, uint32_t length)
{
	length = min(length, ring_used(ring));
	ring->read += length;
	return length;
}

uint32_t ring_unwrite(struct ring *ring, uint32_t length)
{
	length = min(length, ring_used(ring));
	ring->written -= length;
	return length;
}

uint8_t *ring_readable(const struct ring *ring, uint32_t *length)
{
	uint32_t start = ring_index(ring, ring->read);

	*length = min(ring_used(ring), ring->capacity - start);
	return ring->bytes + start;
}

uint8_t *ring_writable(const struct ring *ring, uint32_t *length)
{
	uint32_t start = ring_index(ring, ring->written);

	*length = min(ring_space(ring), ring->capacity - start);
	return ring->bytes + start;
}

void ring_commit(struct ring *ring, uint32_t length)
{
	DEBUG_ASSERT(length <= ring_space(ring));
	ring->written += length;
}
