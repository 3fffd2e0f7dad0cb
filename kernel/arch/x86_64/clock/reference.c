/* HPET, the ACPI timer and the old timer chip as rulers. */
#include "arch/x86_64/clock/reference.h"

#include "arch/x86_64/boot/firmware.h"
#include "arch/x86_64/mmu/table.h"
#include "machine/port.h"

/* IA-PC HPET specification 1.0a, 2.3. */
#define HPET_CAPABILITIES 0x000
#define HPET_CONFIGURATION 0x010
#define HPET_COUNTER 0x0f0
#define HPET_ENABLE BIT(0)
#define HPET_PERIOD_MAXIMUM_FS 100000000

#define FEMTOSECONDS_PER_SECOND UINT64_C(1000000000000000)
#define PM_TIMER_HZ 3579545

/* Intel 8254, channel 2, whose gate is at port 0x61. */
#define PIT_HZ 1193182
#define PIT_CHANNEL_2 0x42
#define PIT_COMMAND 0x43
#define PIT_GATE 0x61
#define PIT_LATCH_CHANNEL_2 0x80
#define PIT_CHANNEL_2_RATE 0xb4		/* both bytes, mode 2 */

static volatile uint32_t *hpet_registers;
static uint16_t pm_timer_port;

static uint64_t hpet_read(void)
{
	return hpet_registers[HPET_COUNTER / 4];
}

static bool hpet_find(struct clock_reference *reference)
{
	struct acpi_register registers;
	struct acpi_table table;
	uint32_t period_fs;

	if (!firmware_table_find("HPET", &table) || !acpi_hpet_parse(&table, &registers))
		return false;
	hpet_registers = mmu_fixed_map(FIXED_HPET, registers.address);
	period_fs = hpet_registers[HPET_CAPABILITIES / 4 + 1];
	if (period_fs == 0 || period_fs > HPET_PERIOD_MAXIMUM_FS)
		return false;
	hpet_registers[HPET_CONFIGURATION / 4] |= HPET_ENABLE;
	*reference = (struct clock_reference){
		.name = "HPET",
		.read = hpet_read,
		.frequency_hz = FEMTOSECONDS_PER_SECOND / period_fs,
		.mask = UINT32_MAX,
		.duration_us = 4000,
	};
	return true;
}

static uint64_t pm_timer_read(void)
{
	return port_read32(pm_timer_port);
}

static bool pm_timer_find(struct clock_reference *reference)
{
	struct acpi_fixed fixed;

	if (!firmware_fixed_find(&fixed) || fixed.pm_timer.space != ACPI_SPACE_PORT)
		return false;
	pm_timer_port = (uint16_t)fixed.pm_timer.address;
	*reference = (struct clock_reference){
		.name = "ACPI timer",
		.read = pm_timer_read,
		.frequency_hz = PM_TIMER_HZ,
		.mask = fixed.timer_is_32_bits ? UINT32_MAX : 0xffffff,
		.duration_us = 10000,
	};
	return true;
}

/* Counts down and wraps; what is wanted counts up. */
static uint64_t pit_read(void)
{
	uint32_t low;

	port_write8(PIT_COMMAND, PIT_LATCH_CHANNEL_2);
	low = port_read8(PIT_CHANNEL_2);
	return 0xffff - (low | (uint32_t)port_read8(PIT_CHANNEL_2) << 8);
}

static bool pit_find(struct clock_reference *reference)
{
	uint64_t before;

	port_write8(PIT_GATE, (port_read8(PIT_GATE) & 0xfc) | 1);
	port_write8(PIT_COMMAND, PIT_CHANNEL_2_RATE);
	port_write8(PIT_CHANNEL_2, 0);
	port_write8(PIT_CHANNEL_2, 0);
	before = pit_read();
	*reference = (struct clock_reference){
		.name = "PIT",
		.read = pit_read,
		.frequency_hz = PIT_HZ,
		.mask = 0xffff,
		.duration_us = 10000,
	};
	/* Where there is no such chip, it stands still. */
	for (int i = 0; i < 1000; i++) {
		if (pit_read() != before)
			return true;
	}
	return false;
}

bool clock_reference_find(struct clock_reference *reference)
{
	return hpet_find(reference) || pm_timer_find(reference) || pit_find(reference);
}
