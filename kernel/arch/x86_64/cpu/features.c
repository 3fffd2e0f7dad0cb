/* Detecting and switching on CPU features: one table says which CPUID bit is which feature. */
#include "arch/x86_64/cpu/features.h"

#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/mmu/table.h"
#include "base/string.h"

enum cpuid_register { EAX, EBX, ECX, EDX };

struct feature_bit {
	uint32_t leaf;
	uint8_t subleaf, reg, bit, feature;
};

static const struct feature_bit feature_table[] = {
	{ 1, 0, ECX, 17, CPU_HAS_PCID },
	{ 1, 0, ECX, 21, CPU_HAS_X2APIC },
	{ 1, 0, ECX, 24, CPU_HAS_TSC_DEADLINE },
	{ 1, 0, ECX, 26, CPU_HAS_XSAVE },
	{ 1, 0, ECX, 30, CPU_HAS_RDRAND },
	{ 1, 0, ECX, 31, CPU_HAS_HYPERVISOR },
	{ 1, 0, EDX, 13, CPU_HAS_GLOBAL_PAGES },
	{ 1, 0, EDX, 16, CPU_HAS_PAT },
	{ 1, 0, EDX, 19, CPU_HAS_CLFLUSH },
	{ 7, 0, EBX, 0, CPU_HAS_FSGSBASE },
	{ 7, 0, EBX, 7, CPU_HAS_SMEP },
	{ 7, 0, EBX, 9, CPU_HAS_ERMS },
	{ 7, 0, EBX, 10, CPU_HAS_INVPCID },
	{ 7, 0, EBX, 18, CPU_HAS_RDSEED },
	{ 7, 0, EBX, 20, CPU_HAS_SMAP },
	{ 7, 0, ECX, 2, CPU_HAS_UMIP },
	{ 7, 0, EDX, 4, CPU_HAS_FSRM },
	{ 7, 0, EDX, 10, CPU_HAS_MD_CLEAR },
	{ 7, 0, EDX, 26, CPU_HAS_SPEC_CTRL },
	{ 7, 0, EDX, 29, CPU_HAS_ARCH_CAPABILITIES },
	{ 0xd, 1, EAX, 0, CPU_HAS_XSAVEOPT },
	{ 0xd, 1, EAX, 1, CPU_HAS_XSAVEC },
	{ 0x80000001, 0, EDX, 20, CPU_HAS_NO_EXECUTE },
	{ 0x80000001, 0, EDX, 26, CPU_HAS_1GB_PAGES },
	{ 0x80000001, 0, EDX, 27, CPU_HAS_RDTSCP },
	{ 0x80000007, 0, EDX, 8, CPU_HAS_TSC_INVARIANT },
	{ 0x80000008, 0, EBX, 12, CPU_HAS_IBPB },
	{ 0x80000021, 0, EAX, 8, CPU_HAS_AUTOMATIC_IBRS },
};

/* RDCL_NO in IA32_ARCH_CAPABILITIES: the CPU does not forward what a fault forbids. */
#define ARCH_CAPABILITY_RDCL_NO BIT(0)
#define ARCH_CAPABILITY_IBRS_ALL BIT(1)	/* IBRS once set holds for good */
#define ARCH_CAPABILITY_MDS_NO BIT(5)	/* buffers are not sampled */
#define SPEC_CTRL_IBRS BIT(0)
#define EFER_AUTOMATIC_IBRS BIT(21)

/* Entry 1 becomes write-combining, which the kernel selects by the write-through bit alone. */
#define PAT_VALUE UINT64_C(0x0007040600070106)

uint64_t cpu_feature_bits;

uint32_t cpuid_limit(void)
{
	return cpuid_read(0, 0).eax;
}

void cpu_features_detect(void)
{
	uint32_t basic = cpuid_limit(), extended = cpuid_read(0x80000000, 0).eax;

	for (size_t i = 0; i < ARRAY_SIZE(feature_table); i++) {
		const struct feature_bit *bit = &feature_table[i];
		struct cpuid leaf;
		uint32_t registers[4];

		if (bit->leaf > (bit->leaf >= 0x80000000 ? extended : basic))
			continue;
		leaf = cpuid_read(bit->leaf, bit->subleaf);
		registers[EAX] = leaf.eax;
		registers[EBX] = leaf.ebx;
		registers[ECX] = leaf.ecx;
		registers[EDX] = leaf.edx;
		if (registers[bit->reg] >> bit->bit & 1)
			cpu_feature_bits |= BIT(bit->feature);
	}
	if (cpu_has(CPU_HAS_SPEC_CTRL))
		cpu_feature_bits |= BIT(CPU_HAS_IBPB);
}

static bool is_intel(void)
{
	struct cpuid vendor = cpuid_read(0, 0);

	return vendor.ebx == 0x756e6547 && vendor.edx == 0x49656e69 && vendor.ecx == 0x6c65746e;
}

static bool has_capability(uint64_t capability)
{
	return cpu_has(CPU_HAS_ARCH_CAPABILITIES) &&
	       msr_read(MSR_ARCH_CAPABILITIES) & capability;
}

bool cpu_needs_isolation(void)
{
	return is_intel() && !has_capability(ARCH_CAPABILITY_RDCL_NO);
}

bool cpu_needs_buffer_clearing(void)
{
	return is_intel() && cpu_has(CPU_HAS_MD_CLEAR) && !has_capability(ARCH_CAPABILITY_MDS_NO);
}

bool cpu_separates_predictions(void)
{
	return cpu_has(CPU_HAS_AUTOMATIC_IBRS) ||
	       (cpu_has(CPU_HAS_SPEC_CTRL) && has_capability(ARCH_CAPABILITY_IBRS_ALL));
}

static void speculation_enable(void)
{
	if (cpu_has(CPU_HAS_AUTOMATIC_IBRS))
		msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_AUTOMATIC_IBRS);
	else if (cpu_separates_predictions())
		msr_write(MSR_SPEC_CTRL, msr_read(MSR_SPEC_CTRL) | SPEC_CTRL_IBRS);
}

void cpu_features_enable(void)
{
	uint64_t cr4 = cr4_read() | CR4_OSFXSR | CR4_OSXMMEXCPT;

	if (cpu_has(CPU_HAS_NO_EXECUTE))
		msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_NO_EXECUTE);
	if (cpu_has(CPU_HAS_PAT))
		msr_write(MSR_PAT, PAT_VALUE);
	if (mmu_entry_global)
		cr4 |= CR4_PGE;
	if (cpu_has(CPU_HAS_UMIP))
		cr4 |= CR4_UMIP;
	if (cpu_has(CPU_HAS_FSGSBASE))
		cr4 |= CR4_FSGSBASE;
	if (cpu_has(CPU_HAS_SMEP))
		cr4 |= CR4_SMEP;
	if (cpu_has(CPU_HAS_SMAP))
		cr4 |= CR4_SMAP;
	if (cpu_has(CPU_HAS_XSAVE))
		cr4 |= CR4_OSXSAVE;
	/* The root register names PCID 0 at this point, as it must. */
	if (cpu_has(CPU_HAS_PCID))
		cr4 |= CR4_PCIDE;
	cr4_write(cr4);
	speculation_enable();
	cr0_write((cr0_read() & ~(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE | CR0_WP);
}
