/*
 * Tables, the queue and devices against an ITS that is made up: one that follows the specification,
 * with its freedoms, and ones that do not answer or do not keep what is written. The test replaces
 * device/registers.c.
 */
#include "base/errno.h"
#include "base/string.h"
#include "device/driver.h"
#include "driver/interrupt/gic_its/internal.h"
#include "machine/clock.h"
#include "memory/failure.h"
#include "memory/host_test.h"

#define BASER_FIXED (UINT64_C(7) << 56 | UINT64_C(0x1f) << 48)
#define TYPE_OF_TABLE(type, entry_bytes) \
	((uint64_t)(type) << 56 | (uint64_t)((entry_bytes) - 1) << 48)
#define TYPE(device_bits, event_bits, entry_bytes) \
	((uint64_t)((device_bits) - 1) << 13 | (uint64_t)((event_bits) - 1) << 8 | \
	 (uint64_t)((entry_bytes) - 1) << 4 | TYPER_PHYSICAL)
#define INNER_CACHE_OF(value) ((value) >> 59 & 7)
#define PAGES_OF(value) (((value) & BASE_PAGES_MASK) + 1)
#define PAGE_CODE_OF(value) ((value) >> 8 & 3)
#define ADDRESS_OF(value) ((value) & BASE_ADDRESS_MASK)

static struct {
	uint64_t base, tables[BASER_COUNT], write_at, read_at;
	uint64_t cleared;		/* bits that base registers do not keep */
	int page_code;			/* the only size of pages; -1: any */
	bool is_silent, is_stalled;
	unsigned command_count;
	struct its_command last;
} model;

static struct its its;
static struct device device = { .name = "its" };

static uint64_t table_kept(uint64_t old, uint64_t value)
{
	value = (value & ~model.cleared & ~BASER_FIXED) | (old & BASER_FIXED);
	if (model.page_code >= 0)
		value = (value & ~BASER_PAGE_SIZE_MASK) |
			BASER_PAGE_SIZE((uint64_t)model.page_code);
	return value;
}

static void commands_do(void)
{
	const uint8_t *queue = physical_to_virtual(ADDRESS_OF(model.base));
	uint64_t bytes = PAGES_OF(model.base) * 0x1000;

	while (model.read_at != model.write_at) {
		memcpy(&model.last, queue + model.read_at, sizeof(model.last));
		model.command_count++;
		model.read_at = (model.read_at + COMMAND_BYTES) % bytes;
	}
}

uint64_t register_read64(const struct registers *registers, uint64_t offset)
{
	(void)registers;
	host_clock_cycles += HOST_CLOCK_HZ / 1000;
	if (offset == GITS_CBASER)
		return model.base;
	if (offset == GITS_CREADR)
		return model.read_at | (model.is_stalled ? CREADR_STALLED : 0);
	if (offset >= GITS_BASER(0) && offset < GITS_BASER(BASER_COUNT))
		return model.tables[(offset - GITS_BASER(0)) / 8];
	return 0;
}

void register_write64(const struct registers *registers, uint64_t offset, uint64_t value)
{
	(void)registers;
	if (offset == GITS_CBASER) {
		model.base = value & ~model.cleared;
		model.read_at = 0;
	} else if (offset == GITS_CWRITER) {
		model.write_at = value;
		if (!model.is_silent && !model.is_stalled)
			commands_do();
	} else if (offset >= GITS_BASER(0) && offset < GITS_BASER(BASER_COUNT)) {
		uint64_t *table = &model.tables[(offset - GITS_BASER(0)) / 8];

		*table = table_kept(*table, value);
	}
}

uint32_t register_read32(const struct registers *registers, uint64_t offset)
{
	return (uint32_t)register_read64(registers, offset);
}

void register_write32(const struct registers *registers, uint64_t offset, uint32_t value)
{
	register_write64(registers, offset, value);
}

/* No register of an ITS is narrower; other drivers are linked, too. */
uint8_t register_read8(const struct registers *registers, uint64_t offset)
{
	return (uint8_t)register_read64(registers, offset);
}

uint16_t register_read16(const struct registers *registers, uint64_t offset)
{
	return (uint16_t)register_read64(registers, offset);
}

void register_write8(const struct registers *registers, uint64_t offset, uint8_t value)
{
	register_write64(registers, offset, value);
}

void register_write16(const struct registers *registers, uint64_t offset, uint16_t value)
{
	register_write64(registers, offset, value);
}

int device_registers_map(struct device *mapped, unsigned index, struct registers *registers)
{
	(void)mapped;
	(void)index;
	*registers = (struct registers){ 0 };
	return 0;
}

/* An ITS with tables of devices and collections, and one of a third kind. */
static void its_begin(uint64_t type)
{
	memset(&model, 0, sizeof(model));
	memset(&its, 0, sizeof(its));
	model.page_code = -1;
	model.tables[0] = TYPE_OF_TABLE(TYPE_DEVICES, 8) | BASE_VALID;
	model.tables[1] = TYPE_OF_TABLE(TYPE_COLLECTIONS, 8);
	model.tables[2] = TYPE_OF_TABLE(2, 16) | BASE_VALID;
	its.device = &device;
	its.type = type;
	spin_lock_init(&its.lock, LOCK_LEAF);
	list_init(&its.devices);
	list_init(&its.messages);
}

static bool table_holds(unsigned index, uint64_t count)
{
	uint64_t value = model.tables[index];
	uint64_t bytes = PAGES_OF(value) * PAGE_SIZE_BYTES(PAGE_CODE_OF(value));

	return (value & BASE_VALID) && count * BASER_ENTRY_BYTES(value) <= bytes &&
	       bytes <= (uint64_t)PAGE_SIZE << its.tables[index].order &&
	       ADDRESS_OF(value) == its.tables[index].address &&
	       ADDRESS_OF(value) % PAGE_SIZE_BYTES(PAGE_CODE_OF(value)) == 0;
}

MEMORY_TEST(its, tables)
{
	uint64_t pages;

	for (int code = -1; code < PAGE_SIZE_COUNT; code++) {
		its_begin(TYPE(16, 16, 12));
		model.page_code = code;
		pages = host_test_free_pages();
		ASSERT_TRUE(its_tables_init(&its) == 0);
		/* 256 pages of 4 KB suffice. */
		EXPECT(its.device_limit == 65536 && table_holds(0, 65536));
		EXPECT(its.collection_limit == cpu_count() && table_holds(1, cpu_count()));
		EXPECT(code < 0 || PAGE_CODE_OF(model.tables[0]) == (uint64_t)code);
		EXPECT(INNER_CACHE_OF(model.tables[0]) == CACHE_READ_WRITE_ALLOCATE);
		EXPECT(!(model.tables[2] & BASE_VALID));
		its_tables_release(&its);
		EXPECT(!(model.tables[0] & BASE_VALID) && !(model.tables[1] & BASE_VALID));
		EXPECT_EQUAL(host_test_free_pages(), pages);
	}
}

MEMORY_TEST(its, tables_that_do_not_fit)
{
	uint64_t pages;

	its_begin(TYPE(32, 32, 16));
	model.tables[0] = TYPE_OF_TABLE(TYPE_DEVICES, 32);
	pages = host_test_free_pages();
	ASSERT_TRUE(its_tables_init(&its) == 0);
	EXPECT(its.device_limit > 0 && its.device_limit < BIT(32) &&
	       table_holds(0, its.device_limit));
	its_tables_release(&its);
	EXPECT_EQUAL(host_test_free_pages(), pages);
}

MEMORY_TEST(its, no_tables)
{
	its_begin(TYPE(16, 16, 12));
	model.tables[0] = 0;
	EXPECT(its_tables_init(&its) == -ENODEV);
	EXPECT(!its.tables[1].memory && !(model.tables[1] & BASE_VALID));
	its_begin(TYPE(16, 16, 12));
	model.tables[1] = 0;
	EXPECT(its_tables_init(&its) == -ENODEV);
	its_begin(TYPE(16, 16, 12) | UINT64_C(3) << 24);	/* without memory, three of them */
	model.tables[1] = 0;
	ASSERT_TRUE(its_tables_init(&its) == 0);
	EXPECT(its.collection_limit == 3);
	its_tables_release(&its);
}

MEMORY_TEST(its, memory_that_is_not_shared)
{
	its_begin(TYPE(16, 16, 12));
	model.cleared = SHAREABILITY_MASK;
	ASSERT_TRUE(its_tables_init(&its) == 0 && its_queue_init(&its) == 0);
	EXPECT(INNER_CACHE_OF(model.tables[0]) == CACHE_NONE);
	EXPECT(INNER_CACHE_OF(model.base) == CACHE_NONE && !its.queue_is_coherent);
	its_begin(TYPE(16, 16, 12));
	ASSERT_TRUE(its_queue_init(&its) == 0);
	EXPECT(INNER_CACHE_OF(model.base) == CACHE_READ_WRITE_ALLOCATE && its.queue_is_coherent);
}

MEMORY_TEST(its, registers_that_do_not_keep)
{
	static const uint64_t lost[] = {
		BASE_VALID, BASE_ADDRESS_MASK, BASE_PAGES_MASK, UINT64_MAX,
	};
	uint64_t pages;

	for (unsigned i = 0; i < ARRAY_SIZE(lost); i++) {
		its_begin(TYPE(16, 16, 12));
		model.cleared = lost[i];
		pages = host_test_free_pages();
		EXPECT(its_tables_init(&its) == -EIO);
		EXPECT(its_queue_init(&its) == -EIO);
		EXPECT_EQUAL(host_test_free_pages(), pages);
	}
}

/* Whatever request for memory fails, the others' is given back. */
MEMORY_TEST(its, memory_is_short)
{
	uint64_t pages;

	for (uint32_t n = 1; n < 4; n++) {
		int result;

		its_begin(TYPE(4, 16, 12));
		pages = host_test_free_pages();
		memory_failures_plan(n, 1);
		result = its_tables_init(&its);
		if (result == 0) {
			result = its_queue_init(&its);
			its_tables_release(&its);
		}
		EXPECT(memory_failures_end() == 1 && result == -ENOMEM);
		EXPECT_EQUAL(host_test_free_pages(), pages);
	}
}

MEMORY_TEST(its, queue_goes_round)
{
	const uint32_t count = 3 * 0x10000 / COMMAND_BYTES / 3 + 5;

	its_begin(TYPE(16, 16, 12));
	ASSERT_TRUE(its_queue_init(&its) == 0);
	for (uint32_t i = 0; i < count; i++) {
		const struct its_command commands[] = {
			its_command_invalidate(1, i), its_command_synchronise(0),
			its_command_invalidate(2, i),
		};

		ASSERT_TRUE(its_queue_run(&its, commands, ARRAY_SIZE(commands)) == 0);
		ASSERT_TRUE(model.command_count == 3 * (i + 1) && model.last.words[1] == i);
	}
}

MEMORY_TEST(its, queue_is_given_up)
{
	const struct its_command command = its_command_invalidate(1, 2);

	for (unsigned i = 0; i < 2; i++) {
		its_begin(TYPE(16, 16, 12));
		ASSERT_TRUE(its_queue_init(&its) == 0);
		ASSERT_TRUE(its_queue_run(&its, &command, 1) == 0);
		model.is_silent = i == 0;
		model.is_stalled = i == 1;
		EXPECT(its_queue_run(&its, &command, 1) == -EIO && its.is_dead);
		/* It is not asked again, though it would answer. */
		model.is_silent = model.is_stalled = false;
		EXPECT(its_queue_run(&its, &command, 1) == -EIO);
		EXPECT(model.command_count == 1);
	}
}

MEMORY_TEST(its, events)
{
	uint32_t event, count = 0;

	its_begin(TYPE(4, 16, 12));
	ASSERT_TRUE(its_tables_init(&its) == 0 && its_queue_init(&its) == 0);
	EXPECT(its_event_reserve(&its, 3, &event) == 0 && event == 0);
	EXPECT(model.command_count == 1 && model.last.words[0] == (UINT64_C(3) << 32 | 8) &&
	       model.last.words[1] == 7);		/* 256 events of 12 bytes in a page */
	EXPECT(its_event_reserve(&its, 3, &event) == 0 && event == 1);
	EXPECT(its_event_reserve(&its, 4, &event) == 0 && event == 0);
	EXPECT(model.command_count == 2);
	EXPECT(its_event_reserve(&its, 16, &event) == -ENODEV);
	EXPECT(its_event_reserve(&its, UINT32_MAX, &event) == -ENODEV);
	while (count < 1000 && its_event_reserve(&its, 3, &event) == 0)
		count++;
	EXPECT(count == 254 && event == 255);
	its_begin(TYPE(4, 1, 12));
	ASSERT_TRUE(its_tables_init(&its) == 0 && its_queue_init(&its) == 0);
	EXPECT(its_event_reserve(&its, 0, &event) == 0 && its_event_reserve(&its, 0, &event) == 0);
	EXPECT(its_event_reserve(&its, 0, &event) == -ENOSPC);
	model.is_silent = true;
	EXPECT(its_event_reserve(&its, 1, &event) == -EIO);
}
