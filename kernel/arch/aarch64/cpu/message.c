/*
 * Calls between CPUs: each CPU has one slot for a request; a caller that finds it taken waits with
 * interrupts enabled, so that it serves calls to itself meanwhile. Nothing is allocated.
 */
#include "arch/aarch64/cpu/cpu.h"
#include "arch/aarch64/cpu/gic.h"
#include "arch/boot.h"
#include "arch/clock.h"
#include "arch/common/online.h"
#include "arch/context.h"
#include "arch/upcalls.h"
#include "base/atomic.h"

struct call_request {
	void (*function)(void *argument);
	void *argument;
	uint32_t pending;	/* CPUs that have not run it yet */
};

static DEFINE_PER_CPU(struct call_request *, call_slot);

/* Why a CPU was sent GIC_MESSAGE_STOP. */
enum stop_reason {
	STOP_BACKTRACE = 1,
	STOP_FOR_GOOD = 2,
};
static DEFINE_PER_CPU(uint32_t, stop_reasons);
static DEFINE_PER_CPU(const struct frame *, stopped_frame);

/* How long CPUs may take to stop; one that is stuck with interrupts masked is left. */
#define STOP_PATIENCE_S 3

void cpu_call_run(void)
{
	struct call_request *request = atomic_swap(this_cpu(call_slot), NULL);

	if (!request)
		return;
	request->function(request->argument);
	/* The last access: the request is on the caller's stack. */
	atomic_fetch_subtract_release(&request->pending, 1);
}

static void call_post(unsigned cpu, struct call_request *request)
{
	struct call_request **slot = per_cpu(call_slot, cpu);
	struct call_request *empty = NULL;

	atomic_fetch_add_relaxed(&request->pending, 1);
	while (!atomic_compare_swap(slot, &empty, request)) {
		empty = NULL;
		cpu_relax();
	}
	gic_send(cpu, GIC_MESSAGE_CALL);
}

void cpu_call(const struct cpu_mask *mask, void (*function)(void *argument), void *argument)
{
	struct call_request request = { function, argument, 0 };
	unsigned self;

	preemption_disable();
	self = cpu_current();
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		if (cpu != self && cpu_mask_test(mask, cpu) && cpu_is_online(cpu))
			call_post(cpu, &request);
	}
	if (cpu_mask_test(mask, self)) {
		bool were_enabled = interrupts_disable();

		function(argument);
		interrupts_restore(were_enabled);
	}
	while (atomic_load_acquire(&request.pending))
		cpu_relax();
	preemption_enable();
}

void cpu_kick(unsigned cpu)
{
	if (cpu_is_online(cpu))
		gic_send(cpu, GIC_MESSAGE_KICK);
}

static void stop_request(unsigned cpu, enum stop_reason reason)
{
	if (!cpu_is_online(cpu))
		return;
	atomic_fetch_or_ordered(per_cpu(stop_reasons, cpu), reason);
	gic_send(cpu, GIC_MESSAGE_STOP);
}

void cpu_request_backtrace(unsigned cpu)
{
	stop_request(cpu, STOP_BACKTRACE);
}

static bool are_others_stopped(unsigned self)
{
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		if (cpu != self && cpu_is_online(cpu))
			return false;
	}
	return true;
}

void cpu_stop_others(void)
{
	bool were_enabled = interrupts_disable();
	unsigned self = cpu_current();
	uint64_t start = clock_cycles();

	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		if (cpu != self)
			stop_request(cpu, STOP_FOR_GOOD);
	}
	while (!are_others_stopped(self) &&
	       clock_cycles() - start < STOP_PATIENCE_S * clock_frequency_hz())
		cpu_relax();
	interrupts_restore(were_enabled);
}

const struct frame *cpu_stopped_frame(unsigned cpu)
{
	return atomic_load_acquire(per_cpu(stopped_frame, cpu));
}

void cpu_stop_run(struct frame *frame)
{
	uint32_t reasons = atomic_swap(this_cpu(stop_reasons), 0);

	if (reasons & STOP_FOR_GOOD) {
		/* This CPU never leaves the stack that the frame is on. */
		atomic_store_release(this_cpu(stopped_frame), frame);
		cpu_mark_online(cpu_current(), false);
		machine_halt();
	}
	if (reasons)
		upcall_backtrace(frame);
}
