/*
 * The root bus of PC-like machines: devices that ACPI's static tables name (IOAPIC, HPET, the fixed
 * timer, the console port), and those that a PC has at fixed ports, which tables do not list.
 * Without any tables (microvm) the fixed ones are all there is; their drivers look whether they
 * answer.
 */
#include "arch/boot.h"
#include "arch/port.h"
#include "base/errno.h"
#include "base/format.h"
#include "base/string.h"
#include "device/internal.h"
#include "device/pci/pci.h"
#include "device/virtio/option.h"
#include "firmware/acpi.h"
#include "memory/heap.h"

#define ISA_INTERRUPTS 16
#define IO_APIC_DEFAULT 0xfec00000u	/* where every PC has the first */
#define IO_APIC_BYTES 0x1000
#define HPET_BYTES 0x400
#define UART_PORTS 8
#define PCI_BUS_BYTES BIT(20)		/* of configuration space in memory */
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

struct firmware_device {
	const char *name, *identity;
	enum resource_kind kind;
	uint64_t start, length;
	int isa_interrupt;		/* -1: none */
};

static bool table_find(const char *signature, struct acpi_table *table)
{
	table->bytes = boot_firmware_table(signature, &table->length);
	return table->bytes != NULL;
}

static int firmware_device_describe(struct device *device,
				    const struct firmware_device *description)
{
	const struct isa_wire *wire;
	int result = device_identity_add(device, IDENTITY_FIRMWARE, 0, description->identity);

	if (result == 0)
		result = device_resource_add(device, description->kind, description->start,
					     description->length, 0);
	if (result == 0 && description->isa_interrupt >= 0) {
		wire = &isa_wires[description->isa_interrupt];
		result = device_resource_add(device, RESOURCE_INTERRUPT, wire->line, 1,
					     wire->trigger);
	}
	return result;
}

/* Describes and publishes; what memory does not allow is left out and reported. */
static int firmware_device_add(const struct firmware_device *description)
{
	struct device *device = device_create(NULL, description->name);
	int result;

	if (!device)
		return -ENOMEM;
	result = firmware_device_describe(device, description);
	return result == 0 ? device_publish(device) : result;
}

static int io_apic_add(physical_t address, uint32_t first_line, unsigned index)
{
	struct device *device;
	char name[32];
	int result;

	format_print(name, sizeof(name), "ioapic%u", index);
	device = device_create(NULL, name);
	if (!device)
		return -ENOMEM;
	result = device_identity_add(device, IDENTITY_FIRMWARE, 0, "ACPI000A");
	if (result == 0)
		result = device_resource_add(device, RESOURCE_MEMORY, address, IO_APIC_BYTES, 0);
	/* The range of lines begins here; the driver finds out how many there are. */
	if (result == 0)
		result = device_resource_add(device, RESOURCE_INTERRUPT, first_line, 0, 0);
	return result == 0 ? device_publish(device) : result;
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
	if (!table_find("APIC", &madt))
		return PORT_SPACE_BYTES ? io_apic_add(IO_APIC_DEFAULT, 0, 0) : 0;
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
	struct firmware_device device = { "hpet", "PNP0103", RESOURCE_MEMORY, 0, HPET_BYTES, -1 };

	if (!table_find("HPET", &table) || !acpi_hpet_parse(&table, &registers))
		return 0;
	device.kind = kind_of(&registers);
	device.start = registers.address;
	return firmware_device_add(&device);
}

/* The timer and the clock chip, as far as the fixed description does not deny them. */
static int fixed_add(void)
{
	struct firmware_device timer = { "pm_timer", "PNP0C08", RESOURCE_PORT, 0, 4, -1 };
	struct firmware_device cmos = { "cmos", "PNP0B00", RESOURCE_PORT, 0x70, 2, 8 };
	struct acpi_table table;
	struct acpi_fixed fixed;
	bool has_fixed = table_find("FACP", &table) && acpi_fixed_parse(&table, &fixed);
	int result = 0;

	if (has_fixed && fixed.pm_timer.address && fixed.pm_timer.space != ACPI_SPACE_NONE) {
		timer.kind = kind_of(&fixed.pm_timer);
		timer.start = fixed.pm_timer.address;
		result = firmware_device_add(&timer);
	}
	if (result == 0 && PORT_SPACE_BYTES &&
	    !(has_fixed && (fixed.boot_flags & FADT_NO_CMOS)))
		result = firmware_device_add(&cmos);
	return result;
}

/* The console that firmware used, unless it is one of the ports every PC has. */
static int console_add(const struct firmware_device *known, size_t count)
{
	struct acpi_table table;
	struct acpi_console console;
	struct firmware_device device = {
		"console", "PNP0501", RESOURCE_MEMORY, 0, UART_PORTS, -1,
	};

	if (!table_find("SPCR", &table) || !acpi_console_parse(&table, &console) ||
	    console.interface > 1)
		return 0;
	device.kind = kind_of(&console.registers);
	device.start = console.registers.address;
	if (device.kind == RESOURCE_PORT && console.interrupt < ISA_INTERRUPTS)
		device.isa_interrupt = (int)console.interrupt;
	for (size_t i = 0; i < count; i++) {
		if (device.kind == known[i].kind && device.start == known[i].start)
			return 0;
	}
	return firmware_device_add(&device);
}

static int serial_add(void)
{
	static const struct firmware_device ports[] = {
		{ "com1", "PNP0501", RESOURCE_PORT, 0x3f8, UART_PORTS, 4 },
		{ "com2", "PNP0501", RESOURCE_PORT, 0x2f8, UART_PORTS, 3 },
		{ "com3", "PNP0501", RESOURCE_PORT, 0x3e8, UART_PORTS, 4 },
		{ "com4", "PNP0501", RESOURCE_PORT, 0x2e8, UART_PORTS, 3 },
	};
	int result = 0;

	for (size_t i = 0; PORT_SPACE_BYTES && i < ARRAY_SIZE(ports) && result == 0; i++)
		result = firmware_device_add(&ports[i]);
	return result == 0 ? console_add(ports, ARRAY_SIZE(ports)) : result;
}

/*
 * Memory-mapped virtio devices that the command line names, as Linux reads it and as QEMU's microvm
 * writes it: virtio_mmio.device=SIZE@ADDRESS:LINE. The option stands once for each.
 */
static int virtio_mmio_add(void)
{
	const char *cursor = boot_information()->command_line, *option;
	struct virtio_mmio_option place;
	int result = 0;

	while (result == 0 && (option = strstr(cursor, VIRTIO_MMIO_OPTION)) != NULL) {
		struct device *device;

		cursor = option + strlen(VIRTIO_MMIO_OPTION);
		if ((option != boot_information()->command_line && option[-1] != ' ') ||
		    !virtio_mmio_option_parse(cursor, &place))
			continue;
		device = device_create(NULL, "virtio_mmio");
		if (!device)
			return -ENOMEM;
		result = device_identity_add(device, IDENTITY_FIRMWARE, 0, "LNRO0005");
		if (result == 0)
			result = device_resource_add(device, RESOURCE_MEMORY, place.address,
						     place.length, 0);
		if (result == 0)
			result = device_resource_add(device, RESOURCE_INTERRUPT, place.line, 1,
						     TRIGGER_LEVEL);
		if (result == 0)
			result = device_publish(device);
	}
	return result;
}

/* Where firmware has led the four pins of PCI: to the wires of old devices, which is what it writes
 * into each function of a PC. What the tables say of other wires is in bytecode. */
static int pci_interrupt_find(struct device *bridge, unsigned slot_function, unsigned pin,
			      uint8_t wire, uint32_t *line, uint32_t *trigger)
{
	(void)bridge;
	(void)slot_function;
	(void)pin;
	if (!PORT_SPACE_BYTES || wire == 0 || wire >= ISA_INTERRUPTS)
		return -ENOENT;
	*line = isa_wires[wire].line;
	/* Edges are what wires of old devices have without an override, but these are shared. */
	*trigger = (isa_wires[wire].trigger & TRIGGER_ACTIVE_LOW) | TRIGGER_LEVEL;
	return 0;
}

static int pci_host_add(const struct firmware_device *host, uint8_t bus_first, uint8_t bus_last)
{
	struct pci_host_description *description = heap_allocate(sizeof(*description),
								 HEAP_PATIENT);
	struct device *device = device_create(NULL, host->name);
	int result;

	if (!description || !device)
		return -ENOMEM;
	description->bus_first = bus_first;
	description->bus_last = bus_last;
	description->interrupt_find = pci_interrupt_find;
	description->lost_wires =
		"ACPI says in bytecode, which is not read, where its wire leads";
	list_init(&description->windows);
	device->bus_state = description;
	result = firmware_device_describe(device, host);
	return result == 0 ? device_publish(device) : result;
}

/* Host bridges: those in MCFG; without it what a PC has at fixed ports, if it answers. Only the
 * first segment: others are not numbered in the names of devices. */
static int pci_add(void)
{
	struct firmware_device ports = { "pci", "PNP0A03", RESOURCE_PORT, 0xcf8, 8, -1 };
	struct firmware_device memory = { "pci", "PNP0A08", RESOURCE_MEMORY, 0, 0, -1 };
	struct acpi_mcfg_entry entry;
	struct acpi_table mcfg;
	size_t offset = 0;

	if (!table_find("MCFG", &mcfg))
		return PORT_SPACE_BYTES ? pci_host_add(&ports, 0, UINT8_MAX) : 0;
	while (acpi_mcfg_next(&mcfg, &offset, &entry)) {
		if (entry.segment != 0 || entry.bus_last < entry.bus_first)
			continue;
		/* The address is that of bus 0, whether it is there or not. */
		memory.start = entry.address + entry.bus_first * PCI_BUS_BYTES;
		memory.length = (entry.bus_last - entry.bus_first + 1u) * PCI_BUS_BYTES;
		return pci_host_add(&memory, entry.bus_first, entry.bus_last);
	}
	return 0;
}

int acpi_bus_start(void)
{
	int result = interrupts_add();

	if (!PORT_SPACE_BYTES && result == 0)
		result = acpi_arm_bus_start();
	if (result == 0)
		result = hpet_add();
	if (result == 0)
		result = fixed_add();
	if (result == 0)
		result = serial_add();
	if (result == 0)
		result = pci_add();
	if (result == 0)
		result = virtio_mmio_add();
	return result;
}
