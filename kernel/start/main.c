/*
 * The order in which the kernel comes up, readable from top to bottom. The boot context does what
 * threads need, then becomes idle; a thread does the rest, so that it may sleep.
 */
#include "arch/boot.h"
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/upcalls.h"
#include "base/panic.h"
#include "base/test.h"
#include "capability/capability.h"
#include "device/driver.h"
#include "file/file.h"
#include "fs/dev/memory_devices.h"
#include "log/errno_name.h"
#include "log/log.h"
#include "memory/page.h"
#include "memory/pressure.h"
#include "process/process.h"
#include "random/random.h"
#include "start/provoke.h"
#include "syscall/syscall.h"
#include "task/clock/cpu_clock.h"
#include "task/deferred.h"
#include "task/futex.h"
#include "task/schedule.h"
#include "task/thread.h"
#include "terminal/terminal.h"
#include "time/clock_time.h"
#include "time/timer.h"
#include "vfs/vfs.h"

static void must(const char *what, int result)
{
	if (result < 0)
		panic("%s did not start (%s)", what, errno_name(-result));
}

static void print_test_line(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_vprint(LOG_INFO, format, arguments);
	va_end(arguments);
}

/* selftest or selftest=NAME: the unit tests in the kernel, then the end with a status. */
static void run_tests(void)
{
	char filter[32];
	int failures = 1;

	if (!boot_option(boot_information(), "selftest", filter, sizeof(filter)))
		return;
	if (test_count() > 0)
		failures = test_run(filter[0] ? filter : NULL, print_test_line);
	else
		log_fail("SELFTEST", "this kernel has no unit tests "
			 "(make TEST=1 builds one that has)");
	machine_debug_exit(failures == 0 ? 0 : 1);
	machine_power_off();
}

/* A bad archive is told and not fatal: what was unpacked until then may hold a shell. */
static void unpack_initramfs(void)
{
	const struct boot_information *boot = boot_information();

	if (boot->initramfs_bytes == 0)
		log_print(LOG_WARNING, "no initramfs was given\n");
	else if (initramfs_unpack(physical_to_virtual(boot->initramfs), boot->initramfs_bytes,
				  memory_release) < 0)
		log_print(LOG_ERROR, "the initramfs is not complete\n");
}

static void start_rest(void *unused)
{
	(void)unused;
	cpu_start_others();
	time_counters_compared();
	log_ok("CPU", "%u of %u online", cpu_online_count(), cpu_present_count());
	must("deferred work", deferred_start());
	must("reclaim", reclaim_start());
	run_tests();
	must("files", file_start());
	must("terminals", terminal_start());
	must("devices", device_start());
	console_check();
	must("memory devices", memory_devices_start());
	must("file systems", vfs_start());
	unpack_initramfs();
	must("system calls", syscall_start());
	provoke_start();
	must("the first process", process_start_init(boot_information()->command_line));
	thread_exit();
}

NORETURN void kernel_main(const struct boot_information *boot)
{
	(void)boot;
	log_start();
	memory_start();
	random_start();
	time_start();
	capability_start();
	futex_start();
	cpu_clock_start();
	must("tasks", task_start());
	must("the start thread", kernel_thread_start("start", start_rest, NULL, NULL));
	schedule_cpu_enter(0);
}

NORETURN void upcall_secondary_cpu(unsigned cpu)
{
	timer_cpu_start(cpu);
	schedule_cpu_enter(cpu);
}
