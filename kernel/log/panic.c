/*
 * The end of the machine, told as fully as possible: message, backtrace of every CPU, then restart,
 * exit of the emulator, or halt. Takes no lock; whatever was held is passed by.
 */
#include "base/panic.h"

#include "arch/boot.h"
#include "arch/clock.h"
#include "arch/context.h"
#include "arch/cpu.h"
#include "arch/upcalls.h"
#include "base/atomic.h"
#include "base/format.h"
#include "log/log.h"
#include "log/symbol.h"
#include "sync/lock_check.h"

/* isa-debug-exit turns it into process status 2 * 1 + 1. */
#define PANIC_EXIT_STATUS 1
#define BACKTRACE_PATIENCE_MS 200

static uint32_t panicking_cpu;		/* 1 + CPU of the first that came */
static uint32_t backtraces_printed;
static bool has_printed_all;		/* what cpu_stop_others() asks for is known already */
static bool has_nested;
static char message[256];

void upcall_backtrace(const struct frame *frame)
{
	/* CPUs answer one after the other in a panic, which waits for each. Otherwise lines of two
	 * CPUs may mix, each line whole. */
	size_t offset;
	const char *name = symbol_find(frame_program_counter(frame), &offset);

	if (has_printed_all)
		return;
	log_print_always(LOG_EMERGENCY, "CPU %u at %016llx  %s+0x%zx%s", context_current()->cpu,
			 (unsigned long long)frame_program_counter(frame), name, offset,
			 frame_is_user(frame) ? " (program)" : "");
	if (!frame_is_user(frame))
		backtrace_print(frame_frame_pointer(frame));
	atomic_fetch_add_ordered(&backtraces_printed, 1);
}

static void wait_ms(uint64_t milliseconds, bool (*is_over)(uint32_t), uint32_t argument)
{
	uint64_t start = clock_cycles();
	uint64_t limit = clock_frequency_hz() / 1000 * milliseconds;

	while (clock_cycles() - start < limit && !(is_over && is_over(argument)))
		cpu_relax();
}

static bool has_printed(uint32_t wanted)
{
	return atomic_load_acquire(&backtraces_printed) != wanted;
}

static void print_other_cpus(unsigned self)
{
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		uint32_t before = atomic_load_acquire(&backtraces_printed);

		if (cpu == self || !cpu_is_online(cpu))
			continue;
		cpu_request_backtrace(cpu);
		wait_ms(BACKTRACE_PATIENCE_MS, has_printed, before);
		if (!has_printed(before))
			log_print_always(LOG_EMERGENCY, "CPU %u does not answer", cpu);
	}
}

/* panic=: seconds before the restart, negative: at once, 0 or absent: stop for ever. */
static long restart_delay_s(void)
{
	char value[8];
	long seconds = 0;
	const char *digit = value;

	if (!boot_option(boot_information(), "panic", value, sizeof(value)))
		return 0;
	if (*digit == '-')
		return -1;
	while (*digit >= '0' && *digit <= '9')
		seconds = seconds * 10 + (*digit++ - '0');
	return seconds;
}

static NORETURN void finish(void)
{
	long delay_s = restart_delay_s();

	/* Returns where there is no such device: only test machines have one. */
	machine_debug_exit(PANIC_EXIT_STATUS);
	if (delay_s == 0)
		machine_halt();
	if (delay_s > 0)
		wait_ms((uint64_t)delay_s * 1000, NULL, 0);
	machine_restart();
}

/* The second panic of a CPU means that reporting itself fails: say no more than that. */
static NORETURN void panic_again(void)
{
	static const char text[] = "\npanic while panicking\n";

	if (!has_nested) {
		has_nested = true;
		boot_console_write(text, sizeof(text) - 1);
	}
	finish();
}

void panic(const char *format, ...)
{
	unsigned cpu = context_current()->cpu;
	uint32_t nobody = 0;
	va_list arguments;

	interrupts_disable();
	if (!atomic_compare_swap(&panicking_cpu, &nobody, cpu + 1)) {
		if (nobody == cpu + 1)
			panic_again();
		/* Another CPU was first; it will ask for our backtrace and stop us. */
		for (;;)
			cpu_relax();
	}
	log_enter_panic();
	context_current()->locks = NULL;
	va_start(arguments, format);
	format_vprint(message, sizeof(message), format, arguments);
	va_end(arguments);
	log_print_always(LOG_EMERGENCY, "[KERNEL] PANIC on CPU %u: %s", cpu, message);
	backtrace_print(cpu_frame_pointer());
	print_other_cpus(cpu);
	has_printed_all = true;
	cpu_stop_others();
	finish();
}

void warn(const char *format, ...)
{
	va_list arguments;
	char text[192];

	va_start(arguments, format);
	format_vprint(text, sizeof(text), format, arguments);
	va_end(arguments);
	log_print_always(LOG_ERROR, "[KERNEL] WARNING on CPU %u: %s", context_current()->cpu, text);
	backtrace_print(cpu_frame_pointer());
}
