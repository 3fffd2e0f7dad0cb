/* Registers that say who may use vectors of any length (SVE), and how long they are. */
#ifndef ARCH_AARCH64_CPU_SCALABLE_H
#define ARCH_AARCH64_CPU_SCALABLE_H

#include "base/compiler.h"
#include "base/types.h"
#include "machine/layout.h"

#define VECTOR_UNIT 16
/* As Linux bounds it: what code that knows no length can work with. */
#define VECTOR_BYTES_MAXIMUM 256

/* CPACR_EL1: FPEN, and ZEN of the kernel alone or of programs too. */
#define CPACR_FLOATING (UINT64_C(3) << 20)
#define CPACR_SCALABLE_KERNEL (UINT64_C(1) << 16)
#define CPACR_SCALABLE_PROGRAM (UINT64_C(1) << CPACR_BIT_PROGRAM)

/* ZCR_EL1 */
static inline void vector_length_write(unsigned bytes)
{
	__asm__ volatile("msr s3_0_c1_c2_0, %0\n\tisb"
			 : : "r"((uint64_t)(bytes / VECTOR_UNIT - 1)) : "memory");
}

/* RDVL */
static inline unsigned vector_length_read(void)
{
	uint64_t bytes;

	__asm__ volatile(".arch_extension sve\n\trdvl %0, #1\n\t.arch_extension nosve"
			 : "=r"(bytes));
	return (unsigned)bytes;
}

#endif
