/*
 * Registers of the interrupt translation service, and those of the distributor and redistributors
 * that are about its interrupts (IHI 0069, chapters 5 and 12).
 */
#ifndef DRIVER_INTERRUPT_GIC_ITS_REGISTERS_H
#define DRIVER_INTERRUPT_GIC_ITS_REGISTERS_H

#include "base/compiler.h"

#define FRAMES_BYTES 0x20000u		/* control, then translation, of 64 KB each */
#define FRAME_ALIGNMENT 0x10000u

#define GITS_CTLR 0x0000
#define CTLR_ENABLED BIT(0)
#define CTLR_QUIESCENT BIT(31)
#define GITS_TYPER 0x0008
#define TYPER_PHYSICAL BIT(0)
#define TYPER_ITT_ENTRY_BYTES(value) ((uint32_t)((value) >> 4 & 0xf) + 1)
#define TYPER_EVENT_BITS(value) ((unsigned)((value) >> 8 & 0x1f) + 1)
#define TYPER_DEVICE_BITS(value) ((unsigned)((value) >> 13 & 0x1f) + 1)
#define TYPER_TARGETS_ARE_ADDRESSES BIT(19)
#define TYPER_HARDWARE_COLLECTIONS(value) ((uint32_t)((value) >> 24 & 0xff))
#define TYPER_COLLECTION_BITS(value) ((unsigned)((value) >> 32 & 0xf) + 1)
#define TYPER_COLLECTIONS_ARE_LIMITED BIT(36)
#define COLLECTION_BITS_OTHERWISE 16
#define GITS_CBASER 0x0080
#define GITS_CWRITER 0x0088
#define GITS_CREADR 0x0090
#define CREADR_STALLED BIT(0)
#define CREADR_OFFSET_MASK UINT64_C(0xfffe0)
#define GITS_BASER(index) (0x0100 + 8 * (index))
#define BASER_COUNT 8
#define GITS_PIDR2 0xffe8
#define PIDR2_REVISION(value) ((value) >> 4 & 0xf)
#define GITS_TRANSLATER 0x10040

/* GITS_CBASER and GITS_BASER<n>. */
#define BASE_VALID BIT(63)
#define BASE_PAGES(count) ((uint64_t)(count) - 1)
#define BASE_PAGES_MASK UINT64_C(0xff)
#define BASE_PAGES_LIMIT 256
#define BASE_INNER_CACHE(value) ((uint64_t)(value) << 59)
#define BASE_ADDRESS_MASK UINT64_C(0x0000fffffffff000)
#define BASER_TYPE(value) ((unsigned)((value) >> 56 & 7))
#define TYPE_DEVICES 1
#define TYPE_COLLECTIONS 4
#define BASER_ENTRY_BYTES(value) ((uint32_t)((value) >> 48 & 0x1f) + 1)
#define BASER_PAGE_SIZE(code) ((uint64_t)(code) << 8)
#define BASER_PAGE_SIZE_MASK BASER_PAGE_SIZE(3)
#define PAGE_SIZE_COUNT 3
#define PAGE_SIZE_BYTES(code) (0x1000u << 2 * (code))

/* The distributor, and a redistributor's first frame. */
#define GICD_TYPER 0x0004
#define GICD_TYPER_LPIS BIT(17)
#define GICD_TYPER_NUMBER_BITS(value) (((value) >> 19 & 0x1f) + 1)
#define GICD_TYPER_LPI_BITS(value) ((value) >> 11 & 0x1f)	/* 0: all; else less one */
#define GICR_CTLR 0x0000
#define GICR_CTLR_ENABLE_LPIS BIT(0)
#define GICR_CTLR_WRITE_PENDING BIT(3)
#define GICR_TYPER 0x0008
#define GICR_TYPER_PHYSICAL_LPIS BIT(0)
#define GICR_TYPER_VIRTUAL_LPIS BIT(1)
#define GICR_TYPER_LAST BIT(4)
#define GICR_TYPER_PROCESSOR(value) ((value) >> 8 & 0xffff)
#define GICR_TYPER_AFFINITY(value) ((uint32_t)((value) >> 32))
#define GICR_PROPBASER 0x0070
#define GICR_PENDBASER 0x0078
#define PENDBASER_IS_ZERO BIT(62)
#define GICR_INNER_CACHE(value) ((uint64_t)(value) << 7)
#define PROPBASER_ADDRESS_MASK UINT64_C(0x000ffffffffff000)
#define PENDBASER_ADDRESS_MASK UINT64_C(0x000fffffffff0000)
#define REDISTRIBUTOR_BYTES 0x20000u	/* twice that with virtual LPIs */

/* In all of these that name memory: how it is to be accessed. */
#define SHAREABILITY_MASK (UINT64_C(3) << 10)
#define SHAREABILITY_INNER (UINT64_C(1) << 10)
#define CACHE_NONE 1
#define CACHE_READ_WRITE_ALLOCATE 7	/* and write-back */

/* A byte of the configuration table for each LPI. */
#define LPI_FIRST 8192u
#define LPI_NUMBER_BITS 14		/* the fewest with which there are LPIs */
#define LPI_LIMIT ((1u << LPI_NUMBER_BITS) - LPI_FIRST)
#define LPI_PRIORITY 0xa0		/* as that of lines */
#define LPI_ALWAYS_ONE BIT(1)
#define LPI_ENABLED BIT(0)

#endif
