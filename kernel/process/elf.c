/*
 * Reading ELF programs. Every number of the file is hostile: headers are read once into kernel
 * memory. What Linux ignores is ignored here too (class, data order, version, sizes of sections),
 * so that a file is a program on both or on neither.
 */
#include "process/elf.h"

#include "base/errno.h"
#include "base/string.h"
#include "file/file.h"
#include "memory/heap.h"
#include "memory/space.h"
#include "process/internal.h"
#include "process/layout.h"
#include <abi/fcntl.h>

/* Linux reads no more than a page of program headers. */
#define PROGRAM_HEADERS_MAXIMUM (PAGE_SIZE / sizeof(struct elf64_program_header))

static int header_check(const struct elf_image *image)
{
	const struct elf64_header *header = &image->header;

	if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
		return -ENOEXEC;
	if (header->e_machine != LAYOUT_ELF_MACHINE || !image->file->operations->map)
		return -ENOEXEC;
	if (header->e_phentsize != sizeof(struct elf64_program_header))
		return -ENOEXEC;
	if (header->e_phnum == 0 || header->e_phnum > PROGRAM_HEADERS_MAXIMUM)
		return -ENOEXEC;
	return 0;
}

/* All `length` bytes at `offset`, or -EIO; -EINVAL for an offset that no file has. */
static int read_exactly(struct file *file, void *data, size_t length, uint64_t offset)
{
	long got;

	if (offset > INT64_MAX - length)
		return -EINVAL;
	got = file_read_kernel(file, data, length, (int64_t)offset);
	if (got < 0)
		return (int)got;
	return (size_t)got == length ? 0 : -EIO;
}

int elf_image_read(struct elf_image *image, struct file *file)
{
	size_t size;
	long got;
	int result;

	*image = (struct elf_image){ .file = file };
	/* A header that the file cuts off ends in zeros. */
	got = file_read_kernel(file, &image->header, sizeof(image->header), 0);
	if (got < 0)
		return (int)got;
	result = header_check(image);
	if (result < 0)
		return result;
	size = image->header.e_phnum * sizeof(*image->headers);
	image->headers = heap_allocate(size, HEAP_RAW);
	if (!image->headers)
		return -ENOMEM;
	if (read_exactly(file, image->headers, size, image->header.e_phoff) == 0)
		return 0;
	elf_image_release(image);
	return -ENOEXEC;
}

void elf_image_release(struct elf_image *image)
{
	heap_free(image->headers);
	image->headers = NULL;
}

int elf_image_interpreter(const struct elf_image *image, char **name)
{
	const struct elf64_program_header *segment = image->headers;
	const struct elf64_program_header *end = segment + image->header.e_phnum;
	int result;

	*name = NULL;
	while (segment < end && segment->p_type != PT_INTERP)
		segment++;
	if (segment == end)
		return 0;
	if (segment->p_filesz < 2 || segment->p_filesz > PATH_MAXIMUM)
		return -ENOEXEC;
	*name = heap_allocate(segment->p_filesz, HEAP_RAW);
	if (!*name)
		return -ENOMEM;
	result = read_exactly(image->file, *name, segment->p_filesz, segment->p_offset);
	if (result == 0 && (*name)[segment->p_filesz - 1] != '\0')
		result = -ENOEXEC;
	if (result < 0) {
		heap_free(*name);
		*name = NULL;
	}
	return result;
}

/* Notes code, data and heap bounds of the main program, and what its auxiliary vector says. */
static void program_note(struct program *program, const struct elf_image *image)
{
	struct space *space = program->space;
	uint64_t highest = 0;

	space->code_start = space->data_start = UINT64_MAX;
	program->headers = image->bias;
	for (unsigned i = 0; i < image->header.e_phnum; i++) {
		const struct elf64_program_header *segment = &image->headers[i];
		uint64_t start = image->bias + segment->p_vaddr;

		if (segment->p_type == PT_GNU_STACK)
			program->has_executable_stack = segment->p_flags & PF_X;
		if (segment->p_type != PT_LOAD)
			continue;
		if (segment->p_flags & PF_X) {
			space->code_start = min(space->code_start, start);
			space->code_end = max(space->code_end, start + segment->p_filesz);
		}
		if (segment->p_flags & PF_W) {
			space->data_start = min(space->data_start, start);
			space->data_end = max(space->data_end, start + segment->p_filesz);
		}
		if (segment->p_offset <= image->header.e_phoff &&
		    image->header.e_phoff - segment->p_offset < segment->p_filesz)
			program->headers = start + image->header.e_phoff - segment->p_offset;
		highest = max(highest, start + segment->p_memsz);
	}
	if (space->code_start == UINT64_MAX)
		space->code_start = 0;
	if (space->data_start == UINT64_MAX)
		space->data_start = 0;
	highest = align_up(highest, PAGE_SIZE);
	/* Between the libraries the heap would have no room. */
	if (image->header.e_type == ET_DYN && !program->interpreter)
		space->brk_start = layout_brk_apart(highest);
	else
		space->brk_start = layout_brk(highest);
	space->brk_end = space->brk_start;
	program->header_count = image->header.e_phnum;
	program->entry = program->program_entry = image->bias + image->header.e_entry;
}

/* Opens the file that PT_INTERP names, as a program, and reads its headers. */
static int interpreter_open(struct program *program)
{
	struct open_request request = { .is_exec = true };
	struct elf64_header header;
	char *name;
	int result = elf_image_interpreter(&program->image, &name);

	if (result < 0 || !name)
		return result;
	result = vfs_open(AT_FDCWD, exec_name(name), &request, &program->interpreter);
	heap_free(name);
	if (result < 0)
		return result;
	result = read_exactly(program->interpreter, &header, sizeof(header), 0);
	if (result < 0)
		return result;
	result = elf_image_read(&program->interpreter_image, program->interpreter);
	return result == -ENOEXEC ? -ELIBBAD : result;
}

int program_open_elf(struct program *program)
{
	const struct elf64_header *header = &program->image.header;
	int result = elf_image_read(&program->image, program->file);

	if (result < 0)
		return result;
	if (header->e_type != ET_EXEC && header->e_type != ET_DYN)
		return -ENOEXEC;
	result = interpreter_open(program);
	if (result < 0)
		return result;
	return elf_image_read_properties(program->interpreter ? &program->interpreter_image :
					 &program->image);
}

int program_map_elf(struct program *program)
{
	struct elf_image *image = &program->image, *interpreter = &program->interpreter_image;
	int result = elf_image_map_program(image, program->space, program->interpreter != NULL);

	if (result < 0)
		return result;
	program_note(program, image);
	if (program->interpreter) {
		result = elf_image_map_interpreter(interpreter, program->space, image->bias == 0);
		if (result < 0)
			return result;
		program->interpreter_base = interpreter->bias;
		program->entry = interpreter->bias + interpreter->header.e_entry;
	}
	/* A wild entry only makes the program fault, but the return path wants a user address. */
	return program->entry < USER_ADDRESS_LIMIT ? 0 : -EINVAL;
}

void program_close_elf(struct program *program)
{
	elf_image_release(&program->image);
	elf_image_release(&program->interpreter_image);
}
