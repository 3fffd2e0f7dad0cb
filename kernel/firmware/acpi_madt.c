/* MADT: CPUs and interrupt controllers. */
#include "base/string.h"
#include "firmware/acpi.h"
#include "firmware/bytes.h"

enum madt_type {
	MADT_LOCAL_APIC = 0,
	MADT_IO_APIC = 1,
	MADT_OVERRIDE = 2,
	MADT_LOCAL_NMI = 4,
	MADT_LOCAL_APIC_ADDRESS = 5,
	MADT_LOCAL_X2APIC = 9,
};

#define MADT_ENTRIES (ACPI_HEADER_BYTES + 8)
#define CPU_ENABLED 1u

const uint8_t *acpi_madt_step(const struct acpi_table *madt, size_t *offset)
{
	const uint8_t *entry;

	if (*offset < MADT_ENTRIES)
		*offset = MADT_ENTRIES;
	if (*offset > madt->length || madt->length - *offset < 2)
		return NULL;
	entry = madt->bytes + *offset;
	if (entry[1] < 2 || entry[1] > madt->length - *offset)
		return NULL;
	*offset += entry[1];
	return entry;
}

static void madt_decode(const uint8_t *entry, struct acpi_madt_entry *out)
{
	uint8_t length = entry[1];

	*out = (struct acpi_madt_entry){ .kind = ACPI_MADT_OTHER };
	if (entry[0] == MADT_LOCAL_APIC && length >= 8) {
		out->kind = ACPI_MADT_LOCAL_APIC;
		out->id = entry[3];
		out->is_enabled = bytes_u32(entry + 4) & CPU_ENABLED;
	} else if (entry[0] == MADT_LOCAL_X2APIC && length >= 16) {
		out->kind = ACPI_MADT_LOCAL_APIC;
		out->id = bytes_u32(entry + 4);
		out->is_enabled = bytes_u32(entry + 8) & CPU_ENABLED;
	} else if (entry[0] == MADT_IO_APIC && length >= 12) {
		out->kind = ACPI_MADT_IO_APIC;
		out->id = entry[2];
		out->address = bytes_u32(entry + 4);
		out->interrupt_base = bytes_u32(entry + 8);
	} else if (entry[0] == MADT_OVERRIDE && length >= 10) {
		out->kind = ACPI_MADT_OVERRIDE;
		out->source = entry[3];
		out->interrupt_base = bytes_u32(entry + 4);
		out->flags = bytes_u16(entry + 8);
	} else if (entry[0] == MADT_LOCAL_NMI && length >= 6) {
		out->kind = ACPI_MADT_NMI;
	}
}

bool acpi_madt_next(const struct acpi_table *madt, size_t *offset, struct acpi_madt_entry *entry)
{
	const uint8_t *at = acpi_madt_step(madt, offset);

	if (at)
		madt_decode(at, entry);
	return at != NULL;
}

physical_t acpi_madt_local_apic(const struct acpi_table *madt)
{
	physical_t address = 0;
	const uint8_t *entry;
	size_t offset = 0;

	if (madt->length < MADT_ENTRIES)
		return 0;
	address = bytes_u32(madt->bytes + ACPI_HEADER_BYTES);
	while ((entry = acpi_madt_step(madt, &offset)) != NULL) {
		if (entry[0] == MADT_LOCAL_APIC_ADDRESS && entry[1] >= 12)
			address = bytes_u64(entry + 4);
	}
	return address;
}
