/* Contexts: made, switched, turned into fresh programs. */
#include "arch/context.h"

#include "arch/cpu.h"
#include "arch/upcalls.h"
#include "arch/x86_64/context/fpu.h"
#include "arch/x86_64/context/program.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/mmu/tlb.h"
#include "base/errno.h"
#include "base/panic.h"
#include "base/string.h"

/* What context_switch_stacks() pops before it returns. */
struct switch_frame {
	uint64_t r15, r14, r13, r12, rbx, rbp;
	virtual_t resume;
};

struct context *context_switch_stacks(virtual_t *save, virtual_t stack, struct context *from);

struct frame *context_user_frame(struct context *context)
{
	return (struct frame *)(context->stack_base + KERNEL_STACK_BYTES) - 1;
}

struct context *context_switch(struct context *from, struct context *to)
{
	struct cpu_entry *entry = cpu_entry(cpu_current());

	if (from->machine.fpu)
		program_state_save(from);
	tlb_switch(to->space);
	entry->context = to;
	entry->stack_top = to->stack_base + KERNEL_STACK_BYTES;
	to->cpu = entry->number;
	if (to->machine.fpu)
		program_state_load(to);
	return context_switch_stacks(&from->machine.stack_pointer, to->machine.stack_pointer, from);
}

void context_adopt(struct context *context)
{
	struct cpu_entry *entry = cpu_entry(cpu_current());

	context->stack_base = entry->context->stack_base;
	context->cpu = entry->number;
	context->preemption_count = 1;
	entry->context = context;
}

static void prepare_switch(struct context *context, virtual_t stack_base, virtual_t top,
			   const uint8_t *resume)
{
	struct switch_frame *saved = (struct switch_frame *)top - 1;

	memset(saved, 0, sizeof(*saved));
	saved->resume = (virtual_t)resume;
	context->stack_base = stack_base;
	context->machine.stack_pointer = (virtual_t)saved;
	context->machine.fpu_cpu = PROGRAM_STATE_NOWHERE;
}

void context_init_kernel(struct context *context, virtual_t stack_base,
			 void (*entry)(void *argument), void *argument)
{
	struct switch_frame *saved;

	/* Above it stays room for a program's frame: the first program is started by such a
	 * thread. */
	prepare_switch(context, stack_base,
		       stack_base + KERNEL_STACK_BYTES - sizeof(struct frame),
		       entry_context_kernel);
	saved = (struct switch_frame *)context->machine.stack_pointer;
	saved->rbx = (uint64_t)entry;
	saved->r12 = (uint64_t)argument;
}

int context_init_user(struct context *context, virtual_t stack_base, const struct frame *frame)
{
	struct frame *copy = (struct frame *)(stack_base + KERNEL_STACK_BYTES) - 1;

	context->machine.fpu = fpu_state_create();
	if (!context->machine.fpu)
		return -ENOMEM;
	*copy = *frame;
	copy->rax = 0;
	prepare_switch(context, stack_base, (virtual_t)copy, entry_context_user);
	program_state_copy(context, context_current());
	return 0;
}

void context_release(struct context *context)
{
	fpu_state_destroy(context->machine.fpu);
	context->machine.fpu = NULL;
}

void context_start_program(user_address_t entry, user_address_t stack)
{
	struct context *self = context_current();
	struct frame *frame = context_user_frame(self);

	if (!self->machine.fpu) {
		struct fpu_state *fpu = fpu_state_create();

		/* A kernel thread's first program: nothing to fall back to. */
		if (!fpu)
			panic("no memory for the vector registers of the first program");
		self->machine.fpu = fpu;
	}
	memset(frame, 0, sizeof(*frame));
	frame->call_number = (uint64_t)-1;
	frame->rip = entry;
	frame->rsp = stack;
	frame->cs = SELECTOR_USER_CODE;
	frame->ss = SELECTOR_USER_DATA;
	frame->rflags = RFLAGS_INTERRUPT | RFLAGS_FIXED;
	program_state_reset(self);
}

void context_enter_user(void)
{
	__asm__ volatile("cli\n\t"
			 "movq %0, %%rsp\n\t"
			 "jmp entry_return_to_user"
			 : : "r"(context_user_frame(context_current())) : "memory");
	unreachable();
}
