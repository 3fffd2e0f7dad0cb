/*
 * What the EFI application (efi.c, on firmware's page tables) leaves for the kernel that it starts:
 * addresses of memory that lies behind the image, and that nobody has checked.
 */
#ifndef ARCH_AARCH64_BOOT_EFI_H
#define ARCH_AARCH64_BOOT_EFI_H

#include "arch/aarch64/boot/efi_protocol.h"
#include "base/compiler.h"
#include "base/types.h"
#include "firmware/efi.h"

struct efi_handover {
	physical_t start;		/* of the image; */
	uint64_t length;		/* with all named here but the initial file system */
	physical_t memory_map;
	uint64_t memory_map_bytes, memory_descriptor_bytes;
	physical_t command_line;	/* terminated */
	physical_t device_tree;		/* a copy; 0: none */
	physical_t initramfs;		/* 0: none */
	uint64_t initramfs_bytes;
	physical_t acpi_root;		/* 0: none */
	uint64_t time_cycles;		/* the counter when firmware's clock said: */
	uint8_t time[EFI_TIME_BYTES];	/* zeros: nothing */
	uint8_t random_seed[32];
};

/* Where firmware enters the image. Returns only if the kernel cannot be started, with a word about
 * it on firmware's console. */
efi_status_t efi_main(void *image, const struct efi_system_table *system);

/* Writes [start, end) back to memory, turns the MMU off and goes on at `entry`, with the address of
 * the handover in x0. The addresses are physical ones. */
NORETURN void efi_leave(uint64_t start, uint64_t end, uint64_t entry, uint64_t handover);

/* head.S: where the kernel begins with a handover in x0. */
extern const uint8_t efi_start[];

#endif
