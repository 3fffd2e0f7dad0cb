/* SipHash-2-4, from Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012). */
#include "base/table/hash.h"

#include "base/string.h"

struct sip_state {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate_left(uint64_t value, unsigned int count)
{
	return value << count | value >> (64 - count);
}

static inline void sip_round(struct sip_state *state)
{
	state->v0 += state->v1;
	state->v1 = rotate_left(state->v1, 13) ^ state->v0;
	state->v0 = rotate_left(state->v0, 32);
	state->v2 += state->v3;
	state->v3 = rotate_left(state->v3, 16) ^ state->v2;
	state->v0 += state->v3;
	state->v3 = rotate_left(state->v3, 21) ^ state->v0;
	state->v2 += state->v1;
	state->v1 = rotate_left(state->v1, 17) ^ state->v2;
	state->v2 = rotate_left(state->v2, 32);
}

static inline struct sip_state sip_start(const struct hash_key *key)
{
	return (struct sip_state){
		.v0 = key->words[0] ^ UINT64_C(0x736f6d6570736575),
		.v1 = key->words[1] ^ UINT64_C(0x646f72616e646f6d),
		.v2 = key->words[0] ^ UINT64_C(0x6c7967656e657261),
		.v3 = key->words[1] ^ UINT64_C(0x7465646279746573),
	};
}

static inline void sip_word(struct sip_state *state, uint64_t word)
{
	state->v3 ^= word;
	sip_round(state);
	sip_round(state);
	state->v0 ^= word;
}

/* `tail` holds the last bytes and, in its top byte, the length. */
static inline uint64_t sip_finish(struct sip_state *state, uint64_t tail)
{
	sip_word(state, tail);
	state->v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(state);
	return state->v0 ^ state->v1 ^ state->v2 ^ state->v3;
}

uint64_t hash_keyed(const struct hash_key *key, const void *bytes, size_t length)
{
	struct sip_state state = sip_start(key);
	const unsigned char *at = bytes;
	uint64_t tail = (uint64_t)length << 56;
	size_t left = length;

	for (; left >= sizeof(uint64_t); left -= sizeof(uint64_t)) {
		uint64_t word;

		memcpy(&word, at, sizeof(word));
		sip_word(&state, word);
		at += sizeof(word);
	}
	for (size_t i = 0; i < left; i++)
		tail |= (uint64_t)at[i] << (8 * i);
	return sip_finish(&state, tail);
}

uint64_t hash_keyed_u64(const struct hash_key *key, uint64_t value)
{
	struct sip_state state = sip_start(key);

	sip_word(&state, value);
	return sip_finish(&state, UINT64_C(8) << 56);
}

uint64_t hash_keyed_u64_pair(const struct hash_key *key, uint64_t first, uint64_t second)
{
	struct sip_state state = sip_start(key);

	sip_word(&state, first);
	sip_word(&state, second);
	return sip_finish(&state, UINT64_C(16) << 56);
}
