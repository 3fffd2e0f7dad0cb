/*
 * The PE header in the Linux Image's first page, by which UEFI firmware loads the very same file
 * (PE format, "Optional Header"). Offsets in memory are those in the file.
 */
#ifndef ARCH_AARCH64_BOOT_EFI_HEADER_H
#define ARCH_AARCH64_BOOT_EFI_HEADER_H

#define PE_MACHINE_ARM64	0xaa64
#define PE_CHARACTERISTICS	0x206	/* executable, no line numbers, no debug information */
#define PE_OPTIONAL_64		0x20b
#define PE_SUBSYSTEM_EFI	10	/* application */
#define PE_NX_COMPATIBLE	0x100
#define PE_CODE			0x60000020	/* code, to be executed and read */
#define PE_DATA			0xc0000040	/* data, to be read and written */
#define PE_PAGE_BYTES		0x1000

.macro EFI_HEADER
	.balign 8
pe_header:
	.ascii "PE\0\0"
	.short PE_MACHINE_ARM64
	.short 2			/* sections */
	.long 0, 0, 0			/* time stamp, symbols */
	.short section_table - optional_header
	.short PE_CHARACTERISTICS
optional_header:
	.short PE_OPTIONAL_64
	.byte 0, 0			/* linker */
	.long __efi_code_bytes
	.long __efi_data_bytes
	.long 0				/* data without contents: part of the section */
	.long __efi_entry
	.long PE_PAGE_BYTES		/* where code begins */
	.quad 0				/* anywhere */
	.long PE_PAGE_BYTES		/* alignment in memory */
	.long PE_PAGE_BYTES		/* in the file */
	.short 0, 0			/* system */
	.short 1, 0			/* to loaders of Linux: takes an initrd by LoadFile2 */
	.short 0, 0			/* subsystem */
	.long 0
	.long __image_size
	.long PE_PAGE_BYTES		/* headers */
	.long 0				/* checksum */
	.short PE_SUBSYSTEM_EFI
	.short PE_NX_COMPATIBLE
	.quad 0, 0, 0, 0		/* stack and heap */
	.long 0
	.long 6				/* directories, all empty */
	.quad 0, 0, 0, 0, 0, 0
section_table:
	.ascii ".text\0\0\0"
	.long __efi_code_bytes
	.long PE_PAGE_BYTES
	.long __efi_code_bytes
	.long PE_PAGE_BYTES
	.long 0, 0
	.short 0, 0
	.long PE_CODE
	.ascii ".data\0\0\0"
	.long __efi_data_bytes
	.long __efi_data_offset
	.long __efi_data_file_bytes
	.long __efi_data_offset
	.long 0, 0
	.short 0, 0
	.long PE_DATA
.endm

#endif
