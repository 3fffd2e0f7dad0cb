/*
 * The identification registers (Arm ARM D19.2, "ID_AA64..."), with what programs may see of them:
 * fields of what needs the kernel's help that it does not give read as absent.
 */
#ifndef ARCH_AARCH64_CPU_IDENTIFICATION_H
#define ARCH_AARCH64_CPU_IDENTIFICATION_H

#include "base/types.h"

enum identification {
	ID_ISAR5,		/* of 32-bit programs */
	ID_MVFR0, ID_MVFR1,	/* likewise */
	ID_AA64PFR0, ID_AA64PFR1, ID_AA64ZFR0, ID_AA64DFR0,
	ID_AA64ISAR0, ID_AA64ISAR1, ID_AA64ISAR2,
	ID_AA64MMFR0, ID_AA64MMFR1, ID_AA64MMFR2,
	IDENTIFICATION_COUNT,
};

uint64_t identification_read(enum identification which);

/*
 * What MRS gives a program for S3_0_C0_C<cr>_<operand> (Linux's
 * Documentation/arch/arm64/cpu-feature-registers.rst). False: no program may read it.
 */
bool identification_emulate(unsigned cr, unsigned operand, uint64_t *value);

#endif
