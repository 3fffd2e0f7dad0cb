/* What this CPU can do, by CPUID of the boot CPU; the others are assumed to be alike. */
#ifndef ARCH_X86_64_CPU_FEATURES_H
#define ARCH_X86_64_CPU_FEATURES_H

#include "base/compiler.h"
#include "base/types.h"

enum cpu_feature {
	CPU_HAS_NO_EXECUTE, CPU_HAS_1GB_PAGES, CPU_HAS_PCID, CPU_HAS_INVPCID, CPU_HAS_SMEP,
	CPU_HAS_SMAP, CPU_HAS_UMIP, CPU_HAS_FSGSBASE, CPU_HAS_X2APIC, CPU_HAS_TSC_DEADLINE,
	CPU_HAS_TSC_INVARIANT, CPU_HAS_XSAVE, CPU_HAS_XSAVEOPT, CPU_HAS_XSAVEC, CPU_HAS_RDRAND,
	CPU_HAS_RDSEED, CPU_HAS_RDTSCP, CPU_HAS_ERMS, CPU_HAS_FSRM, CPU_HAS_HYPERVISOR,
	CPU_HAS_SPEC_CTRL, CPU_HAS_IBPB, CPU_HAS_MD_CLEAR, CPU_HAS_ARCH_CAPABILITIES,
	CPU_HAS_AUTOMATIC_IBRS, CPU_HAS_PAT, CPU_HAS_GLOBAL_PAGES, CPU_HAS_CLFLUSH,
};

extern uint64_t cpu_feature_bits;

static inline bool cpu_has(enum cpu_feature feature)
{
	return cpu_feature_bits >> feature & 1;
}

/* Reads CPUID; before anything else asks cpu_has(). */
void cpu_features_detect(void);

/* Whether Meltdown concerns this CPU: programs could read what the kernel has mapped. */
bool cpu_needs_isolation(void);

/* Whether memory that the kernel touched stays in buffers that programs can sample. */
bool cpu_needs_buffer_clearing(void);
/* Whether the CPU itself keeps programs from steering the kernel's indirect branches. */
bool cpu_separates_predictions(void);

/* Turns on in this CPU's control registers what was detected. */
void cpu_features_enable(void);

/* The largest basic and extended leaf. */
uint32_t cpuid_limit(void);

#endif
