/*
 * Interrupts: the hard handler runs on the CPU's interrupt stack, what follows it (deferred work,
 * a switch) on the interrupted context's own.
 */
#include "arch/context.h"
#include "arch/upcalls.h"
#include "arch/x86_64/cpu/apic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/message.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/entry/exception.h"

static void interrupt_run(unsigned vector)
{
	switch (vector) {
	case VECTOR_ALARM:
		apic_end();
		upcall_alarm();
		break;
	case VECTOR_KICK:
		apic_end();
		break;
	case VECTOR_CALL:
		apic_end();
		cpu_call_run();
		break;
	default:
		/* The others are spurious, and are not to be acknowledged. */
		if (vector >= VECTOR_DEVICE_FIRST && vector <= VECTOR_DEVICE_LAST)
			upcall_interrupt(vector);
		break;
	}
}

void interrupt_handle(struct frame *frame, uint64_t unused, uint64_t vector)
{
	struct context *self = context_current();

	(void)unused;
	self->interrupt_depth++;
	entry_on_stack(interrupt_run, (unsigned)vector,
		       cpu_entry(cpu_current())->interrupt_stack_top);
	self->interrupt_depth--;
	upcall_interrupt_exit(frame);
}
