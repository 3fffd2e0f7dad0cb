/* CPUs and their clocks on the host: one thread plays all CPUs, time is a number. */
#include "arch/cpu.h"

#include <stdio.h>
#include <stdlib.h>

#include "arch/boot.h"
#include "arch/clock.h"
#include "arch/context.h"
#include "arch/interrupt.h"
#include "base/errno.h"
#include "base/format.h"
#include "base/panic.h"
#include "base/string.h"

static struct context boot_context;
_Thread_local unsigned host_cpu;
_Thread_local bool host_interrupts_enabled;
_Thread_local struct context *host_context = &boot_context;
uint64_t host_clock_cycles = 1;

uintptr_t host_per_cpu_offsets[HOST_CPU_LIMIT];

static unsigned online_count = 1;

/* Keeps the copies reachable for the leak checker, which does not add offsets. */
static char *per_cpu_copies[HOST_CPU_LIMIT];

/* Makes the section exist, so that the linker names its ends. */
static DEFINE_PER_CPU(uint64_t, per_cpu_marker) USED;

__attribute__((constructor)) static void per_cpu_copy(void)
{
	size_t size = (size_t)(__stop_host_per_cpu - __start_host_per_cpu);

	for (unsigned cpu = 1; cpu < HOST_CPU_LIMIT; cpu++) {
		char *copy = aligned_alloc(4096, align_up(size, 4096));

		if (!copy)
			abort();
		memcpy(copy, __start_host_per_cpu, size);
		per_cpu_copies[cpu] = copy;
		host_per_cpu_offsets[cpu] = (uintptr_t)copy - (uintptr_t)__start_host_per_cpu;
	}
}

/* When each CPU's alarm fires; 0: not armed. */
static uint64_t alarms[HOST_CPU_LIMIT];

void upcall_alarm(void) WEAK;

void host_cpu_set(unsigned cpu)
{
	host_cpu = cpu;
	host_context->cpu = cpu;
	if (cpu >= online_count)
		online_count = cpu + 1;
}

unsigned cpu_count(void)
{
	return HOST_CPU_LIMIT;
}

unsigned cpu_online_count(void)
{
	return online_count;
}

bool cpu_is_online(unsigned cpu)
{
	return cpu < online_count;
}

void cpu_online_mask(struct cpu_mask *mask)
{
	cpu_mask_clear_all(mask);
	for (unsigned cpu = 0; cpu < online_count; cpu++)
		cpu_mask_set(mask, cpu);
}

void cpu_start_others(void)
{
	online_count = HOST_CPU_LIMIT;
}

void cpu_call(const struct cpu_mask *mask, void (*function)(void *argument), void *argument)
{
	unsigned caller = host_cpu;
	bool were_enabled = interrupts_disable();

	for (unsigned cpu = 0; cpu < online_count; cpu++) {
		if (!cpu_mask_test(mask, cpu))
			continue;
		host_cpu = cpu;
		function(argument);
	}
	host_cpu = caller;
	interrupts_restore(were_enabled);
}

/* Nothing runs beside the caller, so there is nobody to interrupt. */
void cpu_kick(unsigned cpu)
{
	(void)cpu;
}

void cpu_stop_others(void)
{
}

const struct frame *cpu_stopped_frame(unsigned cpu)
{
	(void)cpu;
	return NULL;
}

void cpu_request_backtrace(unsigned cpu)
{
	(void)cpu;
}

void cpu_describe(unsigned cpu, struct format_sink *sink)
{
	format_to(sink, "processor\t: %u\nmodel name\t: host\n\n", cpu);
}

uint64_t cpu_hwcap(void)
{
	return 0;
}

uint64_t cpu_hwcap2(void)
{
	return 0;
}

const char *cpu_platform(void)
{
	return "host";
}

bool cpu_random(uint64_t *value)
{
	(void)value;
	return false;
}

uint64_t clock_frequency_hz(void)
{
	return HOST_CLOCK_HZ;
}

bool clock_is_reliable(void)
{
	return true;
}

const char *clock_describe(void)
{
	return "virtual time";
}

void clock_alarm_arm(uint64_t cycles)
{
	alarms[host_cpu] = host_clock_cycles + cycles;
}

void clock_alarm_cancel(void)
{
	alarms[host_cpu] = 0;
}

/* The CPU whose alarm is due first, at or before `limit`; HOST_CPU_LIMIT if none is. */
static unsigned alarm_due(uint64_t limit)
{
	unsigned found = HOST_CPU_LIMIT;

	for (unsigned cpu = 0; cpu < HOST_CPU_LIMIT; cpu++) {
		if (!alarms[cpu] || alarms[cpu] > limit)
			continue;
		if (found == HOST_CPU_LIMIT || alarms[cpu] < alarms[found])
			found = cpu;
	}
	return found;
}

void host_clock_advance(uint64_t cycles)
{
	uint64_t end = host_clock_cycles + cycles;
	unsigned caller = host_cpu;
	unsigned cpu;

	while ((cpu = alarm_due(end)) != HOST_CPU_LIMIT) {
		if (host_clock_cycles < alarms[cpu])
			host_clock_cycles = alarms[cpu];
		alarms[cpu] = 0;
		if (!upcall_alarm)
			continue;
		bool were_enabled = interrupts_disable();

		host_cpu = cpu;
		upcall_alarm();
		host_cpu = caller;
		interrupts_restore(were_enabled);
	}
	host_clock_cycles = end;
}

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

unsigned cpu_physical_bits(void)
{
	return 48;
}

void interrupt_message(unsigned cpu, unsigned number, uint64_t *address, uint32_t *data)
{
	(void)cpu;
	*address = 0;
	*data = number;
}

void interrupt_end(unsigned number)
{
	(void)number;
}

uint64_t interrupt_kind_count(unsigned cpu, enum interrupt_kind kind)
{
	(void)cpu;
	(void)kind;
	return 0;
}

uint64_t interrupt_cpu_identity(unsigned cpu)
{
	return cpu;
}

void boot_console_write(const char *text, size_t length)
{
	fwrite(text, 1, length, stderr);
}

void machine_power_off(void)
{
	exit(0);
}

void machine_restart(void)
{
	exit(0);
}

void machine_halt(void)
{
	abort();
}

void machine_debug_exit(unsigned status)
{
	exit((int)status);
}
