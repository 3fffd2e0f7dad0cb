/*
 * The declared calls from the architecture up into the kernel. Each names who implements it.
 */
#ifndef ARCH_UPCALLS_H
#define ARCH_UPCALLS_H

#include "base/types.h"
#include "base/compiler.h"

struct frame;
struct context;
struct boot_information;

enum fault_kind {
	FAULT_PAGE,		/* translation or permission; address and access are valid */
	FAULT_ILLEGAL,		/* undefined instruction: SIGILL, code says which */
	FAULT_ARITHMETIC,	/* SIGFPE, likewise */
	FAULT_ALIGNMENT,	/* SIGBUS, BUS_ADRALN */
	FAULT_EXTERNAL,		/* memory or a device did not answer: SIGBUS, BUS_OBJERR */
	FAULT_BREAKPOINT,	/* x86 int3: SIGTRAP, SI_KERNEL, address 0 */
	FAULT_STEP,		/* SIGTRAP, TRAP_TRACE, TRAP_HWBKPT or TRAP_BRKPT */
	FAULT_PROTECTION,	/* general protection and the like: SIGSEGV, SI_KERNEL, address 0 */
	FAULT_STACK_SEGMENT,	/* x86 #SS: SIGBUS, SI_KERNEL */
};

enum fault_access {
	FAULT_READ = 0,
	FAULT_WRITE = 1,
	FAULT_EXECUTE = 2,
};

struct fault {
	enum fault_kind kind;
	enum fault_access access;
	bool is_present;	/* a translation existed: permission fault */
	bool is_user;		/* the program made it; false: the kernel touched user memory */
	user_address_t address;
	int code;		/* si_code where the kind says so, trap number else */
	uint32_t trap_number;	/* as Linux reports in the signal frame */
	uint64_t error_code;	/* likewise */
};

/* start/main.c: the boot CPU enters here with the boot page tables final and interrupts masked. */
NORETURN void kernel_main(const struct boot_information *boot);

/* start/main.c: each other CPU enters here on its idle context, interrupts masked. */
NORETURN void upcall_secondary_cpu(unsigned cpu);

/*
 * task/program/fault.c: a program faulted (interrupts enabled), or the kernel touched user memory
 * and the page may be made present. True: resolved or a signal was posted, go on. False (only if
 * !is_user): recover through the exception table, or panic.
 */
bool upcall_fault(struct frame *frame, const struct fault *fault);

/* syscall/dispatch.c: a program made a call; interrupts enabled. Sets the frame's result. */
void upcall_call(struct frame *frame);

/* task/program/return.c: work & WORK_EXIT_MASK before return to the program; interrupts enabled;
 * runs until no work is left. */
void upcall_return_to_program(struct frame *frame);

/* device/interrupt.c: a device interrupt; masked. It calls interrupt_end(). */
void upcall_interrupt(unsigned number);

/* time/timer.c: this CPU's alarm went off; masked. */
void upcall_alarm(void);

/* task/schedule/switch.c: interrupt exit; runs deferred work and, when the interrupted context may
 * be preempted and WORK_RESCHEDULE is set, switches. Masked on entry and return. */
void upcall_interrupt_exit(struct frame *frame);

/* task/schedule/switch.c: first instruction of a new context; `previous` was switched away from. */
void upcall_context_start(struct context *previous);

/* random/random.c: random bytes, for secrets of programs. Any context. */
void upcall_random(void *bytes, size_t length);

/* log/panic.c: print this CPU's backtrace from the frame; non-maskable context, no locks. */
void upcall_backtrace(const struct frame *frame);

#endif
