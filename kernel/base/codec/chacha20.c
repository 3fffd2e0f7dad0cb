/* ChaCha20: twenty rounds of add, xor and rotate; nothing branches or indexes by the key. */
#include "base/codec/chacha20.h"

#include "base/string.h"

static inline uint32_t load_little(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline void store_little(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
	at[2] = (uint8_t)(value >> 16);
	at[3] = (uint8_t)(value >> 24);
}

static inline uint32_t rotate_left(uint32_t value, unsigned int count)
{
	return value << count | value >> (32 - count);
}

static inline void quarter_round(uint32_t *words, int a, int b, int c, int d)
{
	words[a] += words[b];
	words[d] = rotate_left(words[d] ^ words[a], 16);
	words[c] += words[d];
	words[b] = rotate_left(words[b] ^ words[c], 12);
	words[a] += words[b];
	words[d] = rotate_left(words[d] ^ words[a], 8);
	words[c] += words[d];
	words[b] = rotate_left(words[b] ^ words[c], 7);
}

void chacha20_init(struct chacha20 *chacha, const uint8_t key[CHACHA20_KEY_SIZE],
		   const uint8_t nonce[CHACHA20_NONCE_SIZE], uint32_t counter)
{
	/* "expand 32-byte k" */
	chacha->words[0] = 0x61707865;
	chacha->words[1] = 0x3320646e;
	chacha->words[2] = 0x79622d32;
	chacha->words[3] = 0x6b206574;
	for (int i = 0; i < 8; i++)
		chacha->words[4 + i] = load_little(key + 4 * i);
	chacha->words[12] = counter;
	for (int i = 0; i < 3; i++)
		chacha->words[13 + i] = load_little(nonce + 4 * i);
}

void chacha20_block(struct chacha20 *chacha, uint8_t block[CHACHA20_BLOCK_SIZE])
{
	struct chacha20 working = *chacha;
	uint32_t *words = working.words;

	for (int round = 0; round < 20; round += 2) {
		quarter_round(words, 0, 4, 8, 12);
		quarter_round(words, 1, 5, 9, 13);
		quarter_round(words, 2, 6, 10, 14);
		quarter_round(words, 3, 7, 11, 15);
		quarter_round(words, 0, 5, 10, 15);
		quarter_round(words, 1, 6, 11, 12);
		quarter_round(words, 2, 7, 8, 13);
		quarter_round(words, 3, 4, 9, 14);
	}
	for (int i = 0; i < 16; i++)
		store_little(block + 4 * i, words[i] + chacha->words[i]);
	chacha->words[12]++;
	memory_wipe(&working, sizeof(working));
}
