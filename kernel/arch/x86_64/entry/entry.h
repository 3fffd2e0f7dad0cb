/* The vectors, and what entry code in assembly and C know of each other. */
#ifndef ARCH_X86_64_ENTRY_ENTRY_H
#define ARCH_X86_64_ENTRY_ENTRY_H

#define VECTOR_DIVIDE 0
#define VECTOR_DEBUG 1
#define VECTOR_NMI 2
#define VECTOR_BREAKPOINT 3
#define VECTOR_OVERFLOW 4
#define VECTOR_BOUND 5
#define VECTOR_ILLEGAL 6
#define VECTOR_NO_FPU 7
#define VECTOR_DOUBLE_FAULT 8
#define VECTOR_TASK_STATE 10
#define VECTOR_NOT_PRESENT 11
#define VECTOR_STACK_SEGMENT 12
#define VECTOR_PROTECTION 13
#define VECTOR_PAGE_FAULT 14
#define VECTOR_FPU 16
#define VECTOR_ALIGNMENT 17
#define VECTOR_MACHINE_CHECK 18
#define VECTOR_SIMD 19
#define VECTOR_EXCEPTIONS 32

/* The old interrupt controllers are masked, but may still send a spurious interrupt. */
#define VECTOR_LEGACY 0x20
#define VECTOR_DEVICE_FIRST 0x30
#define VECTOR_DEVICE_LAST 0xdf
#define VECTOR_ALARM 0xe8
#define VECTOR_KICK 0xf0
#define VECTOR_CALL 0xf1
#define VECTOR_SPURIOUS 0xff

#define ENTRY_VECTOR_BYTES 16

#ifndef __ASSEMBLER__

#include "base/compiler.h"
#include "base/types.h"

struct frame;

/* 256 stubs of ENTRY_VECTOR_BYTES each. */
extern const uint8_t entry_vectors[];
/* What MSR_LSTAR points to, without and with page-table isolation. */
extern const uint8_t entry_call[], entry_call_isolated[], entry_call_compatible[];
/* First instructions of a context that returns to a program or starts a kernel function. */
extern const uint8_t entry_context_user[], entry_context_kernel[];
/* The two instructions that may fault on a program's bad registers. */
extern const uint8_t entry_iret[], entry_iret_isolated[];

/* Forgets where the program that ran before would have returned to. */
void return_predictions_fill(void);

/* Called by the stubs. */
void exception_handle(struct frame *frame, uint64_t error_code, uint64_t vector);
void exception_handle_paranoid(struct frame *frame, uint64_t error_code, uint64_t vector);
void interrupt_handle(struct frame *frame, uint64_t unused, uint64_t vector);

#endif
#endif
