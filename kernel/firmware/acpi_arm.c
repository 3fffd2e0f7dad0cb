/* MADT's entries of the GIC, GTDT, and what FADT says of PSCI. */
#include "firmware/acpi_arm.h"

#include "firmware/bytes.h"

enum madt_type {
	MADT_GICC = 0x0b,
	MADT_GICD = 0x0c,
	MADT_GIC_MSI_FRAME = 0x0d,
	MADT_GICR = 0x0e,
	MADT_GIC_ITS = 0x0f,
};

/* Without MPIDR (before ACPI 5.1) a CPU could not be started by PSCI. */
#define GICC_BYTES 76
#define GICC_ENABLED BIT(0)
#define GICD_BYTES 24
#define FRAME_BYTES 24
#define FRAME_HAS_LINES BIT(0)
#define GICR_BYTES 16
#define ITS_BYTES 20

static void gicc_decode(const uint8_t *entry, struct acpi_gic_entry *out)
{
	out->kind = ACPI_GIC_CPU;
	out->is_enabled = bytes_u32(entry + 12) & GICC_ENABLED;
	out->address = bytes_u64(entry + 32);
	out->redistributor = bytes_u64(entry + 60);
	out->identity = bytes_u64(entry + 68);
}

static void frame_decode(const uint8_t *entry, struct acpi_gic_entry *out)
{
	out->kind = ACPI_GIC_MESSAGE_FRAME;
	out->address = bytes_u64(entry + 8);
	out->has_lines = bytes_u32(entry + 16) & FRAME_HAS_LINES;
	out->line_count = bytes_u16(entry + 20);
	out->line_first = bytes_u16(entry + 22);
}

static void gic_decode(const uint8_t *entry, struct acpi_gic_entry *out)
{
	uint8_t length = entry[1];

	*out = (struct acpi_gic_entry){ .kind = ACPI_GIC_OTHER };
	if (entry[0] == MADT_GICC && length >= GICC_BYTES) {
		gicc_decode(entry, out);
	} else if (entry[0] == MADT_GICD && length >= GICD_BYTES) {
		out->kind = ACPI_GIC_DISTRIBUTOR;
		out->address = bytes_u64(entry + 8);
		out->version = entry[20];
	} else if (entry[0] == MADT_GIC_MSI_FRAME && length >= FRAME_BYTES) {
		frame_decode(entry, out);
	} else if (entry[0] == MADT_GICR && length >= GICR_BYTES) {
		out->kind = ACPI_GIC_REDISTRIBUTORS;
		out->address = bytes_u64(entry + 4);
		out->length = bytes_u32(entry + 12);
	} else if (entry[0] == MADT_GIC_ITS && length >= ITS_BYTES) {
		out->kind = ACPI_GIC_TRANSLATION;
		out->its = bytes_u32(entry + 4);
		out->address = bytes_u64(entry + 8);
	}
}

bool acpi_gic_next(const struct acpi_table *madt, size_t *offset, struct acpi_gic_entry *entry)
{
	const uint8_t *at = acpi_madt_step(madt, offset);

	if (at)
		gic_decode(at, entry);
	return at != NULL;
}

unsigned acpi_gic_version(const struct acpi_table *madt)
{
	bool has_distributor = false, has_redistributors = false;
	struct acpi_gic_entry entry;
	unsigned version = 0;
	size_t offset = 0;

	while (acpi_gic_next(madt, &offset, &entry)) {
		if (entry.kind == ACPI_GIC_DISTRIBUTOR && !has_distributor) {
			has_distributor = true;
			version = entry.version;
		}
		if (entry.kind == ACPI_GIC_REDISTRIBUTORS ||
		    (entry.kind == ACPI_GIC_CPU && entry.redistributor))
			has_redistributors = true;
	}
	if (!has_distributor)
		return 0;
	if (version >= 2)
		return version;
	return has_redistributors ? 3 : 2;
}

#define GTDT_VIRTUAL_TIMER 64
#define GTDT_BYTES 72

bool acpi_timer_parse(const struct acpi_table *gtdt, struct acpi_timer *timer)
{
	if (!acpi_table_is(gtdt, "GTDT") || gtdt->length < GTDT_BYTES)
		return false;
	timer->virtual_interrupt = bytes_u32(gtdt->bytes + GTDT_VIRTUAL_TIMER);
	return true;
}

#define FADT_ARM_BOOT_FLAGS 129
#define ARM_BOOT_PSCI BIT(0)
#define ARM_BOOT_PSCI_HVC BIT(1)

enum acpi_psci acpi_psci_parse(const struct acpi_table *fadt)
{
	uint16_t flags;

	if (!acpi_table_is(fadt, "FACP") || fadt->length < FADT_ARM_BOOT_FLAGS + 2)
		return ACPI_PSCI_NONE;
	flags = bytes_u16(fadt->bytes + FADT_ARM_BOOT_FLAGS);
	if (!(flags & ARM_BOOT_PSCI))
		return ACPI_PSCI_NONE;
	return flags & ARM_BOOT_PSCI_HVC ? ACPI_PSCI_HVC : ACPI_PSCI_SMC;
}
