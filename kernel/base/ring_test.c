/* Byte ring: what goes in comes out, across the wrap of memory and of the counters. */
#include "base/ring.h"

#include "base/test.h"

TEST(ring, is_a_queue)
{
	uint8_t memory[16];
	uint8_t piece[16];
	struct ring ring;
	uint8_t next_in = 0;
	uint8_t next_out = 0;

	ring_init(&ring, memory, sizeof(memory));
	ring.written = ring.read = UINT32_MAX - 20;
	for (uint32_t step = 0; step < 200; step++) {
		uint32_t wanted = step * 7 % 13;
		uint32_t space = ring_space(&ring);
		uint32_t count;

		for (uint32_t i = 0; i < wanted; i++)
			piece[i] = (uint8_t)(next_in + i);
		count = ring_write(&ring, piece, wanted);
		EXPECT_EQUAL(count, min(wanted, space));
		next_in = (uint8_t)(next_in + count);
		count = ring_read(&ring, piece, step * 5 % 11);
		for (uint32_t i = 0; i < count; i++)
			EXPECT_EQUAL(piece[i], next_out++);
		EXPECT_EQUAL((uint8_t)ring_used(&ring), (uint8_t)(next_in - next_out));
	}
}

TEST(ring, pieces_in_place)
{
	uint8_t memory[8];
	uint8_t byte;
	struct ring ring;
	uint32_t length;

	ring_init(&ring, memory, sizeof(memory));
	EXPECT_EQUAL(ring_write(&ring, "abcdef", 6), 6);
	EXPECT_EQUAL(ring_skip(&ring, 4), 4);
	EXPECT(ring_writable(&ring, &length) == memory + 6);
	EXPECT_EQUAL(length, 2);
	ring_commit(&ring, 2);
	EXPECT(ring_writable(&ring, &length) == memory);
	EXPECT_EQUAL(length, 4);
	EXPECT(ring_readable(&ring, &length) == memory + 4);
	EXPECT_EQUAL(length, 4);
	EXPECT_EQUAL(ring_peek(&ring, 1, &byte, 1), 1);
	EXPECT_EQUAL(byte, 'f');
	EXPECT_EQUAL(ring_peek(&ring, 4, &byte, 1), 0);
	EXPECT_EQUAL(ring_unwrite(&ring, 3), 3);
	EXPECT_EQUAL(ring_used(&ring), 1);
	ring_clear(&ring);
	EXPECT(ring_is_empty(&ring) && !ring_is_full(&ring));
}
