/*
 * First touches of device registers, where only a table or the command line says that there are
 * any. What nobody answers reads as all ones on some machines, and is an error that the CPU tells
 * of on others, at once or some time later; here it is neither.
 */
#ifndef ARCH_PROBE_H
#define ARCH_PROBE_H

#include "base/compiler.h"
#include "base/types.h"

/*
 * Reads a register that is mapped as a device's. False: nothing answers, or not to such an access.
 * True says no more than that the CPU has got a value: all ones are one, too. Any context, from
 * the first C on.
 */
bool probe_read32(const volatile void *address, uint32_t *value) MUST_CHECK;
bool probe_read64(const volatile void *address, uint64_t *value) MUST_CHECK;

#endif
