/* What the EFI application left (efi.c), read by the kernel. */
#include "arch/aarch64/boot/boot.h"
#include "arch/aarch64/boot/efi.h"
#include "arch/mmu.h"
#include "firmware/efi.h"

/* What is kept wins over tables, and those over what is free, whatever the order in the map. */
static void read_memory(const struct efi_handover *handover, struct memory_map *map,
			enum efi_memory_use use)
{
	const struct efi_memory_map descriptors = {
		physical_to_virtual(handover->memory_map), handover->memory_map_bytes,
		handover->memory_descriptor_bytes,
	};
	struct efi_memory_range range;
	uint64_t offset = 0;

	while (efi_memory_next(&descriptors, &offset, &range)) {
		if (range.use != use)
			continue;
		if (use == EFI_MEMORY_FREE)
			memory_map_add_usable(map, range.start, range.length);
		else if (use == EFI_MEMORY_TABLES)
			memory_map_set(map, range.start, range.length, BOOT_MEMORY_FIRMWARE);
		else
			memory_map_remove(map, range.start, range.length);
	}
}

void boot_read_efi(const struct efi_handover *handover, struct memory_map *map,
		   struct boot_information *information)
{
	const char *line = physical_to_virtual(handover->command_line);

	read_memory(handover, map, EFI_MEMORY_FREE);
	read_memory(handover, map, EFI_MEMORY_TABLES);
	read_memory(handover, map, EFI_MEMORY_KEPT);
	information->acpi_root = handover->acpi_root;
	for (size_t i = 0; i < sizeof(information->random_seed); i++)
		information->random_seed[i] ^= handover->random_seed[i];
	if (efi_time_parse(handover->time, &information->wall_time_ns))
		information->wall_time_cycles = handover->time_cycles;
	if (*line)
		information->command_line = line;
	if (handover->initramfs) {
		information->initramfs = handover->initramfs;
		information->initramfs_bytes = handover->initramfs_bytes;
	}
}
