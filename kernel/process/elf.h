/*
 * ELF files on their way into an address space: what was read of one, and where it was put.
 * Private to process/.
 */
#ifndef PROCESS_ELF_H
#define PROCESS_ELF_H

#include "base/codec/elf.h"
#include "base/compiler.h"
#include "base/types.h"

struct file;
struct space;

struct elf_image {
	struct file *file;			/* borrowed */
	struct elf64_header header;
	struct elf64_program_header *headers;	/* header.e_phnum of them; owned */
	uint64_t bias;				/* memory address - p_vaddr, modulo 2^64 */
	uint32_t code_flags;			/* region flags beside access: REGION_GUARDED */
};

/*
 * Reads and checks the headers. -ENOEXEC: no ELF program for this CPU, or its program headers
 * cannot be had. -ENOMEM. May sleep. elf_image_release() after success only.
 */
int elf_image_read(struct elf_image *image, struct file *file) MUST_CHECK;
void elf_image_release(struct elf_image *image);
/* A copy of the name that PT_INTERP holds, for heap_free(); NULL without one. -ENOEXEC, -EIO. */
int elf_image_interpreter(const struct elf_image *image, char **name) MUST_CHECK;

/*
 * Reads the properties of a file whose own code the kernel maps for good (an interpreter's program
 * is the interpreter's affair), and sets its code_flags. -ENOEXEC: they are malformed; -EIO.
 */
int elf_image_read_properties(struct elf_image *image) MUST_CHECK;

/*
 * Maps every PT_LOAD into a space that may hold other things already, and sets the bias. What
 * fails leaves some of it mapped: the space is of no use then. -EINVAL, -ENOMEM, -EPERM, -EEXIST...
 */
int elf_image_map_program(struct elf_image *image, struct space *space, bool has_interpreter)
	MUST_CHECK;
int elf_image_map_interpreter(struct elf_image *image, struct space *space, bool is_hint_good)
	MUST_CHECK;

#endif
