/*
 * Cyclic redundancy checks: CRC-32 (gzip, GPT, cpio tools), CRC-32C (ext4, jbd2, iSCSI) and CRC-16
 * (older ext4 group descriptors). They detect accidents, not intent.
 */
#ifndef BASE_CODEC_CRC32_H
#define BASE_CODEC_CRC32_H

#include "base/types.h"

/* CRC-32 of `bytes` behind data whose CRC-32 is `before` (0 for none). */
uint32_t crc32(uint32_t before, const void *bytes, size_t length);

/* The CRC-32C register run over `bytes`, without inversion at either end: ext4 starts with ~0. */
uint32_t crc32c_raw(uint32_t before, const void *bytes, size_t length);

/* CRC-32C as published: of `bytes` behind data whose CRC-32C is `before` (0 for none). */
uint32_t crc32c(uint32_t before, const void *bytes, size_t length);

/* The CRC-16 register (polynomial 0x8005, reflected) run over `bytes`: ext4 starts with ~0. */
uint16_t crc16_raw(uint16_t before, const void *bytes, size_t length);

#endif
