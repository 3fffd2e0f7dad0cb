/* The ChaCha20 block function of RFC 8439 2.3: the core of the random number generator. */
#ifndef BASE_CODEC_CHACHA20_H
#define BASE_CODEC_CHACHA20_H

#include "base/types.h"

#define CHACHA20_KEY_SIZE 32
#define CHACHA20_NONCE_SIZE 12
#define CHACHA20_BLOCK_SIZE 64

struct chacha20 {
	uint32_t words[16];
};

void chacha20_init(struct chacha20 *chacha, const uint8_t key[CHACHA20_KEY_SIZE],
		   const uint8_t nonce[CHACHA20_NONCE_SIZE], uint32_t counter);

/* Write the next 64 bytes of key stream and count up. After 2^32 blocks the stream repeats. */
void chacha20_block(struct chacha20 *chacha, uint8_t block[CHACHA20_BLOCK_SIZE]);

#endif
