/*
 * Hashes for tables. What an outsider chooses (addresses, ports, names) is hashed with a secret
 * key, so that nobody can fill one chain; the rest with a fast mixer.
 */
#ifndef BASE_TABLE_HASH_H
#define BASE_TABLE_HASH_H

#include "base/compiler.h"
#include "base/types.h"

struct hash_key {
	uint64_t words[2];
};

/* SipHash-2-4 of any bytes. `key` is random and secret. */
uint64_t hash_keyed(const struct hash_key *key, const void *bytes, size_t length);

/* SipHash-2-4 of one or two words, as of their little-endian bytes. */
uint64_t hash_keyed_u64(const struct hash_key *key, uint64_t value);
uint64_t hash_keyed_u64_pair(const struct hash_key *key, uint64_t first, uint64_t second);

/* Mix a number that no outsider chooses: every input bit reaches every output bit. */
static inline uint64_t hash_u64(uint64_t value)
{
	value ^= value >> 32;
	value *= UINT64_C(0xd6e8feb86659fd93);
	value ^= value >> 32;
	value *= UINT64_C(0xd6e8feb86659fd93);
	return value ^ value >> 32;
}

static inline uint64_t hash_pointer(const void *pointer)
{
	return hash_u64((uintptr_t)pointer);
}

/* Mix in another part of a key. */
static inline uint64_t hash_combine(uint64_t hash, uint64_t value)
{
	return hash_u64(hash * 31 + value);
}

/* FNV-1a, mixed, of bytes that no outsider chooses. */
static inline uint64_t hash_bytes(const void *bytes, size_t length)
{
	const unsigned char *at = bytes;
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	while (length--)
		hash = (hash ^ *at++) * UINT64_C(0x100000001b3);
	return hash_u64(hash);
}

static inline uint64_t hash_string(const char *text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	while (*text)
		hash = (hash ^ (unsigned char)*text++) * UINT64_C(0x100000001b3);
	return hash_u64(hash);
}

#endif
