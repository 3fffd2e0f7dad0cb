/*
 * A ring of bytes over memory of the caller. The capacity is a power of two, and the two counts
 * only ever rise (and wrap), so that full and empty differ. No locking.
 */
#ifndef BASE_RING_H
#define BASE_RING_H

#include "base/compiler.h"
#include "base/types.h"

struct ring {
	uint8_t *bytes;
	uint32_t capacity;
	uint32_t written; /* bytes ever put in, modulo 2^32 */
	uint32_t read;	  /* bytes ever taken out */
};

/* Start empty over `bytes`, which holds `capacity`, a power of two of at most 2^31. */
static inline void ring_init(struct ring *ring, void *bytes, uint32_t capacity)
{
	*ring = (struct ring){ .bytes = bytes, .capacity = capacity };
}

static inline uint32_t ring_used(const struct ring *ring)
{
	return ring->written - ring->read;
}

static inline uint32_t ring_space(const struct ring *ring)
{
	return ring->capacity - ring_used(ring);
}

static inline bool ring_is_empty(const struct ring *ring)
{
	return ring->written == ring->read;
}

static inline bool ring_is_full(const struct ring *ring)
{
	return ring_used(ring) == ring->capacity;
}

static inline void ring_clear(struct ring *ring)
{
	ring->read = ring->written;
}

/* Put in or take out as much as goes; the result is how much went. */
uint32_t ring_write(struct ring *ring, const void *from, uint32_t length);
uint32_t ring_read(struct ring *ring, void *to, uint32_t length);

/* Copy without taking out, beginning `offset` bytes behind the oldest. */
uint32_t ring_peek(const struct ring *ring, uint32_t offset, void *to, uint32_t length);

/* Drop up to `length` of the oldest bytes; the result is how many went. */
uint32_t ring_skip(struct ring *ring, uint32_t length);

/* Take back up to `length` of the youngest bytes. */
uint32_t ring_unwrite(struct ring *ring, uint32_t length);

/*
 * The longest piece without a wrap that can be read from or written to in place; *length is 0 if
 * there is none. Follow with ring_skip() or ring_commit().
 */
uint8_t *ring_readable(const struct ring *ring, uint32_t *length);
uint8_t *ring_writable(const struct ring *ring, uint32_t *length);
void ring_commit(struct ring *ring, uint32_t length);

#endif
