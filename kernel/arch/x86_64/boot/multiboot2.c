/* The Multiboot2 loader protocol (GRUB): a list of tags, each aligned to 8 bytes. */
#include "arch/mmu.h"
#include "arch/x86_64/boot/boot.h"
#include "arch/x86_64/boot/e820.h"
#include "base/string.h"

enum multiboot2_tag_type {
	TAG_END = 0,
	TAG_COMMAND_LINE = 1,
	TAG_MODULE = 3,
	TAG_MEMORY_MAP = 6,
	TAG_FRAMEBUFFER = 8,
	TAG_ACPI_OLD = 14,
	TAG_ACPI_NEW = 15,
};

#define FRAMEBUFFER_DIRECT_COLOUR 1

struct multiboot2_tag {
	uint32_t type, size;
};

struct multiboot2_module {
	struct multiboot2_tag tag;
	uint32_t start, end;
};

struct multiboot2_memory_map {
	struct multiboot2_tag tag;
	uint32_t entry_size, entry_version;
};

struct multiboot2_memory_entry {
	uint64_t address, size;
	uint32_t type, reserved;
};

struct multiboot2_framebuffer {
	struct multiboot2_tag tag;
	uint64_t address;
	uint32_t pitch, width, height;
	uint8_t bits_per_pixel, type, reserved[2];
	uint8_t red_shift, red_bits, green_shift, green_bits, blue_shift, blue_bits;
};

static void read_memory_map(struct memory_map *map, const struct multiboot2_tag *tag,
			    void (*add)(struct memory_map *map, uint32_t type, physical_t start,
					uint64_t length))
{
	const struct multiboot2_memory_map *table = (const void *)tag;
	const uint8_t *bytes = (const uint8_t *)tag;

	if (tag->size < sizeof(*table) ||
	    table->entry_size < sizeof(struct multiboot2_memory_entry))
		return;
	for (uint32_t offset = sizeof(*table); tag->size - offset >= table->entry_size;
	     offset += table->entry_size) {
		const struct multiboot2_memory_entry *entry = (const void *)(bytes + offset);

		add(map, entry->type, entry->address, entry->size);
	}
}

static void read_framebuffer(struct boot_framebuffer *framebuffer,
			     const struct multiboot2_framebuffer *tag)
{
	if (tag->tag.size < sizeof(*tag) || tag->type != FRAMEBUFFER_DIRECT_COLOUR)
		return;
	*framebuffer = (struct boot_framebuffer){
		.address = tag->address,
		.width = tag->width,
		.height = tag->height,
		.pitch_bytes = tag->pitch,
		.bits_per_pixel = tag->bits_per_pixel,
		.red_shift = tag->red_shift,
		.green_shift = tag->green_shift,
		.blue_shift = tag->blue_shift,
	};
}

static void read_tag(struct boot_loader *loader, const struct multiboot2_tag *tag)
{
	const struct multiboot2_module *module = (const void *)tag;

	switch (tag->type) {
	case TAG_COMMAND_LINE:
		loader->command_line = (const char *)(tag + 1);
		break;
	case TAG_MODULE:
		if (tag->size >= sizeof(*module) && !loader->initramfs &&
		    module->end > module->start) {
			loader->initramfs = module->start;
			loader->initramfs_bytes = module->end - module->start;
		}
		break;
	case TAG_MEMORY_MAP:
		read_memory_map(loader->map, tag, e820_add_usable);
		break;
	case TAG_FRAMEBUFFER:
		read_framebuffer(&loader->framebuffer, (const void *)tag);
		break;
	case TAG_ACPI_OLD:
		if (!loader->acpi_root)
			loader->acpi_root = virtual_to_physical(tag + 1);
		break;
	case TAG_ACPI_NEW:
		loader->acpi_root = virtual_to_physical(tag + 1);
		break;
	default:
		break;
	}
}

/* After all usable ranges are in, what is reserved is taken out of them. */
static void read_reserved(struct boot_loader *loader, const struct multiboot2_tag *tag)
{
	if (tag->type == TAG_MEMORY_MAP)
		read_memory_map(loader->map, tag, e820_add_other);
}

static void visit_tags(struct boot_loader *loader, const uint8_t *bytes, uint32_t total,
		       void (*visit)(struct boot_loader *loader, const struct multiboot2_tag *tag))
{
	uint32_t offset = 8;

	while (offset < total && total - offset >= sizeof(struct multiboot2_tag)) {
		const struct multiboot2_tag *tag = (const void *)(bytes + offset);

		if (tag->type == TAG_END || tag->size < sizeof(*tag) || tag->size > total - offset)
			return;
		visit(loader, tag);
		offset += align_up(tag->size, 8);
	}
}

bool boot_read_multiboot2(struct boot_loader *loader, physical_t information)
{
	const uint32_t *total = boot_map(information, 8);

	if (!total || !boot_map(information, *total))
		return false;
	loader->information = information;
	loader->information_bytes = *total;
	visit_tags(loader, (const uint8_t *)total, *total, read_tag);
	visit_tags(loader, (const uint8_t *)total, *total, read_reserved);
	return loader->map->count != 0;
}
