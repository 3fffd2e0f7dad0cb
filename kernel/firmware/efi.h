/*
 * Readers of what UEFI firmware hands over (UEFI specification 2.10): the memory map, text in
 * UTF-16, the time. Pure functions over bytes that nobody checked; boot/efi.c calls them before
 * anything else of the kernel runs, wherever firmware has put it.
 */
#ifndef FIRMWARE_EFI_H
#define FIRMWARE_EFI_H

#include "base/compiler.h"
#include "base/types.h"

#define EFI_PAGE_BYTES 4096

enum efi_memory_use {
	EFI_MEMORY_FREE,	/* ours once firmware's boot services have ended */
	EFI_MEMORY_TABLES,	/* memory with ACPI's tables */
	EFI_MEMORY_KEPT,	/* firmware's, or no ordinary memory */
};
struct efi_memory_range {
	uint64_t start, length;
	enum efi_memory_use use;
};

/* Each descriptor has `stride` bytes, of which the specification names the first. */
struct efi_memory_map {
	const void *bytes;
	uint64_t length, stride;
};
/* Steps through the descriptors; *offset starts at 0. A range that makes no sense is kept, and has
 * no bytes. False: no more. */
bool efi_memory_next(const struct efi_memory_map *map, uint64_t *offset,
		     struct efi_memory_range *range) MUST_CHECK;

/* UTF-8 of UTF-16, up to the first 0 or the end of `length` bytes; halves of pairs become '?'. The
 * result is terminated, cut to whole characters if `size` (not 0) is too small, and its length
 * without the 0 is returned. */
size_t efi_text_convert(const void *text, size_t length, char *out, size_t size);
/* The most bytes that `length` bytes of text become, with the 0. */
#define EFI_TEXT_BYTES(length) ((length) / 2 * 3 + 1)

/* EFI_TIME (8.3.1) as nanoseconds since 1970. Where the zone is not said, the time is taken for
 * UTC. False: no such time. */
#define EFI_TIME_BYTES 16
bool efi_time_parse(const uint8_t bytes[EFI_TIME_BYTES], int64_t *time_ns) MUST_CHECK;

#endif
