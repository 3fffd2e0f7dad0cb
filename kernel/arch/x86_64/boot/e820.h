/* Memory types as the BIOS call E820 numbers them (ACPI 6.5, 15.1); both loaders use them. */
#ifndef ARCH_X86_64_BOOT_E820_H
#define ARCH_X86_64_BOOT_E820_H

#include "arch/common/memory_map.h"

enum e820_type {
	E820_USABLE = 1,
	E820_RESERVED = 2,
	E820_ACPI_TABLES = 3,
	E820_ACPI_STORAGE = 4,
	E820_BAD = 5,
};

static inline void e820_add_usable(struct memory_map *map, uint32_t type, physical_t start,
				   uint64_t length)
{
	if (type == E820_USABLE)
		memory_map_add_usable(map, start, length);
}

/* After all usable ranges, so that what is reserved wins. */
static inline void e820_add_other(struct memory_map *map, uint32_t type, physical_t start,
				  uint64_t length)
{
	if (type == E820_ACPI_TABLES || type == E820_ACPI_STORAGE)
		memory_map_set(map, start, length, BOOT_MEMORY_FIRMWARE);
	else if (type != E820_USABLE)
		memory_map_remove(map, start, length);
}

#endif
