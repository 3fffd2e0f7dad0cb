/*
 * What PC-like machines have: devices that static tables name (IOAPIC, HPET, the fixed timer, the
 * console port), and those that a PC has at fixed ports, which tables do not list. Without any
 * tables (microvm) the fixed ones are all there is; their drivers look whether they answer.
 */
#include "base/errno.h"
#include "base/format.h"
#include "device/acpi_bus.h"

#define ISA_INTERRUPTS 16
#define IO_APIC_DEFAULT 0xfec00000u	/* where every PC has the first */
#define IO_APIC_BYTES 0x1000
#define HPET_BYTES 0x400
#define UART_PORTS 8
#define CMOS_PORT 0x70
#define CMOS_PORTS 2
#define CMOS_INTERRUPT 8
#define FADT_NO_CMOS BIT(5)		/* IAPC_BOOT_ARCH, ACPI 5.2.9.3 */

/* Flags of MADT interrupt overrides, ACPI 5.2.12.5 (MPS INTI flags). */
#define INTI_POLARITY_MASK 0x3
#define INTI_ACTIVE_LOW 0x3
#define INTI_TRIGGER_MASK 0xc
#define INTI_LEVEL 0xc

struct isa_wire {
	uint32_t line, trigger;
};

/* Where the sixteen interrupts of old devices are wired to. Written at start only. */
static struct isa_wire isa_wires[ISA_INTERRUPTS];

static const struct {
	const char *name;
	uint16_t port, isa_interrupt;
} serial_ports[] = {
	{ "com1", 0x3f8, 4 }, { "com2", 0x2f8, 3 }, { "com3", 0x3e8, 4 }, { "com4", 0x2e8, 3 },
};

static void wire_connect(struct acpi_device *device, unsigned isa_interrupt)
{
	device->has_lines = true;
	device->line_first = isa_wires[isa_interrupt].line;
	device->line_count = 1;
	device->trigger = isa_wires[isa_interrupt].trigger;
}

/* The range of lines begins here; the driver finds out how many there are. */
static int io_apic_add(physical_t address, uint32_t first_line, unsigned index)
{
	char name[32];

	format_print(name, sizeof(name), "ioapic%u", index);
	return acpi_device_add(&(struct acpi_device){
		.name = name, .identity = "ACPI000A", .start = address, .length = IO_APIC_BYTES,
		.has_lines = true, .line_first = first_line,
	});
}

static void override_apply(const struct acpi_madt_entry *entry)
{
	struct isa_wire *wire;

	if (entry->source >= ISA_INTERRUPTS)
		return;
	wire = &isa_wires[entry->source];
	wire->line = entry->interrupt_base;
	if ((entry->flags & INTI_TRIGGER_MASK) == INTI_LEVEL)
		wire->trigger = TRIGGER_LEVEL;
	if ((entry->flags & INTI_POLARITY_MASK) == INTI_ACTIVE_LOW)
		wire->trigger |= TRIGGER_ACTIVE_LOW;
}

static int interrupts_add(void)
{
	struct acpi_madt_entry entry;
	struct acpi_table madt;
	size_t offset = 0;
	unsigned count = 0;
	int result = 0;

	for (unsigned i = 0; i < ISA_INTERRUPTS; i++)
		isa_wires[i] = (struct isa_wire){ .line = i, .trigger = TRIGGER_EDGE };
	if (!acpi_table_find("APIC", &madt))
		return io_apic_add(IO_APIC_DEFAULT, 0, 0);
	while (result == 0 && acpi_madt_next(&madt, &offset, &entry)) {
		if (entry.kind == ACPI_MADT_IO_APIC)
			result = io_apic_add(entry.address, entry.interrupt_base, count++);
		else if (entry.kind == ACPI_MADT_OVERRIDE)
			override_apply(&entry);
	}
	return result;
}

static enum resource_kind kind_of(const struct acpi_register *registers)
{
	return registers->space == ACPI_SPACE_PORT ? RESOURCE_PORT : RESOURCE_MEMORY;
}

static int hpet_add(void)
{
	struct acpi_register registers;
	struct acpi_table table;
	struct acpi_device device = {
		.name = "hpet", .identity = "PNP0103", .length = HPET_BYTES,
	};

	if (!acpi_table_find("HPET", &table) || !acpi_hpet_parse(&table, &registers))
		return 0;
	device.kind = kind_of(&registers);
	device.start = registers.address;
	return acpi_device_add(&device);
}

/* The timer and the clock chip, as far as the fixed description does not deny them. */
static int fixed_add(void)
{
	struct acpi_device timer = { .name = "pm_timer", .identity = "PNP0C08", .length = 4 };
	struct acpi_device cmos = {
		.name = "cmos", .identity = "PNP0B00", .kind = RESOURCE_PORT, .start = CMOS_PORT,
		.length = CMOS_PORTS,
	};
	struct acpi_table table;
	struct acpi_fixed fixed;
	bool has_fixed = acpi_table_find("FACP", &table) && acpi_fixed_parse(&table, &fixed);
	int result = 0;

	if (has_fixed && fixed.pm_timer.address && fixed.pm_timer.space != ACPI_SPACE_NONE) {
		timer.kind = kind_of(&fixed.pm_timer);
		timer.start = fixed.pm_timer.address;
		result = acpi_device_add(&timer);
	}
	wire_connect(&cmos, CMOS_INTERRUPT);
	if (result == 0 && !(has_fixed && (fixed.boot_flags & FADT_NO_CMOS)))
		result = acpi_device_add(&cmos);
	return result;
}

/* The console that firmware used, unless it is one of the ports every PC has. */
static int console_add(void)
{
	struct acpi_table table;
	struct acpi_console console;
	struct acpi_device device = {
		.name = "console", .identity = "PNP0501", .length = UART_PORTS,
	};

	if (!acpi_table_find("SPCR", &table) || !acpi_console_parse(&table, &console) ||
	    console.interface > 1)
		return 0;
	device.kind = kind_of(&console.registers);
	device.start = console.registers.address;
	if (device.kind == RESOURCE_PORT && console.interrupt < ISA_INTERRUPTS)
		wire_connect(&device, console.interrupt);
	for (size_t i = 0; i < ARRAY_SIZE(serial_ports); i++) {
		if (device.kind == RESOURCE_PORT && device.start == serial_ports[i].port)
			return 0;
	}
	return acpi_device_add(&device);
}

static int serial_add(void)
{
	int result = 0;

	for (size_t i = 0; i < ARRAY_SIZE(serial_ports) && result == 0; i++) {
		struct acpi_device device = {
			.name = serial_ports[i].name, .identity = "PNP0501",
			.kind = RESOURCE_PORT, .start = serial_ports[i].port, .length = UART_PORTS,
		};

		wire_connect(&device, serial_ports[i].isa_interrupt);
		result = acpi_device_add(&device);
	}
	return result == 0 ? console_add() : result;
}

/* Where firmware has led the four pins of PCI: to the wires of old devices, which is what it writes
 * into each function of a PC. What the tables say of other wires is in bytecode. */
int acpi_pci_interrupt_find(struct device *bridge, unsigned slot_function, unsigned pin,
			    uint8_t wire, uint32_t *line, uint32_t *trigger)
{
	(void)bridge;
	(void)slot_function;
	(void)pin;
	if (wire == 0 || wire >= ISA_INTERRUPTS)
		return -ENOENT;
	*line = isa_wires[wire].line;
	/* Edges are what wires of old devices have without an override, but these are shared. */
	*trigger = (isa_wires[wire].trigger & TRIGGER_ACTIVE_LOW) | TRIGGER_LEVEL;
	return 0;
}

/* Without a table of host bridges: what a PC has at fixed ports, if it answers. */
static int pci_add(void)
{
	const struct acpi_device ports = {
		.name = "pci", .identity = "PNP0A03", .kind = RESOURCE_PORT, .start = 0xcf8,
		.length = 8,
	};
	struct acpi_table mcfg;

	return acpi_table_find("MCFG", &mcfg) ? 0 : acpi_pci_host_add(&ports, 0, UINT8_MAX);
}

int acpi_machine_add(void)
{
	int result = interrupts_add();

	if (result == 0)
		result = hpet_add();
	if (result == 0)
		result = fixed_add();
	if (result == 0)
		result = serial_add();
	return result == 0 ? pci_add() : result;
}
