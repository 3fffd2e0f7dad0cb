/* The kernel's key. */
#include "arch/aarch64/cpu/keys.h"

#include "arch/clock.h"
#include "arch/cpu.h"
#include "base/codec/chacha20.h"
#include "base/string.h"

static struct pointer_key key;

struct pointer_key kernel_key(void)
{
	return key;
}

void kernel_key_make(const uint8_t seed[32])
{
	static const uint8_t purpose[CHACHA20_NONCE_SIZE] = "kernel key";
	struct chacha20 chacha;
	uint8_t block[CHACHA20_BLOCK_SIZE];

	chacha20_init(&chacha, seed, purpose, 0);
	chacha20_block(&chacha, block);
	memcpy(&key, block, sizeof(key));
	cpu_entry(0)->kernel_key = key;
}
