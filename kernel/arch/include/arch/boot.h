/*
 * What the boot code of a CPU hands to the kernel: memory, command line, initial file system.
 * The boot code fills one structure and calls kernel_main(); the structure lives for ever.
 */
#ifndef ARCH_BOOT_H
#define ARCH_BOOT_H

#include "base/types.h"
#include "base/compiler.h"

enum boot_memory_kind {
	BOOT_MEMORY_USABLE,	/* free for the page allocator */
	/* Kernel image, initial file system, boot tables: never handed out. */
	BOOT_MEMORY_RESERVED,
	BOOT_MEMORY_FIRMWARE,	/* tables that firmware left; mapped, never handed out */
};

struct boot_memory_range {
	physical_t start;
	uint64_t length_bytes;
	enum boot_memory_kind kind;
};

struct boot_framebuffer {
	physical_t address;	/* 0: there is none */
	uint32_t width, height, pitch_bytes;
	uint8_t bits_per_pixel, red_shift, green_shift, blue_shift;
};

/* Every field is a copy in kernel memory; ranges are sorted, page-aligned and do not overlap. */
struct boot_information {
	const struct boot_memory_range *ranges;
	unsigned range_count;
	const char *command_line;	/* never NULL, terminated */
	physical_t initramfs;		/* 0: none */
	uint64_t initramfs_bytes;
	physical_t acpi_root;		/* RSDP; 0: none */
	physical_t device_tree;		/* 0: none */
	uint64_t device_tree_bytes;	/* that were read, and stay reserved */
	int64_t wall_time_ns;		/* since 1970, as firmware's clock had it; 0: unknown */
	uint64_t wall_time_cycles;	/* of clock_cycles() at that moment */
	struct boot_framebuffer framebuffer;
	uint8_t random_seed[32];	/* from the loader, CPU and counters: untrusted entropy */
};

/*
 * Finds a command-line option `name=value` or the bare word `name`.
 * Copies the value (empty for a bare word) to `value`; false when absent. Usable from the first
 * instruction of C on.
 */
bool boot_option(const struct boot_information *boot, const char *name,
		 char *value, size_t size);

/* The structure given to kernel_main(), for later readers (procfs). */
const struct boot_information *boot_information(void);

/*
 * The firmware table (ACPI) with a four-letter signature, checked and mapped for ever, header
 * included; NULL when there is none. For drivers and buses.
 */
const void *boot_firmware_table(const char *signature, size_t *length_bytes);

/*
 * An early, polled, best-effort byte sink for the time before the console driver attaches, and for
 * panics. Never blocks for ever: a port that does not answer is given up.
 */
void boot_console_write(const char *text, size_t length);

/* Ends the machine: power off, restart, or stop for ever; tries every way that the CPU knows. */
NORETURN void machine_power_off(void);
NORETURN void machine_restart(void);
NORETURN void machine_halt(void);
/* Ends the emulator with a status through isa-debug-exit or its like; returns where there is
 * none. */
void machine_debug_exit(unsigned status);

#endif
