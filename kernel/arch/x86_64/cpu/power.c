/* Ending: power off, restart, halt. Every way is tried in turn, the polite ones first. */
#include "arch/boot.h"
#include "arch/clock.h"
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/x86_64/boot/firmware.h"
#include "arch/x86_64/mmu/table.h"
#include "machine/port.h"

#define DEBUG_EXIT_PORT 0xf4

/* PM1 control (ACPI 6.5, 4.8.3.2.1) and sleep control (4.8.3.7). */
#define PM1_SCI_ENABLE BIT(0)
#define PM1_SLEEP_TYPE(type) ((uint16_t)((type) << 10))
#define PM1_SLEEP_ENABLE BIT(13)
#define SLEEP_CONTROL(type) ((uint8_t)((type) << 2 | BIT(5)))

/* Where QEMU's boards and others have PM1a control when no table says so: q35, pc, Bochs. */
static const uint16_t pm1_ports_known[] = { 0x604, 0xb004, 0x4004 };

#define KEYBOARD_COMMAND 0x64
#define KEYBOARD_INPUT_FULL 0x02
#define KEYBOARD_PULSE_RESET 0xfe
#define RESET_CONTROL 0xcf9
#define RESET_COLD 0x06

#define WAIT_CYCLES (clock_frequency_hz() / 100)

static void wait_a_little(void)
{
	uint64_t start = clock_cycles();

	while (clock_cycles() - start < WAIT_CYCLES)
		cpu_relax();
}

static void register_write8(const struct acpi_register *at, uint8_t value)
{
	if (at->space == ACPI_SPACE_PORT)
		port_write8((uint16_t)at->address, value);
	else if (at->space == ACPI_SPACE_MEMORY && at->address)
		*(volatile uint8_t *)mmu_fixed_map(FIXED_RESET, at->address) = value;
}

static void pm1_sleep(const struct acpi_register *control, uint8_t type)
{
	if (control->space == ACPI_SPACE_PORT && control->address)
		port_write16((uint16_t)control->address,
			     PM1_SLEEP_TYPE(type) | (uint16_t)PM1_SLEEP_ENABLE);
}

/* Legacy hardware leaves these registers to the system management code until told otherwise. */
static void acpi_mode_enable(const struct acpi_fixed *fixed)
{
	if (!fixed->smi_command || !fixed->acpi_enable ||
	    fixed->pm1a_control.space != ACPI_SPACE_PORT)
		return;
	if (port_read16((uint16_t)fixed->pm1a_control.address) & PM1_SCI_ENABLE)
		return;
	port_write8((uint16_t)fixed->smi_command, fixed->acpi_enable);
	wait_a_little();
}

static void power_off_by_acpi(void)
{
	uint8_t types[2] = { 5, 5 };
	struct acpi_fixed fixed;
	struct acpi_table dsdt;

	if (!firmware_fixed_find(&fixed))
		return;
	if (firmware_table_find("DSDT", &dsdt) && !acpi_soft_off_parse(&dsdt, types))
		types[0] = types[1] = 5;
	if (fixed.sleep_control.space != ACPI_SPACE_NONE)
		register_write8(&fixed.sleep_control, SLEEP_CONTROL(types[0]));
	if (fixed.is_hardware_reduced)
		return;
	acpi_mode_enable(&fixed);
	pm1_sleep(&fixed.pm1a_control, types[0]);
	pm1_sleep(&fixed.pm1b_control, types[1]);
	wait_a_little();
}

void machine_debug_exit(unsigned status)
{
	port_write32(DEBUG_EXIT_PORT, status);
}

void machine_power_off(void)
{
	interrupts_disable();
	power_off_by_acpi();
	for (size_t i = 0; i < ARRAY_SIZE(pm1_ports_known); i++)
		port_write16(pm1_ports_known[i], (uint16_t)PM1_SLEEP_ENABLE);
	/* A machine without a way to power off, as microvm without ACPI, ends by a reset. */
	machine_restart();
}

static void restart_by_keyboard_controller(void)
{
	for (int i = 0; i < 1000; i++) {
		if (!(port_read8(KEYBOARD_COMMAND) & KEYBOARD_INPUT_FULL))
			break;
		cpu_relax();
	}
	port_write8(KEYBOARD_COMMAND, KEYBOARD_PULSE_RESET);
	wait_a_little();
}

/* Without gates, the first exception becomes a shutdown, which boards turn into a reset. */
static NORETURN void restart_by_triple_fault(void)
{
	struct __packed {
		uint16_t limit;
		uint64_t base;
	} none = { 0, 0 };

	__asm__ volatile("lidt %0\n\tint3" : : "m"(none));
	machine_halt();
}

void machine_restart(void)
{
	struct acpi_fixed fixed;

	interrupts_disable();
	if (firmware_fixed_find(&fixed) && fixed.reset.space != ACPI_SPACE_NONE) {
		register_write8(&fixed.reset, fixed.reset_value);
		wait_a_little();
	}
	port_write8(RESET_CONTROL, RESET_COLD);
	wait_a_little();
	restart_by_keyboard_controller();
	restart_by_triple_fault();
}

void machine_halt(void)
{
	for (;;)
		__asm__ volatile("cli\n\thlt");
}
