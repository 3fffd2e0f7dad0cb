/*
 * Readers of ACPI tables (ACPI specification 6.5, chapter 5): pure functions over bytes that
 * firmware wrote and nobody checked. Nothing is read outside the length given; checksums count.
 */
#ifndef FIRMWARE_ACPI_H
#define FIRMWARE_ACPI_H

#include "base/compiler.h"
#include "base/types.h"

#define ACPI_HEADER_BYTES 36
#define ACPI_ROOT_BYTES 36	/* of version 2; 20 of them in version 1 */

/* A whole table, header included, whose length and checksum are right. */
struct acpi_table {
	const uint8_t *bytes;
	size_t length;
};

/* Where memory is read: bytes at a physical address, or NULL if they cannot be reached. */
typedef const void *(*acpi_map)(physical_t address, uint64_t length_bytes, void *argument);
struct acpi_access {
	acpi_map map;
	void *argument;
};

/* The root pointer (RSDP): which root table to read. False: not one; `length` is readable. */
struct acpi_root {
	physical_t table;
	bool is_extended;	/* XSDT with 64-bit addresses, else RSDT */
};
bool acpi_root_parse(const void *bytes, size_t length, struct acpi_root *root) MUST_CHECK;

/* Offset of a root pointer in an area, on 16-byte boundaries; -ENOENT. */
long acpi_root_scan(const void *bytes, size_t length) MUST_CHECK;

/* The table at an address; false if it cannot be read or is damaged. */
bool acpi_table_open(const struct acpi_access *access, physical_t address,
		     struct acpi_table *table) MUST_CHECK;
bool acpi_table_is(const struct acpi_table *table, const char *signature);

/* Calls visit for each table that the root names, the root table first, until it returns false. */
typedef bool (*acpi_visitor)(physical_t address, const struct acpi_table *table, void *argument);
void acpi_visit(const struct acpi_access *access, physical_t root_pointer, acpi_visitor visit,
		void *argument);

/* The first good table with a signature. DSDT is found through FADT. */
bool acpi_find(const struct acpi_access *access, physical_t root_pointer, const char *signature,
	       struct acpi_table *table) MUST_CHECK;

/* Multiple APIC description (MADT, 5.2.12). */
enum acpi_madt_kind {
	ACPI_MADT_LOCAL_APIC,		/* a CPU that is or may be brought online */
	ACPI_MADT_IO_APIC,
	ACPI_MADT_OVERRIDE,		/* an ISA interrupt that is wired to another input */
	ACPI_MADT_NMI,			/* local NMI input */
	ACPI_MADT_OTHER,
};
struct acpi_madt_entry {
	enum acpi_madt_kind kind;
	uint32_t id;			/* APIC id of a CPU, or of an IOAPIC */
	bool is_enabled;		/* CPU: usable */
	physical_t address;		/* IOAPIC registers */
	uint32_t interrupt_base;	/* IOAPIC: its first global one; override: which */
	uint8_t source;			/* override: ISA interrupt */
	uint16_t flags;			/* override: polarity (bits 0-1) and trigger mode (2-3) */
};
/* The next entry as it stands, which is as long as it says; *offset starts at 0. NULL: no more. */
const uint8_t *acpi_madt_step(const struct acpi_table *madt, size_t *offset);
/* Likewise, decoded. False: no more. */
bool acpi_madt_next(const struct acpi_table *madt, size_t *offset, struct acpi_madt_entry *entry);
physical_t acpi_madt_local_apic(const struct acpi_table *madt);

/* Generic address structure (5.2.3.2). */
enum acpi_space {
	ACPI_SPACE_MEMORY = 0,
	ACPI_SPACE_PORT = 1,
	ACPI_SPACE_NONE = 0xff,
};
struct acpi_register {
	enum acpi_space space;
	uint8_t bit_width;
	uint64_t address;
};

/* Fixed hardware (FADT, 5.2.9). */
struct acpi_fixed {
	bool is_hardware_reduced;
	bool timer_is_32_bits;
	struct acpi_register pm_timer, pm1a_control, pm1b_control, reset, sleep_control;
	uint8_t reset_value;
	uint32_t smi_command;
	uint8_t acpi_enable;
	physical_t dsdt;
	uint16_t boot_flags;		/* IAPC_BOOT_ARCH */
};
bool acpi_fixed_parse(const struct acpi_table *fadt, struct acpi_fixed *fixed) MUST_CHECK;

/* The two SLP_TYP values of state S5, from the package \_S5 in AML bytes. */
bool acpi_soft_off_parse(const struct acpi_table *dsdt, uint8_t values[2]) MUST_CHECK;

/* High precision event timer (IA-PC HPET specification 1.0a, 3.2.4): its registers. */
bool acpi_hpet_parse(const struct acpi_table *hpet, struct acpi_register *registers) MUST_CHECK;

/* PCI configuration space in memory (MCFG, PCI Firmware specification 4.1.2). */
struct acpi_mcfg_entry {
	physical_t address;
	uint16_t segment;
	uint8_t bus_first, bus_last;
};
bool acpi_mcfg_next(const struct acpi_table *mcfg, size_t *offset, struct acpi_mcfg_entry *entry);

/* Serial port console redirection (SPCR). */
struct acpi_console {
	struct acpi_register registers;
	uint8_t interface;		/* 0, 1: 16550 alike; 3: PL011 */
	uint32_t interrupt;		/* global system interrupt; 0: none given */
	uint32_t baud;			/* 0: as firmware left it */
};
bool acpi_console_parse(const struct acpi_table *spcr, struct acpi_console *console) MUST_CHECK;

#endif
