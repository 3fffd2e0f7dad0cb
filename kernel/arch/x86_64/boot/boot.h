/* Between the files of boot/: what each loader reports. */
#ifndef ARCH_X86_64_BOOT_BOOT_H
#define ARCH_X86_64_BOOT_BOOT_H

#include "arch/boot.h"
#include "arch/common/page_tables.h"
#include "base/compiler.h"
#include "base/types.h"

/* What a loader's structures said; pointers go into memory that the loader left. */
struct boot_loader {
	struct memory_map *map;
	const char *command_line;	/* may be NULL */
	physical_t initramfs;
	uint64_t initramfs_bytes;
	physical_t acpi_root;
	struct boot_framebuffer framebuffer;
	physical_t information;		/* the loader's own structure, not to be overwritten */
	uint64_t information_bytes;
};

#define MULTIBOOT2_BOOT_MAGIC 0x36d76289

/* Memory below this is mapped from the first instruction on. */
#define EARLY_MAP_BYTES (UINT64_C(4) << 30)

/* False: the structure is not what it should be. */
bool boot_read_pvh(struct boot_loader *loader, physical_t information) MUST_CHECK;
bool boot_read_multiboot2(struct boot_loader *loader, physical_t information) MUST_CHECK;

/* Memory through the early map or the direct map; NULL beyond the early map until that is final. */
void *boot_map(physical_t address, uint64_t length_bytes);

/* As boot_pages_take(), below 1 MB; 0 when there is none. */
physical_t boot_page_take_low(void);

/* Adds a range that firmware owns and the kernel reads. Before the final page tables only. */
void boot_firmware_range_add(physical_t start, uint64_t length_bytes);

/* Prints a line on the early console. */
void boot_print(const char *format, ...) PRINTF_LIKE(1, 2);
/* Prints why the machine cannot boot, and stops it. */
NORETURN void boot_fail(const char *format, ...) PRINTF_LIKE(1, 2);

void boot_console_start(void);

/* Keeps the memory behind the ACPI tables from being handed out. */
void boot_firmware_tables_keep(struct boot_loader *loader);

#endif
