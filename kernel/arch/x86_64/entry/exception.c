/*
 * From CPU exceptions to upcall_fault(). A fault of the kernel itself is either at an instruction
 * that the exception table lists, or the end.
 */
#include "arch/boot.h"
#include "arch/common/recovery.h"
#include "arch/context.h"
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/upcalls.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/entry/exception.h"
#include "base/panic.h"

#define PAGE_FAULT_PRESENT BIT(0)
#define PAGE_FAULT_WRITE BIT(1)
#define PAGE_FAULT_RESERVED BIT(3)
#define PAGE_FAULT_FETCH BIT(4)

/* si_code values, as Linux has them. */
#define ILL_ILLOPN 2
#define FPE_INTDIV 1
#define FPE_FLTDIV 3
#define FPE_FLTOVF 4
#define FPE_FLTUND 5
#define FPE_FLTRES 6
#define FPE_FLTINV 7
#define TRAP_BRKPT 1
#define TRAP_TRACE 2
#define TRAP_HWBKPT 4

#define DR6_STEP BIT(14)
#define DR6_BREAKPOINTS UINT64_C(0xf)

static_assert(FRAME_BYTES == sizeof(struct frame), "layout.h");
static_assert(FRAME_CALL == offsetof(struct frame, call_number), "layout.h");
static_assert(FRAME_RAX == offsetof(struct frame, rax), "layout.h");
static_assert(FRAME_RSP == offsetof(struct frame, rsp), "layout.h");
static_assert(CONTEXT_WORK == offsetof(struct context, work), "layout.h");
static_assert(WORK_EXIT_MASK == 0xff00, "entry code has it as a constant");
static_assert(CPU_ENTRY_CONTEXT == offsetof(struct cpu_entry, context), "layout.h");
static_assert(CPU_ENTRY_STACK_TOP == offsetof(struct cpu_entry, stack_top), "layout.h");
static_assert(CPU_ENTRY_SCRATCH == offsetof(struct cpu_entry, scratch), "layout.h");
static_assert(CPU_ENTRY_KERNEL_ROOT == offsetof(struct cpu_entry, kernel_root), "layout.h");
static_assert(CPU_ENTRY_GUARD == offsetof(struct cpu_entry, stack_guard), "layout.h");
static_assert(CPU_ENTRY_USER_ROOT == offsetof(struct cpu_entry, user_root), "layout.h");
static_assert(CPU_ENTRY_USER_ROOT_NEXT == offsetof(struct cpu_entry, user_root_next), "layout.h");
static_assert(CPU_ENTRY_DATA_OFFSET == offsetof(struct cpu_entry, data_offset), "layout.h");
static_assert(CPU_ENTRY_NUMBER == offsetof(struct cpu_entry, number), "layout.h");

/* Whether an address lies just below a stack that this CPU may be on. */
static bool is_stack_guard(virtual_t address)
{
	virtual_t area = (virtual_t)cpu_entry(cpu_current());
	virtual_t page = align_down(address, PAGE_SIZE) + PAGE_SIZE;

	return page == context_current()->stack_base || page == area + CPU_AREA_INTERRUPT_STACK ||
		page == area + CPU_AREA_IDLE_STACK;
}

static const char *exception_name(uint64_t vector, uint64_t address)
{
	static const char *const names[VECTOR_EXCEPTIONS] = {
		"division by zero", "debug exception", "non-maskable interrupt", "breakpoint",
		"overflow", "bound range", "invalid instruction", "no floating-point unit",
		"double fault", NULL, "invalid task state", "segment not present",
		"stack segment fault", "general protection fault", "page fault", NULL,
		"floating-point exception", "alignment check", "machine check",
		"SIMD floating-point exception", "virtualization exception",
		"control protection exception",
	};

	if (vector == VECTOR_DOUBLE_FAULT && is_stack_guard(address))
		return "kernel stack overflow (double fault)";
	return vector < ARRAY_SIZE(names) && names[vector] ? names[vector] : "unknown exception";
}

static NORETURN void exception_die(const struct frame *frame, uint64_t error_code, uint64_t vector)
{
	uint64_t address = cr2_read();

	panic_at(frame, "%s, error %llx, at %llx, address %llx, stack %llx, context %llx\n"
	      "rax %llx rbx %llx rcx %llx rdx %llx rsi %llx rdi %llx rbp %llx r8 %llx r12 %llx",
	      exception_name(vector, address), (unsigned long long)error_code,
	      (unsigned long long)frame->rip, (unsigned long long)address,
	      (unsigned long long)frame->rsp, (unsigned long long)(virtual_t)context_current(),
	      (unsigned long long)frame->rax, (unsigned long long)frame->rbx,
	      (unsigned long long)frame->rcx, (unsigned long long)frame->rdx,
	      (unsigned long long)frame->rsi, (unsigned long long)frame->rdi,
	      (unsigned long long)frame->rbp, (unsigned long long)frame->r8,
	      (unsigned long long)frame->r12);
}

/* Which arithmetic exception, from flags and masks in the order of the SSE and x87 words. */
static int arithmetic_code(uint32_t unmasked)
{
	if (unmasked & 0x01)
		return FPE_FLTINV;
	if (unmasked & 0x04)
		return FPE_FLTDIV;
	if (unmasked & 0x08)
		return FPE_FLTOVF;
	if (unmasked & 0x12)
		return FPE_FLTUND;
	return FPE_FLTRES;
}

static int x87_code(void)
{
	uint16_t control, status;

	__asm__ volatile("fnstcw %0\n\tfnstsw %1" : "=m"(control), "=m"(status));
	return arithmetic_code(status & ~control & 0x3f);
}

static int simd_code(void)
{
	uint32_t status;

	__asm__ volatile("stmxcsr %0" : "=m"(status));
	return arithmetic_code(status & ~(status >> 7) & 0x3f);
}

static void fault_describe_page(struct fault *fault, uint64_t error_code)
{
	fault->kind = FAULT_PAGE;
	fault->address = cr2_read();
	fault->is_present = error_code & PAGE_FAULT_PRESENT;
	if (error_code & PAGE_FAULT_FETCH)
		fault->access = FAULT_EXECUTE;
	else if (error_code & PAGE_FAULT_WRITE)
		fault->access = FAULT_WRITE;
}

/* The debug status is read once and cleared, and nothing traps while the kernel runs. */
static void fault_describe_debug(struct fault *fault)
{
	uint64_t status = dr6_read();

	dr6_write(0xffff0ff0);
	fault->kind = FAULT_STEP;
	if (status & DR6_STEP)
		fault->code = TRAP_TRACE;
	else
		fault->code = status & DR6_BREAKPOINTS ? TRAP_HWBKPT : TRAP_BRKPT;
}

static void fault_describe(struct fault *fault, uint64_t error_code, uint64_t vector)
{
	fault->kind = FAULT_PROTECTION;
	fault->code = (int)vector;
	switch (vector) {
	case VECTOR_PAGE_FAULT:
		fault_describe_page(fault, error_code);
		break;
	case VECTOR_DIVIDE:
		fault->kind = FAULT_ARITHMETIC;
		fault->code = FPE_INTDIV;
		break;
	case VECTOR_FPU:
		fault->kind = FAULT_ARITHMETIC;
		fault->code = x87_code();
		break;
	case VECTOR_SIMD:
		fault->kind = FAULT_ARITHMETIC;
		fault->code = simd_code();
		break;
	case VECTOR_DEBUG:
		fault_describe_debug(fault);
		break;
	case VECTOR_BREAKPOINT:
		fault->kind = FAULT_BREAKPOINT;
		break;
	case VECTOR_ILLEGAL:
		fault->kind = FAULT_ILLEGAL;
		fault->code = ILL_ILLOPN;
		break;
	case VECTOR_ALIGNMENT:
		fault->kind = FAULT_ALIGNMENT;
		break;
	case VECTOR_STACK_SEGMENT:
	case VECTOR_NOT_PRESENT:
		fault->kind = FAULT_STACK_SEGMENT;
		break;
	default:
		break;
	}
}

/* The kernel touched a program's memory, or the CPU refused what the exception table covers. */
static void exception_recover(struct frame *frame, const struct fault *fault)
{
	virtual_t recovery = recovery_find(frame->rip);
	bool is_resolved = false;

	if (!recovery || fault->error_code & PAGE_FAULT_RESERVED)
		exception_die(frame, fault->error_code, fault->trap_number);
	if (fault->kind == FAULT_PAGE && fault->address < USER_ADDRESS_END &&
	    frame->rflags & RFLAGS_INTERRUPT) {
		interrupts_enable();
		is_resolved = upcall_fault(frame, fault);
		interrupts_disable();
	}
	if (!is_resolved)
		frame->rip = recovery;
}

void exception_handle(struct frame *frame, uint64_t error_code, uint64_t vector)
{
	struct fault fault = {
		.is_user = frame_is_user(frame),
		.trap_number = (uint32_t)vector,
		.error_code = error_code,
	};

	if (vector == VECTOR_MACHINE_CHECK)
		exception_die(frame, error_code, vector);
	fault_describe(&fault, error_code, vector);
	if (!fault.is_user) {
		exception_recover(frame, &fault);
		return;
	}
	if (vector == VECTOR_PAGE_FAULT && error_code & PAGE_FAULT_RESERVED)
		exception_die(frame, error_code, vector);
	interrupts_enable();
	upcall_fault(frame, &fault);
	interrupts_disable();
}

void exception_handle_paranoid(struct frame *frame, uint64_t error_code, uint64_t vector)
{
	uint64_t breakpoints;

	switch (vector) {
	case VECTOR_NMI:
		nmi_handle(frame);
		break;
	case VECTOR_DEBUG:
		/* A program's breakpoint on memory that the kernel touched for it, or its single
		 * step over a call: neither is the kernel's business. */
		breakpoints = dr7_read();
		dr7_write(0);
		dr6_write(0xffff0ff0);
		frame->rflags &= ~RFLAGS_TRAP;
		dr7_write(breakpoints);
		break;
	default:
		exception_die(frame, error_code, vector);
	}
}
