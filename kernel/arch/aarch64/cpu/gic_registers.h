/* Registers of the generic interrupt controller, in the specifications' spelling. */
#ifndef ARCH_AARCH64_CPU_GIC_REGISTERS_H
#define ARCH_AARCH64_CPU_GIC_REGISTERS_H

#include "base/compiler.h"

/* Distributor, IHI 0048 4.1.2 and IHI 0069 12.8. */
#define GICD_CTLR 0x000
#define GICD_ISENABLER 0x100
#define GICD_ICENABLER 0x180
#define GICD_IPRIORITYR 0x400
#define GICD_ITARGETSR 0x800
#define GICD_SGIR 0xf00

/* CPU interface of GICv2, IHI 0048 4.1.3. */
#define GICC_CTLR 0x00
#define GICC_PMR 0x04
#define GICC_BPR 0x08
#define GICC_IAR 0x0c
#define GICC_EOIR 0x10

/* Redistributor, IHI 0069 12.10: two frames of 64 KB, four with virtual LPIs. */
#define GICR_FRAMES_BYTES 0x20000u
#define GICR_TYPER 0x0008
#define GICR_TYPER_LAST BIT(4)
#define GICR_TYPER_VLPIS BIT(1)
#define GICR_WAKER 0x0014
#define GICR_WAKER_SLEEP 2u
#define GICR_WAKER_CHILDREN_ASLEEP 4u
#define GICR_SGI_FRAME 0x10000
#define GICR_IGROUPR0 0x0080
#define GICR_ISENABLER0 0x0100
#define GICR_ICENABLER0 0x0180
#define GICR_IPRIORITYR 0x0400

/* System registers, IHI 0069 12.2, by number: old assemblers do not know their names. */
#define ICC_PMR_EL1 "s3_0_c4_c6_0"
#define ICC_SGI1R_EL1 "s3_0_c12_c11_5"
#define ICC_IAR1_EL1 "s3_0_c12_c12_0"
#define ICC_EOIR1_EL1 "s3_0_c12_c12_1"
#define ICC_BPR1_EL1 "s3_0_c12_c12_3"
#define ICC_CTLR_EL1 "s3_0_c12_c12_4"
#define ICC_SRE_EL1 "s3_0_c12_c12_5"
#define ICC_IGRPEN1_EL1 "s3_0_c12_c12_7"

#endif
