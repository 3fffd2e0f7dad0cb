/*
 * Random bytes: per-CPU ChaCha20 keyed from a pool that the CPU, the loader, devices and timing
 * feed.
 */
#ifndef RANDOM_RANDOM_H
#define RANDOM_RANDOM_H

#include "base/compiler.h"
#include "base/types.h"

void random_start(void);			/* seeds from boot_information, CPU and jitter */
void random_bytes(void *buffer, size_t length);	/* any context; good from random_start() on */
uint64_t random_u64(void);
uint64_t random_below(uint64_t limit);		/* uniform in [0, limit); limit > 0 */
void random_feed(const void *data, size_t length);	/* mixes in, credits nothing; any context */

#endif
