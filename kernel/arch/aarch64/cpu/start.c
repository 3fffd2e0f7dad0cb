/* The order in which CPUs come up, which of them run, and starting the others. */
#include "arch/aarch64/boot/boot.h"
#include "arch/aarch64/boot/head.h"
#include "arch/aarch64/boot/linker.h"
#include "arch/aarch64/clock/clock.h"
#include "arch/aarch64/cpu/cpu.h"
#include "arch/aarch64/cpu/features.h"
#include "arch/aarch64/cpu/gic.h"
#include "arch/aarch64/cpu/keys.h"
#include "arch/aarch64/entry/entry.h"
#include "arch/aarch64/mmu/table.h"
#include "arch/aarch64/mmu/tlb.h"
#include "arch/boot.h"
#include "arch/clock.h"
#include "arch/upcalls.h"
#include "base/atomic.h"
#include "base/string.h"
#include "firmware/acpi_arm.h"

#define START_PATIENCE_MS 1000

/* Read by boot/head.S with the MMU off. */
struct secondary_parameters {
	uint64_t identity_root, root, attributes, translation, control, linked, stack, cpu;
};
static_assert(offsetof(struct secondary_parameters, identity_root) == SECONDARY_ROOT, "head.h");
static_assert(offsetof(struct secondary_parameters, attributes) == SECONDARY_MAIR, "head.h");
static_assert(offsetof(struct secondary_parameters, control) == SECONDARY_SCTLR, "head.h");
static_assert(offsetof(struct secondary_parameters, stack) == SECONDARY_STACK, "head.h");
static_assert(offsetof(struct secondary_parameters, cpu) == SECONDARY_CPU, "head.h");

static unsigned count = 1;
static struct cpu_mask online;
static struct secondary_parameters parameters __aligned(64);

NORETURN void secondary_main(uint32_t cpu);

unsigned cpu_count(void)
{
	return count;
}

unsigned cpu_online_count(void)
{
	unsigned running = 0;

	for (unsigned i = 0; i < CPU_LIMIT / 64; i++)
		running += (unsigned)__builtin_popcountll(atomic_load_relaxed(&online.words[i]));
	return running;
}

bool cpu_is_online(unsigned cpu)
{
	return cpu < CPU_LIMIT && atomic_load_relaxed(&online.words[cpu / 64]) >> (cpu % 64) & 1;
}

void cpu_online_mask(struct cpu_mask *mask)
{
	for (unsigned i = 0; i < CPU_LIMIT / 64; i++)
		mask->words[i] = atomic_load_relaxed(&online.words[i]);
}

void cpu_mark_online(unsigned cpu, bool is_online)
{
	if (is_online)
		atomic_fetch_or_ordered(&online.words[cpu / 64], BIT(cpu % 64));
	else
		atomic_fetch_and_ordered(&online.words[cpu / 64], ~BIT(cpu % 64));
}

void cpu_start_first(void (*function)(void))
{
	cpu_area_create(0, cpu_identity_read());
	cpu_area_load(0);
	__asm__ volatile("mov sp, %0\n\t"
			 "mov x29, xzr\n\t"
			 "blr %1"
			 : : "r"(cpu_entry(0)->idle_stack_top), "r"(function) : "memory");
	unreachable();
}

static void cpu_add(uint64_t identity)
{
	if (identity == cpu_entry(0)->identity)
		return;
	if (count == CPU_LIMIT) {
		boot_print("[CPU] FAIL: more than %u CPUs, %llx is left off\n", CPU_LIMIT,
			   (unsigned long long)identity);
		return;
	}
	cpu_area_create(count, identity);
	count++;
}

/* One cell or two, as /cpus says; the upper ones are 0 where there is one. */
static uint64_t identity_of(const struct device_tree_property *property)
{
	uint64_t first = device_tree_cell(property, 0, 0);

	return property->length < 8 ? first : first << 32 | device_tree_cell(property, 1, 0);
}

static void find_in_tree(const struct device_tree *tree)
{
	struct device_tree_property type, identity;
	struct device_tree_node node;
	const char *name;

	device_tree_begin(&node);
	while (device_tree_next(tree, &node)) {
		if (node.depth != 2 || !device_tree_find(tree, &node, "device_type", &type))
			continue;
		name = device_tree_string(&type, 0);
		if (name && strcmp(name, "cpu") == 0 && device_tree_is_enabled(tree, &node) &&
		    device_tree_find(tree, &node, "reg", &identity))
			cpu_add(identity_of(&identity) & MPIDR_AFFINITY);
	}
}

static void find_in_tables(void)
{
	struct acpi_gic_entry entry;
	struct acpi_table madt;
	size_t offset = 0;

	if (!boot_table_find("APIC", &madt))
		return;
	while (acpi_gic_next(&madt, &offset, &entry)) {
		if (entry.kind == ACPI_GIC_CPU && entry.is_enabled)
			cpu_add(entry.identity & MPIDR_AFFINITY);
	}
}

static void cpus_find(void)
{
	const struct device_tree *tree = boot_device_tree();

	if (tree)
		find_in_tree(tree);
	else
		find_in_tables();
}

/* A table that maps the image where it is, for while the MMU is switched on. */
void secondary_prepare(void)
{
	physical_t image = virtual_to_physical(__kernel_start), below = boot_pages_take(1);
	physical_t gigabyte = align_down(image, LEVEL_BYTES(2));

	parameters.identity_root = boot_pages_take(1);
	table_at(parameters.identity_root)[table_index(image, LEVEL_ROOT)] = below | ENTRY_TABLE;
	for (unsigned i = 0; i < 2; i++) {
		physical_t start = gigabyte + i * LEVEL_BYTES(2);

		table_at(below)[table_index(start, 2)] =
			start | mmu_kernel_entry_bits(MMU_READ | MMU_EXECUTE, 2);
	}
	parameters.root = mmu_kernel_root;
	parameters.attributes = MAIR_VALUE;
	parameters.translation = cpu_translation_control();
	parameters.control = SCTLR_ON;
	parameters.linked = (uint64_t)secondary_linked;
}

void cpu_start_devices(void)
{
	psci_find();
	gic_find();
	cpus_find();
	gic_cpu_start();
	cpu_mark_online(0, true);
	clock_start();
	clock_alarm_start();
	if (count > 1)
		secondary_prepare();
}

void secondary_main(uint32_t cpu)
{
	cpu_features_enable();
	kernel_key_start();
	entry_vectors_select();
	tlb_start();
	cpu_area_load(cpu);
	gic_cpu_start();
	clock_alarm_start();
	cpu_mark_online(cpu, true);
	upcall_secondary_cpu(cpu);
}

/* Written back to memory: the CPU reads it with its caches off. */
static void parameters_write_back(void)
{
	for (virtual_t at = (virtual_t)&parameters; at < (virtual_t)(&parameters + 1); at += 16)
		__asm__ volatile("dc cvac, %0" : : "r"(at) : "memory");
	__asm__ volatile("dsb sy" ::: "memory");
}

static bool secondary_start_one(unsigned cpu)
{
	uint64_t start = clock_cycles(), limit = clock_frequency_hz() / 1000 * START_PATIENCE_MS;
	long result;

	parameters.cpu = cpu;
	parameters.stack = cpu_entry(cpu)->idle_stack_top;
	parameters_write_back();
	result = psci_call(PSCI_CPU_ON, cpu_entry(cpu)->identity,
			   virtual_to_physical(secondary_start),
			   virtual_to_physical(&parameters));
	while (result == 0 && clock_cycles() - start < limit) {
		if (cpu_is_online(cpu))
			return true;
		cpu_relax();
	}
	return result == 0 && cpu_is_online(cpu);
}

void cpu_start_others(void)
{
	for (unsigned cpu = 1; cpu < count; cpu++) {
		if (!secondary_start_one(cpu))
			boot_print("[CPU] FAIL: CPU %u (%llx) does not answer, left off\n", cpu,
				   (unsigned long long)cpu_entry(cpu)->identity);
	}
}
