/*
 * Loading of ELF programs. Every number of the file is hostile: headers are read once into kernel
 * memory and all sums are checked before anything is mapped.
 */
#include "base/arithmetic.h"
#include "base/errno.h"
#include "base/string.h"
#include "file/file.h"
#include "memory/heap.h"
#include "memory/space.h"
#include "process/internal.h"
#include "process/layout.h"
#include <abi/fcntl.h>

#define PROGRAM_HEADERS_MAXIMUM (65536 / sizeof(struct elf64_program_header))

/* One ELF file whose headers were read and checked. */
struct elf_image {
	struct file *file;
	struct elf64_header header;
	struct elf64_program_header *headers;
	uint64_t low, high;		/* page-aligned range of all PT_LOAD, before the bias */
	uint64_t alignment;
	uint64_t bias;
};

int elf_header_check(const struct elf64_header *header)
{
	if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
		return -ENOEXEC;
	if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB)
		return -ENOEXEC;
	if (header->e_type != ET_EXEC && header->e_type != ET_DYN)
		return -ENOEXEC;
	if (header->e_machine != LAYOUT_ELF_MACHINE)
		return -ENOEXEC;
	if (header->e_phentsize != sizeof(struct elf64_program_header))
		return -ENOEXEC;
	if (header->e_phnum == 0 || header->e_phnum > PROGRAM_HEADERS_MAXIMUM)
		return -ENOEXEC;
	return 0;
}

static int image_read(struct elf_image *image, void *data, uint64_t offset, size_t length)
{
	long got;

	if (offset > INT64_MAX - length)
		return -ENOEXEC;
	got = file_read_kernel(image->file, data, length, offset);
	if (got < 0)
		return got;
	return (size_t)got == length ? 0 : -ENOEXEC;
}

/* Checks one PT_LOAD and widens the image's range by it. */
static int segment_check(struct elf_image *image, const struct elf64_program_header *segment)
{
	uint64_t end;

	if (segment->p_filesz > segment->p_memsz)
		return -EINVAL;
	if (!checked_add(segment->p_vaddr, segment->p_memsz, &end) || end > USER_ADDRESS_LIMIT)
		return -EINVAL;
	if (segment->p_offset > INT64_MAX - segment->p_filesz)
		return -EINVAL;
	if (segment->p_vaddr % PAGE_SIZE != segment->p_offset % PAGE_SIZE)
		return -EINVAL;
	if (segment->p_memsz == 0)
		return 0;
	image->low = min(image->low, align_down(segment->p_vaddr, PAGE_SIZE));
	image->high = max(image->high, align_up(end, PAGE_SIZE));
	if (segment->p_align > image->alignment && (segment->p_align & (segment->p_align - 1)) == 0
	    && segment->p_align <= LAYOUT_ALIGNMENT_MAXIMUM)
		image->alignment = segment->p_align;
	return 0;
}

static int image_open(struct elf_image *image, struct file *file)
{
	size_t size;
	int result;

	*image = (struct elf_image){ .file = file, .low = UINT64_MAX, .alignment = PAGE_SIZE };
	result = image_read(image, &image->header, 0, sizeof(image->header));
	if (result < 0)
		return result;
	result = elf_header_check(&image->header);
	if (result < 0)
		return result;
	size = image->header.e_phnum * sizeof(*image->headers);
	image->headers = heap_allocate(size, HEAP_RAW);
	if (!image->headers)
		return -ENOMEM;
	result = image_read(image, image->headers, image->header.e_phoff, size);
	for (unsigned i = 0; result == 0 && i < image->header.e_phnum; i++) {
		if (image->headers[i].p_type == PT_LOAD)
			result = segment_check(image, &image->headers[i]);
	}
	if (result == 0 && image->high == 0)
		result = -ENOEXEC;
	if (result < 0) {
		heap_free(image->headers);
		image->headers = NULL;
	}
	return result;
}

static uint32_t segment_region_flags(const struct elf64_program_header *segment)
{
	uint32_t flags = REGION_MAY_READ | REGION_MAY_WRITE | REGION_MAY_EXECUTE;

	if (segment->p_flags & PF_R)
		flags |= REGION_READ;
	if (segment->p_flags & PF_W)
		flags |= REGION_WRITE;
	if (segment->p_flags & PF_X)
		flags |= REGION_EXECUTE;
	return flags;
}

/* Maps anonymous zeros at [start, end), both page-aligned. */
static int map_zeros(struct space *space, uint64_t start, uint64_t end, uint32_t flags)
{
	struct map_request request = {
		.address = start,
		.length = end - start,
		.region_flags = flags,
		.map_flags = MAP_AT_EXACTLY,
	};
	int64_t address = start < end ? space_map(space, &request) : 0;

	return address < 0 ? address : 0;
}

/* What lies between the file's bytes and the end of their page must read as zeros. */
static int clear_tail(struct space *space, uint64_t start)
{
	static const uint8_t zeros[256];

	while (start % PAGE_SIZE != 0) {
		size_t part = min(sizeof(zeros), PAGE_SIZE - start % PAGE_SIZE);

		if (space_copy_out(space, start, zeros, part) != part)
			return -EFAULT;
		start += part;
	}
	return 0;
}

static int segment_map(struct elf_image *image, struct space *space,
		       const struct elf64_program_header *segment)
{
	uint64_t start = image->bias + align_down(segment->p_vaddr, PAGE_SIZE);
	uint64_t file_end = image->bias + segment->p_vaddr + segment->p_filesz;
	uint64_t end = align_up(image->bias + segment->p_vaddr + segment->p_memsz, PAGE_SIZE);
	uint32_t flags = segment_region_flags(segment);
	struct map_request request = {
		.address = start,
		.length = align_up(file_end, PAGE_SIZE) - start,
		.region_flags = flags,
		.map_flags = MAP_AT_EXACTLY,
		.page_offset = segment->p_offset / PAGE_SIZE,
	};
	int64_t address;
	int result;

	if (segment->p_memsz == 0)
		return 0;
	if (segment->p_filesz == 0)
		return map_zeros(space, start, end, flags);
	result = image->file->operations->map(image->file, &request);
	if (result < 0)
		return result;
	address = space_map(space, &request);
	if (address < 0)
		return address;
	if (segment->p_memsz > segment->p_filesz && (flags & REGION_WRITE)) {
		result = clear_tail(space, file_end);
		if (result < 0)
			return result;
	}
	return map_zeros(space, align_up(file_end, PAGE_SIZE), end, flags);
}

/* Chooses where a position-independent image goes and maps all its segments there. */
static int image_map(struct elf_image *image, struct space *space, uint64_t preferred)
{
	int result = 0;

	if (image->header.e_type == ET_DYN) {
		uint64_t length = image->high - image->low;
		struct map_request request = {
			.address = preferred,
			.length = length + image->alignment,
			.map_flags = 0,
		};
		int64_t place = space_map(space, &request);

		/* The reservation shows a free range; the segments are then put exactly there. */
		if (place < 0)
			return place;
		result = space_unmap(space, place, request.length);
		if (result < 0)
			return result;
		image->bias = align_up((uint64_t)place, image->alignment) -
			align_down(image->low, image->alignment);
	}
	if (image->low + image->bias < LAYOUT_LOWEST_ADDRESS)
		return -EPERM;
	for (unsigned i = 0; result == 0 && i < image->header.e_phnum; i++) {
		if (image->headers[i].p_type == PT_LOAD)
			result = segment_map(image, space, &image->headers[i]);
	}
	return result;
}

/* Notes code, data and heap bounds of the main program. */
static void program_note_bounds(struct program *program, const struct elf_image *image)
{
	struct space *space = program->space;
	uint64_t highest = 0;

	space->code_start = space->data_start = UINT64_MAX;
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
	space->brk_start = space->brk_end = layout_brk(align_up(highest, PAGE_SIZE));
}

/* Opens the file that PT_INTERP names; none leaves program->interpreter NULL. */
static int interpreter_open(struct program *program, struct elf_image *image)
{
	for (unsigned i = 0; i < image->header.e_phnum; i++) {
		const struct elf64_program_header *segment = &image->headers[i];
		struct open_request request = { .is_exec = true };
		char *name;
		int result;

		if (segment->p_type != PT_INTERP)
			continue;
		if (segment->p_filesz < 2 || segment->p_filesz > PATH_MAXIMUM)
			return -ENOEXEC;
		name = heap_allocate(segment->p_filesz, HEAP_RAW);
		if (!name)
			return -ENOMEM;
		result = image_read(image, name, segment->p_offset, segment->p_filesz);
		if (result == 0 && name[segment->p_filesz - 1] != '\0')
			result = -ENOEXEC;
		if (result == 0)
			result = vfs_open(AT_FDCWD, name, &request, &program->interpreter);
		heap_free(name);
		return result;
	}
	return 0;
}

static int interpreter_load(struct program *program)
{
	struct elf_image image;
	int result = image_open(&image, program->interpreter);

	if (result < 0)
		return result == -ENOEXEC ? -ELIBBAD : result;
	result = image_map(&image, program->space, 0);
	if (result == 0) {
		program->interpreter_base = image.bias;
		program->entry = image.bias + image.header.e_entry;
	}
	heap_free(image.headers);
	return result;
}

int program_load_elf(struct program *program)
{
	struct elf_image image;
	uint64_t preferred = 0;
	int result = image_open(&image, program->file);

	if (result < 0)
		return result;
	result = interpreter_open(program, &image);
	if (result < 0)
		goto done;
	program->is_position_independent = image.header.e_type == ET_DYN;
	/* Far below mmap_top, so that the heap behind the program has room to grow. */
	if (program->is_position_independent && program->interpreter)
		preferred = layout_program_base();
	result = image_map(&image, program->space, preferred);
	if (result < 0)
		goto done;
	program_note_bounds(program, &image);
	program->header_count = image.header.e_phnum;
	program->entry = program->program_entry = image.bias + image.header.e_entry;
	if (program->interpreter)
		result = interpreter_load(program);
	/* A wild entry only makes the program fault, but the return path wants a user address. */
	if (result == 0 && program->entry >= USER_ADDRESS_LIMIT)
		result = -EINVAL;
done:
	heap_free(image.headers);
	return result;
}
