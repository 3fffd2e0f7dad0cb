/*
 * From the first C to kernel_main(): reads what firmware left, settles who owns which memory,
 * builds the final page tables and brings up the first CPU.
 */
#include "arch/aarch64/boot/boot.h"

#include "arch/aarch64/boot/efi.h"
#include "arch/aarch64/boot/head.h"
#include "arch/aarch64/boot/linker.h"
#include "arch/aarch64/cpu/cpu.h"
#include "arch/aarch64/cpu/features.h"
#include "arch/aarch64/cpu/keys.h"
#include "arch/aarch64/entry/entry.h"
#include "arch/aarch64/mmu/table.h"
#include "arch/clock.h"
#include "arch/mmu.h"
#include "arch/upcalls.h"
#include "base/arithmetic.h"
#include "base/format.h"
#include "base/string.h"

/* Ranges while booting, in memory that is given back. More usable ranges than fit are left out. */
#define RANGE_CAPACITY 256
#define GIGABYTE (UINT64_C(1) << 30)

static struct boot_memory_range boot_ranges[RANGE_CAPACITY] SECTION(".boot.bss,\"aw\",@nobits//");
static struct memory_map memory_map = { .ranges = boot_ranges, .capacity = RANGE_CAPACITY };
static struct boot_information information;
static struct device_tree tree;
static bool is_map_final;

NORETURN void boot_main(physical_t device_tree, physical_t image, physical_t handover);

const struct boot_information *boot_information(void)
{
	return &information;
}

const struct device_tree *boot_device_tree(void)
{
	return tree.bytes ? &tree : NULL;
}

/* Once the ranges are published, the map they came from is gone. */
static const struct boot_memory_range *ranges_now(unsigned *count)
{
	*count = information.ranges ? information.range_count : memory_map.count;
	return information.ranges ? information.ranges : memory_map.ranges;
}

bool boot_holds_firmware(physical_t start, uint64_t length_bytes)
{
	const struct boot_memory_range *range;
	unsigned count;

	range = ranges_now(&count);
	for (; count--; range++) {
		if (range->kind == BOOT_MEMORY_FIRMWARE && start >= range->start &&
		    range_is_within(start - range->start, length_bytes, range->length_bytes))
			return true;
	}
	return false;
}

bool boot_is_memory(physical_t start, uint64_t length_bytes)
{
	const struct boot_memory_range *range;
	unsigned count;

	range = ranges_now(&count);
	for (; count--; range++) {
		if (ranges_overlap(start, length_bytes, range->start, range->length_bytes))
			return true;
	}
	return false;
}

static void print_line(const char *prefix, const char *format, va_list arguments)
{
	char line[200];
	size_t length = format_vprint(line, sizeof(line), format, arguments);

	boot_console_write(prefix, strlen(prefix));
	boot_console_write(line, min(length, sizeof(line) - 1));
}

void boot_print(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print_line("", format, arguments);
	va_end(arguments);
}

void boot_fail(const char *format, ...)
{
	va_list arguments;

	boot_console_guess(is_map_final ? boot_registers_map(BOOT_CONSOLE_GUESS, PAGE_SIZE) :
					  mmu_early_map(BOOT_CONSOLE_GUESS));
	va_start(arguments, format);
	print_line("[BOOT] FAIL: ", format, arguments);
	va_end(arguments);
	boot_console_write("\n", 1);
	machine_debug_exit(1);
	machine_halt();
}

/* Until the final page tables are loaded, the gigabyte of the image is what can be reached. */
physical_t boot_pages_take(unsigned count)
{
	physical_t image = virtual_to_physical(__kernel_start);
	physical_t low = is_map_final ? PAGE_SIZE : align_down(image, GIGABYTE);
	physical_t high = is_map_final ? UINT64_MAX : low + GIGABYTE;
	physical_t start = memory_map_take(&memory_map, (uint64_t)count * PAGE_SIZE,
					   max(low, (physical_t)PAGE_SIZE), high);

	if (!start)
		boot_fail("no memory for %u pages", count);
	memset(physical_to_virtual(start), 0, count * PAGE_SIZE);
	return start;
}

static void reserve(physical_t start, uint64_t length_bytes)
{
	if (length_bytes)
		memory_map_set(&memory_map, start, length_bytes, BOOT_MEMORY_RESERVED);
}

/* Drops an initial file system that does not lie in memory, instead of faulting on it later. */
static void check_initramfs(void)
{
	uint64_t end;

	for (unsigned i = 0; i < memory_map.count && information.initramfs_bytes; i++) {
		const struct boot_memory_range *range = &memory_map.ranges[i];

		if (range_end(information.initramfs, information.initramfs_bytes, &end))
			break;
		if (range->start <= information.initramfs &&
		    end <= range->start + range->length_bytes)
			return;
	}
	if (information.initramfs_bytes)
		boot_print("[BOOT] FAIL: initial file system lies outside memory, ignored\n");
	information.initramfs = 0;
	information.initramfs_bytes = 0;
}

/* Nothing may be taken before all that is in use is known. */
static void reserve_what_is_in_use(const struct efi_handover *efi)
{
	physical_t kernel = virtual_to_physical(__kernel_start);

	memory_map_remove(&memory_map, 0, PAGE_SIZE);	/* address 0 means "none" */
	memory_map_remove(&memory_map, DIRECT_MAP_BYTES, UINT64_MAX);
	reserve(kernel, virtual_to_physical(__boot_bss_end) - kernel);
	check_initramfs();
	reserve(information.initramfs, information.initramfs_bytes);
	reserve(information.device_tree, tree.total_bytes);
	if (efi)
		reserve(efi->start, efi->length);
}

/* The line lies in the tree or in the handover; a copy has an end for certain. */
static void copy_command_line(void)
{
	size_t size = strlen(information.command_line) + 1;
	char *copy = physical_to_virtual(boot_pages_take((unsigned)divide_up(size, PAGE_SIZE)));

	memcpy(copy, information.command_line, size);
	information.command_line = copy;
}

/* Copies the ranges out of the memory that is about to be given back; after this, none is taken. */
static void publish_memory_map(void)
{
	size_t bytes = (memory_map.count + 2) * sizeof(memory_map.ranges[0]);
	struct boot_memory_range *copy;

	copy = physical_to_virtual(boot_pages_take((unsigned)divide_up(bytes, PAGE_SIZE)));
	memory_map_remove(&memory_map, virtual_to_physical(__boot_bss_start),
			  (uint64_t)(__boot_bss_end - __boot_bss_start));
	memory_map_add_usable(&memory_map, virtual_to_physical(__boot_bss_start),
			      (uint64_t)(__boot_bss_end - __boot_bss_start));
	memcpy(copy, memory_map.ranges, memory_map.count * sizeof(memory_map.ranges[0]));
	information.ranges = copy;
	information.range_count = memory_map.count;
	boot_image_unmap(__boot_bss_start, __boot_bss_end);
}

/* Firmware's seed, counters and the CPU's generator: better than nothing, counted as nothing. */
static void gather_seed(void)
{
	uint64_t words[sizeof(information.random_seed) / sizeof(uint64_t)];

	memcpy(words, information.random_seed, sizeof(words));
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		uint64_t word;

		if (cpu_random(&word))
			words[i] ^= word;
		words[i] ^= clock_cycles() * UINT64_C(0x9e3779b97f4a7c15);
	}
	memcpy(information.random_seed, words, sizeof(words));
}

/* On the idle stack of the first CPU, with its own tables. */
static NORETURN void boot_finish(void)
{
	gather_seed();
	kernel_key_make(information.random_seed);
	kernel_key_start();
	entry_vectors_select();
	cpu_start_devices();
	gather_seed();
	publish_memory_map();
	kernel_main(&information);
}

static bool tree_open(physical_t device_tree)
{
	return device_tree &&
	       device_tree_open(physical_to_virtual(device_tree), DEVICE_TREE_BYTES_LIMIT, &tree);
}

static void tree_believe(physical_t device_tree)
{
	information.device_tree = device_tree;
	information.device_tree_bytes = tree.total_bytes;
	boot_console_find(&tree);
	boot_read_reserved(&tree, &memory_map);
}

static void read_loader(physical_t device_tree)
{
	if (!tree_open(device_tree))
		boot_fail("the loader gave no device tree, or a damaged one");
	boot_read_chosen(&tree, &information);
	boot_read_memory(&tree, &memory_map);
	tree_believe(device_tree);
}

/* Where ACPI describes the machine, loaders leave a tree of nothing but /chosen. */
static bool tree_describes_machine(void)
{
	struct device_tree_node node;

	device_tree_begin(&node);
	while (device_tree_next(&tree, &node)) {
		if (node.depth == 1 && strcmp(node.name, "chosen") != 0)
			return true;
	}
	return false;
}

/* Both a tree and tables may be there, and describe the same devices: one of them counts. */
static void read_efi(const struct efi_handover *efi)
{
	bool has_tree = tree_open(efi->device_tree);

	if (has_tree)
		boot_read_chosen(&tree, &information);
	boot_read_efi(efi, &memory_map, &information);
	if (has_tree && tree_describes_machine()) {
		information.acpi_root = 0;
		tree_believe(efi->device_tree);
		return;
	}
	tree = (struct device_tree){ 0 };
	if (!information.acpi_root)
		boot_fail("the loader gave neither ACPI's tables nor a device tree");
}

void boot_main(physical_t device_tree, physical_t image, physical_t handover)
{
	const struct efi_handover *efi = handover ? physical_to_virtual(handover) : NULL;

	kernel_image_offset = KERNEL_IMAGE_BASE - image;
	information.command_line = "";
	if (efi)
		read_efi(efi);
	else
		read_loader(device_tree);
	if (memory_map.has_overflowed)
		boot_print("[BOOT] FAIL: memory map is too long, some memory is not used\n");
	reserve_what_is_in_use(efi);
	copy_command_line();
	cpu_features_detect();
	boot_page_tables_build(&memory_map);
	is_map_final = true;
	if (!information.device_tree)
		boot_console_find_by_tables();
	boot_console_map();
	cpu_start_first(boot_finish);
}
