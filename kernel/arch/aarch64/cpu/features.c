/* Feature registers (Arm ARM D19.2), read once. */
#include "arch/aarch64/cpu/features.h"

#include "arch/aarch64/boot/head.h"
#include "arch/aarch64/cpu/scalable.h"
#include "arch/aarch64/mmu/table.h"
#include "base/compiler.h"

#define READ_REGISTER(name) \
	({ \
		uint64_t value_; \
		__asm__ volatile("mrs %0, " name : "=r"(value_)); \
		value_; \
	})
#define FIELD(value, shift) ((value) >> (shift) & 15)

/* Names that old assemblers do not know. */
#define ID_AA64MMFR1_EL1 "s3_0_c0_c7_1"
#define ID_AA64ISAR0_EL1 "s3_0_c0_c6_0"
#define PMUSERENR_EL0 "s3_3_c9_c14_0"
#define AMUSERENR_EL0 "s3_3_c13_c2_3"
#define ID_AA64ISAR1_EL1 "s3_0_c0_c6_1"
#define ID_AA64ISAR2_EL1 "s3_0_c0_c6_2"

bool cpu_has_pan;
bool cpu_has_random;
bool cpu_has_pointer_keys;
bool cpu_has_generic_key;
bool cpu_has_branch_targets;
unsigned cpu_vector_bytes_limit;
bool mmu_has_hardware_flags;
bool mmu_can_execute_only;
bool mmu_has_coherent_fetch;

/* libgcc's atomic helpers look at it; nothing else sets it in a kernel. */
USED uint8_t __aarch64_have_lse_atomics;

/* MDSCR_EL1.TDCC: words to and from a debugger, which all programs of a CPU would share. */
#define MDSCR_CHANNEL_TRAPPED BIT(12)

/* Lengths of vectors that can be had, by multiples of 16 bytes: bit 0 is 16. */
static uint32_t vector_lengths;
static uint64_t translation_control;
static unsigned asid_count;

/* By the architecture's algorithm, one of the CPU's own, or the architecture's newer one. */
static void detect_pointer_keys(void)
{
	uint64_t instructions1 = READ_REGISTER(ID_AA64ISAR1_EL1);
	uint64_t instructions2 = READ_REGISTER(ID_AA64ISAR2_EL1);

	cpu_has_pointer_keys = FIELD(instructions1, 4) || FIELD(instructions1, 8) ||
			       FIELD(instructions2, 12);
	cpu_has_generic_key = FIELD(instructions1, 24) || FIELD(instructions1, 28) ||
			      FIELD(instructions2, 8);
}

/* ZCR_EL1 takes any length and acts by the next shorter one that there is. */
static void detect_vectors(void)
{
	if (FIELD(READ_REGISTER("id_aa64pfr0_el1"), 32) == 0)
		return;
	__asm__ volatile("msr cpacr_el1, %0\n\tisb"
			 : : "r"(CPACR_FLOATING | CPACR_SCALABLE_KERNEL));
	for (unsigned length = VECTOR_UNIT; length <= VECTOR_BYTES_MAXIMUM; length += VECTOR_UNIT) {
		vector_length_write(length);
		if (vector_length_read() == length) {
			vector_lengths |= 1u << (length / VECTOR_UNIT - 1);
			cpu_vector_bytes_limit = length;
		}
	}
}

unsigned cpu_vector_bytes_find(unsigned wanted)
{
	unsigned length = wanted < VECTOR_BYTES_MAXIMUM ? wanted : VECTOR_BYTES_MAXIMUM;

	for (length -= length % VECTOR_UNIT; length > VECTOR_UNIT; length -= VECTOR_UNIT) {
		if (vector_lengths >> (length / VECTOR_UNIT - 1) & 1)
			break;
	}
	return length;
}

void cpu_features_detect(void)
{
	uint64_t memory0 = READ_REGISTER("id_aa64mmfr0_el1");
	uint64_t memory1 = READ_REGISTER(ID_AA64MMFR1_EL1);
	uint64_t instructions0 = READ_REGISTER(ID_AA64ISAR0_EL1);
	uint64_t address_bits = FIELD(memory0, 0);
	uint64_t caches = READ_REGISTER("ctr_el0");

	cpu_has_pan = FIELD(memory1, 20) >= 1;
	mmu_can_execute_only = FIELD(memory1, 20) >= 3;
	mmu_has_coherent_fetch = caches & CACHE_DATA_COHERENT &&
				 caches & CACHE_INSTRUCTION_COHERENT;
	cpu_has_random = FIELD(instructions0, 60) >= 1;
	cpu_has_branch_targets = FIELD(READ_REGISTER("id_aa64pfr1_el1"), 0) >= 1;
	detect_pointer_keys();
	detect_vectors();
	__aarch64_have_lse_atomics = FIELD(instructions0, 20) >= 2;
	mmu_has_hardware_flags = FIELD(memory1, 0) >= 2;
	/* 52-bit addresses need other tables: 48 bits is what ours can name. */
	translation_control = TCR_EARLY | (address_bits < 5 ? address_bits : 5) << 32;
	asid_count = 256;
	if (FIELD(memory0, 4) == 2) {
		asid_count = 65536;
		translation_control |= TCR_ASID_16;
	}
	if (mmu_has_hardware_flags)
		translation_control |= TCR_HARDWARE_ACCESSED | TCR_HARDWARE_DIRTY;
	cpu_features_enable();
}

unsigned cpu_physical_bits(void)
{
	static const uint8_t bits[] = { 32, 36, 40, 42, 44, 48 };
	uint64_t size = FIELD(READ_REGISTER("id_aa64mmfr0_el1"), 0);

	return bits[size < sizeof(bits) ? size : sizeof(bits) - 1];
}

/* No counters of performance for programs, whatever firmware left open: they tell of others. */
static void counters_close(void)
{
	uint64_t monitors = FIELD(READ_REGISTER("id_aa64dfr0_el1"), 8);

	if (monitors && monitors != 15)
		__asm__ volatile("msr " PMUSERENR_EL0 ", xzr");
	if (FIELD(READ_REGISTER("id_aa64pfr0_el1"), 44))
		__asm__ volatile("msr " AMUSERENR_EL0 ", xzr");
}

void cpu_features_enable(void)
{
	uint64_t control = READ_REGISTER("sctlr_el1");

	/* FP and SIMD for programs and for saving them; SVE for saving it, until one has it. */
	__asm__ volatile("msr cpacr_el1, %0\n\tisb"
			 : : "r"(CPACR_FLOATING |
				 (cpu_vector_bytes_limit ? CPACR_SCALABLE_KERNEL : 0)));
	/* No debug monitor, and no way to it past the kernel; the virtual counter may be read. */
	__asm__ volatile("msr mdscr_el1, %0\n\tmsr cntkctl_el1, %1"
			 : : "r"(MDSCR_CHANNEL_TRAPPED), "r"(UINT64_C(2)));
	/* Firmware's, and nobody's: programs can read it. */
	__asm__ volatile("msr tpidrro_el0, xzr");
	counters_close();
	__asm__ volatile("msr tcr_el1, %0\n\tisb" : : "r"(translation_control));
	if (cpu_has_branch_targets)
		control |= SCTLR_BT0 | SCTLR_BT1;
	/* With SPAN clear every entry to the kernel sets PAN; here it is set for the first time. */
	if (cpu_has_pan)
		control &= ~SCTLR_SPAN;
	if (mmu_can_execute_only)
		control |= SCTLR_EPAN;
	__asm__ volatile("msr sctlr_el1, %0\n\tisb" : : "r"(control));
	if (cpu_has_pan)
		__asm__ volatile(".inst 0xd500419f" ::: "memory");	/* msr pan, #1 */
}

uint64_t cpu_translation_control(void)
{
	return translation_control;
}

unsigned cpu_asid_count(void)
{
	return asid_count;
}
