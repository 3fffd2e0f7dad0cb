/*
 * Random bytes. A pool of one key absorbs everything that is fed; each CPU has a ChaCha20 generator
 * whose key it replaces with its own output after every use (fast key erasure) and takes anew from
 * the pool when that changed. Nothing blocks: the boot seed and jitter come before the first use.
 */
#include "random/random.h"

#include "arch/boot.h"
#include "arch/clock.h"
#include "arch/cpu.h"
#include "arch/upcalls.h"
#include "base/codec/chacha20.h"
#include "base/string.h"
#include "log/log.h"
#include "sync/spin_lock.h"

#define JITTER_ROUNDS 64	/* bounded: a machine without jitter must boot too */

/* LOCK_RANDOM. */
static struct spin_lock pool_lock = SPIN_LOCK_INITIALIZER(LOCK_RANDOM);
static uint8_t pool_key[CHACHA20_KEY_SIZE];
static uint64_t pool_counter;
static uint64_t pool_generation;	/* counts feeds; read without the lock */

struct generator {
	uint8_t key[CHACHA20_KEY_SIZE];
	uint64_t generation;		/* of the pool when the key was taken */
	uint64_t counter;
	uint8_t buffer[CHACHA20_BLOCK_SIZE];	/* for small requests */
	size_t buffered;
};
static DEFINE_PER_CPU(struct generator, generators);

/* One block keyed by `key`, which becomes its first half; the second half is output. */
static void step_key(uint8_t key[CHACHA20_KEY_SIZE], uint64_t nonce_number,
		     uint8_t output[CHACHA20_BLOCK_SIZE - CHACHA20_KEY_SIZE])
{
	uint8_t nonce[CHACHA20_NONCE_SIZE] = { 0 };
	uint8_t block[CHACHA20_BLOCK_SIZE];
	struct chacha20 chacha;

	memcpy(nonce, &nonce_number, sizeof(nonce_number));
	chacha20_init(&chacha, key, nonce, 0);
	chacha20_block(&chacha, block);
	memcpy(key, block, CHACHA20_KEY_SIZE);
	memcpy(output, block + CHACHA20_KEY_SIZE, CHACHA20_BLOCK_SIZE - CHACHA20_KEY_SIZE);
	memory_wipe(&chacha, sizeof(chacha));
	memory_wipe(block, sizeof(block));
}

/* Pool locked: key = f(key xor data), a piece at a time, so that no input can undo another. */
static void absorb(const uint8_t *data, size_t length)
{
	uint8_t ignored[CHACHA20_BLOCK_SIZE - CHACHA20_KEY_SIZE];

	while (length > 0) {
		size_t piece = min(length, (size_t)CHACHA20_KEY_SIZE);

		for (size_t i = 0; i < piece; i++)
			pool_key[i] ^= data[i];
		step_key(pool_key, pool_counter++, ignored);
		data += piece;
		length -= piece;
	}
	atomic_fetch_add_relaxed(&pool_generation, 1);
}

void random_feed(const void *data, size_t length)
{
	uint64_t now = clock_cycles();
	bool were_enabled = spin_lock_irq(&pool_lock);

	absorb(data, length);
	absorb((const uint8_t *)&now, sizeof(now));
	spin_unlock_irq(&pool_lock, were_enabled);
}

/* This CPU's generator, interrupts masked: takes a key from the pool when that has changed. */
static struct generator *generator_ready(void)
{
	struct generator *generator = this_cpu(generators);
	uint64_t generation = atomic_load_relaxed(&pool_generation);
	uint64_t mixed[4];

	if (likely(generator->generation == generation))
		return generator;
	spin_lock_masked(&pool_lock);
	step_key(pool_key, pool_counter++, generator->key);
	spin_unlock_masked(&pool_lock);
	generator->generation = generation;
	generator->buffered = 0;
	if (cpu_random(&mixed[0])) {
		memcpy(&mixed[1], generator->key, sizeof(mixed[1]));
		mixed[1] ^= mixed[0];
		memcpy(generator->key, &mixed[1], sizeof(mixed[1]));
	}
	return generator;
}

static void generate_long(struct generator *generator, uint8_t *to, size_t length)
{
	uint8_t key[CHACHA20_KEY_SIZE], nonce[CHACHA20_NONCE_SIZE] = { 0 };
	uint8_t block[CHACHA20_BLOCK_SIZE];
	struct chacha20 chacha;

	step_key(generator->key, generator->counter++, key);
	chacha20_init(&chacha, key, nonce, 0);
	while (length > 0) {
		size_t piece = min(length, sizeof(block));

		chacha20_block(&chacha, block);
		memcpy(to, block, piece);
		to += piece;
		length -= piece;
	}
	memory_wipe(key, sizeof(key));
	memory_wipe(block, sizeof(block));
	memory_wipe(&chacha, sizeof(chacha));
}

static void generate_short(struct generator *generator, uint8_t *to, size_t length)
{
	uint8_t *from;

	if (generator->buffered < length) {
		step_key(generator->key, generator->counter++, generator->buffer);
		generator->buffered = CHACHA20_BLOCK_SIZE - CHACHA20_KEY_SIZE;
	}
	from = &generator->buffer[generator->buffered - length];
	memcpy(to, from, length);
	memory_wipe(from, length);
	generator->buffered -= length;
}

void random_bytes(void *buffer, size_t length)
{
	enum { SHORT_LENGTH = 16, MASKED_LENGTH = 1024 };
	uint8_t *to = buffer;

	while (length > 0) {
		/* Interrupts are masked for a bounded time only. */
		size_t piece = min(length, (size_t)MASKED_LENGTH);
		bool were_enabled = interrupts_disable();
		struct generator *generator = generator_ready();

		if (piece <= SHORT_LENGTH)
			generate_short(generator, to, piece);
		else
			generate_long(generator, to, piece);
		interrupts_restore(were_enabled);
		to += piece;
		length -= piece;
	}
}

void upcall_random(void *bytes, size_t length)
{
	random_bytes(bytes, length);
}

uint64_t random_u64(void)
{
	uint64_t value;

	random_bytes(&value, sizeof(value));
	return value;
}

uint64_t random_below(uint64_t limit)
{
	/* Multiplication maps 2^64 values onto `limit`; the few that would come once too often are
	 * drawn again. */
	uint64_t surplus = -limit % limit;

	for (;;) {
		unsigned __int128 product = (unsigned __int128)random_u64() * limit;

		if ((uint64_t)product >= surplus)
			return (uint64_t)(product >> 64);
	}
}

/* What little there is in a machine without a generator: how long simple things take. */
static void feed_jitter(void)
{
	uint64_t samples[8];
	volatile uint32_t work = 0;

	for (unsigned round = 0; round < JITTER_ROUNDS; round++) {
		uint64_t start = clock_cycles();

		for (unsigned i = 0; i < 16 + (work & 7); i++)
			work = work * 1664525 + 1013904223;
		samples[round % ARRAY_SIZE(samples)] = clock_cycles() - start;
		if (round % ARRAY_SIZE(samples) == ARRAY_SIZE(samples) - 1)
			random_feed(samples, sizeof(samples));
	}
}

void random_start(void)
{
	const struct boot_information *boot = boot_information();
	uint64_t from_cpu[4];
	bool has_generator = true;

	random_feed(boot->random_seed, sizeof(boot->random_seed));
	for (unsigned i = 0; i < ARRAY_SIZE(from_cpu); i++)
		has_generator = cpu_random(&from_cpu[i]) && has_generator;
	random_feed(from_cpu, sizeof(from_cpu));
	feed_jitter();
	log_ok("RANDOM", "seeded from the loader%s",
	       has_generator ? ", timing and the CPU" : " and timing");
}
