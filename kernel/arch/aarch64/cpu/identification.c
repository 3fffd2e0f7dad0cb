/* What programs are told of the CPU's registers. */
#include "arch/aarch64/cpu/identification.h"

#include "arch/aarch64/cpu/features.h"
#include "base/compiler.h"

#define MPIDR_OF_PROGRAMS BIT(31)	/* RES1; which CPU it is changes under a program */
#define PFR0_EL0(value) ((value) & 15)
#define EL0_WITH_32_BITS 2

/*
 * Fields that are shown as they are, by mask, and values of those that are not. Left out
 * of ID_AA64PFR1_EL1 are MTE and SME, whose state the kernel does not keep.
 */
static const struct shown {
	uint8_t cr, operand;
	uint64_t mask, fixed;
} registers[] = {
	[ID_ISAR5] = { 2, 5, 0x00000000000ffff0, 0 },
	[ID_MVFR0] = { 3, 0, 0x0000000000000f00, 0 },
	[ID_MVFR1] = { 3, 1, 0x00000000f00fff00, 0 },
	[ID_AA64PFR0] = { 4, 0, 0x000f000f00ff0000, 0x11 },
	[ID_AA64PFR1] = { 4, 1, 0x00000000000000ff, 0 },
	[ID_AA64ZFR0] = { 4, 4, 0x0ff0ff0f00ff00ff, 0 },
	[ID_AA64DFR0] = { 5, 0, 0, 6 },
	[ID_AA64ISAR0] = { 6, 0, 0xf0fffffff0fffff0, 0 },
	[ID_AA64ISAR1] = { 6, 1, 0x00fff0ffffffffff, 0 },
	[ID_AA64ISAR2] = { 6, 2, 0x00ff000000f0ffff, 0 },
	[ID_AA64MMFR0] = { 7, 0, 0xf000000000000000, 0x00000111ff000000 },
	[ID_AA64MMFR1] = { 7, 1, 0x0000f00000000000, 0 },
	[ID_AA64MMFR2] = { 7, 2, 0x0000000f00000000, 0 },
};

#define READ(cr, operand) \
	({ \
		uint64_t read_; \
		__asm__("mrs %0, s3_0_c0_c" #cr "_" #operand : "=r"(read_)); \
		read_; \
	})

static uint64_t raw_read(enum identification which)
{
	switch (which) {
	case ID_ISAR5:
		return PFR0_EL0(READ(4, 0)) == EL0_WITH_32_BITS ? READ(2, 5) : 0;
	case ID_MVFR0:
		return PFR0_EL0(READ(4, 0)) == EL0_WITH_32_BITS ? READ(3, 0) : 0;
	case ID_MVFR1:
		return PFR0_EL0(READ(4, 0)) == EL0_WITH_32_BITS ? READ(3, 1) : 0;
	case ID_AA64PFR0:
		return READ(4, 0);
	case ID_AA64PFR1:
		return READ(4, 1);
	case ID_AA64ZFR0:
		return cpu_vector_bytes_limit ? READ(4, 4) : 0;
	case ID_AA64ISAR0:
		return READ(6, 0);
	case ID_AA64ISAR1:
		return READ(6, 1);
	case ID_AA64ISAR2:
		return READ(6, 2);
	case ID_AA64MMFR0:
		return READ(7, 0);
	case ID_AA64MMFR1:
		return READ(7, 1);
	case ID_AA64MMFR2:
		return READ(7, 2);
	default:
		return 0;
	}
}

uint64_t identification_read(enum identification which)
{
	return (raw_read(which) & registers[which].mask) | registers[which].fixed;
}

bool identification_emulate(unsigned cr, unsigned operand, uint64_t *value)
{
	*value = 0;
	if (cr == 0) {
		if (operand == 0)
			__asm__("mrs %0, midr_el1" : "=r"(*value));
		else if (operand == 5)
			*value = MPIDR_OF_PROGRAMS;
		return operand == 0 || operand == 5 || operand == 6;
	}
	if (cr == 1 || cr > 7)
		return false;
	for (unsigned i = 0; i < IDENTIFICATION_COUNT; i++) {
		if (registers[i].cr == cr && registers[i].operand == operand)
			*value = identification_read(i);
	}
	return true;
}
