/*
 * Eight bytes at a time through eight tables. A CRC is linear, so an entry is the sum (xor) of the
 * entries of the bits in its index: the compiler builds each table from eight numbers.
 */
#include "base/codec/crc32.h"

#include "base/compiler.h"
#include "base/string.h"

#define CRC_TERM(n, bit, value) ((n) >> (bit) & 1 ? (value) : 0)
#define CRC_1(n, a, b, c, d, e, f, g, h) \
	(CRC_TERM(n, 0, a) ^ CRC_TERM(n, 1, b) ^ CRC_TERM(n, 2, c) ^ CRC_TERM(n, 3, d) ^ \
	 CRC_TERM(n, 4, e) ^ CRC_TERM(n, 5, f) ^ CRC_TERM(n, 6, g) ^ CRC_TERM(n, 7, h))
#define CRC_4(n, ...) \
	CRC_1(n, __VA_ARGS__), CRC_1((n) + 1, __VA_ARGS__), CRC_1((n) + 2, __VA_ARGS__), \
		CRC_1((n) + 3, __VA_ARGS__)
#define CRC_16(n, ...) \
	CRC_4(n, __VA_ARGS__), CRC_4((n) + 4, __VA_ARGS__), CRC_4((n) + 8, __VA_ARGS__), \
		CRC_4((n) + 12, __VA_ARGS__)
#define CRC_64(n, ...) \
	CRC_16(n, __VA_ARGS__), CRC_16((n) + 16, __VA_ARGS__), CRC_16((n) + 32, __VA_ARGS__), \
		CRC_16((n) + 48, __VA_ARGS__)
#define CRC_TABLE(...) \
	{ CRC_64(0, __VA_ARGS__), CRC_64(64, __VA_ARGS__), CRC_64(128, __VA_ARGS__), \
	  CRC_64(192, __VA_ARGS__) }

/* Table k, entry n: the register after byte n and k zero bytes. Polynomial 0xedb88320 reflected. */
static const uint32_t crc32_tables[8][256] = {
	CRC_TABLE(0x77073096, 0xee0e612c, 0x076dc419, 0x0edb8832,
		  0x1db71064, 0x3b6e20c8, 0x76dc4190, 0xedb88320),
	CRC_TABLE(0x191b3141, 0x32366282, 0x646cc504, 0xc8d98a08,
		  0x4ac21251, 0x958424a2, 0xf0794f05, 0x3b83984b),
	CRC_TABLE(0x01c26a37, 0x0384d46e, 0x0709a8dc, 0x0e1351b8,
		  0x1c26a370, 0x384d46e0, 0x709a8dc0, 0xe1351b80),
	CRC_TABLE(0xb8bc6765, 0xaa09c88b, 0x8f629757, 0xc5b428ef,
		  0x5019579f, 0xa032af3e, 0x9b14583d, 0xed59b63b),
	CRC_TABLE(0x3d6029b0, 0x7ac05360, 0xf580a6c0, 0x30704bc1,
		  0x60e09782, 0xc1c12f04, 0x58f35849, 0xb1e6b092),
	CRC_TABLE(0xcb5cd3a5, 0x4dc8a10b, 0x9b914216, 0xec53826d,
		  0x03d6029b, 0x07ac0536, 0x0f580a6c, 0x1eb014d8),
	CRC_TABLE(0xa6770bb4, 0x979f1129, 0xf44f2413, 0x33ef4e67,
		  0x67de9cce, 0xcfbd399c, 0x440b7579, 0x8816eaf2),
	CRC_TABLE(0xccaa009e, 0x4225077d, 0x844a0efa, 0xd3e51bb5,
		  0x7cbb312b, 0xf9766256, 0x299dc2ed, 0x533b85da),
};

/* Polynomial 0x82f63b78 reflected. */
static const uint32_t crc32c_tables[8][256] = {
	CRC_TABLE(0xf26b8303, 0xe13b70f7, 0xc79a971f, 0x8ad958cf,
		  0x105ec76f, 0x20bd8ede, 0x417b1dbc, 0x82f63b78),
	CRC_TABLE(0x13a29877, 0x274530ee, 0x4e8a61dc, 0x9d14c3b8,
		  0x3fc5f181, 0x7f8be302, 0xff17c604, 0xfbc3faf9),
	CRC_TABLE(0xa541927e, 0x4f6f520d, 0x9edea41a, 0x38513ec5,
		  0x70a27d8a, 0xe144fb14, 0xc76580d9, 0x8b277743),
	CRC_TABLE(0xdd45aab8, 0xbf672381, 0x7b2231f3, 0xf64463e6,
		  0xe964b13d, 0xd725148b, 0xaba65fe7, 0x52a0c93f),
	CRC_TABLE(0x38116fac, 0x7022df58, 0xe045beb0, 0xc5670b91,
		  0x8f2261d3, 0x1ba8b557, 0x37516aae, 0x6ea2d55c),
	CRC_TABLE(0xef306b19, 0xdb8ca0c3, 0xb2f53777, 0x6006181f,
		  0xc00c303e, 0x85f4168d, 0x0e045beb, 0x1c08b7d6),
	CRC_TABLE(0x68032cc8, 0xd0065990, 0xa5e0c5d1, 0x4e2dfd53,
		  0x9c5bfaa6, 0x3d5b83bd, 0x7ab7077a, 0xf56e0ef4),
	CRC_TABLE(0x493c7d27, 0x9278fa4e, 0x211d826d, 0x423b04da,
		  0x847609b4, 0x0d006599, 0x1a00cb32, 0x34019664),
};

static uint32_t crc_run(const uint32_t tables[8][256], uint32_t value, const uint8_t *at,
			size_t length)
{
	for (; length >= 8; length -= 8, at += 8) {
		uint32_t low;
		uint32_t high;

		memcpy(&low, at, sizeof(low));
		memcpy(&high, at + sizeof(low), sizeof(high));
		low ^= value;
		value = tables[7][low & 0xff] ^ tables[6][low >> 8 & 0xff] ^
			tables[5][low >> 16 & 0xff] ^ tables[4][low >> 24] ^
			tables[3][high & 0xff] ^ tables[2][high >> 8 & 0xff] ^
			tables[1][high >> 16 & 0xff] ^ tables[0][high >> 24];
	}
	for (; length; length--)
		value = value >> 8 ^ tables[0][(value ^ *at++) & 0xff];
	return value;
}

uint32_t crc32(uint32_t before, const void *bytes, size_t length)
{
	return ~crc_run(crc32_tables, ~before, bytes, length);
}

uint32_t crc32c_raw(uint32_t before, const void *bytes, size_t length)
{
	return crc_run(crc32c_tables, before, bytes, length);
}

uint32_t crc32c(uint32_t before, const void *bytes, size_t length)
{
	return ~crc_run(crc32c_tables, ~before, bytes, length);
}

uint16_t crc16_raw(uint16_t before, const void *bytes, size_t length)
{
	const uint8_t *at = bytes;
	uint32_t value = before;

	for (; length; length--) {
		value ^= *at++;
		for (int bit = 0; bit < 8; bit++)
			value = value >> 1 ^ (value & 1 ? 0xa001 : 0);
	}
	return (uint16_t)value;
}
