/*
 * The tables that an ITS keeps in memory: flat ones of devices and collections. Their entries'
 * sizes are the hardware's, and it may insist on a size of pages.
 */
#include "arch/cpu.h"
#include "base/arithmetic.h"
#include "base/errno.h"
#include "driver/interrupt/gic_its/internal.h"
#include "log/log.h"
#include "memory/page.h"

#define TABLE_BYTES_LIMIT ((uint64_t)PAGE_SIZE << (PAGE_ORDER_COUNT - 1))

/* Writes GITS_BASER<n> for memory of `bytes`, whole pages of the size that `code` says. */
static int table_write(struct its *its, unsigned index, unsigned code, uint64_t bytes)
{
	uint64_t address = its->tables[index].address;
	struct its_base base = {
		.registers = &its->registers,
		.offset = GITS_BASER(index),
		.value = BASE_VALID | address | BASER_PAGE_SIZE(code) |
			 BASE_PAGES(bytes / PAGE_SIZE_BYTES(code)),
		.cache_shift = log2_floor(BASE_INNER_CACHE(1)),
		.must_hold = BASE_VALID | BASE_ADDRESS_MASK | BASER_PAGE_SIZE_MASK |
			     BASE_PAGES_MASK,
	};
	bool is_coherent;

	/* With the largest pages, the lowest bits would be the highest of a longer address. */
	if (address & ~BASE_ADDRESS_MASK || address % PAGE_SIZE_BYTES(code))
		return -EIO;
	return its_base_write(&base, &is_coherent);
}

/* One attempt with one size of pages; `count` becomes what the table holds. */
static int table_try(struct its *its, unsigned index, unsigned code, uint64_t *count)
{
	uint32_t entry = BASER_ENTRY_BYTES(register_read64(&its->registers, GITS_BASER(index)));
	uint64_t page = PAGE_SIZE_BYTES(code);
	uint64_t bytes = align_up(*count * entry, page);
	struct dma_memory *memory = &its->tables[index];
	int result;

	bytes = min(bytes, min(BASE_PAGES_LIMIT * page, TABLE_BYTES_LIMIT));
	while ((result = device_dma_allocate(its->device, bytes, memory)) < 0) {
		if (bytes <= page)
			return result;
		bytes = align_up(bytes / 2, page);
	}
	cpu_write_back(memory->memory, bytes);
	result = table_write(its, index, code, bytes);
	if (result < 0) {
		register_write64(&its->registers, GITS_BASER(index), 0);
		device_dma_free(its->device, memory);
		return result;
	}
	*count = min(*count, bytes / entry);
	return 0;
}

/* The smallest pages that hold everything come first, because less is left over. */
static int table_create(struct its *its, unsigned index, uint64_t *count)
{
	uint32_t entry = BASER_ENTRY_BYTES(register_read64(&its->registers, GITS_BASER(index)));
	int result = -EIO;

	for (unsigned code = 0; code < PAGE_SIZE_COUNT && result == -EIO; code++) {
		if (code + 1 < PAGE_SIZE_COUNT &&
		    *count * entry > (uint64_t)BASE_PAGES_LIMIT * PAGE_SIZE_BYTES(code))
			continue;
		result = table_try(its, index, code, count);
	}
	if (result < 0)
		log_print(LOG_WARNING, "%s: table %u cannot be set up", its->device->name, index);
	return result;
}

static uint32_t collection_limit_of(uint64_t type)
{
	unsigned bits = type & TYPER_COLLECTIONS_ARE_LIMITED ? TYPER_COLLECTION_BITS(type) :
		COLLECTION_BITS_OTHERWISE;

	return 1u << bits;
}

static int tables_create(struct its *its)
{
	uint64_t collections;
	int result = 0;

	for (unsigned i = 0; i < BASER_COUNT && result == 0; i++) {
		unsigned type = BASER_TYPE(register_read64(&its->registers, GITS_BASER(i)));

		register_write64(&its->registers, GITS_BASER(i), 0);
		if (type == TYPE_DEVICES && its->device_limit == 0) {
			its->device_limit = BIT(TYPER_DEVICE_BITS(its->type));
			result = table_create(its, i, &its->device_limit);
		} else if (type == TYPE_COLLECTIONS && its->collection_limit == 0) {
			collections = min(cpu_count(), collection_limit_of(its->type));
			result = table_create(its, i, &collections);
			its->collection_limit = (uint32_t)collections;
		}
	}
	return result;
}

int its_tables_init(struct its *its)
{
	int result = tables_create(its);

	if (its->collection_limit == 0)
		its->collection_limit = TYPER_HARDWARE_COLLECTIONS(its->type);
	if (result == 0 && (its->device_limit == 0 || its->collection_limit == 0))
		result = -ENODEV;
	if (result < 0)
		its_tables_release(its);
	return result;
}

void its_tables_release(struct its *its)
{
	for (unsigned i = 0; i < BASER_COUNT; i++) {
		if (!its->tables[i].memory)
			continue;
		register_write64(&its->registers, GITS_BASER(i), 0);
		device_dma_free(its->device, &its->tables[i]);
	}
}
