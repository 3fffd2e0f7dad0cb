/* The signal frame on a program's stack, as Linux lays it out (asm/sigcontext.h, ucontext.h). */
#ifndef ARCH_AARCH64_CONTEXT_SIGNAL_LAYOUT_H
#define ARCH_AARCH64_CONTEXT_SIGNAL_LAYOUT_H

#include "base/compiler.h"
#include "base/types.h"

/* Records in the machine context's reserved bytes, one behind the other, the last one all 0. */
struct signal_record {
	uint32_t magic, bytes;
};
#define RECORD_VECTORS 0x46508001
#define RECORD_SYNDROME 0x45535201

struct signal_vectors {
	struct signal_record head;
	uint32_t status, control;
	uint8_t registers[32][16];
};
static_assert(sizeof(struct signal_vectors) == 528, "struct fpsimd_context");

struct signal_syndrome {
	struct signal_record head;
	uint64_t syndrome;
};

/* Vectors of any length: behind this, nothing or what context/scalable.h describes. */
#define RECORD_SCALABLE 0x53564501
struct signal_scalable {
	struct signal_record head;
	uint16_t vector_bytes, flags, unused[2];
};

/* More records than the reserved bytes hold: they go on behind the end that follows this. */
#define RECORD_EXTRA 0x45585401
struct signal_extra {
	struct signal_record head;
	uint64_t address;
	uint32_t bytes, unused[3];
};
static_assert(sizeof(struct signal_extra) == 32, "struct extra_context");
/* The last record, with what aligns the next. */
#define RECORD_END_BYTES 16

#define SIGNAL_RESERVED_BYTES 4096

struct signal_machine_context {
	uint64_t fault_address;
	uint64_t x[31];
	uint64_t sp, pc, pstate;
	uint8_t reserved[SIGNAL_RESERVED_BYTES] __aligned(16);
};
static_assert(sizeof(struct signal_machine_context) == 4384, "struct sigcontext");

struct signal_stack {
	user_address_t base;
	uint32_t flags, padding;
	uint64_t size;
};

struct signal_context {
	uint64_t flags;
	user_address_t link;
	struct signal_stack stack;
	uint64_t blocked;
	uint8_t unused[120];
	struct signal_machine_context machine;
};
static_assert(sizeof(struct signal_context) == 4560, "struct ucontext");

struct signal_frame {
	uint8_t information[128];
	struct signal_context context;
};
static_assert(sizeof(struct signal_frame) == 4688, "struct rt_sigframe");

/* Above the frame: what the handler's x29 points to, for unwinders. */
struct signal_frame_record {
	uint64_t x29, x30;
};

#endif
