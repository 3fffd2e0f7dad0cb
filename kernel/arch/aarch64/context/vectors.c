/*
 * What a program has beside its frame: vector registers and the thread pointer. Saved when it is
 * switched away, loaded only if this CPU's registers do not hold them still.
 */
#include "arch/aarch64/context/vectors.h"

#include "arch/aarch64/context/keys.h"
#include "arch/aarch64/context/scalable.h"
#include "arch/aarch64/cpu/features.h"
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "base/errno.h"
#include "base/string.h"

/* Whose vector registers this CPU has. */
static DEFINE_PER_CPU(struct context *, vectors_owner);

static user_address_t thread_pointer_read(void)
{
	user_address_t value;

	__asm__ volatile("mrs %0, tpidr_el0" : "=r"(value));
	return value;
}

static void thread_pointer_write(user_address_t value)
{
	__asm__ volatile("msr tpidr_el0, %0" : : "r"(value));
}

static NOINLINE void special_save(struct context_machine *machine)
{
	if (machine->special.vectors & BIT(SPECIAL_DETACHED))
		return;
	vectors_store(machine->vectors);
	scalable_store(machine->scalable);
	program_scalable_off();
}

void program_state_save(struct context *context)
{
	struct context_machine *machine = &context->machine;

	machine->thread_pointer = thread_pointer_read();
	if (likely(!machine->special.vectors))
		vectors_store(machine->vectors);
	else
		special_save(machine);
}

/* On CPUs with keys, always; else what program_state_load() leaves to it. */
static NOINLINE void special_load(struct context *context, struct context **owner, unsigned cpu)
{
	struct context_machine *machine = &context->machine;

	if (machine->special.vectors & BIT(SPECIAL_DETACHED))
		return;
	if (machine->special.vectors & BIT(SPECIAL_SCALABLE))
		program_scalable_switch(machine);
	if (machine->vectors_cpu == cpu && *owner == context)
		return;
	if (machine->special.keys)
		program_keys_load(machine);
	vectors_load(machine->vectors);
	/* It holds the same in the lower 128 bits. */
	if (machine->special.vectors & BIT(SPECIAL_SCALABLE))
		scalable_load(machine->scalable);
	machine->vectors_cpu = cpu;
	*owner = context;
}

void program_state_load(struct context *context)
{
	struct context_machine *machine = &context->machine;
	struct context **owner = this_cpu(vectors_owner);
	unsigned cpu = cpu_current();

	thread_pointer_write(machine->thread_pointer);
	if (unlikely(machine->special.any)) {
		special_load(context, owner, cpu);
		return;
	}
	if (machine->vectors_cpu == cpu && *owner == context)
		return;
	vectors_load(machine->vectors);
	machine->vectors_cpu = cpu;
	*owner = context;
}

void program_state_copy(struct context *to, struct context *from)
{
	bool were_enabled = interrupts_disable();

	if (from->machine.vectors) {
		program_state_save(from);
		*to->machine.vectors = *from->machine.vectors;
	}
	to->machine.thread_pointer = from->machine.thread_pointer;
	to->machine.special.keys = from->machine.special.keys;
	to->machine.keys = from->machine.keys;
	to->machine.vector_bytes = from->machine.vector_bytes;
	to->machine.vector_bytes_next = from->machine.vector_bytes_next;
	to->machine.vector_bytes_are_inherited = from->machine.vector_bytes_are_inherited;
	interrupts_restore(were_enabled);
}

void program_state_reset(struct context *self)
{
	struct context_machine *machine = &self->machine;
	bool were_enabled;

	program_scalable_reset(machine);
	were_enabled = interrupts_disable();
	memset(machine->vectors, 0, sizeof(*machine->vectors));
	machine->thread_pointer = 0;
	machine->special.any = 0;
	program_keys_reset(machine);
	if (cpu_vector_bytes_limit)
		program_scalable_off();
	machine->vectors_cpu = VECTORS_NOWHERE;
	program_state_load(self);
	interrupts_restore(were_enabled);
}

void program_vectors_begin(struct context *self)
{
	bool were_enabled = interrupts_disable();

	program_state_save(self);
	self->machine.vectors_cpu = VECTORS_NOWHERE;
	self->machine.special.vectors |= BIT(SPECIAL_DETACHED);
	interrupts_restore(were_enabled);
}

void program_vectors_end(struct context *self)
{
	bool were_enabled = interrupts_disable();

	self->machine.special.vectors &= ~BIT(SPECIAL_DETACHED);
	self->machine.thread_pointer = thread_pointer_read();
	program_state_load(self);
	interrupts_restore(were_enabled);
}

user_address_t context_thread_pointer(const struct context *context)
{
	return context == context_current() ? thread_pointer_read() :
		context->machine.thread_pointer;
}

int context_thread_pointer_set(struct context *context, user_address_t value)
{
	bool were_enabled = interrupts_disable();

	context->machine.thread_pointer = value;
	if (context == context_current())
		thread_pointer_write(value);
	interrupts_restore(were_enabled);
	return 0;
}
