/*
 * What ACPI's tables say of machines with Arm CPUs (ACPI specification 6.5): the interrupt
 * controller's parts, the generic timer and PSCI; and who takes messages (Arm DEN0049E). Pure
 * functions, as in acpi.h.
 */
#ifndef FIRMWARE_ACPI_ARM_H
#define FIRMWARE_ACPI_ARM_H

#include "firmware/acpi.h"

/* The GIC's parts in MADT (5.2.12.14 to 5.2.12.18). */
enum acpi_gic_kind {
	ACPI_GIC_CPU,			/* GICC: a CPU with its interface */
	ACPI_GIC_DISTRIBUTOR,		/* GICD */
	ACPI_GIC_MESSAGE_FRAME,		/* a GICv2m frame */
	ACPI_GIC_REDISTRIBUTORS,	/* GICR: a range with those of several CPUs */
	ACPI_GIC_TRANSLATION,		/* ITS */
	ACPI_GIC_OTHER,
};
struct acpi_gic_entry {
	enum acpi_gic_kind kind;
	physical_t address;		/* registers; 0: not said */
	bool is_enabled;		/* CPU: usable */
	uint64_t identity;		/* CPU: its MPIDR, which is what PSCI calls it */
	physical_t redistributor;	/* CPU: its own, where no range names it; 0: none */
	uint8_t version;		/* distributor: 1 to 4; 0: not said */
	uint32_t length;		/* redistributors: bytes of the range */
	bool has_lines;			/* frame: these count, not its register */
	uint16_t line_first, line_count;
	uint32_t its;			/* ITS: what IORT calls it */
};
/* Steps through the entries; *offset starts at 0. False: no more. */
bool acpi_gic_next(const struct acpi_table *madt, size_t *offset, struct acpi_gic_entry *entry)
	MUST_CHECK;

/* The version by what its parts are: 2 or more; 0: there is no distributor. */
unsigned acpi_gic_version(const struct acpi_table *madt) MUST_CHECK;

/* Whether an ITS takes the messages of a requester (bus << 8 | slot << 3 | function) on a segment
 * of PCI, and as which device it knows it (IORT). */
bool acpi_message_find(const struct acpi_table *iort, uint32_t segment, uint32_t requester,
		       uint32_t its, uint32_t *device) MUST_CHECK;

/* struct acpi_console: what its interface may be. */
#define ACPI_CONSOLE_PL011 3

/* Generic timers (GTDT, 5.2.25). */
struct acpi_timer {
	uint32_t virtual_interrupt;	/* of the virtual timer, as the GIC numbers it */
};
bool acpi_timer_parse(const struct acpi_table *gtdt, struct acpi_timer *timer) MUST_CHECK;

/* How firmware is called (FADT's ARM_BOOT_ARCH, 5.2.9.4). */
enum acpi_psci {
	ACPI_PSCI_NONE,
	ACPI_PSCI_SMC,
	ACPI_PSCI_HVC,
};
enum acpi_psci acpi_psci_parse(const struct acpi_table *fadt) MUST_CHECK;

#endif
