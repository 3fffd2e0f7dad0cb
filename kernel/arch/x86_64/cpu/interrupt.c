/*
 * Interrupts: the hard handler runs on the CPU's interrupt stack, what follows it (deferred work,
 * a switch) on the interrupted context's own.
 */
#include "arch/context.h"
#include "arch/cpu.h"
#include "arch/interrupt.h"
#include "arch/upcalls.h"
#include "arch/x86_64/cpu/apic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/message.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/entry/exception.h"

static DEFINE_PER_CPU(uint64_t, kind_counts[INTERRUPT_KIND_COUNT]);

static void count(enum interrupt_kind kind)
{
	(*this_cpu(kind_counts))[kind]++;
}

uint64_t interrupt_kind_count(unsigned cpu, enum interrupt_kind kind)
{
	return READ_ONCE((*per_cpu(kind_counts, cpu))[kind]);
}

static void interrupt_run(unsigned vector)
{
	switch (vector) {
	case VECTOR_ALARM:
		apic_end();
		count(INTERRUPT_ALARM);
		upcall_alarm();
		break;
	case VECTOR_KICK:
		apic_end();
		count(INTERRUPT_KICK);
		break;
	case VECTOR_CALL:
		apic_end();
		count(INTERRUPT_CALL);
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
