/* What the first instructions and C know of each other. */
#ifndef ARCH_AARCH64_BOOT_HEAD_H
#define ARCH_AARCH64_BOOT_HEAD_H

#define DEVICE_TREE_BYTES_LIMIT 0x200000	/* as the Linux boot protocol has it */
#define EFI_HANDOVER_BYTES_LIMIT 0x800000	/* all that efi.c puts behind the image */

/* Memory attributes by index (MAIR_EL1): write-back, device nGnRE, not cached. */
#define MAIR_VALUE 0x4404ff
#define MAIR_NORMAL 0
#define MAIR_DEVICE 1
#define MAIR_UNCACHED 2

/*
 * TCR_EL1: 48 bits for both halves, 4 KB pages, walks cached and shared, the top byte of programs'
 * addresses ignored. Bits 32 to 34, 36, 39 and 40 depend on the CPU.
 */
#define TCR_EARLY 0x20b5103510
#define TCR_ASID_16 (UINT64_C(1) << 36)
#define TCR_HARDWARE_ACCESSED (UINT64_C(1) << 39)
#define TCR_HARDWARE_DIRTY (UINT64_C(1) << 40)

/*
 * SCTLR_EL1: MMU and caches on, stack alignment checked, WFI, WFE, DC ZVA, CTR_EL0 and cache
 * maintenance allowed to programs; PAN is set on entry.
 */
#define SCTLR_ON 0x34d5d81d
#define SCTLR_SPAN (UINT64_C(1) << 23)
#define SCTLR_ENDB (UINT64_C(1) << 13)
#define SCTLR_ENDA (UINT64_C(1) << 27)
#define SCTLR_ENIB (UINT64_C(1) << 30)
#define SCTLR_ENIA (UINT64_C(1) << 31)
/* Instructions that sign are no landing pads for BR by other registers than x16 and x17. */
#define SCTLR_BT0 (UINT64_C(1) << 35)
#define SCTLR_BT1 (UINT64_C(1) << 36)
#define SCTLR_EPAN (UINT64_C(1) << 57)

/* struct secondary_parameters */
#define SECONDARY_ROOT 0
#define SECONDARY_MAIR 16
#define SECONDARY_SCTLR 32
#define SECONDARY_STACK 48
#define SECONDARY_CPU 56

#endif
