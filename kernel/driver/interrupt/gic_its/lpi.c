/*
 * Redistributors take LPIs by tables in memory: one of configuration, a byte for each LPI, that all
 * share, and one of pending bits each. The hardware reads and writes them from when it is told to
 * take LPIs, and need not ever stop.
 */
#include "arch/cpu.h"
#include "arch/interrupt.h"
#include "arch/mmu.h"
#include "arch/probe.h"
#include "base/arithmetic.h"
#include "base/atomic.h"
#include "base/errno.h"
#include "base/string.h"
#include "driver/interrupt/gic_its/internal.h"
#include "driver/interrupt/gic_its/tree.h"
#include "log/log.h"
#include "memory/heap.h"
#include "memory/kernel_map.h"

#define DISTRIBUTOR "arm,gic-v3"
#define PENDING_BYTES 0x10000u		/* for the sake of its alignment */
#define REGION_LIMIT CPU_LIMIT		/* of redistributors: each may be named by itself */
#define FRAME_LIMIT 1024		/* in a region that does not end */

static int registers_map(uint64_t address, struct registers *registers)
{
	*registers = (struct registers){ .length = PAGE_SIZE };
	registers->memory = kernel_map_physical(address, PAGE_SIZE,
						MMU_READ | MMU_WRITE | MMU_DEVICE);
	return registers->memory ? 0 : -ENOMEM;
}

/* Of the distributor at an address. */
static int lpi_count_read(uint64_t address, uint32_t *count)
{
	struct registers registers;
	int result;

	if (address % PAGE_SIZE)
		return -ENODEV;
	result = registers_map(address, &registers);
	if (result < 0)
		return result;
	*count = lpi_count_of(register_read32(&registers, GICD_TYPER));
	return *count > 0 ? 0 : -ENODEV;
}

/* The online CPU with an affinity, or NULL. */
static struct lpi_cpu *cpu_find(struct lpis *lpis, uint32_t affinity)
{
	for (unsigned cpu = 0; cpu < lpis->cpu_count; cpu++) {
		uint64_t identity = interrupt_cpu_identity(cpu);

		if (cpu_is_online(cpu) &&
		    ((identity & 0xffffff) | (identity >> 32 << 24)) == affinity)
			return &lpis->cpus[cpu];
	}
	return NULL;
}

/* One frame after another, up to that which says that it is the last. */
static int region_scan(struct lpis *lpis, uint64_t its_type, uint64_t address, uint64_t length)
{
	uint64_t offset = 0, type = 0;

	length = min(length, (uint64_t)FRAME_LIMIT * REDISTRIBUTOR_BYTES);
	if (address % FRAME_ALIGNMENT)
		return -ENODEV;
	while (!(type & GICR_TYPER_LAST) && range_is_within(offset, REDISTRIBUTOR_BYTES, length)) {
		struct registers registers;
		struct lpi_cpu *cpu;
		int result = registers_map(address + offset, &registers);

		if (result < 0)
			return result;
		if (!probe_read64(registers.memory + GICR_TYPER, &type))
			return -ENODEV;
		cpu = cpu_find(lpis, GICR_TYPER_AFFINITY(type));
		if (cpu) {
			cpu->registers = registers;
			cpu->target = its_type & TYPER_TARGETS_ARE_ADDRESSES ? address + offset :
				GICR_TYPER_PROCESSOR(type) << 16;
		}
		offset += REDISTRIBUTOR_BYTES << !!(type & GICR_TYPER_VIRTUAL_LPIS);
	}
	return 0;
}

static int find_in_tree(struct lpis *lpis, uint64_t its_type, const struct device_tree *tree,
			uint32_t *count)
{
	struct device_tree_property property;
	struct device_tree_node node;
	uint64_t address, length;
	uint32_t regions = 1;
	int result;

	if (!its_tree_find(tree, DISTRIBUTOR, NULL, &node) ||
	    !device_tree_registers(tree, &node, 0, &address, &length) || length < PAGE_SIZE)
		return -ENODEV;
	result = lpi_count_read(address, count);
	if (device_tree_find(tree, &node, "#redistributor-regions", &property))
		regions = min(device_tree_cell(&property, 0, 1), (uint32_t)REGION_LIMIT);
	for (uint32_t i = 0; i < regions && result == 0; i++) {
		if (device_tree_registers(tree, &node, 1 + i, &address, &length))
			result = region_scan(lpis, its_type, address, length);
	}
	return result;
}

/* ACPI: redistributors stand in ranges, or each with its CPU. */
static int find_in_tables(struct lpis *lpis, uint64_t its_type, uint32_t *count)
{
	struct acpi_gic_entry entry;
	struct acpi_table madt;
	size_t offset = 0;
	int result = 0;

	if (!its_table_find("APIC", &madt))
		return -ENODEV;
	while (result == 0 && acpi_gic_next(&madt, &offset, &entry)) {
		if (entry.kind == ACPI_GIC_DISTRIBUTOR && *count == 0)
			result = lpi_count_read(entry.address, count);
		else if (entry.kind == ACPI_GIC_REDISTRIBUTORS)
			result = region_scan(lpis, its_type, entry.address, entry.length);
		else if (entry.kind == ACPI_GIC_CPU && entry.is_enabled && entry.redistributor)
			result = region_scan(lpis, its_type, entry.redistributor,
					     REDISTRIBUTOR_BYTES);
	}
	return result == 0 && *count == 0 ? -ENODEV : result;
}

static int cpu_stop(struct lpi_cpu *cpu)
{
	uint32_t control = register_read32(&cpu->registers, GICR_CTLR);

	if (control & GICR_CTLR_ENABLE_LPIS)
		register_write32(&cpu->registers, GICR_CTLR,
				 control & ~(uint32_t)GICR_CTLR_ENABLE_LPIS);
	/* Hardware may leave the bit as it is (IHI 0069, GICR_CTLR). */
	return its_register_wait(&cpu->registers, GICR_CTLR,
				 (uint32_t)(GICR_CTLR_ENABLE_LPIS | GICR_CTLR_WRITE_PENDING), 0);
}

static int cpu_tables_write(struct lpis *lpis, struct lpi_cpu *cpu)
{
	struct its_base base = {
		.registers = &cpu->registers,
		.offset = GICR_PROPBASER,
		.value = lpis->configuration.address | (LPI_NUMBER_BITS - 1),
		.cache_shift = log2_floor(GICR_INNER_CACHE(1)),
		.must_hold = PROPBASER_ADDRESS_MASK,
	};
	bool is_coherent;
	int result = its_base_write(&base, &is_coherent);

	if (result < 0)
		return result;
	lpis->is_coherent &= is_coherent;
	base.offset = GICR_PENDBASER;
	base.value = cpu->pending.address | PENDBASER_IS_ZERO;
	base.must_hold = PENDBASER_ADDRESS_MASK;
	return its_base_write(&base, &is_coherent);
}

static int cpu_start(struct lpis *lpis, struct lpi_cpu *cpu)
{
	int result;

	if (!(register_read64(&cpu->registers, GICR_TYPER) & GICR_TYPER_PHYSICAL_LPIS))
		return -ENODEV;
	result = cpu_stop(cpu);
	if (result < 0)
		return result;
	result = device_dma_allocate(lpis->device, PENDING_BYTES, &cpu->pending);
	if (result < 0)
		return result;
	cpu_write_back(cpu->pending.memory, PENDING_BYTES);
	result = cpu->pending.address & ~PENDBASER_ADDRESS_MASK ? -EIO :
		cpu_tables_write(lpis, cpu);
	if (result < 0)
		return result;
	cpu_barrier_device();
	cpu->is_started = true;
	register_write32(&cpu->registers, GICR_CTLR, register_read32(&cpu->registers, GICR_CTLR) |
			 (uint32_t)GICR_CTLR_ENABLE_LPIS);
	/* Enabled before any LPI can come. */
	cpu_barrier_device();
	return 0;
}

static int cpus_start(struct lpis *lpis)
{
	int result = device_dma_allocate(lpis->device, LPI_LIMIT, &lpis->configuration);

	if (result < 0)
		return result;
	if (lpis->configuration.address & ~PROPBASER_ADDRESS_MASK)
		return -EIO;
	memset(lpis->configuration.memory, LPI_PRIORITY | (int)LPI_ALWAYS_ONE, LPI_LIMIT);
	cpu_write_back(lpis->configuration.memory, LPI_LIMIT);
	lpis->is_coherent = true;
	for (unsigned cpu = 0; cpu < lpis->cpu_count && result == 0; cpu++) {
		if (lpis->cpus[cpu].registers.memory)
			result = cpu_start(lpis, &lpis->cpus[cpu]);
		else if (cpu_is_online(cpu))
			result = -ENODEV;
	}
	return result;
}

int lpis_init(struct lpis *lpis, struct device *device, uint64_t its_type, uint32_t *count)
{
	const struct device_tree *tree = device_tree_of_machine();
	int result;

	*count = 0;
	*lpis = (struct lpis){ .device = device, .cpu_count = cpu_count() };
	lpis->cpus = heap_allocate_array(lpis->cpu_count, sizeof(lpis->cpus[0]), HEAP_PATIENT);
	if (!lpis->cpus)
		return -ENOMEM;
	result = tree ? find_in_tree(lpis, its_type, tree, count) :
		find_in_tables(lpis, its_type, count);
	if (result == 0)
		result = cpus_start(lpis);
	if (result < 0)
		lpis_release(lpis);
	return result;
}

void lpis_release(struct lpis *lpis)
{
	bool is_stopped = true;

	for (unsigned i = 0; i < lpis->cpu_count; i++) {
		struct lpi_cpu *cpu = &lpis->cpus[i];

		if (cpu->is_started && cpu_stop(cpu) < 0)
			is_stopped = false;
		else
			device_dma_free(lpis->device, &cpu->pending);
	}
	if (is_stopped)
		device_dma_free(lpis->device, &lpis->configuration);
	else
		log_print(LOG_WARNING, "%s: redistributors keep their tables",
			  lpis->device->name);
	heap_free(lpis->cpus);
	*lpis = (struct lpis){ 0 };
}

void lpis_configure(struct lpis *lpis, uint32_t number, uint8_t flags)
{
	uint8_t *byte = (uint8_t *)lpis->configuration.memory + number;

	WRITE_ONCE(*byte, (uint8_t)(LPI_PRIORITY | LPI_ALWAYS_ONE | flags));
	if (!lpis->is_coherent)
		cpu_write_back(byte, sizeof(*byte));
}
