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
#include "arch/common/online.h"
#include "arch/upcalls.h"
#include "base/atomic.h"
#include "base/string.h"
#include "firmware/acpi_arm.h"

#define START_PATIENCE_MS 1000

/* Read by boot/head.S with the MMU off; each CPU has its own, for one may be late. */
struct secondary_parameters {
	uint64_t identity_root, root, attributes, translation, control, linked, stack, cpu;
};
static_assert(offsetof(struct secondary_parameters, identity_root) == SECONDARY_ROOT, "head.h");
static_assert(offsetof(struct secondary_parameters, attributes) == SECONDARY_MAIR, "head.h");
static_assert(offsetof(struct secondary_parameters, control) == SECONDARY_SCTLR, "head.h");
static_assert(offsetof(struct secondary_parameters, stack) == SECONDARY_STACK, "head.h");
static_assert(offsetof(struct secondary_parameters, cpu) == SECONDARY_CPU, "head.h");

static struct secondary_parameters *parameters;	/* by CPU */
/* The CPU that is waited for. Who makes it 0 has decided: that CPU, by coming, or the boot CPU, by
 * giving it up. */
static uint32_t awaited;

NORETURN void secondary_main(uint32_t cpu);

void cpu_start_first(void (*function)(void))
{
	cpu_area_create(0, cpu_identity_read());
	cpu_area_load(0);
	/* The caller is on the stack that is left: a debugger's backtrace ends here. */
	__asm__ volatile("mov sp, %0\n\t"
			 "mov x29, xzr\n\t"
			 ".cfi_undefined x30\n\t"
			 "blr %1"
			 : : "r"(cpu_entry(0)->idle_stack_top), "r"(function) : "memory");
	unreachable();
}

static void cpu_add(uint64_t identity)
{
	unsigned cpu;

	if (identity != cpu_entry(0)->identity && cpu_number_take(&cpu))
		cpu_area_create(cpu, identity);
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
static physical_t identity_map(void)
{
	physical_t image = virtual_to_physical(__kernel_start), below = boot_pages_take(1);
	physical_t gigabyte = align_down(image, LEVEL_BYTES(2)), root = boot_pages_take(1);

	table_at(root)[table_index(image, LEVEL_ROOT)] = below | ENTRY_TABLE;
	for (unsigned i = 0; i < 2; i++) {
		physical_t start = gigabyte + i * LEVEL_BYTES(2);

		table_at(below)[table_index(start, 2)] =
			start | mmu_kernel_entry_bits(MMU_READ | MMU_EXECUTE, 2);
	}
	return root;
}

void secondary_prepare(void)
{
	size_t bytes = cpu_count() * sizeof(*parameters);
	physical_t identity_root = identity_map();

	parameters = physical_to_virtual(boot_pages_take((unsigned)divide_up(bytes, PAGE_SIZE)));
	for (unsigned cpu = 1; cpu < cpu_count(); cpu++) {
		parameters[cpu] = (struct secondary_parameters){
			.identity_root = identity_root,
			.root = mmu_kernel_root,
			.attributes = MAIR_VALUE,
			.translation = cpu_translation_control(),
			.control = SCTLR_ON,
			.linked = (uint64_t)secondary_linked,
			.stack = cpu_entry(cpu)->idle_stack_top,
			.cpu = cpu,
		};
	}
	/* The CPUs read them with their caches off. */
	cpu_write_back(parameters, bytes);
}

void cpu_start_devices(void)
{
	psci_find();
	gic_find();
	cpus_find();
	if (cpu_present_count() > cpu_count())
		boot_print("[CPU] FAIL: more than %u CPUs, %u are left off\n", CPU_LIMIT,
			   cpu_present_count() - cpu_count());
	gic_cpu_start();
	cpu_mark_online(0, true);
	clock_start();
	clock_alarm_start();
	if (cpu_count() > 1)
		secondary_prepare();
}

/* Whether nobody else did. */
static bool await_end(uint32_t cpu)
{
	return atomic_compare_swap(&awaited, &cpu, 0);
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
	if (!await_end(cpu))
		machine_halt();
	cpu_mark_online(cpu, true);
	upcall_secondary_cpu(cpu);
}

static bool secondary_start_one(unsigned cpu)
{
	uint64_t start = clock_cycles(), limit = clock_frequency_hz() / 1000 * START_PATIENCE_MS;
	long result;

	atomic_store_ordered(&awaited, cpu);
	result = psci_call(PSCI_CPU_ON, cpu_entry(cpu)->identity,
			   virtual_to_physical(secondary_start),
			   virtual_to_physical(&parameters[cpu]));
	while (result == 0 && !cpu_is_online(cpu) && clock_cycles() - start < limit)
		cpu_relax();
	/* Nobody expects it any more: if it still comes, it halts. */
	if (await_end(cpu))
		return false;
	while (!cpu_is_online(cpu))
		cpu_relax();
	return true;
}

void cpu_start_others(void)
{
	for (unsigned cpu = 1; cpu < cpu_count(); cpu++) {
		if (!secondary_start_one(cpu))
			boot_print("[CPU] FAIL: CPU %u (%llx) does not answer, left off\n", cpu,
				   (unsigned long long)cpu_entry(cpu)->identity);
	}
}
