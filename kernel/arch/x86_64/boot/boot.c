/*
 * From the loader to kernel_main(): reads what the loader left, settles who owns which memory,
 * builds the final page tables and brings up the first CPU.
 */
#include "arch/boot.h"
#include "arch/clock.h"
#include "arch/mmu.h"
#include "arch/upcalls.h"
#include "arch/x86_64/boot/boot.h"
#include "arch/x86_64/boot/linker.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/features.h"
#include "arch/x86_64/cpu/patch.h"
#include "base/arithmetic.h"
#include "base/format.h"
#include "base/string.h"

/* Ranges while booting, in memory that is given back. More usable ranges than fit are left out. */
#define RANGE_CAPACITY 512

static struct boot_memory_range boot_ranges[RANGE_CAPACITY] SECTION(".boot.bss,\"aw\",@nobits#");
static struct memory_map memory_map = { .ranges = boot_ranges, .capacity = RANGE_CAPACITY };
static struct boot_information information;
static bool is_map_final;

NORETURN void boot_main(uint32_t magic, uint32_t loader_information);

const struct boot_information *boot_information(void)
{
	return &information;
}

void boot_print(const char *format, ...)
{
	char line[200];
	va_list arguments;
	size_t length;

	va_start(arguments, format);
	length = format_vprint(line, sizeof(line), format, arguments);
	va_end(arguments);
	boot_console_write(line, min(length, sizeof(line) - 1));
}

void boot_fail(const char *format, ...)
{
	char line[200];
	va_list arguments;
	size_t length;

	va_start(arguments, format);
	length = format_vprint(line, sizeof(line), format, arguments);
	va_end(arguments);
	boot_console_write("[BOOT] FAIL: ", 13);
	boot_console_write(line, min(length, sizeof(line) - 1));
	boot_console_write("\n", 1);
	machine_debug_exit(1);
	machine_halt();
}

void *boot_map(physical_t address, uint64_t length_bytes)
{
	if (!is_map_final && !range_is_within(address, length_bytes, EARLY_MAP_BYTES))
		return NULL;
	return physical_to_virtual(address);
}

physical_t boot_pages_take(unsigned count)
{
	/* Not the first megabyte: that is scarce, and other CPUs start there. */
	physical_t start = memory_map_take(&memory_map, (uint64_t)count * PAGE_SIZE, 0x100000,
					   EARLY_MAP_BYTES);

	if (!start)
		boot_fail("no memory for %u pages", count);
	memset(physical_to_virtual(start), 0, count * PAGE_SIZE);
	return start;
}

physical_t boot_page_take_low(void)
{
	return memory_map_take(&memory_map, PAGE_SIZE, PAGE_SIZE, 0xa0000);
}

void boot_firmware_range_add(physical_t start, uint64_t length_bytes)
{
	memory_map_set(&memory_map, start, length_bytes, BOOT_MEMORY_FIRMWARE);
}

static void reserve(physical_t start, uint64_t length_bytes)
{
	if (length_bytes)
		memory_map_set(&memory_map, start, length_bytes, BOOT_MEMORY_RESERVED);
}

/* Nothing may be taken before all that is in use is known. */
static void reserve_what_is_in_use(const struct boot_loader *loader)
{
	physical_t kernel = virtual_to_physical(__kernel_start);

	/* Page 0 holds the BIOS's vectors, and address 0 means "none". */
	memory_map_remove(&memory_map, 0, PAGE_SIZE);
	reserve(kernel, virtual_to_physical(__boot_bss_end) - kernel);
	reserve(loader->initramfs, loader->initramfs_bytes);
	reserve(loader->information, loader->information_bytes);
	if (loader->command_line)
		reserve(virtual_to_physical(loader->command_line),
			strlen(loader->command_line) + 1);
}

static void copy_command_line(const struct boot_loader *loader)
{
	size_t size;
	char *copy;

	information.command_line = "";
	if (!loader->command_line)
		return;
	size = strlen(loader->command_line) + 1;
	copy = physical_to_virtual(boot_pages_take((unsigned)divide_up(size, PAGE_SIZE)));
	memcpy(copy, loader->command_line, size);
	information.command_line = copy;
}

static bool is_in_memory(physical_t start, uint64_t length_bytes)
{
	uint64_t end;

	if (range_end(start, length_bytes, &end))
		return false;
	for (unsigned i = 0; i < memory_map.count; i++) {
		const struct boot_memory_range *range = &memory_map.ranges[i];

		if (range->start <= start && end <= range->start + range->length_bytes)
			return true;
	}
	return false;
}

/*
 * Drops an initial file system that does not lie in memory, instead of faulting on it later. Its
 * last page may be one behind memory that firmware keeps for itself: QEMU's microvm places it so.
 */
static void check_initramfs(struct boot_loader *loader)
{
	physical_t last;
	uint64_t end;

	if (loader->initramfs_bytes == 0)
		return;
	if (!range_end(loader->initramfs, loader->initramfs_bytes, &end)) {
		last = align_down(end - 1, PAGE_SIZE);
		if (last >= PAGE_SIZE && is_in_memory(last - PAGE_SIZE, PAGE_SIZE))
			memory_map_add_usable(&memory_map, last, PAGE_SIZE);
	}
	if (is_in_memory(loader->initramfs, loader->initramfs_bytes))
		return;
	boot_print("[BOOT] FAIL: initial file system lies outside memory, ignored\n");
	loader->initramfs = 0;
	loader->initramfs_bytes = 0;
}

static void read_loader(struct boot_loader *loader, uint32_t magic, uint32_t loader_information)
{
	bool is_good;

	loader->map = &memory_map;
	is_good = magic == MULTIBOOT2_BOOT_MAGIC
		? boot_read_multiboot2(loader, loader_information)
		: boot_read_pvh(loader, loader_information);
	if (!is_good)
		boot_fail("the loader's information cannot be understood");
	if (memory_map.has_overflowed)
		boot_print("[BOOT] FAIL: memory map is too long, some memory is not used\n");
	check_initramfs(loader);
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

/* Counters and the CPU's generator: better than nothing, counted as nothing. */
static void gather_seed(void)
{
	uint64_t words[sizeof(information.random_seed) / sizeof(uint64_t)];

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!cpu_random(&words[i]))
			words[i] = 0;
		words[i] ^= clock_cycles() * UINT64_C(0x9e3779b97f4a7c15);
	}
	memcpy(information.random_seed, words, sizeof(words));
}

/* On the idle stack of the first CPU, with its own tables. */
static NORETURN void boot_finish(void)
{
	cpu_start_devices();
	gather_seed();
	publish_memory_map();
	kernel_main(&information);
}

static bool is_isolation_wanted(void)
{
	char value[8];

	if (boot_option(&information, "kpti", value, sizeof(value))) {
		if (!strcmp(value, "on"))
			return true;
		if (!strcmp(value, "off"))
			return false;
		boot_print("[BOOT] FAIL: kpti=%s is neither on nor off\n", value);
	}
	return cpu_needs_isolation();
}

void boot_main(uint32_t magic, uint32_t loader_information)
{
	struct boot_loader loader = { 0 };

	boot_console_start();
	read_loader(&loader, magic, loader_information);
	boot_firmware_tables_keep(&loader);
	reserve_what_is_in_use(&loader);
	copy_command_line(&loader);
	information.initramfs = loader.initramfs;
	information.initramfs_bytes = loader.initramfs_bytes;
	information.acpi_root = loader.acpi_root;
	information.framebuffer = loader.framebuffer;
	cpu_features_detect();
	cpu_is_isolated = is_isolation_wanted();
	patches_apply();
	boot_page_tables_build(&memory_map);
	is_map_final = true;
	cpu_start_first(boot_finish);
}
