/* Between the files of boot/: what firmware said, and the final page tables. */
#ifndef ARCH_AARCH64_BOOT_BOOT_H
#define ARCH_AARCH64_BOOT_BOOT_H

#include "arch/boot.h"
#include "arch/common/page_tables.h"
#include "base/compiler.h"
#include "base/types.h"
#include "firmware/acpi.h"
#include "firmware/device_tree.h"

struct efi_handover;

/* Prints a line on the early console. */
void boot_print(const char *format, ...) PRINTF_LIKE(1, 2);
/* Prints why the machine cannot boot, and stops it. */
NORETURN void boot_fail(const char *format, ...) PRINTF_LIKE(1, 2);

/* Finds the serial port that the tree names, which works at once, or the one that ACPI's tables
 * name, which can be read behind the final page tables only. */
void boot_console_find(const struct device_tree *tree);
void boot_console_find_by_tables(void);
/* On the final page tables. */
void boot_console_map(void);
/* For a machine that cannot boot and says of no port: QEMU's, if one is at its place, which
 * `registers` leads to (or is NULL). */
#define BOOT_CONSOLE_GUESS 0x9000000u
void boot_console_guess(volatile void *registers);

/* Command line, initial file system and seed; memory; what of it is somebody's. */
void boot_read_chosen(const struct device_tree *tree, struct boot_information *information);
void boot_read_memory(const struct device_tree *tree, struct memory_map *map);
void boot_read_reserved(const struct device_tree *tree, struct memory_map *map);

/* All of these as the EFI application has left them; what it does not say stays as it is. */
void boot_read_efi(const struct efi_handover *handover, struct memory_map *map,
		   struct boot_information *information);

/* The tree, from boot on; NULL: there is none. */
const struct device_tree *boot_device_tree(void);

/* Device registers in the direct map, where a table or tree says that they are; NULL: that cannot
 * be. Whether anything answers there is still to be found out. */
void *boot_registers_map(physical_t start, uint64_t length_bytes);
/* The part of it that writes page tables. */
void boot_page_tables_add_device(physical_t start, uint64_t length_bytes);

/* ACPI's table with a signature, checked. On the final page tables. */
bool boot_table_find(const char *signature, struct acpi_table *table) MUST_CHECK;

/* Whether all of a range is memory with firmware's tables; whether any of it is memory at all. */
bool boot_holds_firmware(physical_t start, uint64_t length_bytes);
bool boot_is_memory(physical_t start, uint64_t length_bytes);

#endif
