/* The page cache over made-up files: reading, writing, holes, errors, write-back, reclaim. */
#include "base/errno.h"
#include "memory/cache/pages.h"
#include "memory/heap/slab.h"
#include "memory/host_test.h"
#include "memory/page/buddy.h"
#include "memory/reclaim/reclaim.h"
#include "memory/transfer.h"
#include "sync/rcu.h"

#define FILE_PAGES 600

static struct page_cache cache;
static char buffer[5 * 4096];

/* A "disk" that holds a byte per page, and can fail. */
static uint8_t disk[FILE_PAGES];
static int disk_error, reads, writes;

static int disk_read(struct page_cache *of, struct page *page)
{
	(void)of;
	if (disk_error) {
		page_unlock(page);
		return disk_error;
	}
	reads++;
	memset(page_address(page), disk[page->index], PAGE_SIZE);
	page_set(page, PAGE_UPTODATE);
	page_unlock(page);
	return 0;
}

static int disk_write(struct page_cache *of, struct page *page)
{
	(void)of;
	if (disk_error)
		return disk_error;
	writes++;
	disk[page->index] = *(uint8_t *)page_address(page);
	page_unlock(page);
	page_end_writeback(page);
	return 0;
}

static const struct page_cache_operations disk_operations = {
	.read_page = disk_read,
	.write_page = disk_write,
};
static const struct page_cache_operations memory_operations = { NULL };

static uint64_t told_end;

static void extended(struct page_cache *of, uint64_t end)
{
	(void)of;
	told_end = end;
}

static long write_bytes(uint64_t offset, size_t length, int byte)
{
	struct transfer transfer;

	memset(buffer, byte, length);
	transfer_init_kernel(&transfer, true, buffer, length);
	return page_cache_write(&cache, &transfer, offset, extended);
}

static long read_bytes(uint64_t offset, size_t length, uint64_t size)
{
	struct transfer transfer;

	memset(buffer, 0x55, sizeof(buffer));
	transfer_init_kernel(&transfer, false, buffer, length);
	return page_cache_read(&cache, &transfer, offset, size);
}

static bool buffer_is(size_t from, size_t to, int byte)
{
	for (size_t i = from; i < to; i++) {
		if (buffer[i] != (char)byte)
			return false;
	}
	return true;
}

MEMORY_TEST(page_cache, memory_file_reads_back)
{
	page_cache_init(&cache, &memory_operations, NULL);
	EXPECT_EQUAL(write_bytes(100, 10000, 7), 10000);
	EXPECT_EQUAL(told_end, 10100);
	EXPECT_EQUAL(cache.page_count, 3);
	EXPECT_EQUAL(read_bytes(0, 20000, 10100), 10100);
	EXPECT(buffer_is(0, 100, 0) && buffer_is(100, 10100, 7));
	EXPECT_EQUAL(read_bytes(10100, 1, 10100), 0);
	EXPECT_EQUAL(read_bytes(UINT64_MAX - 5, 20, 10100), 0);
	/* A hole costs nothing, and reading it neither. */
	EXPECT_EQUAL(write_bytes(100 * PAGE_SIZE, 1, 9), 1);
	EXPECT_EQUAL(cache.page_count, 4);
	EXPECT_EQUAL(read_bytes(50 * PAGE_SIZE, 8192, 101 * PAGE_SIZE), 8192);
	EXPECT(buffer_is(0, 8192, 0));
	EXPECT_EQUAL(cache.page_count, 4);
	EXPECT_EQUAL(page_cache_seek(&cache, 0, 101 * PAGE_SIZE, true), 3 * PAGE_SIZE);
	EXPECT_EQUAL(page_cache_seek(&cache, 3 * PAGE_SIZE, 101 * PAGE_SIZE, false),
		     100 * PAGE_SIZE);
	EXPECT_EQUAL(page_cache_seek(&cache, 101 * PAGE_SIZE, 101 * PAGE_SIZE, false), -ENXIO);
	page_cache_punch(&cache, 200, 9000);
	EXPECT_EQUAL(cache.page_count, 3);
	EXPECT_EQUAL(read_bytes(0, 10100, 10100), 10100);
	EXPECT(buffer_is(100, 200, 7) && buffer_is(200, 9000, 0) && buffer_is(9000, 10100, 7));
	page_cache_truncate(&cache, 150);
	EXPECT_EQUAL(cache.page_count, 1);
	EXPECT_EQUAL(read_bytes(0, 4096, 4096), 4096);
	EXPECT(buffer_is(100, 150, 7) && buffer_is(150, 4096, 0));
	page_cache_release(&cache);
}

MEMORY_TEST(page_cache, disk_file_is_written_once)
{
	uint32_t seen = 0;

	page_cache_init(&cache, &disk_operations, NULL);
	disk[3] = 33;
	EXPECT_EQUAL(read_bytes(3 * PAGE_SIZE + 5, 10, FILE_PAGES * PAGE_SIZE), 10);
	EXPECT(buffer_is(0, 10, 33) && reads == 1);
	EXPECT_EQUAL(write_bytes(3 * PAGE_SIZE, 2, 44), 2);
	EXPECT_EQUAL(write_bytes(5 * PAGE_SIZE, PAGE_SIZE, 45), PAGE_SIZE);
	EXPECT_EQUAL(reads, 1);
	EXPECT_EQUAL(page_cache_sync(&cache, 0, 4 * PAGE_SIZE), 0);
	EXPECT(writes == 1 && disk[3] == 44 && disk[5] == 0);
	writeback_run(INT64_MAX);
	EXPECT(writes == 2 && disk[5] == 45);
	writeback_run(INT64_MAX);
	EXPECT_EQUAL(page_cache_sync(&cache, 0, UINT64_MAX), 0);
	EXPECT_EQUAL(writes, 2);
	disk_error = -EIO;
	EXPECT_EQUAL(write_bytes(3 * PAGE_SIZE, 2, 46), 2);
	EXPECT_EQUAL(page_cache_sync(&cache, 0, UINT64_MAX), -EIO);
	EXPECT_EQUAL(page_cache_error_check(&cache, &seen), -EIO);
	EXPECT_EQUAL(page_cache_error_check(&cache, &seen), 0);
	EXPECT_EQUAL(read_bytes(9 * PAGE_SIZE, 1, UINT64_MAX), -EIO);
	disk_error = 0;
	EXPECT_EQUAL(read_bytes(9 * PAGE_SIZE, 1, UINT64_MAX), 1);
	EXPECT_EQUAL(page_cache_sync(&cache, 0, UINT64_MAX), 0);
	EXPECT_EQUAL(disk[3], 46);
	page_cache_drop(&cache, 0, UINT64_MAX);
	EXPECT_EQUAL(cache.page_count, 0);
	page_cache_release(&cache);
}

MEMORY_TEST(page_cache, clean_pages_make_room)
{
	uint64_t active, inactive;

	page_cache_init(&cache, &disk_operations, NULL);
	for (uint64_t i = 0; i < FILE_PAGES; i++) {
		EXPECT_EQUAL(read_bytes(i * PAGE_SIZE, 1, UINT64_MAX), 1);
		/* The first hundred are read again. */
		(void)read_bytes(i % 100 * PAGE_SIZE, 1, UINT64_MAX);
	}
	EXPECT_EQUAL(write_bytes(0, 1, 1), 1);
	EXPECT_EQUAL(cache.page_count, FILE_PAGES);
	EXPECT(reclaim_direct(300) >= 300);
	EXPECT(cache.page_count <= FILE_PAGES - 300);
	while (reclaim_direct(64) > 0)
		;
	/* The dirty one stays. */
	EXPECT_EQUAL(cache.page_count, 1);
	reclaim_lists_read(&active, &inactive);
	EXPECT_EQUAL(active + inactive, 1);
	page_cache_release(&cache);
}

/* More is read than memory can hold: reclaim happens on the way. */
MEMORY_TEST_RANGES(page_cache, file_larger_than_memory,
		   FRAMES(0x400, 0x200, BOOT_MEMORY_USABLE))
{
	page_cache_init(&cache, &disk_operations, NULL);
	for (uint64_t round = 0; round < 4; round++) {
		for (uint64_t i = 0; i < FILE_PAGES; i++)
			ASSERT_EQUAL(read_bytes(i * PAGE_SIZE, 1, UINT64_MAX), 1);
	}
	EXPECT(reads > FILE_PAGES);
	page_cache_release(&cache);
}

/* Writes, reads and syncs with the n-th request failing; whether one did. */
static uint32_t fail_at(uint32_t n, const struct page_cache_operations *operations)
{
	uint32_t failed, seen = 0;
	long result;

	page_cache_init(&cache, operations, NULL);
	memory_failures_plan(n, 1);
	result = write_bytes(100, 17000, 3);
	EXPECT(result == -ENOMEM || result > 0);
	(void)read_bytes(7 * PAGE_SIZE, 9000, UINT64_MAX);
	for (uint64_t i = 0; i < FILE_PAGES; i += 50)
		(void)write_bytes(i * PAGE_SIZE, 2, 4);
	(void)!page_cache_sync(&cache, 0, UINT64_MAX);
	failed = memory_failures_end();
	EXPECT_EQUAL(page_cache_error_check(&cache, &seen), 0);
	page_cache_release(&cache);
	return failed;
}

MEMORY_TEST(page_cache, every_allocation_may_fail)
{
	uint64_t before = 0;

	for (int round = 0; round < 3; round++) {
		uint32_t n = 1;

		while (fail_at(n, &disk_operations))
			n++;
		EXPECT(n > 20);
		n = 1;
		while (fail_at(n, &memory_operations))
			n++;
		EXPECT(n > 20);
		if (round > 0)
			EXPECT_EQUAL(host_test_free_pages(), before);
		before = host_test_free_pages();
	}
}

MEMORY_TEST(transfer, vectors_and_pages)
{
	char one[10], two[20], data[30];
	struct transfer_vector vectors[4] = {
		{ (uintptr_t)one, 10 }, { 0, 0 }, { 0, 0 }, { (uintptr_t)two, 20 },
	};
	struct transfer transfer = {
		.kind = TRANSFER_KERNEL, .vector_count = 4, .vectors = vectors, .remaining = 30,
	};
	struct transfer again = transfer;

	for (int i = 0; i < 30; i++)
		data[i] = (char)i;
	EXPECT_EQUAL(transfer_to_place(&transfer, data, 7), 7);
	EXPECT_EQUAL(transfer_to_place(&transfer, data + 7, 100), 23);
	EXPECT_EQUAL(transfer.remaining, 0);
	EXPECT_EQUAL(transfer_to_place(&transfer, data, 1), 0);
	EXPECT(one[9] == 9 && two[0] == 10 && two[19] == 29);
	transfer_advance(&again, 12);
	memset(data, 0, sizeof(data));
	transfer_truncate(&again, 5);
	EXPECT_EQUAL(transfer_from_place(&again, data, 30), 5);
	EXPECT(data[0] == 12 && data[4] == 16 && data[5] == 0);

	struct page *pages[3];

	for (int i = 0; i < 3; i++)
		pages[i] = page_allocate(0, ALLOCATE_ZERO);
	transfer_init_pages(&transfer, false, pages, 4090, 4110);
	memset(buffer, 8, sizeof(buffer));
	EXPECT_EQUAL(transfer_to_place(&transfer, buffer, 5000), 4110);
	EXPECT_EQUAL(((char *)page_address(pages[0]))[4089], 0);
	EXPECT_EQUAL(((char *)page_address(pages[0]))[4090], 8);
	EXPECT_EQUAL(((char *)page_address(pages[1]))[4095], 8);
	EXPECT_EQUAL(((char *)page_address(pages[2]))[7], 8);
	EXPECT_EQUAL(((char *)page_address(pages[2]))[8], 0);
}
