/* Contexts: made, switched, turned into fresh programs. */
#include "arch/context.h"

#include "arch/aarch64/context/vectors.h"
#include "arch/aarch64/cpu/cpu.h"
#include "arch/aarch64/entry/entry.h"
#include "arch/aarch64/mmu/tlb.h"
#include "arch/cpu.h"
#include "arch/pages.h"
#include "arch/upcalls.h"
#include "base/errno.h"
#include "base/panic.h"
#include "base/string.h"

/* What context_switch_stacks() loads before it returns. */
struct switch_frame {
	uint64_t x29, x30, x19, x20, x21, x22, x23, x24, x25, x26, x27, x28;
};

struct context *context_switch_stacks(virtual_t *save, virtual_t stack, struct context *from,
				      struct context *to);

struct frame *context_user_frame(struct context *context)
{
	return (struct frame *)(context->stack_base + KERNEL_STACK_BYTES) - 1;
}

struct context *context_switch(struct context *from, struct context *to)
{
	struct cpu_entry *entry = cpu_entry(cpu_current());

	if (from->machine.vectors)
		program_state_save(from);
	tlb_switch(to->space);
	entry->context = to;
	to->cpu = entry->number;
	if (to->machine.vectors)
		program_state_load(to);
	return context_switch_stacks(&from->machine.stack_pointer, to->machine.stack_pointer, from,
				     to);
}

void context_adopt(struct context *context)
{
	struct cpu_entry *entry = cpu_entry(cpu_current());

	context->stack_base = entry->context->stack_base;
	context->cpu = entry->number;
	context->preemption_count = 1;
	entry->context = context;
	__asm__ volatile("msr sp_el0, %0" : : "r"(context) : "memory");
}

static_assert(CONTEXT_SPECIAL == offsetof(struct context, machine.special), "layout.h");
static_assert(CONTEXT_KEY_IA == offsetof(struct context, machine.keys.ia), "layout.h");

static void prepare_switch(struct context *context, virtual_t stack_base, virtual_t top,
			   const uint8_t *resume)
{
	struct switch_frame *saved = (struct switch_frame *)top - 1;

	memset(saved, 0, sizeof(*saved));
	saved->x30 = (uint64_t)resume;
	context->stack_base = stack_base;
	context->machine.stack_pointer = (virtual_t)saved;
	context->machine.vectors_cpu = VECTORS_NOWHERE;
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
	saved->x19 = (uint64_t)entry;
	saved->x20 = (uint64_t)argument;
}

int context_init_user(struct context *context, virtual_t stack_base, const struct frame *frame)
{
	struct frame *copy = (struct frame *)(stack_base + KERNEL_STACK_BYTES) - 1;

	context->machine.vectors = arch_heap_allocate(sizeof(struct vector_state));
	if (!context->machine.vectors)
		return -ENOMEM;
	*copy = *frame;
	copy->x[0] = 0;
	prepare_switch(context, stack_base, (virtual_t)copy, entry_context_user);
	program_state_copy(context, context_current());
	return 0;
}

void context_release(struct context *context)
{
	arch_heap_free(context->machine.scalable);
	context->machine.scalable = NULL;
	arch_heap_free(context->machine.vectors);
	context->machine.vectors = NULL;
}

void context_start_program(user_address_t entry, user_address_t stack)
{
	struct context *self = context_current();
	struct frame *frame = context_user_frame(self);

	if (!self->machine.vectors) {
		/* A kernel thread's first program: nothing to fall back to. */
		self->machine.vectors = arch_heap_allocate(sizeof(struct vector_state));
		if (!self->machine.vectors)
			panic("no memory for the vector registers of the first program");
	}
	memset(frame, 0, sizeof(*frame));
	frame->call_number = (uint64_t)-1;
	frame->pc = entry;
	frame->sp = stack;
	program_state_reset(self);
}

/* The frame lies at the top of the stack, so leaving through it empties the stack. */
void context_enter_user(void)
{
	struct frame *frame = context_user_frame(context_current());

	interrupts_disable();
	__asm__ volatile("mov sp, %0\n\tmov x29, xzr\n\tb entry_leave_now"
			 : : "r"(frame) : "memory");
	unreachable();
}

/* There are no calls of this kind on this CPU. */
long context_machine_control(int code, uint64_t argument)
{
	(void)code;
	(void)argument;
	return -ENOSYS;
}
