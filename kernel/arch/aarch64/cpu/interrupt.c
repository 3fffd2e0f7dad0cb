/*
 * Interrupts: the hard handler runs on the CPU's interrupt stack, what follows it (deferred work,
 * a switch) on the interrupted context's own.
 */
#include "arch/aarch64/clock/clock.h"
#include "arch/aarch64/cpu/cpu.h"
#include "arch/aarch64/cpu/gic.h"
#include "arch/aarch64/entry/entry.h"
#include "arch/aarch64/entry/exception.h"
#include "arch/context.h"
#include "arch/interrupt.h"
#include "arch/upcalls.h"
#include "base/errno.h"

/* What the interrupt stopped, for requests of a backtrace. */
static DEFINE_PER_CPU(struct frame *, interrupted);

static DEFINE_PER_CPU(uint64_t, kind_counts[INTERRUPT_KIND_COUNT]);

static void count(enum interrupt_kind kind)
{
	(*this_cpu(kind_counts))[kind]++;
}

uint64_t interrupt_kind_count(unsigned cpu, enum interrupt_kind kind)
{
	return READ_ONCE((*per_cpu(kind_counts, cpu))[kind]);
}

static void message_run(uint32_t message)
{
	count(message == GIC_MESSAGE_CALL ? INTERRUPT_CALL : INTERRUPT_KICK);
	if (message == GIC_MESSAGE_CALL)
		cpu_call_run();
	else if (message == GIC_MESSAGE_STOP)
		cpu_stop_run(*this_cpu(interrupted));
}

static void interrupt_run(unsigned taken)
{
	uint32_t number = gic_number(taken);

	if (number < GIC_MESSAGE_LIMIT) {
		gic_end(taken);
		message_run(number);
	} else if (number == clock_alarm_number()) {
		clock_alarm_quiet();
		gic_end(number);
		count(INTERRUPT_ALARM);
		upcall_alarm();
	} else {
		upcall_interrupt(number);	/* calls interrupt_end() */
	}
}

void interrupt_handle(struct frame *frame)
{
	struct context *self = context_current();
	uint32_t taken = gic_take(), number = gic_number(taken);

	if (number >= GIC_SPURIOUS_FIRST && number <= GIC_SPURIOUS_LAST)
		return;
	self->interrupt_depth++;
	*this_cpu(interrupted) = frame;
	entry_on_stack(interrupt_run, taken, cpu_entry(cpu_current())->interrupt_stack_top);
	self->interrupt_depth--;
	upcall_interrupt_exit(frame);
}

/* The controller's numbers are one space for all CPUs: its driver hands them out. */
int interrupt_number_reserve(unsigned cpu, unsigned count)
{
	(void)cpu;
	(void)count;
	return -ENOSYS;
}

void interrupt_number_release(unsigned cpu, unsigned number, unsigned count)
{
	(void)cpu;
	(void)number;
	(void)count;
}

void interrupt_end(unsigned number)
{
	gic_end_number(number);
}

/* Messages go to a frame or an ITS, which are devices: nothing here knows their addresses. */
void interrupt_message(unsigned cpu, unsigned number, uint64_t *address, uint32_t *data)
{
	(void)cpu;
	*address = 0;
	*data = number;
}

uint64_t interrupt_cpu_identity(unsigned cpu)
{
	return gic_identity(cpu);
}
