/* The machine's end, and PSCI, by which firmware does it. */
#include "arch/aarch64/boot/boot.h"
#include "arch/aarch64/cpu/cpu.h"
#include "arch/boot.h"
#include "base/string.h"
#include "firmware/acpi_arm.h"

static enum { CONDUIT_NONE, CONDUIT_HVC, CONDUIT_SMC } conduit;

static void find_in_tree(const struct device_tree *tree)
{
	struct device_tree_property property;
	struct device_tree_node node;
	const char *method;

	device_tree_begin(&node);
	while (device_tree_next(tree, &node)) {
		if (!device_tree_is_compatible(tree, &node, "arm,psci-0.2") &&
		    !device_tree_is_compatible(tree, &node, "arm,psci-1.0"))
			continue;
		if (!device_tree_find(tree, &node, "method", &property))
			return;
		method = device_tree_string(&property, 0);
		if (method && strcmp(method, "hvc") == 0)
			conduit = CONDUIT_HVC;
		else if (method && strcmp(method, "smc") == 0)
			conduit = CONDUIT_SMC;
		return;
	}
}

static void find_in_tables(void)
{
	enum acpi_psci psci = ACPI_PSCI_NONE;
	struct acpi_table table;

	if (boot_table_find("FACP", &table))
		psci = acpi_psci_parse(&table);
	if (psci == ACPI_PSCI_HVC)
		conduit = CONDUIT_HVC;
	else if (psci == ACPI_PSCI_SMC)
		conduit = CONDUIT_SMC;
}

void psci_find(void)
{
	const struct device_tree *tree = boot_device_tree();

	if (tree)
		find_in_tree(tree);
	else
		find_in_tables();
}

long psci_call(uint64_t function, uint64_t first, uint64_t second, uint64_t third)
{
	register uint64_t x0 __asm__("x0") = function;
	register uint64_t x1 __asm__("x1") = first;
	register uint64_t x2 __asm__("x2") = second;
	register uint64_t x3 __asm__("x3") = third;

	if (conduit == CONDUIT_HVC)
		__asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : "memory",
				 "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13",
				 "x14", "x15", "x16", "x17");
	else if (conduit == CONDUIT_SMC)
		__asm__ volatile("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : "memory",
				 "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13",
				 "x14", "x15", "x16", "x17");
	else
		return -1;		/* PSCI_NOT_SUPPORTED */
	return (long)x0;
}

void machine_power_off(void)
{
	psci_call(PSCI_SYSTEM_OFF, 0, 0, 0);
	machine_halt();
}

void machine_restart(void)
{
	psci_call(PSCI_SYSTEM_RESET, 0, 0, 0);
	machine_halt();
}

void machine_halt(void)
{
	__asm__ volatile("msr daifset, #15");
	for (;;)
		__asm__ volatile("wfi");
}

/* No device of this kind here: a power-off ends the emulator. */
void machine_debug_exit(unsigned status)
{
	(void)status;
}
