/*
 * From CPU exceptions to upcall_fault(). A fault of the kernel itself is either at an instruction
 * that the exception table lists, or the end.
 */
#include "arch/aarch64/context/scalable.h"
#include "arch/aarch64/cpu/cpu.h"
#include "arch/aarch64/cpu/features.h"
#include "arch/aarch64/cpu/identification.h"
#include "arch/aarch64/entry/entry.h"
#include "arch/aarch64/entry/exception.h"
#include "arch/aarch64/mmu/entry.h"
#include "arch/boot.h"
#include "arch/common/recovery.h"
#include "arch/context.h"
#include "arch/program.h"
#include "arch/upcalls.h"
#include "arch/user.h"
#include "base/panic.h"

/* Exception classes, ESR_EL1[31:26] (Arm ARM D19.2.37). */
enum exception_class {
	CLASS_UNKNOWN = 0x00,
	CLASS_BRANCH_TARGET = 0x0d,
	CLASS_ILLEGAL_STATE = 0x0e,
	CLASS_SYSTEM = 0x18,
	CLASS_SCALABLE = 0x19,
	CLASS_AUTHENTICATION = 0x1c,
	CLASS_FETCH_PROGRAM = 0x20,
	CLASS_FETCH_KERNEL = 0x21,
	CLASS_PC_ALIGNMENT = 0x22,
	CLASS_ACCESS_PROGRAM = 0x24,
	CLASS_ACCESS_KERNEL = 0x25,
	CLASS_SP_ALIGNMENT = 0x26,
	CLASS_FLOATING_POINT = 0x2c,
	CLASS_SERROR = 0x2f,
	CLASS_BREAKPOINT = 0x30,
	CLASS_STEP = 0x32,
	CLASS_WATCHPOINT = 0x34,
	CLASS_BRK = 0x3c,
};
#define CLASS_OF(syndrome) ((syndrome) >> 26 & 0x3f)

/* Of aborts: what was tried, and why it failed (bits [5:0], level left out). */
#define ABORT_WRITE BIT(6)
#define ABORT_CACHE_MAINTENANCE BIT(8)
#define ABORT_STATUS(syndrome) ((syndrome) & 0x3c)
#define STATUS_TRANSLATION 0x04
#define STATUS_ACCESS_FLAG 0x08
#define STATUS_PERMISSION 0x0c
#define STATUS_ALIGNMENT 0x21
/* Nobody answered, or what answered was damaged: 0x10 to 0x1f. FAR_EL1 may say nothing then. */
#define ABORT_IS_EXTERNAL(syndrome) (((syndrome) & 0x30) == 0x10)
/* What is told of aborts in the kernel's half: class, length, and what was tried. */
#define ABORT_SHOWN (UINT64_C(0xfe000000) | ABORT_WRITE | ABORT_CACHE_MAINTENANCE)

/* Of floating-point exceptions, bits [4:0]: which. */
#define FLOAT_INVALID BIT(0)
#define FLOAT_DIVIDE BIT(1)
#define FLOAT_OVERFLOW BIT(2)
#define FLOAT_UNDERFLOW BIT(3)

/* si_code values, as Linux has them. */
#define ILL_ILLOPC 1
#define ILL_ILLOPN 2
#define FPE_FLTDIV 3
#define FPE_FLTOVF 4
#define FPE_FLTUND 5
#define FPE_FLTRES 6
#define FPE_FLTINV 7
#define TRAP_BRKPT 1
#define TRAP_TRACE 2
#define TRAP_HWBKPT 4

#define PSTATE_INTERRUPTS_MASKED BIT(7)
#define PSTATE_STEP BIT(21)

static_assert(FRAME_BYTES == sizeof(struct frame), "layout.h");
static_assert(FRAME_SP == offsetof(struct frame, sp), "layout.h");
static_assert(FRAME_PC == offsetof(struct frame, pc), "layout.h");
static_assert(FRAME_CALL == offsetof(struct frame, call_number), "layout.h");
static_assert(FRAME_LINK == offsetof(struct frame, link), "layout.h");
static_assert(CONTEXT_WORK == offsetof(struct context, work), "layout.h");
static_assert(WORK_EXIT_MASK == 0xff00, "entry code has it as a constant");

/* vectors.S goes there. */
USED const uint8_t *entry_leave_chosen = entry_leave;

void entry_vectors_select(void)
{
	const uint8_t *vectors = entry_vectors;

	if (cpu_has_pointer_keys) {
		vectors = entry_vectors_keys;
		entry_leave_chosen = entry_leave_keys;
	} else if (cpu_vector_bytes_limit) {
		vectors = entry_vectors_scalable;
		entry_leave_chosen = entry_leave_scalable;
	}
	__asm__ volatile("msr vbar_el1, %0\n\tisb" : : "r"(vectors) : "memory");
}

static const char *exception_name(uint64_t syndrome)
{
	switch (CLASS_OF(syndrome)) {
	case CLASS_UNKNOWN:
		return "undefined instruction";
	case CLASS_BRANCH_TARGET:
		return "branch to no landing pad";
	case CLASS_AUTHENTICATION:
		return "pointer with a wrong signature";
	case CLASS_ILLEGAL_STATE:
		return "illegal execution state";
	case CLASS_FETCH_PROGRAM:
	case CLASS_FETCH_KERNEL:
		return "instruction abort";
	case CLASS_ACCESS_PROGRAM:
	case CLASS_ACCESS_KERNEL:
		return ABORT_IS_EXTERNAL(syndrome) ? "external abort" : "data abort";
	case CLASS_PC_ALIGNMENT:
		return "misaligned program counter";
	case CLASS_SP_ALIGNMENT:
		return "misaligned stack pointer";
	case CLASS_BRK:
		return "breakpoint instruction";
	case CLASS_SERROR:
		return "error that was told late (SError)";
	default:
		return "exception";
	}
}

static NORETURN void exception_die(const char *what, const struct frame *frame, uint64_t syndrome,
				   uint64_t address)
{
	panic("%s, syndrome %llx, at %llx, address %llx, stack %llx, context %llx\n"
	      "x0 %llx x1 %llx x2 %llx x3 %llx x19 %llx x20 %llx x29 %llx x30 %llx pstate %llx",
	      what, (unsigned long long)syndrome, (unsigned long long)frame->pc,
	      (unsigned long long)address, (unsigned long long)frame->sp,
	      (unsigned long long)(virtual_t)context_current(), (unsigned long long)frame->x[0],
	      (unsigned long long)frame->x[1], (unsigned long long)frame->x[2],
	      (unsigned long long)frame->x[3], (unsigned long long)frame->x[19],
	      (unsigned long long)frame->x[20], (unsigned long long)frame->x[29],
	      (unsigned long long)frame->x[30], (unsigned long long)frame->pstate);
}

static void fault_describe_abort(struct fault *fault, uint64_t syndrome, uint64_t address,
				 bool is_fetch)
{
	fault->address = user_address_untag(address);
	if (ABORT_STATUS(syndrome) == (STATUS_ALIGNMENT & 0x3c) &&
	    (syndrome & 0x3f) == STATUS_ALIGNMENT) {
		fault->kind = FAULT_ALIGNMENT;
		return;
	}
	if (ABORT_IS_EXTERNAL(syndrome)) {
		fault->kind = FAULT_EXTERNAL;
		return;
	}
	fault->kind = FAULT_PAGE;
	fault->is_present = ABORT_STATUS(syndrome) == STATUS_PERMISSION ||
			    ABORT_STATUS(syndrome) == STATUS_ACCESS_FLAG;
	if (is_fetch)
		fault->access = FAULT_EXECUTE;
	else if ((syndrome & ABORT_WRITE) && !(syndrome & ABORT_CACHE_MAINTENANCE))
		fault->access = FAULT_WRITE;
}

static int float_code(uint64_t syndrome)
{
	if (syndrome & FLOAT_INVALID)
		return FPE_FLTINV;
	if (syndrome & FLOAT_DIVIDE)
		return FPE_FLTDIV;
	if (syndrome & FLOAT_OVERFLOW)
		return FPE_FLTOVF;
	return syndrome & FLOAT_UNDERFLOW ? FPE_FLTUND : FPE_FLTRES;
}

/*
 * What the signal frame says is the program's own affair, except where it would tell of the
 * kernel's page tables: there every failure looks as if nothing were mapped.
 */
static uint64_t syndrome_of_program(uint64_t syndrome, uint64_t address)
{
	if (address < USER_ADDRESS_END)
		return syndrome;
	syndrome &= CLASS_OF(syndrome) == CLASS_FETCH_PROGRAM ? ABORT_SHOWN & ~ABORT_WRITE
							      : ABORT_SHOWN;
	return syndrome | STATUS_TRANSLATION;
}

static void fault_describe(struct fault *fault, uint64_t syndrome, uint64_t address,
			   uint64_t stack)
{
	fault->kind = FAULT_ILLEGAL;
	fault->code = ILL_ILLOPC;
	switch (CLASS_OF(syndrome)) {
	case CLASS_FETCH_PROGRAM:
	case CLASS_FETCH_KERNEL:
		fault_describe_abort(fault, syndrome, address, true);
		break;
	case CLASS_ACCESS_PROGRAM:
	case CLASS_ACCESS_KERNEL:
		fault_describe_abort(fault, syndrome, address, false);
		break;
	case CLASS_AUTHENTICATION:
		fault->code = ILL_ILLOPN;
		break;
	case CLASS_PC_ALIGNMENT:
		fault->kind = FAULT_ALIGNMENT;
		fault->address = address;
		break;
	case CLASS_SP_ALIGNMENT:
		fault->kind = FAULT_ALIGNMENT;
		fault->address = stack;
		break;
	case CLASS_FLOATING_POINT:
		fault->kind = FAULT_ARITHMETIC;
		fault->code = float_code(syndrome);
		break;
	case CLASS_BREAKPOINT:
	case CLASS_WATCHPOINT:
		fault->kind = FAULT_STEP;
		fault->code = TRAP_HWBKPT;
		break;
	case CLASS_STEP:
		fault->kind = FAULT_STEP;
		fault->code = TRAP_TRACE;
		break;
	case CLASS_BRK:
		fault->kind = FAULT_STEP;
		fault->code = TRAP_BRKPT;
		break;
	default:
		break;
	}
}

/* The kernel touched a program's memory, or what may not be there, where the exception table covers
 * it. */
static void exception_recover(struct frame *frame, const struct fault *fault, uint64_t address)
{
	virtual_t recovery = recovery_find(frame->pc);
	bool is_resolved = false;

	if (!recovery)
		exception_die(exception_name(fault->error_code), frame, fault->error_code, address);
	if (fault->kind == FAULT_PAGE && fault->address < USER_ADDRESS_END &&
	    !(frame->pstate & PSTATE_INTERRUPTS_MASKED)) {
		interrupts_enable();
		is_resolved = upcall_fault(frame, fault);
		interrupts_disable();
	}
	if (!is_resolved)
		frame->pc = recovery;
}

/* MRS Xt, S3_0_C0_C<cr>_<operand>: a register that says what the CPU has. */
#define MRS_IDENTIFICATION 0xd5380000
#define MRS_IDENTIFICATION_MASK 0xfffff000
#define MRS_CR(instruction) ((instruction) >> 8 & 15)
#define MRS_OPERAND(instruction) ((instruction) >> 5 & 7)
#define MRS_TARGET(instruction) ((instruction) & 31)
#define INSTRUCTION_BYTES 4

/* Reads of those trap, by one class or the other as the CPU likes. True: done for the program. */
static bool emulate_identification(struct frame *frame)
{
	uint32_t instruction;
	uint64_t value;

	if (!user_range_is_valid(frame->pc, sizeof(instruction)) ||
	    user_raw_load32(frame->pc, &instruction) ||
	    (instruction & MRS_IDENTIFICATION_MASK) != MRS_IDENTIFICATION ||
	    !identification_emulate(MRS_CR(instruction), MRS_OPERAND(instruction), &value))
		return false;
	if (MRS_TARGET(instruction) < ARRAY_SIZE(frame->x))
		frame->x[MRS_TARGET(instruction)] = value;
	frame->pc += INSTRUCTION_BYTES;
	frame->pstate &= ~PSTATE_BRANCH;	/* as behind any instruction that was done */
	return true;
}

/* What the kernel does in the CPU's place; false: nothing. Interrupts enabled. */
static bool emulate(struct frame *frame, uint64_t syndrome)
{
	switch (CLASS_OF(syndrome)) {
	case CLASS_UNKNOWN:
	case CLASS_SYSTEM:
		return emulate_identification(frame);
	case CLASS_SCALABLE:
		return program_scalable_begin();
	default:
		return false;
	}
}

void exception_handle(struct frame *frame, uint64_t syndrome, uint64_t address)
{
	struct fault fault = {
		.is_user = frame_is_user(frame),
		.trap_number = (uint32_t)CLASS_OF(syndrome),
		.error_code = syndrome,
	};

	fault_describe(&fault, syndrome, address, frame->sp);
	if (fault.is_present &&
	    mmu_entry_follow(fault.address, fault.access == FAULT_WRITE))
		return;
	if (!fault.is_user) {
		exception_recover(frame, &fault, address);
		return;
	}
	/* Linux tells a syndrome of aborts only, and of wrong alignment. */
	if (fault.kind == FAULT_PAGE || fault.kind == FAULT_ALIGNMENT ||
	    fault.kind == FAULT_EXTERNAL)
		fault.error_code = syndrome_of_program(syndrome, fault.address);
	else
		fault.error_code = 0;
	frame->pstate &= ~PSTATE_STEP;
	interrupts_enable();
	if (fault.kind != FAULT_ILLEGAL || !emulate(frame, syndrome))
		upcall_fault(frame, &fault);
	interrupts_disable();
}

/* Kernel code lets them in where mmu/probe.c waits for one only. */
void exception_serror(struct frame *frame, uint64_t syndrome, uint64_t address)
{
	virtual_t recovery = recovery_find(frame->pc);

	if (!recovery)
		exception_die(exception_name(syndrome), frame, syndrome, address);
	frame->pc = recovery;
}

void exception_unexpected(struct frame *frame, uint64_t syndrome, uint64_t address)
{
	exception_die(CLASS_OF(syndrome) == CLASS_SERROR ? exception_name(syndrome) :
		      "unexpected exception", frame, syndrome, address);
}

void exception_overflow(struct frame *frame, uint64_t syndrome, uint64_t address)
{
	exception_die("kernel stack overflow", frame, syndrome, address);
}
