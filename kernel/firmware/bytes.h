/* Little-endian numbers at any alignment; tests write the tables that others read. */
#ifndef FIRMWARE_BYTES_H
#define FIRMWARE_BYTES_H

#include "base/types.h"

static inline uint16_t bytes_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t bytes_u32(const uint8_t *at)
{
	return bytes_u16(at) | (uint32_t)bytes_u16(at + 2) << 16;
}

static inline uint64_t bytes_u64(const uint8_t *at)
{
	return bytes_u32(at) | (uint64_t)bytes_u32(at + 4) << 32;
}

static inline void bytes_put_u32(uint8_t *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static inline void bytes_put_u64(uint8_t *at, uint64_t value)
{
	bytes_put_u32(at, (uint32_t)value);
	bytes_put_u32(at + 4, (uint32_t)(value >> 32));
}

#endif
