/*
 * Vector and floating-point state. Kernel code never touches it, so it stays in the registers from
 * the switch to a program's context until the switch away.
 */
#ifndef ARCH_X86_64_CONTEXT_FPU_H
#define ARCH_X86_64_CONTEXT_FPU_H

#include "base/compiler.h"
#include "base/types.h"

/* The legacy area and the header of XSAVE (Intel SDM volume 1, 10.5.1 and 13.4). */
struct fpu_state {
	uint16_t control, status;
	uint8_t tag, reserved_0;
	uint16_t opcode;
	uint64_t instruction, operand;
	uint32_t mxcsr, mxcsr_mask;
	uint8_t registers[432];		/* eight x87, sixteen XMM registers, reserved */
	uint8_t software[48];		/* not the CPU's: signal frames have marks here */
	uint64_t features;		/* XSTATE_BV; these three exist with XSAVE only */
	uint64_t compaction;
	uint64_t reserved_1[6];
};

static_assert(offsetof(struct fpu_state, features) == 512, "the header follows the old area");

#define FPU_LEGACY_BYTES 512
#define FPU_HEADER_END 576
#define FPU_FEATURE_X87 BIT(0)
#define FPU_FEATURE_SSE BIT(1)

/* Settles sizes; boot CPU, once. */
void fpu_detect(void);
/* Switches the state components on; each CPU. */
void fpu_start(void);

size_t fpu_state_bytes(void);
uint64_t fpu_features(void);	/* XCR0; 0 without XSAVE */
uint32_t fpu_mxcsr_mask(void);

/* A fresh state in the reset condition, or NULL. May sleep. */
struct fpu_state *fpu_state_create(void);
void fpu_state_destroy(struct fpu_state *state);
void fpu_state_reset(struct fpu_state *state);

/* Registers to memory and back, on this CPU. fpu_save_whole() writes every byte of every
 * component. */
void fpu_save(struct fpu_state *state);
void fpu_save_whole(struct fpu_state *state);
void fpu_restore(const struct fpu_state *state);

#endif
