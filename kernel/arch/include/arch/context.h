/*
 * An execution context: the part of a thread that the architecture and the lowest layers know.
 * `struct thread` embeds it first. The entry code reads `work`, switching saves into `machine`.
 */
#ifndef ARCH_CONTEXT_H
#define ARCH_CONTEXT_H

#include "base/types.h"
#include "base/compiler.h"

#include "machine/frame.h"	/* struct frame and its accessors, see below */

struct mmu_space;
struct lock_trace;

/* Bits of context.work, tested once at entry (ENTRY) and once at exit to the program (EXIT). */
enum context_work {
	WORK_TRACE = 1 << 0,		/* entry: the call is printed */
	WORK_SIGNAL = 1 << 8,		/* exit: a signal may be deliverable */
	WORK_RESCHEDULE = 1 << 9,	/* exit and interrupt exit: somebody better should run */
	/* Exit: task-private work (rseq, deferred put, restore mask) */
	WORK_NOTIFY = 1 << 10,
	WORK_EXIT_MASK = 0xff00,
};

#define KERNEL_STACK_BYTES 16384

/* Debug builds: which requests for memory of a context are made to fail (memory/failure.h). */
struct memory_failures {
	uint32_t distance;		/* up to the first that fails, it included */
	uint32_t count;			/* how many fail from there on; 0: no plan */
	uint32_t requests, failed;	/* since the plan was made */
};

struct context {
	uint32_t work;			/* atomic bits of enum context_work */
	/* Not 0: do not switch away; written by the running CPU only. */
	uint32_t preemption_count;
	uint32_t interrupt_depth;	/* nested interrupts on this context */
	uint32_t cpu;			/* the CPU it runs on or ran on last */
	virtual_t stack_base;		/* lowest address of the kernel stack; guard page below */
	struct mmu_space *space;	/* page tables to load, NULL: any (kernel thread) */
	/* Not 0: faults of user accesses fail at once (memory/user.h) */
	uint32_t faults_disabled;
	/* For memory/: this context frees pages; it may use the reserve. */
	uint32_t is_reclaiming;
	struct lock_trace *locks;	/* debug builds: held locks */
	struct memory_failures failures;
	struct context_machine machine;
};

/*
 * machine/frame.h also defines, inline (struct frame holds all registers of a program or of
 * interrupted kernel code):
 *   struct context *context_current(void)
 *   bool frame_is_user(const struct frame *)
 *   user_address_t frame_program_counter / frame_stack_pointer(const struct frame *)
 *   void frame_program_counter_set / frame_stack_pointer_set(struct frame *, user_address_t)
 *   long frame_call_number(const struct frame *)       as entered; -1: not in a call
 *   void frame_call_number_clear(struct frame *)
 *   uint64_t frame_argument(const struct frame *, unsigned index)    0..5
 *   long frame_result(const struct frame *); void frame_result_set(struct frame *, long)
 *   void frame_call_repeat(struct frame *)             back to the call instruction, same registers
 *   void frame_call_restart(struct frame *)            back to it as restart_syscall
 *   virtual_t frame_frame_pointer(const struct frame *)
 *   virtual_t return_address_plain(virtual_t saved)    without what a signature added to it
 */

/* The frame at the top of a context's stack with which it entered from its program. */
struct frame *context_user_frame(struct context *context);

/*
 * Switches from the current context to another on this CPU, loads its page tables if it has any,
 * and returns in it; the result is the context that was left. Interrupts masked.
 */
struct context *context_switch(struct context *from, struct context *to);

/*
 * Goes on in `context` instead of the one the CPU came up with, on the same stack: how the code
 * that started the CPU becomes its idle thread. Takes over stack_base, cpu and preemption_count
 * (1). Interrupts masked.
 */
void context_adopt(struct context *context);

/* A new kernel context on a stack of KERNEL_STACK_BYTES: the first switch to it calls
 * upcall_context_start(previous) and then entry(argument), which does not return. */
void context_init_kernel(struct context *context, virtual_t stack_base,
			 void (*entry)(void *argument), void *argument);

/* A new context that returns to a program with a copy of `frame`, result 0 (fork, clone). The FPU
 * state and thread pointer are copied from the current context. May sleep, -ENOMEM. */
int context_init_user(struct context *context, virtual_t stack_base, const struct frame *frame)
	MUST_CHECK;

/* Frees what context_init_* allocated (extended FPU state). */
void context_release(struct context *context);

/* Turns the current context into that of a fresh program: registers zero, FPU reset, thread
 * pointer 0, entry and stack as given. Acts on context_user_frame(context_current()). */
void context_start_program(user_address_t entry, user_address_t stack);

/* First entry of a kernel thread into a program (init): never returns. */
NORETURN void context_enter_user(void);

/* Thread-local-storage register of a context (clone's CLONE_SETTLS, arch_prctl). */
user_address_t context_thread_pointer(const struct context *context);
int context_thread_pointer_set(struct context *context, user_address_t value) MUST_CHECK;

/* CPU-private calls (arch_prctl on x86_64); -ENOSYS where there is none. Acts on the current. */
long context_machine_control(int code, uint64_t argument);

/* prctl(2)'s options that are this CPU's own; -EINVAL where there is none. Acts on the current. */
long context_program_option(int option, uint64_t first, uint64_t second);

/* Kernel use of vector registers is not allowed; there is no API for it. */

/* Walks saved frame pointers, calls visit for each return address until false. No locks. */
void context_backtrace(virtual_t frame_pointer, bool (*visit)(virtual_t address, void *argument),
		       void *argument);

/* Where a context that is not running sleeps in the kernel (wchan), past what is WAITING_TEXT. */
virtual_t context_sleep_address(const struct context *context);

static inline void preemption_disable(void)
{
	context_current()->preemption_count++;
	barrier();
}

void upcall_preempt(void);

static inline void preemption_enable(void)
{
	struct context *self = context_current();

	barrier();
	if (--self->preemption_count == 0 && unlikely(READ_ONCE(self->work) & WORK_RESCHEDULE))
		upcall_preempt();
}

#endif
