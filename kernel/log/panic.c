/*
 * The end of the machine, told as fully as possible: the other CPUs are stopped where they are,
 * message and backtrace of every CPU are printed, then restart, exit of the emulator, or halt.
 * Takes no lock; whatever was held is passed by.
 */
#include "base/panic.h"

#include "arch/boot.h"
#include "arch/clock.h"
#include "arch/context.h"
#include "arch/cpu.h"
#include "arch/upcalls.h"
#include "base/atomic.h"
#include "base/format.h"
#include "base/parse.h"
#include "base/string.h"
#include "log/log.h"
#include "log/symbol.h"
#include "sync/blocking.h"
#include "sync/lock_check.h"

/* isa-debug-exit turns it into process status 2 * 1 + 1. */
#define PANIC_EXIT_STATUS 1
#define RESTART_DELAY_MAXIMUM_S 86400

static uint32_t panicking_cpu;		/* 1 + CPU of the first that came */

/* The panic of a CPU that was not the first. Its stack, where this lies, stays as it is. */
struct late_panic {
	const struct frame *frame;
	virtual_t frame_pointer;
	char message[120];
};
static DEFINE_PER_CPU(const struct late_panic *, late_panic);
static unsigned nested_count;
static bool is_message_printed;
static char message[400];		/* shorter than a line of the log */

/* Where a CPU is, and how it came there. */
static void print_cpu(unsigned cpu, const struct frame *frame)
{
	virtual_t address = (virtual_t)frame_program_counter(frame);
	size_t offset;
	const char *name;

	if (frame_is_user(frame)) {
		log_print_always(LOG_EMERGENCY, "CPU %u at %016lx  in its program", cpu,
				 (unsigned long)address);
		return;
	}
	name = symbol_find(address, &offset);
	log_print_always(LOG_EMERGENCY, "CPU %u at %016lx  %s+0x%zx", cpu,
			 (unsigned long)address, name, offset);
	backtrace_print(frame_frame_pointer(frame));
}

void upcall_backtrace(const struct frame *frame)
{
	/* Lines of two CPUs may mix, each line whole. */
	print_cpu(context_current()->cpu, frame);
}

static void print_late(unsigned cpu, const struct late_panic *late)
{
	log_print_always(LOG_EMERGENCY, "CPU %u panics, too: %s", cpu, late->message);
	if (late->frame)
		print_cpu(cpu, late->frame);
	else
		backtrace_print(late->frame_pointer);
}

static void print_other_cpus(unsigned self)
{
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		const struct late_panic *late = atomic_load_acquire(per_cpu(late_panic, cpu));
		const struct frame *frame = cpu_stopped_frame(cpu);

		if (late)
			print_late(cpu, late);
		else if (frame)
			print_cpu(cpu, frame);
		else if (cpu != self && cpu_is_online(cpu))
			log_print_always(LOG_EMERGENCY, "CPU %u does not answer", cpu);
	}
}

static void wait_s(uint64_t seconds)
{
	uint64_t start = clock_cycles();

	while (clock_cycles() - start < clock_frequency_hz() * seconds)
		cpu_relax();
}

/* panic=: seconds before the restart, negative: at once, 0, absent or no number: stop for ever. */
static long restart_delay_s(void)
{
	char value[16];
	uint64_t seconds;

	if (!boot_option(boot_information(), "panic", value, sizeof(value)))
		return 0;
	if (value[0] == '-')
		return -1;
	if (parse_unsigned(value, 10, &seconds) < 0)
		return 0;
	return (long)min(seconds, (uint64_t)RESTART_DELAY_MAXIMUM_S);
}

static void print_plainly(const char *text)
{
	boot_console_write(text, strlen(text));
}

/* Whoever looks at the screen must not wait for more. */
static void print_stopped(void)
{
	static const char text[] = "the machine has stopped; restart it\n";

	/* Where a second panic came, the log itself may be what fails. */
	if (nested_count == 0)
		log_print_always(LOG_EMERGENCY, "%s", text);
	else
		print_plainly(text);
}

static NORETURN void finish(void)
{
	long delay_s = restart_delay_s();

	/* Returns where there is no such device: only test machines have one. */
	machine_debug_exit(PANIC_EXIT_STATUS);
	if (delay_s == 0) {
		print_stopped();
		machine_halt();
	}
	if (delay_s > 0)
		wait_s((uint64_t)delay_s);
	machine_restart();
}

/* The second panic of a CPU means that reporting itself fails: no more than what happened first.
 * After a third, nothing at all is safe. */
static NORETURN void panic_again(void)
{
	if (++nested_count > 1) {
		machine_debug_exit(PANIC_EXIT_STATUS);
		machine_halt();
	}
	if (!is_message_printed) {
		print_plainly("\n[KERNEL] PANIC: ");
		print_plainly(message);
	}
	print_plainly("\npanic while panicking\n");
	finish();
}

static void print_thread(void)
{
	char name[32];
	int32_t id = blocking_describe(name, sizeof(name));

	if (id >= 0)
		log_print_always(LOG_EMERGENCY, "in thread %d (%s)", id, name);
}

/* Another CPU was first, and will tell of this one and stop it. */
static NORETURN void panic_late(const struct frame *frame, const char *format, va_list arguments)
{
	struct late_panic late = { .frame = frame, .frame_pointer = cpu_frame_pointer() };

	format_vprint(late.message, sizeof(late.message), format, arguments);
	atomic_store_release(this_cpu(late_panic), &late);
	for (;;)
		cpu_relax();
}

/* `frame` is where it happened, NULL: at the caller. */
static NORETURN void panic_print(const struct frame *frame, const char *format, va_list arguments)
{
	unsigned cpu = context_current()->cpu;
	uint32_t nobody = 0;

	interrupts_disable();
	if (!atomic_compare_swap(&panicking_cpu, &nobody, cpu + 1)) {
		if (nobody == cpu + 1)
			panic_again();
		panic_late(frame, format, arguments);
	}
	context_current()->locks = NULL;
	format_vprint(message, sizeof(message), format, arguments);
	cpu_stop_others();
	log_enter_panic();
	log_print_always(LOG_EMERGENCY, "[KERNEL] PANIC on CPU %u: %s", cpu, message);
	is_message_printed = true;
	print_thread();
	if (frame)
		print_cpu(cpu, frame);
	else
		backtrace_print(cpu_frame_pointer());
	print_other_cpus(cpu);
	finish();
}

void panic(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	panic_print(NULL, format, arguments);
}

void panic_at(const struct frame *frame, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	panic_print(frame, format, arguments);
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
