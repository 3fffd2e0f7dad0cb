/*
 * ELF files that lie, loaded into real address spaces under the sanitizers: every field of every
 * header with numbers at which something changes, and several at once at random. Whatever a file
 * says, what is mapped lies among user addresses, and everything is given back.
 */
#include "base/errno.h"
#include "file/file.h"
#include "memory/heap.h"
#include "memory/heap/slab.h"
#include "memory/host_test.h"
#include "memory/page/buddy.h"
#include "memory/page_cache.h"
#include "memory/space.h"
#include "process/elf.h"
#include "process/layout.h"
#include "sync/rcu.h"

#define FILE_BYTES 0x3a00
#define SEGMENTS 4
#define NAME_AT 0x200

/* In place of layout.c, which asks the current process: there is none here. */
uint64_t layout_choose(struct space *space, uint64_t stack_limit)
{
	space->mmap_top = UINT64_C(0x7ffff0000000);
	return space->mmap_top + stack_limit;
}

uint64_t layout_program_base(void)
{
	return UINT64_C(0x555555554000);
}

uint64_t layout_brk(uint64_t end_of_program)
{
	return end_of_program;
}

uint64_t layout_brk_apart(uint64_t end_of_program)
{
	return end_of_program;
}

uint64_t layout_vdso(uint64_t stack_top, uint64_t length)
{
	return stack_top + length;
}

int layout_check_address(uint64_t address)
{
	return address >= USER_ADDRESS_LOWEST ? 0 : -EPERM;
}

static struct image {
	struct elf64_header header;
	struct elf64_program_header segments[SEGMENTS];
	uint8_t rest[FILE_BYTES - sizeof(struct elf64_header) -
		SEGMENTS * sizeof(struct elf64_program_header)];
} image;
static size_t file_bytes;
static struct page_cache cache;

static uint8_t image_byte(size_t offset)
{
	return offset < file_bytes ? ((const uint8_t *)&image)[offset] : 0;
}

static long test_read(struct file *file, struct transfer *to, struct io *io)
{
	uint64_t left = (uint64_t)io->offset < file_bytes ? file_bytes - (uint64_t)io->offset : 0;
	size_t length = min(left, (uint64_t)transfer_remaining(to));

	(void)file;
	if (io->offset < 0)
		return -EINVAL;
	length = transfer_to_place(to, (uint8_t *)&image + io->offset, length);
	io->offset += (int64_t)length;
	return (long)length;
}

static int test_page_get(struct region *region, uint64_t index, struct page **page)
{
	if (index >= divide_up(file_bytes, PAGE_SIZE))
		return -EINVAL;
	return page_cache_get(region->cache, index, page);
}

static void page_fill(struct page *page)
{
	uint8_t *bytes = page_address(page);

	for (size_t i = 0; i < PAGE_SIZE; i++)
		bytes[i] = image_byte(page->index * PAGE_SIZE + i);
}

static int test_read_page(struct page_cache *from, struct page *page)
{
	(void)from;
	page_fill(page);
	page_set(page, PAGE_UPTODATE);
	page_unlock(page);
	return 0;
}

static const struct page_cache_operations cache_operations = { .read_page = test_read_page };
static const struct region_operations region_operations = { .page_get = test_page_get };

static int test_map(struct file *file, struct map_request *request)
{
	(void)file;
	request->operations = &region_operations;
	request->object = &cache;
	request->cache = &cache;
	return 0;
}

static const struct file_operations operations = { .read = test_read, .map = test_map };
static struct file file = { .operations = &operations };

static void image_make(uint16_t type)
{
	uint64_t base = type == ET_EXEC ? 0x400000 : 0;

	memset(&image, 0xcc, sizeof(image));
	file_bytes = sizeof(image);
	image.header = (struct elf64_header){
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = type, .e_machine = LAYOUT_ELF_MACHINE, .e_version = EV_CURRENT,
		.e_entry = base + 0x400, .e_phoff = sizeof(image.header),
		.e_ehsize = sizeof(image.header), .e_phentsize = sizeof(image.segments[0]),
		.e_phnum = SEGMENTS,
	};
	image.segments[0] = (struct elf64_program_header){
		PT_INTERP, PF_R, NAME_AT, base + NAME_AT, 0, 5, 5, 1 };
	image.segments[1] = (struct elf64_program_header){
		PT_LOAD, PF_R | PF_X, 0, base, 0, 0x2000, 0x2000, PAGE_SIZE };
	image.segments[2] = (struct elf64_program_header){
		PT_LOAD, PF_R | PF_W, 0x3120, base + 0x5120, 0, 0x200, 0x2300, PAGE_SIZE };
	image.segments[3] = (struct elf64_program_header){ PT_GNU_STACK, PF_R | PF_W };
	memcpy((uint8_t *)&image + NAME_AT, "/lib", 5);
}

static void check_regions(struct space *space)
{
	user_address_t end = 0;

	for (struct region *region = space_region_first(space); region;
	     region = space_region_next(region)) {
		EXPECT(region->start >= end && region->end > region->start);
		EXPECT(region->start >= USER_ADDRESS_LOWEST &&
		       region->end <= USER_ADDRESS_LIMIT);
		end = region->end;
	}
}

/* The file has other bytes than at the time before. (Dropping pages would need threads.) */
static void cache_follow(void)
{
	for (uint64_t index = 0; index < divide_up(FILE_BYTES, PAGE_SIZE); index++) {
		struct page *page = page_cache_find(&cache, index);

		if (!page)
			continue;
		page_fill(page);
		page_put(page);
	}
}

static struct space *space_make(void)
{
	struct space *space = space_create();

	layout_choose(space, 0);
	return space;
}

/* What an execve does with the file, as program and as interpreter of itself. 0: it was loaded. */
static int load(void)
{
	struct elf_image program, interpreter;
	struct space *space;
	char *name;
	int result;

	cache_follow();
	result = elf_image_read(&program, &file);
	if (result < 0)
		return result;
	result = elf_image_interpreter(&program, &name);
	if (result == 0 && name)
		EXPECT(strlen(name) < PAGE_SIZE);
	if (result == 0)
		heap_free(name);
	space = space_make();
	if (result == 0)
		result = elf_image_map_program(&program, space, name != NULL);
	check_regions(space);
	if (result == 0)
		result = elf_image_read(&interpreter, &file);
	if (result == 0) {
		result = elf_image_map_interpreter(&interpreter, space, program.bias == 0);
		check_regions(space);
		elf_image_release(&interpreter);
	}
	elf_image_release(&program);
	space_user_put(space);
	return result;
}

static const uint64_t numbers[] = {
	0, 1, 2, 3, 55, 56, 57, 63, 64, 0xff, 0xfff, 0x1000, 0x1001, 0x39ff, 0x3a00, 0x3a01, 0x7fff,
	0xffff, 0x10000, 0x400000, 0x7fffffff, 0x80000000, 0xffffffff, UINT64_C(0x100000000),
	UINT64_C(0x7fffffffe000), UINT64_C(0x7fffffffefff), UINT64_C(0x7ffffffff000),
	UINT64_C(0x800000000000), UINT64_C(0xffff800000000000), UINT64_C(0xffffffff80000000),
	UINT64_C(0x7ffffffffffff000), INT64_MAX, UINT64_C(1) << 63, UINT64_MAX - 4095, UINT64_MAX,
};

/* A number of `bytes` bytes somewhere in the headers. */
static void lie(size_t offset, size_t bytes, uint64_t value)
{
	memcpy((uint8_t *)&image + offset, &value, bytes);
}

static uint64_t truth(size_t offset, size_t bytes)
{
	uint64_t value = 0;

	memcpy(&value, (uint8_t *)&image + offset, bytes);
	return value;
}

static const int64_t steps[] = { -4096, -1, 1, 4096 };
#define VALUES (ARRAY_SIZE(numbers) + ARRAY_SIZE(steps))

static uint64_t value_at(size_t which, size_t offset, size_t bytes)
{
	return which < ARRAY_SIZE(numbers) ? numbers[which] :
		truth(offset, bytes) + (uint64_t)steps[which - ARRAY_SIZE(numbers)];
}

#define HEADERS_BYTES offsetof(struct image, rest)

static uint64_t memory_settled(void)
{
	rcu_barrier();
	slab_reclaim();
	rcu_barrier();
	page_caches_drain();
	return page_buddy.free_pages + page_buddy.untouched_pages;
}

MEMORY_TEST(elf, honest_files_are_loaded)
{
	page_cache_init(&cache, &cache_operations, NULL);
	image_make(ET_DYN);
	EXPECT_EQUAL(load(), 0);
	/* As its own interpreter at fixed addresses it covers itself. */
	image_make(ET_EXEC);
	EXPECT_EQUAL(load(), 0);
}

MEMORY_TEST(elf, tail_is_zeros_and_bytes_are_the_files)
{
	struct elf_image program;
	struct space *space = space_make();
	uint8_t bytes[0x2300], zeros[0x2100] = { 0 };

	page_cache_init(&cache, &cache_operations, NULL);
	image_make(ET_DYN);
	ASSERT_EQUAL(elf_image_read(&program, &file), 0);
	ASSERT_EQUAL(elf_image_map_program(&program, space, true), 0);
	EXPECT_EQUAL(program.bias, layout_program_base());
	EXPECT_EQUAL(space_copy_in(space, bytes, program.bias + 0x5120, sizeof(bytes)),
		     sizeof(bytes));
	EXPECT(memcmp(bytes, (uint8_t *)&image + 0x3120, 0x200) == 0);
	EXPECT(memcmp(bytes + 0x200, zeros, sizeof(zeros)) == 0);
	EXPECT_EQUAL(space_copy_in(space, bytes, program.bias, 64), 64);
	EXPECT(memcmp(bytes, &image, 64) == 0);
	elf_image_release(&program);
	space_user_put(space);
}

/* Every place of one, two, four and eight bytes takes every number: that includes every field. */
MEMORY_TEST(elf, every_field_lies)
{
	static const uint16_t types[] = { ET_EXEC, ET_DYN };
	uint64_t before;
	int loaded = 0, refused = 0;

	page_cache_init(&cache, &cache_operations, NULL);
	before = memory_settled();
	for (size_t type = 0; type < ARRAY_SIZE(types); type++)
		for (size_t bytes = 2; bytes <= 8; bytes *= 2)
			for (size_t offset = 0; offset < HEADERS_BYTES; offset += bytes)
				for (size_t i = 0; i < VALUES; i++) {
					image_make(types[type]);
					lie(offset, bytes, value_at(i, offset, bytes));
					if (load() == 0)
						loaded++;
					else
						refused++;
				}
	/* Both kinds must have been met, or this shows nothing. */
	EXPECT(loaded > 1000 && refused > 1000);
	EXPECT(memory_settled() + 32 >= before);
}

static uint64_t seed = 1;

static size_t random_below_test(size_t limit)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (size_t)((seed >> 33) % limit);
}

MEMORY_TEST(elf, several_fields_lie_at_random)
{
	uint64_t before;
	int loaded = 0;

	page_cache_init(&cache, &cache_operations, NULL);
	before = memory_settled();
	for (int round = 0; round < 20000; round++) {
		image_make(random_below_test(2) ? ET_EXEC : ET_DYN);
		for (size_t lies = 1 + random_below_test(5); lies > 0; lies--) {
			size_t bytes = (size_t)1 << random_below_test(4);
			size_t offset = random_below_test(HEADERS_BYTES / bytes) * bytes;

			lie(offset, bytes, value_at(random_below_test(VALUES), offset, bytes));
		}
		if (random_below_test(8) == 0)
			file_bytes = random_below_test(FILE_BYTES);
		loaded += load() == 0;
	}
	EXPECT(loaded > 1000);
	EXPECT(memory_settled() + 32 >= before);
}

MEMORY_TEST(elf, cut_files_are_refused)
{
	page_cache_init(&cache, &cache_operations, NULL);
	for (size_t length = 0; length < HEADERS_BYTES; length++) {
		image_make(ET_DYN);
		file_bytes = length;
		EXPECT_EQUAL(load(), -ENOEXEC);
	}
	/* The name is cut. */
	for (size_t length = HEADERS_BYTES; length < NAME_AT + 5; length++) {
		image_make(ET_DYN);
		file_bytes = length;
		EXPECT_EQUAL(load(), -EIO);
	}
}

MEMORY_TEST(elf, more_headers_than_a_page_are_refused)
{
	page_cache_init(&cache, &cache_operations, NULL);
	image_make(ET_DYN);
	image.header.e_phnum = PAGE_SIZE / sizeof(image.segments[0]);
	memset(image.rest, 0, sizeof(image.rest));
	memcpy((uint8_t *)&image + NAME_AT, "/lib", 5);
	EXPECT_EQUAL(load(), 0);
	image.header.e_phnum++;
	EXPECT_EQUAL(load(), -ENOEXEC);
}
