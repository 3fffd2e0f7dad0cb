/* What this CPU can do. All CPUs are taken to be alike. */
#ifndef ARCH_AARCH64_CPU_FEATURES_H
#define ARCH_AARCH64_CPU_FEATURES_H

#include "base/types.h"

extern bool cpu_has_pan;
extern bool cpu_has_random;
/* Pointer authentication of addresses, and of other words (key GA). */
extern bool cpu_has_pointer_keys;
extern bool cpu_has_generic_key;
/* BTI: pages with ENTRY_GUARDED want landing pads. */
extern bool cpu_has_branch_targets;

/* CTR_EL0: what instruction fetch sees of stores by itself, and how its cache is looked up. */
#define CACHE_DATA_COHERENT (UINT64_C(1) << 28)		/* IDC: no cleaning of data */
#define CACHE_INSTRUCTION_COHERENT (UINT64_C(1) << 29)	/* DIC: no invalidation */
#define CACHE_POLICY (UINT64_C(3) << 14)
#define CACHE_POLICY_PHYSICAL (UINT64_C(3) << 14)

/* Bytes of the longest vectors that programs may have; 0: no SVE. */
extern unsigned cpu_vector_bytes_limit;
/* The longest vectors of at most so many bytes (16 or more) that the CPU can have. */
unsigned cpu_vector_bytes_find(unsigned wanted);

/* On the boot CPU, before the final page tables. */
void cpu_features_detect(void);
/* On every CPU: what is off after reset. */
void cpu_features_enable(void);

/* TCR_EL1 for this machine. */
uint64_t cpu_translation_control(void);
unsigned cpu_asid_count(void);

#endif
