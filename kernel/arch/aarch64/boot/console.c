/*
 * The early console: a PL011 that the device tree names as stdout, or ACPI's SPCR, polled. A port
 * that is not there, or does not answer, is given up for good: nobody can be told.
 */
#include "arch/aarch64/boot/boot.h"
#include "arch/aarch64/mmu/table.h"
#include "arch/cpu.h"
#include "arch/probe.h"
#include "base/string.h"
#include "firmware/acpi_arm.h"

/* ARM DDI 0183, 3.2. */
#define UARTDR 0x000
#define UARTFR 0x018
#define UARTFR_TXFF BIT(5)
#define UARTPCellID0 0xff0		/* PrimeCells say that they are */

#define PATIENCE_READS 100000

static physical_t port_address;
static volatile uint32_t *port;

static bool node_is_named(const struct device_tree_node *node, const char *name, size_t length)
{
	return strncmp(node->name, name, length) == 0 && node->name[length] == 0;
}

static void port_use(physical_t address, volatile uint32_t *registers)
{
	uint32_t ignored;

	port_address = address;
	port = registers && probe_read32(&registers[UARTFR / 4], &ignored) ? registers : NULL;
}

/* /chosen's stdout-path, as a full path: the last component is compared, which is unique enough. */
static const char *stdout_path(const struct device_tree *tree)
{
	struct device_tree_property property;
	struct device_tree_node node;

	device_tree_begin(&node);
	while (device_tree_next(tree, &node)) {
		if (node.depth == 1 && strcmp(node.name, "chosen") == 0 &&
		    device_tree_find(tree, &node, "stdout-path", &property))
			return device_tree_string(&property, 0);
	}
	return NULL;
}

void boot_console_find(const struct device_tree *tree)
{
	const char *path = stdout_path(tree), *last = path, *end;
	struct device_tree_node node;
	uint64_t address, length;

	if (!path)
		return;
	for (end = path; *end && *end != ':'; end++) {
		if (*end == '/')
			last = end + 1;
	}
	device_tree_begin(&node);
	while (device_tree_next(tree, &node)) {
		if (node_is_named(&node, last, (size_t)(end - last)) &&
		    device_tree_is_compatible(tree, &node, "arm,pl011") &&
		    device_tree_registers(tree, &node, 0, &address, &length) && length >= 0x48) {
			port_use(address, mmu_early_map(address));
			return;
		}
	}
}

void boot_console_find_by_tables(void)
{
	struct acpi_console console;
	struct acpi_table table;

	if (boot_table_find("SPCR", &table) && acpi_console_parse(&table, &console) &&
	    console.interface == ACPI_CONSOLE_PL011 &&
	    console.registers.space == ACPI_SPACE_MEMORY)
		port_address = console.registers.address;
}

void boot_console_map(void)
{
	if (port_address)
		port_use(port_address, boot_registers_map(port_address, PAGE_SIZE));
}

void boot_console_guess(volatile void *registers)
{
	static const uint8_t identity[] = { 0x0d, 0xf0, 0x05, 0xb1 };
	volatile uint32_t *words = registers;

	if (port || !words)
		return;
	for (unsigned i = 0; i < ARRAY_SIZE(identity); i++) {
		uint32_t value;

		if (!probe_read32(&words[UARTPCellID0 / 4 + i], &value) || value != identity[i])
			return;
	}
	port_use(BOOT_CONSOLE_GUESS, words);
}

static void console_put(uint8_t byte)
{
	for (unsigned i = 0; i < PATIENCE_READS; i++) {
		if (!(port[UARTFR / 4] & UARTFR_TXFF)) {
			port[UARTDR / 4] = byte;
			return;
		}
	}
	port = NULL;
}

void boot_console_write(const char *text, size_t length)
{
	for (size_t i = 0; i < length && port; i++) {
		if (text[i] == '\n')
			console_put('\r');
		console_put((uint8_t)text[i]);
	}
}
