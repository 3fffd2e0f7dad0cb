/*
 * Program properties of ELF files (Linux Extensions to gABI): a note in which the linker tells what
 * all code of the file has. Its numbers are hostile; what Linux refuses is refused here.
 */
#include "arch/program.h"
#include "base/errno.h"
#include "base/string.h"
#include "file/file.h"
#include "memory/heap.h"
#include "memory/region.h"
#include "process/elf.h"

#define NT_GNU_PROPERTY_TYPE_0 5
#define NOTE_NAME "GNU"
#define NOTE_BYTES_LIMIT 1024
#define PROPERTY_ALIGNMENT 8

struct note {
	uint32_t n_namesz, n_descsz, n_type;
	char name[sizeof(NOTE_NAME)];
};
static_assert(sizeof(struct note) % PROPERTY_ALIGNMENT == 0, "properties follow at once");

struct property {
	uint32_t pr_type, pr_datasz;
	uint8_t data[];
};

static int property_take(struct elf_image *image, const struct property *property)
{
	uint32_t features;

	if (property->pr_type != LAYOUT_ELF_FEATURES)
		return 0;
	if (property->pr_datasz != sizeof(features))
		return -ENOEXEC;
	memcpy(&features, property->data, sizeof(features));
	if (features & LAYOUT_ELF_GUARDED && program_protection_guarded())
		image->code_flags |= REGION_GUARDED;
	return 0;
}

/* Properties fill `length` bytes, in ascending order of their types. */
static int properties_take(struct elf_image *image, const uint8_t *data, size_t length)
{
	uint64_t least = 0;

	while (length > 0) {
		const struct property *property = (const struct property *)data;
		size_t size;
		int result;

		if (length < sizeof(*property) || property->pr_datasz > length - sizeof(*property))
			return -ENOEXEC;
		size = sizeof(*property) + align_up((size_t)property->pr_datasz,
						    PROPERTY_ALIGNMENT);
		if (size > length || property->pr_type < least)
			return -ENOEXEC;
		least = (uint64_t)property->pr_type + 1;
		result = property_take(image, property);
		if (result < 0)
			return result;
		data += size;
		length -= size;
	}
	return 0;
}

static int note_take(struct elf_image *image, const uint8_t *data, size_t length)
{
	const struct note *note = (const struct note *)data;

	if (length < sizeof(*note))
		return -EIO;
	if (note->n_type != NT_GNU_PROPERTY_TYPE_0 || note->n_namesz != sizeof(note->name) ||
	    strncmp(note->name, NOTE_NAME, sizeof(note->name)) != 0 ||
	    note->n_descsz > length - sizeof(*note))
		return -ENOEXEC;
	return properties_take(image, data + sizeof(*note), note->n_descsz);
}

int elf_image_read_properties(struct elf_image *image)
{
	const struct elf64_program_header *found = NULL;
	uint8_t *data;
	long got;
	int result;

	if (!LAYOUT_ELF_FEATURES)
		return 0;
	/* The last one counts. */
	for (unsigned i = 0; i < image->header.e_phnum; i++) {
		if (image->headers[i].p_type == PT_GNU_PROPERTY)
			found = &image->headers[i];
	}
	if (!found)
		return 0;
	if (found->p_filesz > NOTE_BYTES_LIMIT)
		return -ENOEXEC;
	if (found->p_offset > INT64_MAX)
		return -EIO;
	data = heap_allocate(NOTE_BYTES_LIMIT, HEAP_RAW);
	if (!data)
		return -ENOMEM;
	got = file_read_kernel(image->file, data, found->p_filesz, (int64_t)found->p_offset);
	result = got < 0 ? -EIO : note_take(image, data, (size_t)got);
	heap_free(data);
	return result;
}
