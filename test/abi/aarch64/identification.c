/*
 * What programs find out about the CPU: reads of identification registers, which the kernel does in
 * the CPU's place, and the bits of the auxiliary vector that tell the same.
 */
#include "support.h"
#include <sys/auxv.h>
#include <ucontext.h>

#define CAPABILITY_CPUID (1ul << 11)
#define FIELD(value, shift) ((value) >> (shift) & 15)
#define SECOND 64

#define READ(cr, operand)                                                            \
	({                                                                           \
		uint64_t read_value;                                                 \
		__asm__ volatile("mrs %0, s3_0_c0_c" #cr "_" #operand : "=r"(read_value)); \
		read_value;                                                          \
	})

static volatile int faults, fault_code;

static void skip(int number, siginfo_t *info, void *opaque)
{
	(void)number;
	fault_code = info->si_code;
	faults++;
	((ucontext_t *)opaque)->uc_mcontext.pc += 4;
}

#define FAULTS(instruction)                                       \
	({                                                        \
		faults = 0;                                       \
		__asm__ volatile(instruction : : : "x9", "memory"); \
		faults;                                           \
	})

TEST(registers_that_tell_nothing)
{
	REQUIRE(getauxval(AT_HWCAP) & CAPABILITY_CPUID);
	CHECK_EQUAL(READ(0, 5), 1l << 31);
	CHECK_EQUAL(READ(0, 6), 0);
	CHECK_EQUAL(READ(4, 2), 0);
	CHECK_EQUAL(READ(4, 7), 0);
	CHECK_EQUAL(READ(5, 1), 0);
	CHECK_EQUAL(READ(5, 5), 0);
	CHECK_EQUAL(READ(7, 7), 0);
	CHECK_EQUAL(READ(2, 0), 0);
	CHECK_EQUAL(READ(5, 0), 6);
	CHECK_EQUAL(READ(4, 0) & 0xff, 0x11);
}

TEST(registers_that_do_not_exist)
{
	struct sigaction action = { .sa_sigaction = skip, .sa_flags = SA_SIGINFO };

	REQUIRE_OK(sigaction(SIGILL, &action, NULL));
	CHECK_EQUAL(FAULTS("mrs x9, s3_0_c0_c0_1"), 1);
	CHECK_EQUAL(fault_code, ILL_ILLOPC);
	CHECK_EQUAL(FAULTS("mrs x9, s3_0_c0_c0_7"), 1);
	CHECK_EQUAL(FAULTS("mrs x9, s3_0_c0_c1_0"), 1);
	CHECK_EQUAL(FAULTS("mrs x9, s3_0_c1_c0_0"), 1);
	CHECK_EQUAL(FAULTS("mrs x9, s3_1_c0_c0_0"), 1);
	CHECK_EQUAL(FAULTS("msr s3_0_c0_c4_0, x9"), 1);
	CHECK_EQUAL(FAULTS("mrs xzr, s3_0_c0_c4_0"), 0);
}

/* What a debugger or the CPU's last user left there would be another program's. */
TEST(registers_that_programs_would_share)
{
	struct sigaction action = { .sa_sigaction = skip, .sa_flags = SA_SIGINFO };
	uint64_t firmware = 1;

	REQUIRE_OK(sigaction(SIGILL, &action, NULL));
	CHECK_EQUAL(FAULTS("mrs x9, mdccsr_el0"), 1);
	CHECK_EQUAL(fault_code, ILL_ILLOPC);
	CHECK_EQUAL(FAULTS("mrs x9, dbgdtr_el0"), 1);
	CHECK_EQUAL(FAULTS("mrs x9, dbgdtrrx_el0"), 1);
	CHECK_EQUAL(FAULTS("msr dbgdtr_el0, xzr"), 1);
	CHECK_EQUAL(FAULTS("msr dbgdtrtx_el0, xzr"), 1);
	CHECK_EQUAL(FAULTS("mrs x9, pmccntr_el0"), 1);
	CHECK_EQUAL(FAULTS("mrs x9, cntpct_el0"), 1);
	CHECK_EQUAL(FAULTS("mrs x9, s3_3_c13_c0_7"), 1);	/* SCXTNUM_EL0 */
	__asm__ volatile("mrs %0, tpidrro_el0" : "=r"(firmware));
	CHECK_EQUAL(firmware, 0);
}

TEST(the_target_is_the_register_that_was_named)
{
	uint64_t first, last;

	__asm__ volatile("mov x0, #0\n\tmov x30, #0\n\tmrs x30, s3_0_c0_c0_5\n\tmov %1, x30\n\t"
			 "mrs x0, s3_0_c0_c0_5\n\tmov %0, x0"
			 : "=&r"(first), "=&r"(last) : : "x0", "x30");
	CHECK_EQUAL(first, 1l << 31);
	CHECK_EQUAL(last, 1l << 31);
}

/* asm/hwcap.h, Documentation/arch/arm64/elf_hwcaps.rst */
TEST(bits_agree_with_registers)
{
	uint64_t pfr0 = READ(4, 0), pfr1 = READ(4, 1), zfr0 = READ(4, 4), isar0 = READ(6, 0);
	uint64_t isar1 = READ(6, 1), isar2 = READ(6, 2), mmfr2 = READ(7, 2);
	const struct {
		int bit;
		bool is_told;
	} bits[] = {
		{ 2, true }, { 3, FIELD(isar0, 4) >= 1 }, { 4, FIELD(isar0, 4) >= 2 },
		{ 5, FIELD(isar0, 8) >= 1 }, { 6, FIELD(isar0, 12) >= 1 },
		{ 7, FIELD(isar0, 16) >= 1 }, { 8, FIELD(isar0, 20) >= 2 },
		{ 12, FIELD(isar0, 28) >= 1 }, { 13, FIELD(isar1, 12) >= 1 },
		{ 14, FIELD(isar1, 16) >= 1 }, { 15, FIELD(isar1, 20) >= 1 },
		{ 16, FIELD(isar1, 0) >= 1 }, { 17, FIELD(isar0, 32) >= 1 },
		{ 20, FIELD(isar0, 44) >= 1 }, { 21, FIELD(isar0, 12) >= 2 },
		{ 22, FIELD(pfr0, 32) >= 1 }, { 23, FIELD(isar0, 48) >= 1 },
		{ 24, FIELD(pfr0, 48) >= 1 }, { 25, FIELD(mmfr2, 32) >= 1 },
		{ 26, FIELD(isar1, 20) >= 2 }, { 27, FIELD(isar0, 52) >= 1 },
		{ 28, FIELD(pfr1, 4) >= 2 }, { 29, FIELD(isar1, 36) >= 1 },
		{ 30, FIELD(isar1, 4) || FIELD(isar1, 8) || FIELD(isar2, 12) },
		{ 31, FIELD(isar1, 24) || FIELD(isar1, 28) || FIELD(isar2, 8) },
		{ SECOND + 0, FIELD(isar1, 0) >= 2 }, { SECOND + 1, FIELD(zfr0, 0) >= 1 },
		{ SECOND + 2, FIELD(zfr0, 4) >= 1 }, { SECOND + 7, FIELD(isar0, 52) >= 2 },
		{ SECOND + 8, FIELD(isar1, 32) >= 1 }, { SECOND + 9, FIELD(zfr0, 44) >= 1 },
		{ SECOND + 13, FIELD(isar1, 52) >= 1 }, { SECOND + 14, FIELD(isar1, 44) >= 1 },
		{ SECOND + 16, FIELD(isar0, 60) >= 1 }, { SECOND + 17, FIELD(pfr1, 0) >= 1 },
		{ SECOND + 31, FIELD(isar2, 0) >= 2 },
	};

	for (size_t i = 0; i < COUNT(bits); i++) {
		unsigned long word = getauxval(bits[i].bit < SECOND ? AT_HWCAP : AT_HWCAP2);

		if ((word >> (bits[i].bit % 64) & 1) != bits[i].is_told)
			check_fail(PLACE("bits"), "bit %d", bits[i].bit);
	}
}

/* The values that Linux shows on every CPU that has them. */
TEST(no_field_is_shown_that_is_not_meant_to_be)
{
	CHECK_EQUAL(READ(4, 0) & ~0x000f000f00ff00fful, 0);
	CHECK_EQUAL(READ(4, 4) & ~0x0ff0ff0f00ff00fful, 0);
	CHECK_EQUAL(READ(6, 0) & 0x0f0000000f00000ful, 0);
	CHECK_EQUAL(READ(6, 1) & 0xff000f0000000000ul, 0);
	CHECK_EQUAL(READ(7, 0) & 0x0fffffffful & ~0xff000000ul, 0);
	CHECK_EQUAL(READ(7, 1) & ~0x0000f00000000000ul, 0);
	CHECK_EQUAL(READ(7, 2) & ~0x0000000f00000000ul, 0);
}
