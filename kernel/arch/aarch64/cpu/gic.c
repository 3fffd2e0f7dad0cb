/* GICv2 (ARM IHI 0048) and GICv3 (ARM IHI 0069), as far as each CPU needs them for itself. */
#include "arch/aarch64/cpu/gic.h"

#include "arch/aarch64/boot/boot.h"
#include "arch/aarch64/cpu/cpu.h"
#include "arch/aarch64/cpu/gic_registers.h"
#include "arch/aarch64/mmu/table.h"
#include "arch/probe.h"
#include "base/atomic.h"
#include "firmware/acpi_arm.h"

#define PRIORITY_ORDINARY 0xa0
#define PATIENCE_READS 1000000
#define REDISTRIBUTOR_REGIONS CPU_LIMIT	/* each may be named by itself */

static volatile uint8_t *distributor, *cpu_interface;	/* GICv2 */
static bool is_version_3;

struct redistributor_region {
	volatile uint8_t *start;
	uint64_t length;
};
static struct redistributor_region regions[REDISTRIBUTOR_REGIONS];
static unsigned region_count;

/* GICv2: each CPU's bit in target registers, which it alone can read. */
static DEFINE_PER_CPU(uint8_t, target_bit);
static DEFINE_PER_CPU(volatile uint8_t *, redistributor);

static uint32_t read32(volatile uint8_t *base, unsigned offset)
{
	return *(volatile uint32_t *)(base + offset);
}

static void write32(volatile uint8_t *base, unsigned offset, uint32_t value)
{
	*(volatile uint32_t *)(base + offset) = value;
}

/* NULL: a table or tree says what is not so, as is told. */
static volatile uint8_t *registers_find(const char *what, physical_t address, uint64_t length)
{
	volatile uint8_t *start = boot_registers_map(address, length);
	uint32_t ignored;

	if (start && probe_read32(start, &ignored))
		return start;
	boot_print("[CPU] FAIL: %s not found, nothing answers at %#llx\n", what,
		   (unsigned long long)address);
	return NULL;
}

static void region_add(physical_t address, uint64_t length)
{
	volatile uint8_t *start = NULL;

	length = min(length, (uint64_t)CPU_LIMIT * 2 * GICR_FRAMES_BYTES);
	if (region_count < REDISTRIBUTOR_REGIONS && length >= GICR_FRAMES_BYTES)
		start = registers_find("GIC redistributors", address, length);
	if (start)
		regions[region_count++] = (struct redistributor_region){ start, length };
}

static bool find_version_3(const struct device_tree *tree, const struct device_tree_node *node)
{
	uint64_t address, length;
	struct device_tree_property property;
	uint32_t count = 1;

	if (!device_tree_is_compatible(tree, node, "arm,gic-v3"))
		return false;
	if (device_tree_find(tree, node, "#redistributor-regions", &property))
		count = device_tree_cell(&property, 0, 1);
	for (uint32_t i = 0; i < count && i < REDISTRIBUTOR_REGIONS; i++) {
		if (device_tree_registers(tree, node, 1 + i, &address, &length))
			region_add(address, length);
	}
	is_version_3 = true;
	return region_count > 0;
}

static bool find_version_2(const struct device_tree *tree, const struct device_tree_node *node)
{
	uint64_t shared, own, shared_bytes, own_bytes;

	if (!device_tree_is_compatible(tree, node, "arm,cortex-a15-gic") &&
	    !device_tree_is_compatible(tree, node, "arm,gic-400"))
		return false;
	if (!device_tree_registers(tree, node, 0, &shared, &shared_bytes) ||
	    !device_tree_registers(tree, node, 1, &own, &own_bytes))
		return false;
	distributor = registers_find("GIC distributor", shared, PAGE_SIZE);
	cpu_interface = registers_find("GIC CPU interface", own, PAGE_SIZE);
	return distributor && cpu_interface;
}

static bool find_in_tree(const struct device_tree *tree)
{
	struct device_tree_node node;

	device_tree_begin(&node);
	while (device_tree_next(tree, &node)) {
		if (device_tree_is_enabled(tree, &node) &&
		    (find_version_3(tree, &node) || find_version_2(tree, &node)))
			return true;
	}
	return false;
}

/* ACPI: redistributors stand in ranges, or each with its CPU. */
static bool find_redistributors(const struct acpi_table *madt)
{
	struct acpi_gic_entry entry;
	size_t offset = 0;

	while (acpi_gic_next(madt, &offset, &entry)) {
		if (entry.kind == ACPI_GIC_REDISTRIBUTORS)
			region_add(entry.address, entry.length);
		else if (entry.kind == ACPI_GIC_CPU && entry.is_enabled && entry.redistributor)
			region_add(entry.redistributor, GICR_FRAMES_BYTES);
	}
	is_version_3 = true;
	return region_count > 0;
}

/* The interface is at one address for all CPUs. */
static bool find_interface(const struct acpi_table *madt)
{
	struct acpi_gic_entry entry;
	size_t offset = 0;

	while (acpi_gic_next(madt, &offset, &entry)) {
		if (entry.kind == ACPI_GIC_DISTRIBUTOR && !distributor)
			distributor = registers_find("GIC distributor", entry.address, PAGE_SIZE);
		else if (entry.kind == ACPI_GIC_CPU && entry.is_enabled && !cpu_interface)
			cpu_interface = registers_find("GIC CPU interface", entry.address,
						       PAGE_SIZE);
	}
	return distributor && cpu_interface;
}

static bool find_in_tables(void)
{
	struct acpi_table madt;
	unsigned version;

	if (!boot_table_find("APIC", &madt))
		return false;
	version = acpi_gic_version(&madt);
	if (version >= 3)
		return find_redistributors(&madt);
	return version == 2 && find_interface(&madt);
}

void gic_find(void)
{
	const struct device_tree *tree = boot_device_tree();

	if (tree ? !find_in_tree(tree) : !find_in_tables())
		boot_fail("no interrupt controller that this kernel knows");
}

/* The redistributor whose type register has this CPU's affinity; frames follow one another. */
static volatile uint8_t *redistributor_find(void)
{
	uint64_t identity = cpu_identity_read();
	uint32_t affinity = (uint32_t)(identity & 0xffffff) | (uint32_t)(identity >> 32 << 24);

	for (unsigned i = 0; i < region_count; i++) {
		uint64_t offset = 0;

		while (offset + GICR_FRAMES_BYTES <= regions[i].length) {
			volatile uint8_t *frame = regions[i].start + offset;
			uint64_t type;

			if (!probe_read64(frame + GICR_TYPER, &type))
				break;
			if (type >> 32 == affinity)
				return frame;
			if (type & GICR_TYPER_LAST)
				break;
			offset += type & GICR_TYPER_VLPIS ? 2 * GICR_FRAMES_BYTES :
				GICR_FRAMES_BYTES;
		}
	}
	return NULL;
}

static void start_version_3(void)
{
	volatile uint8_t *frame = redistributor_find();
	uint64_t enable;

	if (!frame) {
		boot_print("[CPU] FAIL: CPU %u has no interrupt redistributor\n", cpu_current());
		machine_halt();
	}
	*this_cpu(redistributor) = frame;
	write32(frame, GICR_WAKER, read32(frame, GICR_WAKER) & ~GICR_WAKER_SLEEP);
	for (unsigned i = 0; i < PATIENCE_READS; i++) {
		if (!(read32(frame, GICR_WAKER) & GICR_WAKER_CHILDREN_ASLEEP))
			break;
	}
	write32(frame, GICR_SGI_FRAME + GICR_IGROUPR0, UINT32_MAX);
	write32(frame, GICR_SGI_FRAME + GICR_ICENABLER0, UINT32_MAX);
	for (unsigned i = 0; i < GIC_PRIVATE_LIMIT; i += 4)
		write32(frame, GICR_SGI_FRAME + GICR_IPRIORITYR + i,
			PRIORITY_ORDINARY * 0x01010101u);
	__asm__ volatile("mrs %0, " ICC_SRE_EL1 : "=r"(enable));
	__asm__ volatile("msr " ICC_SRE_EL1 ", %0\n\tisb" : : "r"(enable | 1));
	__asm__ volatile("msr " ICC_PMR_EL1 ", %0" : : "r"(UINT64_C(0xf0)));
	__asm__ volatile("msr " ICC_BPR1_EL1 ", xzr");
	__asm__ volatile("msr " ICC_CTLR_EL1 ", xzr");
	__asm__ volatile("msr " ICC_IGRPEN1_EL1 ", %0\n\tisb" : : "r"(UINT64_C(1)));
	write32(frame, GICR_SGI_FRAME + GICR_ISENABLER0, 0xffff);
}

static void start_version_2(void)
{
	*this_cpu(target_bit) = (uint8_t)read32(distributor, GICD_ITARGETSR);
	write32(distributor, GICD_ICENABLER, UINT32_MAX);
	for (unsigned i = 0; i < GIC_PRIVATE_LIMIT; i += 4)
		write32(distributor, GICD_IPRIORITYR + i, PRIORITY_ORDINARY * 0x01010101u);
	write32(distributor, GICD_CTLR, read32(distributor, GICD_CTLR) | 1);
	write32(cpu_interface, GICC_PMR, 0xf0);
	write32(cpu_interface, GICC_BPR, 0);
	write32(cpu_interface, GICC_CTLR, 1);
	write32(distributor, GICD_ISENABLER, 0xffff);
}

void gic_cpu_start(void)
{
	if (is_version_3)
		start_version_3();
	else
		start_version_2();
}

uint64_t gic_identity(unsigned cpu)
{
	return is_version_3 ? cpu_entry(cpu)->identity : *per_cpu(target_bit, cpu);
}

uint32_t gic_take(void)
{
	uint64_t number;

	if (!is_version_3)
		return read32(cpu_interface, GICC_IAR);
	__asm__ volatile("mrs %0, " ICC_IAR1_EL1 "\n\tdsb sy" : "=r"(number) : : "memory");
	return (uint32_t)number;
}

uint32_t gic_number(uint32_t taken)
{
	uint32_t number = taken & (is_version_3 ? 0xffffff : 0x3ff);

	if (number >= GIC_LPI_FIRST)
		return number - GIC_LPI_FIRST + GIC_LPI_NUMBER_FIRST;
	return min(number, (uint32_t)GIC_SPURIOUS_LAST);
}

void gic_end(uint32_t taken)
{
	if (!is_version_3) {
		write32(cpu_interface, GICC_EOIR, taken);
		return;
	}
	__asm__ volatile("msr " ICC_EOIR1_EL1 ", %0\n\tisb" : : "r"((uint64_t)taken) : "memory");
}

void gic_end_number(uint32_t number)
{
	gic_end(number < GIC_LPI_NUMBER_FIRST ? number :
		number - GIC_LPI_NUMBER_FIRST + GIC_LPI_FIRST);
}

void gic_send(unsigned cpu, uint32_t message)
{
	uint64_t identity = cpu_entry(cpu)->identity;

	/* What the message is about has to be seen before it arrives. */
	__asm__ volatile("dsb ishst" ::: "memory");
	if (!is_version_3) {
		write32(distributor, GICD_SGIR,
			(uint32_t)*per_cpu(target_bit, cpu) << 16 | message);
		return;
	}
	/* 12.2.20, ICC_SGI1R_EL1: affinities 3, 2 and 1, and a bit of sixteen for affinity 0. */
	__asm__ volatile("msr " ICC_SGI1R_EL1 ", %0\n\tisb"
			 : : "r"((identity >> 32 & 0xff) << 48 | (identity >> 16 & 0xff) << 32 |
				 (identity >> 8 & 0xff) << 16 | (identity >> 4 & 0xf) << 44 |
				 UINT64_C(1) << (identity & 0xf) | (uint64_t)message << 24)
			 : "memory");
}

void gic_private_enable(uint32_t number)
{
	if (is_version_3)
		write32(*this_cpu(redistributor), GICR_SGI_FRAME + GICR_ISENABLER0, 1u << number);
	else
		write32(distributor, GICD_ISENABLER, 1u << number);
}
