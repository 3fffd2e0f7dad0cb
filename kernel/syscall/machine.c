/*
 * Calls about the machine: its names, load, random bytes and end.
 */
#include "arch/boot.h"
#include "arch/program.h"
#include "base/format.h"
#include "device/driver.h"
#include "log/log.h"
#include "memory/heap.h"
#include "memory/page.h"
#include "random/random.h"
#include "syscall/support.h"
#include "task/credentials.h"
#include "task/system_name.h"
#include "task/thread.h"
#include "vfs/permission.h"

/* personality(2): programs that build for 32 bits want to be told of such a machine. */
#define PERSONALITY_MASK 0xff
#define PERSONALITY_LINUX32 8

static bool is_for_32_bits(uint32_t personality)
{
	return (personality & PERSONALITY_MASK) == PERSONALITY_LINUX32;
}

long sys_uname(user_address_t address)
{
	struct new_utsname *name = heap_allocate(sizeof(*name), HEAP_PATIENT);
	int result;

	if (!name)
		return -ENOMEM;
	system_name_read(name);
	if (LAYOUT_NAME_32 && is_for_32_bits(process_current()->personality))
		strlcpy(name->machine, LAYOUT_NAME_32, sizeof(name->machine));
	result = user_copy_out(address, name, sizeof(*name));
	heap_free(name);
	return result;
}

static long name_set(user_address_t address, int length, bool is_domain)
{
	char name[SYSTEM_NAME_MAXIMUM + 1] = { 0 };

	if (!privilege_is_effective(PRIVILEGE_SYS_ADMIN))
		return -EPERM;
	if (length < 0 || length > SYSTEM_NAME_MAXIMUM)
		return -EINVAL;
	if (user_copy_in(name, address, length) < 0)
		return -EFAULT;
	if (is_domain)
		system_domain_name_set(name);
	else
		system_host_name_set(name);
	return 0;
}

long sys_sethostname(user_address_t name, int length)
{
	return name_set(name, length, false);
}

long sys_setdomainname(user_address_t name, int length)
{
	return name_set(name, length, true);
}

#define LOAD_FRACTION_BITS 11
#define SYSINFO_LOAD_SHIFT 16

long sys_sysinfo(struct sysinfo *information)
{
	struct memory_statistics memory;
	struct schedule_statistics schedule;

	memory_statistics_read(&memory);
	schedule_statistics_read(&schedule);
	information->uptime = time_boot_ns() / NANOSECONDS_PER_SECOND;
	for (int i = 0; i < 3; i++)
		information->loads[i] = schedule.load_average[i] <<
			(SYSINFO_LOAD_SHIFT - LOAD_FRACTION_BITS);
	information->totalram = memory.total * PAGE_SIZE;
	information->freeram = memory.free * PAGE_SIZE;
	information->sharedram = memory.shared * PAGE_SIZE;
	information->procs = min(schedule.threads, (uint64_t)UINT16_MAX);
	information->mem_unit = 1;
	return 0;
}

long sys_getrandom(struct transfer *buffer, unsigned flags)
{
	uint8_t block[256];
	long done = 0;

	if (flags & ~(unsigned)(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	if ((flags & GRND_RANDOM) && (flags & GRND_INSECURE))
		return -EINVAL;
	while (transfer_remaining(buffer) > 0) {
		size_t part = min(transfer_remaining(buffer), (uint64_t)sizeof(block));
		size_t moved;

		random_bytes(block, part);
		moved = transfer_to_place(buffer, block, part);
		done += moved;
		if (moved < part)
			return done ? done : -EFAULT;
		blocking_yield_point();
		if (done >= 256 && signal_is_pending())
			break;
	}
	return done;
}

long sys_personality(unsigned persona)
{
	struct process *process = process_current();
	uint32_t old = process->personality;

	if (!LAYOUT_NAME_32 && is_for_32_bits(persona))
		return -EINVAL;
	if (persona != UINT32_MAX)
		process->personality = persona;
	return old;
}

long sys_reboot(unsigned magic, unsigned magic2, unsigned command, user_address_t argument)
{
	(void)argument;
	if (!privilege_is_held(PRIVILEGE_SYS_BOOT))
		return -EPERM;
	if (magic != LINUX_REBOOT_MAGIC1 ||
	    (magic2 != LINUX_REBOOT_MAGIC2 && magic2 != LINUX_REBOOT_MAGIC2A &&
	     magic2 != LINUX_REBOOT_MAGIC2B && magic2 != LINUX_REBOOT_MAGIC2C))
		return -EINVAL;
	switch (command) {
	case LINUX_REBOOT_CMD_CAD_ON:
	case LINUX_REBOOT_CMD_CAD_OFF:
		return 0;	/* no keyboard ends the machine here */
	case LINUX_REBOOT_CMD_RESTART:
	case LINUX_REBOOT_CMD_RESTART2:
		log_print(LOG_NOTICE, "reboot: restarting\n");
		(void)device_quiesce_all();
		machine_restart();
	case LINUX_REBOOT_CMD_POWER_OFF:
		log_print(LOG_NOTICE, "reboot: power off\n");
		(void)device_quiesce_all();
		machine_power_off();
	case LINUX_REBOOT_CMD_HALT:
		log_print(LOG_NOTICE, "reboot: halted\n");
		(void)device_quiesce_all();
		machine_halt();
	default:
		return -EINVAL;
	}
}

long sys_arch_prctl(int code, unsigned long argument)
{
	return context_machine_control(code, argument);
}
