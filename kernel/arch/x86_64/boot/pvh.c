/*
 * The PVH loader protocol (Xen's docs/misc/pvh.pandoc and xen/include/public/arch-x86/hvm):
 * hvm_start_info version 1 with a memory map in E820 types.
 */
#include "arch/x86_64/boot/boot.h"
#include "arch/x86_64/boot/e820.h"
#include "base/arithmetic.h"

#define PVH_MAGIC 0x336ec578

struct pvh_start_information {
	uint32_t magic, version, flags, module_count;
	uint64_t modules, command_line, acpi_root, memory_map;
	uint32_t memory_map_entries, reserved;
};

struct pvh_module {
	uint64_t address, size, command_line, reserved;
};

struct pvh_memory_entry {
	uint64_t address, size;
	uint32_t type, reserved;
};

static bool pvh_read_memory_map(struct boot_loader *loader,
				const struct pvh_start_information *start)
{
	uint64_t bytes = (uint64_t)start->memory_map_entries * sizeof(struct pvh_memory_entry);
	const struct pvh_memory_entry *entries = boot_map(start->memory_map, bytes);

	if (!entries)
		return false;
	for (uint32_t i = 0; i < start->memory_map_entries; i++)
		e820_add_usable(loader->map, entries[i].type, entries[i].address, entries[i].size);
	for (uint32_t i = 0; i < start->memory_map_entries; i++)
		e820_add_other(loader->map, entries[i].type, entries[i].address, entries[i].size);
	return true;
}

bool boot_read_pvh(struct boot_loader *loader, physical_t information)
{
	const struct pvh_start_information *start = boot_map(information, sizeof(*start));

	if (!start || start->magic != PVH_MAGIC || start->version < 1)
		return false;
	loader->information = information;
	loader->information_bytes = sizeof(*start);
	loader->acpi_root = start->acpi_root;
	if (start->command_line)
		loader->command_line = boot_map(start->command_line, 1);
	if (start->module_count) {
		const struct pvh_module *module = boot_map(start->modules, sizeof(*module));

		if (module) {
			loader->initramfs = module->address;
			loader->initramfs_bytes = module->size;
		}
	}
	return pvh_read_memory_map(loader, start);
}
