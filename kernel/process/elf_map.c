/*
 * Putting the segments of ELF files into an address space, in the order of the file: a later one
 * covers an earlier one. Sums wrap around 2^64 as the addresses of a moved image do; what counts
 * is checked where it is used.
 */
#include "base/errno.h"
#include "base/string.h"
#include "file/file.h"
#include "memory/space.h"
#include "process/elf.h"
#include "process/layout.h"

#define SEGMENT_MAY (REGION_MAY_READ | REGION_MAY_WRITE | REGION_MAY_EXECUTE)

static uint64_t page_offset_of(uint64_t address)
{
	return address % PAGE_SIZE;
}

/* Zeros end at the end of their page. False: the sum does not fit. */
static bool round_up(uint64_t *address)
{
	if (*address > UINT64_MAX - PAGE_SIZE + 1)
		return false;
	*address = align_up(*address, PAGE_SIZE);
	return true;
}

static uint32_t segment_access(const struct elf_image *image,
			       const struct elf64_program_header *segment)
{
	return SEGMENT_MAY | (segment->p_flags & PF_X ? image->code_flags : 0) |
		(segment->p_flags & PF_R ? REGION_READ : 0) |
		(segment->p_flags & PF_W ? REGION_WRITE : 0) |
		(segment->p_flags & PF_X ? REGION_EXECUTE : 0);
}

/* Maps zeros over [start, end) with pages rounded up, readable and writable whatever the segment
 * says. */
static int map_zeros(struct space *space, uint64_t start, uint64_t end, uint32_t flags)
{
	struct map_request request = {
		.region_flags = SEGMENT_MAY | REGION_READ | REGION_WRITE,
		.map_flags = MAP_AT_EXACTLY,
	};
	int64_t address;

	if (!round_up(&start) || !round_up(&end))
		return -ENOMEM;
	if (start >= end)
		return 0;
	request.region_flags |= flags & PF_X ? REGION_EXECUTE : 0;
	request.address = start;
	request.length = end - start;
	address = layout_check_address(start);
	if (address == 0)
		address = space_map(space, &request);
	return address < 0 ? (int)address : 0;
}

/* Whether a program could write there. */
static bool is_writable(struct space *space, uint64_t address)
{
	struct region *region;
	bool result;

	shared_lock_read(&space->lock);
	region = space_region_find(space, address);
	result = region && region->flags & REGION_WRITE;
	shared_unlock_read(&space->lock);
	return result;
}

/* What lies between the file's bytes and the end of their page must read as zeros. */
static int clear_tail(struct space *space, uint64_t start)
{
	static const uint8_t zeros[256];

	if (page_offset_of(start) != 0 && !is_writable(space, start))
		return -EFAULT;
	while (page_offset_of(start) != 0) {
		size_t part = min(sizeof(zeros), PAGE_SIZE - page_offset_of(start));
		int result = space_write(space, start, zeros, part);

		if (result < 0)
			return result;
		start += part;
	}
	return 0;
}

/* Maps the pages of the file that a segment has bytes in, at bias + p_vaddr. */
static int map_file(const struct elf_image *image, struct space *space,
		    const struct elf64_program_header *segment, uint32_t map_flags)
{
	uint64_t before = page_offset_of(segment->p_vaddr);
	uint64_t length = segment->p_filesz + before;
	uint64_t offset = segment->p_offset - before;
	struct map_request request = {
		.address = align_down(image->bias + segment->p_vaddr, PAGE_SIZE),
		.region_flags = segment_access(image, segment),
		.map_flags = map_flags,
		.page_offset = offset / PAGE_SIZE,
	};
	int64_t result;

	if (length < before || !round_up(&length) || page_offset_of(offset) != 0)
		return -EINVAL;
	if (offset > INT64_MAX || length > INT64_MAX - offset)
		return -EOVERFLOW;
	request.length = length;
	if (length == 0)
		return 0;
	result = layout_check_address(request.address);
	if (result == 0)
		result = image->file->operations->map(image->file, &request);
	if (result == 0)
		result = space_map(space, &request);
	return result < 0 ? (int)result : 0;
}

/* Whether a segment that begins at `start` lies among user addresses, and its sizes fit. */
static bool segment_fits(const struct elf64_program_header *segment, uint64_t start)
{
	return start < USER_ADDRESS_LIMIT && segment->p_filesz <= segment->p_memsz &&
		segment->p_memsz <= USER_ADDRESS_LIMIT &&
		start <= USER_ADDRESS_LIMIT - segment->p_memsz;
}

static const struct elf64_program_header *next_load(const struct elf_image *image,
						    const struct elf64_program_header *segment)
{
	const struct elf64_program_header *end = image->headers + image->header.e_phnum;

	segment = segment ? segment + 1 : image->headers;
	while (segment < end && segment->p_type != PT_LOAD)
		segment++;
	return segment < end ? segment : NULL;
}

#define for_each_load(image, segment) \
	for (segment = next_load(image, NULL); segment; segment = next_load(image, segment))

/* Bytes from the lowest page of all PT_LOAD to their highest byte; 0 when there is none. */
static uint64_t image_length(const struct elf_image *image)
{
	const struct elf64_program_header *segment;
	uint64_t low = UINT64_MAX, high = 0;

	for_each_load(image, segment) {
		low = min(low, align_down(segment->p_vaddr, PAGE_SIZE));
		high = max(high, segment->p_vaddr + segment->p_memsz);
	}
	return high > low ? high - low : 0;
}

static uint64_t image_alignment(const struct elf_image *image)
{
	const struct elf64_program_header *segment;
	uint64_t alignment = PAGE_SIZE;

	for_each_load(image, segment) {
		uint64_t wanted = segment->p_align;

		if ((wanted & (wanted - 1)) == 0 && wanted <= LAYOUT_ALIGNMENT_MAXIMUM)
			alignment = max(alignment, wanted);
	}
	return alignment;
}

/*
 * Finds a free range for a whole image whose first segment is given, and sets the bias. The range
 * is only looked for: nobody else maps into a space that does not run yet.
 */
static int choose_bias(struct elf_image *image, struct space *space, uint64_t hint,
		       uint64_t alignment)
{
	const struct elf64_program_header *first = next_load(image, NULL);
	struct map_request request = { .address = hint, .length = image_length(image) };
	int64_t place;
	int result;

	if (!first || request.length == 0 || request.length > USER_ADDRESS_LIMIT)
		return -EINVAL;
	request.length += alignment - PAGE_SIZE;
	place = space_map(space, &request);
	if (place < 0)
		return (int)place;
	result = space_unmap(space, (uint64_t)place, request.length);
	image->bias = align_up((uint64_t)place, alignment) - align_down(first->p_vaddr, PAGE_SIZE);
	return result;
}

static int map_program_segment(struct elf_image *image, struct space *space,
			       const struct elf64_program_header *segment, uint32_t map_flags)
{
	uint64_t start = image->bias + segment->p_vaddr;
	int result;

	if (!segment_fits(segment, segment->p_vaddr))
		return -EINVAL;
	if (segment->p_filesz == 0)
		return segment->p_memsz == 0 ? 0 :
			map_zeros(space, align_down(start, PAGE_SIZE), start + segment->p_memsz,
				  segment->p_flags);
	result = map_file(image, space, segment, map_flags);
	if (result < 0 || segment->p_memsz == segment->p_filesz)
		return result;
	/* Refused where the segment is not writable, which some linkers make on purpose. */
	result = clear_tail(space, start + segment->p_filesz);
	if (result == -ENOMEM)
		return result;
	return map_zeros(space, start + segment->p_filesz, start + segment->p_memsz,
			 segment->p_flags);
}

int elf_image_map_program(struct elf_image *image, struct space *space, bool has_interpreter)
{
	const struct elf64_program_header *segment;
	/* Fixed addresses must be free; the first segment shows it for most. */
	uint32_t map_flags = MAP_AT_UNLESS_TAKEN;
	int result = 0;

	if (image->header.e_type == ET_DYN && next_load(image, NULL))
		/* Far below mmap_top, so that the heap behind the program has room to grow. */
		result = choose_bias(image, space, has_interpreter ? layout_program_base() : 0,
				     image_alignment(image));
	for_each_load(image, segment) {
		if (result == 0)
			result = map_program_segment(image, space, segment, map_flags);
		map_flags = MAP_AT_EXACTLY;
	}
	return result;
}

/* Where the bytes of an interpreter's segments end, in the file's part and altogether. */
struct image_end {
	uint64_t file, memory;
	uint32_t flags;			/* of the segment that reaches farthest */
};

static int map_interpreter_segment(struct elf_image *image, struct space *space,
				   const struct elf64_program_header *segment,
				   struct image_end *end)
{
	uint64_t start = image->bias + segment->p_vaddr;
	int result = map_file(image, space, segment, MAP_AT_EXACTLY);

	if (result < 0)
		return result;
	if (!segment_fits(segment, start))
		return -ENOMEM;
	end->file = max(end->file, start + segment->p_filesz);
	if (start + segment->p_memsz > end->memory) {
		end->memory = start + segment->p_memsz;
		end->flags = segment->p_flags;
	}
	return 0;
}

/* An interpreter relocates itself, so that its last page must have become zeros: what cannot be
 * cleared is an error. */
int elf_image_map_interpreter(struct elf_image *image, struct space *space, bool is_hint_good)
{
	const struct elf64_program_header *segment, *first = next_load(image, NULL);
	struct image_end end = { 0 };
	int result = 0;

	if (image->header.e_type != ET_EXEC && image->header.e_type != ET_DYN)
		return -ELIBBAD;
	if (!first || image_length(image) == 0)
		return -EINVAL;
	if (image->header.e_type == ET_DYN)
		result = choose_bias(image, space, is_hint_good ? first->p_vaddr : 0, PAGE_SIZE);
	for_each_load(image, segment) {
		if (result == 0)
			result = map_interpreter_segment(image, space, segment, &end);
	}
	if (result == 0)
		result = clear_tail(space, end.file);
	if (result == 0)
		result = map_zeros(space, end.file, end.memory, end.flags);
	return result;
}
