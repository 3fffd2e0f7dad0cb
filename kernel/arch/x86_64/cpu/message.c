/*
 * Calls between CPUs: each CPU has one slot for a request; a caller that finds it taken waits with
 * interrupts enabled, so that it serves calls to itself meanwhile. Nothing is allocated.
 */
#include "arch/x86_64/cpu/message.h"

#include "arch/boot.h"
#include "arch/clock.h"
#include "arch/common/online.h"
#include "arch/context.h"
#include "arch/cpu.h"
#include "arch/upcalls.h"
#include "arch/x86_64/cpu/apic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/entry/exception.h"
#include "base/atomic.h"

struct call_request {
	void (*function)(void *argument);
	void *argument;
	uint32_t caller;
	uint32_t pending;	/* CPUs that have not run it yet */
};

static DEFINE_PER_CPU(struct call_request *, call_slot);
/* The CPU sleeps until the last answer to its call: the one who gives it has to wake it. */
static DEFINE_PER_CPU(uint32_t, call_sleeps);

/* A CPU that runs answers sooner. One that does not, below a hypervisor, may wait for this one. */
#define CALL_SPIN_US 50

/* Why a CPU was sent a non-maskable interrupt. */
enum nmi_reason {
	NMI_BACKTRACE = 1,
	NMI_STOP = 2,
};
static DEFINE_PER_CPU(uint32_t, nmi_reasons);
static DEFINE_PER_CPU(const struct frame *, stopped_frame);

#define STOP_PATIENCE_S 3

void cpu_call_run(void)
{
	struct call_request *request = atomic_swap(this_cpu(call_slot), NULL);
	uint32_t caller;

	if (!request)
		return;
	request->function(request->argument);
	caller = request->caller;
	/* The last access: the request is on the caller's stack. The caller says that it sleeps,
	 * then looks at this number. */
	if (atomic_fetch_subtract_ordered(&request->pending, 1) == 1 &&
	    atomic_load_ordered(per_cpu(call_sleeps, caller)))
		cpu_kick(caller);
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
	apic_send(cpu_entry(cpu)->apic_id, APIC_FIXED | VECTOR_CALL);
}

/* Until all have answered: awake for as long as a CPU that runs would need, then asleep. */
static void call_wait(struct call_request *request)
{
	uint64_t start = clock_cycles(), limit = clock_frequency_hz() / 1000000 * CALL_SPIN_US;
	uint32_t *sleeps = per_cpu(call_sleeps, request->caller);

	while (atomic_load_acquire(&request->pending)) {
		if (clock_cycles() - start < limit || !interrupts_are_enabled()) {
			cpu_relax();
			continue;
		}
		interrupts_disable();
		atomic_store_relaxed(sleeps, 1);
		atomic_fence();
		if (atomic_load_acquire(&request->pending))
			cpu_wait_for_interrupt();
		else
			interrupts_enable();
		atomic_store_relaxed(sleeps, 0);
	}
}

void cpu_call(const struct cpu_mask *mask, void (*function)(void *argument), void *argument)
{
	struct call_request request = { .function = function, .argument = argument };
	unsigned self;

	preemption_disable();
	self = cpu_current();
	request.caller = self;
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		if (cpu != self && cpu_mask_test(mask, cpu) && cpu_is_online(cpu))
			call_post(cpu, &request);
	}
	if (cpu_mask_test(mask, self)) {
		bool were_enabled = interrupts_disable();

		function(argument);
		interrupts_restore(were_enabled);
	}
	call_wait(&request);
	preemption_enable();
}

void cpu_kick(unsigned cpu)
{
	if (cpu_is_online(cpu))
		apic_send(cpu_entry(cpu)->apic_id, APIC_FIXED | VECTOR_KICK);
}

static void nmi_request(unsigned cpu, enum nmi_reason reason)
{
	if (!cpu_is_online(cpu))
		return;
	atomic_fetch_or_ordered(per_cpu(nmi_reasons, cpu), reason);
	apic_send(cpu_entry(cpu)->apic_id, APIC_NMI);
}

void cpu_request_backtrace(unsigned cpu)
{
	nmi_request(cpu, NMI_BACKTRACE);
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
			nmi_request(cpu, NMI_STOP);
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

static NORETURN void stop(const struct frame *frame)
{
	/* On this CPU's stack for such interrupts, which nothing uses any more. */
	atomic_store_release(this_cpu(stopped_frame), frame);
	cpu_mark_online(cpu_current(), false);
	machine_halt();
}

void nmi_handle(struct frame *frame)
{
	uint32_t reasons = atomic_swap(this_cpu(nmi_reasons), 0);

	if (reasons & NMI_STOP)
		stop(frame);
	/* Without a reason it is somebody's button, who wants to know where the machine hangs. */
	upcall_backtrace(frame);
}
