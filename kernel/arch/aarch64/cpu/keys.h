/*
 * Keys of pointer authentication. The kernel signs its return addresses with one key, made at boot,
 * in the registers of key IA; a program's IA key stands there only while the program runs.
 */
#ifndef ARCH_AARCH64_CPU_KEYS_H
#define ARCH_AARCH64_CPU_KEYS_H

#include "arch/aarch64/boot/head.h"
#include "arch/aarch64/cpu/cpu.h"
#include "arch/aarch64/cpu/features.h"
#include "base/compiler.h"
#include "base/types.h"

/* Makes the kernel's key and gives it to this CPU's entry page; areas made later get it, too. */
void kernel_key_make(const uint8_t seed[32]);
struct pointer_key kernel_key(void);

/* APIAKeyLo_EL1 and APIAKeyHi_EL1 */
static ALWAYS_INLINE void key_ia_write(struct pointer_key key)
{
	__asm__ volatile("msr s3_0_c2_c1_0, %0\n\tmsr s3_0_c2_c1_1, %1"
			 : : "r"(key.low), "r"(key.high));
}

/*
 * From here on this CPU signs. For functions that do not return: what was stored unsigned before
 * would not pass.
 */
static ALWAYS_INLINE void kernel_key_start(void)
{
	uint64_t control;

	if (!cpu_has_pointer_keys)
		return;
	key_ia_write(kernel_key());
	__asm__ volatile("mrs %0, sctlr_el1" : "=r"(control));
	control |= SCTLR_ENIA | SCTLR_ENIB | SCTLR_ENDA | SCTLR_ENDB;
	__asm__ volatile("isb\n\tmsr sctlr_el1, %0\n\tisb" : : "r"(control) : "memory");
}

#endif
