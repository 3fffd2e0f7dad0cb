/*
 * Keys of programs (Linux's Documentation/arch/arm64/pointer-authentication.rst). Threads inherit
 * them, exec makes new ones. The key IA is loaded on the way to the program, since the kernel has
 * its own; the others with the vector registers.
 */
#include "arch/aarch64/context/keys.h"

#include "arch/aarch64/boot/head.h"
#include "arch/aarch64/cpu/features.h"
#include "arch/cpu.h"
#include "arch/upcalls.h"
#include "base/errno.h"

/* prctl(2)'s names of keys: bits in the order in which SPECIAL_IA_OFF and so on stand. */
#define PR_PAC_APIAKEY BIT(0)
#define PR_PAC_APIBKEY BIT(1)
#define PR_PAC_APDAKEY BIT(2)
#define PR_PAC_APDBKEY BIT(3)
#define PR_PAC_APGAKEY BIT(4)
#define KEYS_OF_ADDRESSES (PR_PAC_APIAKEY | PR_PAC_APIBKEY | PR_PAC_APDAKEY | PR_PAC_APDBKEY)
#define KEYS_PRESENT BIT(SPECIAL_KEYS - 8)
#define KEYS_OFF_SHIFT (SPECIAL_IA_OFF - 8)

/* Which of IB, DA and DB this CPU's SCTLR_EL1 has off, as bits of special.keys. */
static DEFINE_PER_CPU(uint8_t, keys_off);

static struct pointer_key random_key(void)
{
	struct pointer_key key;

	upcall_random(&key, sizeof(key));
	return key;
}

static void renew(struct context_machine *machine, unsigned long which)
{
	if (which & PR_PAC_APIAKEY)
		machine->keys.ia = random_key();
	if (which & PR_PAC_APIBKEY)
		machine->keys.ib = random_key();
	if (which & PR_PAC_APDAKEY)
		machine->keys.da = random_key();
	if (which & PR_PAC_APDBKEY)
		machine->keys.db = random_key();
	if (which & PR_PAC_APGAKEY)
		machine->keys.ga = random_key();
}

void program_keys_reset(struct context_machine *machine)
{
	if (!cpu_has_pointer_keys)
		return;
	machine->special.keys = KEYS_PRESENT;
	renew(machine, KEYS_OF_ADDRESSES | PR_PAC_APGAKEY);
}

static void control_write(uint8_t off)
{
	uint64_t control;

	__asm__ volatile("mrs %0, sctlr_el1" : "=r"(control));
	control |= SCTLR_ENIB | SCTLR_ENDA | SCTLR_ENDB;
	if (off & BIT(SPECIAL_IB_OFF - 8))
		control &= ~SCTLR_ENIB;
	if (off & BIT(SPECIAL_DA_OFF - 8))
		control &= ~SCTLR_ENDA;
	if (off & BIT(SPECIAL_DB_OFF - 8))
		control &= ~SCTLR_ENDB;
	__asm__ volatile("msr sctlr_el1, %0" : : "r"(control));
}

/* The way to the program is what makes them count (ERET). */
void program_keys_load(const struct context_machine *machine)
{
	uint8_t off = machine->special.keys & ~(KEYS_PRESENT | BIT(SPECIAL_IA_OFF - 8));

	__asm__ volatile("msr s3_0_c2_c1_2, %0\n\tmsr s3_0_c2_c1_3, %1"
			 : : "r"(machine->keys.ib.low), "r"(machine->keys.ib.high));
	__asm__ volatile("msr s3_0_c2_c2_0, %0\n\tmsr s3_0_c2_c2_1, %1"
			 : : "r"(machine->keys.da.low), "r"(machine->keys.da.high));
	__asm__ volatile("msr s3_0_c2_c2_2, %0\n\tmsr s3_0_c2_c2_3, %1"
			 : : "r"(machine->keys.db.low), "r"(machine->keys.db.high));
	if (cpu_has_generic_key)
		__asm__ volatile("msr s3_0_c2_c3_0, %0\n\tmsr s3_0_c2_c3_1, %1"
				 : : "r"(machine->keys.ga.low), "r"(machine->keys.ga.high));
	if (*this_cpu(keys_off) != off) {
		control_write(off);
		*this_cpu(keys_off) = off;
	}
}

long program_keys_renew(unsigned long which)
{
	struct context_machine *machine = &context_current()->machine;
	unsigned long known = KEYS_OF_ADDRESSES | (cpu_has_generic_key ? PR_PAC_APGAKEY : 0);
	bool were_enabled;

	if (!cpu_has_pointer_keys || which & ~known)
		return -EINVAL;
	were_enabled = interrupts_disable();
	renew(machine, which ? which : known);
	program_keys_load(machine);
	interrupts_restore(were_enabled);
	return 0;
}

long program_keys_enable(unsigned long which, unsigned long enabled)
{
	struct context_machine *machine = &context_current()->machine;
	bool were_enabled;

	if (!cpu_has_pointer_keys || which & ~KEYS_OF_ADDRESSES || enabled & ~which)
		return -EINVAL;
	were_enabled = interrupts_disable();
	machine->special.keys &= ~(uint8_t)(which << KEYS_OFF_SHIFT);
	machine->special.keys |= (uint8_t)((which & ~enabled) << KEYS_OFF_SHIFT);
	program_keys_load(machine);
	interrupts_restore(were_enabled);
	return 0;
}

long program_keys_enabled(void)
{
	const struct context_machine *machine = &context_current()->machine;

	if (!cpu_has_pointer_keys)
		return -EINVAL;
	return ~(machine->special.keys >> KEYS_OFF_SHIFT) & (long)KEYS_OF_ADDRESSES;
}
