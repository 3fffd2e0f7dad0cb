/* The smaller tables: FADT with the S5 package, HPET, MCFG, SPCR. */
#include "base/string.h"
#include "firmware/acpi.h"
#include "firmware/bytes.h"

/* Offsets in FADT (ACPI 6.5, table 5.9). */
enum fadt_offset {
	FADT_DSDT = 40,
	FADT_SMI_COMMAND = 48,
	FADT_ACPI_ENABLE = 52,
	FADT_PM1A_CONTROL = 64,
	FADT_PM1B_CONTROL = 68,
	FADT_PM_TIMER = 76,
	FADT_PM1_CONTROL_LENGTH = 89,
	FADT_PM_TIMER_LENGTH = 91,
	FADT_BOOT_FLAGS = 109,
	FADT_FLAGS = 112,
	FADT_RESET = 116,
	FADT_RESET_VALUE = 128,
	FADT_X_DSDT = 140,
	FADT_X_PM1A_CONTROL = 172,
	FADT_X_PM1B_CONTROL = 184,
	FADT_X_PM_TIMER = 208,
	FADT_SLEEP_CONTROL = 244,
};
#define FADT_BYTES_OLDEST 116
#define FADT_FLAG_TIMER_32 BIT(8)
#define FADT_FLAG_RESET BIT(10)
#define FADT_FLAG_HARDWARE_REDUCED BIT(20)

#define REGISTER_BYTES 12

/* AML (ACPI 6.5, 20.2). */
#define AML_ZERO 0x00
#define AML_ONE 0x01
#define AML_NAME 0x08
#define AML_BYTE_PREFIX 0x0a
#define AML_PACKAGE 0x12

static bool register_read(const struct acpi_table *table, size_t offset, struct acpi_register *out)
{
	const uint8_t *at = table->bytes + offset;

	out->space = ACPI_SPACE_NONE;
	if (offset + REGISTER_BYTES > table->length || bytes_u64(at + 4) == 0 ||
	    at[0] > ACPI_SPACE_PORT)
		return false;
	*out = (struct acpi_register){ (enum acpi_space)at[0], at[1], bytes_u64(at + 4) };
	return true;
}

/* The extended form if the table has it, else the old port number. */
static void register_either(const struct acpi_table *fadt, size_t extended, size_t old,
			    uint8_t length, struct acpi_register *out)
{
	uint32_t port = bytes_u32(fadt->bytes + old);

	if (register_read(fadt, extended, out) || !port)
		return;
	*out = (struct acpi_register){ ACPI_SPACE_PORT, (uint8_t)(length * 8), port };
}

bool acpi_fixed_parse(const struct acpi_table *fadt, struct acpi_fixed *fixed)
{
	const uint8_t *bytes = fadt->bytes;
	uint32_t flags;

	memset(fixed, 0, sizeof(*fixed));
	fixed->reset.space = ACPI_SPACE_NONE;
	fixed->sleep_control.space = ACPI_SPACE_NONE;
	if (!acpi_table_is(fadt, "FACP") || fadt->length < FADT_BYTES_OLDEST)
		return false;
	flags = bytes_u32(bytes + FADT_FLAGS);
	fixed->is_hardware_reduced = flags & FADT_FLAG_HARDWARE_REDUCED;
	fixed->timer_is_32_bits = flags & FADT_FLAG_TIMER_32;
	fixed->smi_command = bytes_u32(bytes + FADT_SMI_COMMAND);
	fixed->acpi_enable = bytes[FADT_ACPI_ENABLE];
	fixed->boot_flags = bytes_u16(bytes + FADT_BOOT_FLAGS);
	fixed->dsdt = bytes_u32(bytes + FADT_DSDT);
	if (fadt->length >= FADT_X_DSDT + 8 && bytes_u64(bytes + FADT_X_DSDT))
		fixed->dsdt = bytes_u64(bytes + FADT_X_DSDT);
	register_either(fadt, FADT_X_PM_TIMER, FADT_PM_TIMER, bytes[FADT_PM_TIMER_LENGTH],
			&fixed->pm_timer);
	register_either(fadt, FADT_X_PM1A_CONTROL, FADT_PM1A_CONTROL,
			bytes[FADT_PM1_CONTROL_LENGTH], &fixed->pm1a_control);
	register_either(fadt, FADT_X_PM1B_CONTROL, FADT_PM1B_CONTROL,
			bytes[FADT_PM1_CONTROL_LENGTH], &fixed->pm1b_control);
	if (flags & FADT_FLAG_RESET && fadt->length > FADT_RESET_VALUE &&
	    register_read(fadt, FADT_RESET, &fixed->reset))
		fixed->reset_value = bytes[FADT_RESET_VALUE];
	register_read(fadt, FADT_SLEEP_CONTROL, &fixed->sleep_control);
	return true;
}

/* A small integer at *at, which moves behind it. */
static bool aml_byte(const struct acpi_table *table, size_t *at, uint8_t *value)
{
	uint8_t opcode;

	if (*at >= table->length)
		return false;
	opcode = table->bytes[(*at)++];
	if (opcode == AML_ZERO || opcode == AML_ONE) {
		*value = opcode;
		return true;
	}
	if (opcode != AML_BYTE_PREFIX || *at >= table->length)
		return false;
	*value = table->bytes[(*at)++];
	return true;
}

/* Name (_S5, Package (n) { a, b, ... }): opcode, name, package opcode, length, count, elements. */
static bool soft_off_at(const struct acpi_table *dsdt, size_t name, uint8_t values[2])
{
	const uint8_t *bytes = dsdt->bytes;
	size_t at = name + 4;

	/* A backslash may stand between the opcode and the name. */
	if (bytes[name - 1] != AML_NAME &&
	    (bytes[name - 1] != '\\' || bytes[name - 2] != AML_NAME))
		return false;
	if (at + 2 >= dsdt->length || bytes[at] != AML_PACKAGE)
		return false;
	/* The two top bits of the package length say how many more bytes it has; then the count. */
	at += 1 + 1 + (bytes[at + 1] >> 6) + 1;
	return aml_byte(dsdt, &at, &values[0]) && aml_byte(dsdt, &at, &values[1]);
}

bool acpi_soft_off_parse(const struct acpi_table *dsdt, uint8_t values[2])
{
	for (size_t at = ACPI_HEADER_BYTES + 2; at + 4 < dsdt->length; at++) {
		if (!memcmp(dsdt->bytes + at, "_S5_", 4) && soft_off_at(dsdt, at, values))
			return true;
	}
	return false;
}

bool acpi_hpet_parse(const struct acpi_table *hpet, struct acpi_register *registers)
{
	return acpi_table_is(hpet, "HPET") &&
	       register_read(hpet, ACPI_HEADER_BYTES + 4, registers) &&
	       registers->space == ACPI_SPACE_MEMORY;
}

#define MCFG_ENTRIES (ACPI_HEADER_BYTES + 8)
#define MCFG_ENTRY_BYTES 16

bool acpi_mcfg_next(const struct acpi_table *mcfg, size_t *offset, struct acpi_mcfg_entry *entry)
{
	const uint8_t *at;

	if (*offset < MCFG_ENTRIES)
		*offset = MCFG_ENTRIES;
	if (*offset > mcfg->length || mcfg->length - *offset < MCFG_ENTRY_BYTES)
		return false;
	at = mcfg->bytes + *offset;
	*entry = (struct acpi_mcfg_entry){ bytes_u64(at), bytes_u16(at + 8), at[10], at[11] };
	*offset += MCFG_ENTRY_BYTES;
	return true;
}

/* SPCR revision 2. */
#define SPCR_BYTES 80
#define SPCR_INTERRUPT_GLOBAL 0x0a	/* I/O APIC or GIC input */

static uint32_t console_baud(uint8_t code)
{
	switch (code) {
	case 3: return 9600;
	case 4: return 19200;
	case 6: return 57600;
	case 7: return 115200;
	default: return 0;
	}
}

bool acpi_console_parse(const struct acpi_table *spcr, struct acpi_console *console)
{
	const uint8_t *bytes = spcr->bytes;

	if (!acpi_table_is(spcr, "SPCR") || spcr->length < SPCR_BYTES ||
	    !register_read(spcr, 40, &console->registers))
		return false;
	console->interface = bytes[36];
	console->interrupt = bytes[52] & SPCR_INTERRUPT_GLOBAL ? bytes_u32(bytes + 54) : 0;
	console->baud = console_baud(bytes[58]);
	return true;
}
