/*
 * Reading and writing through the cache. A hit costs a lookup, a copy and a reference; copies from
 * a program under a page lock run with faults off and are repeated after faulting in.
 */
#include "base/arithmetic.h"
#include "base/errno.h"
#include "memory/cache/pages.h"
#include "memory/transfer.h"
#include "sync/blocking.h"

/* Moves what one page holds; 0 bytes means that the place faulted. */
static long read_piece(struct page_cache *cache, struct transfer *transfer, uint64_t offset,
		       size_t count)
{
	uint64_t index = offset >> PAGE_SHIFT;
	struct page *page = page_cache_find(cache, index);
	size_t moved;
	int error;

	if (unlikely(!page)) {
		/* Nothing was ever written here, and reading does not change that. */
		if (!cache->operations->read_page)
			return (long)transfer_zero(transfer, count);
		error = page_cache_get(cache, index, &page);
		if (error)
			return error;
	}
	moved = transfer_to_place(transfer, (char *)page_address(page) + offset % PAGE_SIZE,
				  count);
	page_put(page);
	return (long)moved;
}

long page_cache_read(struct page_cache *cache, struct transfer *transfer, uint64_t offset,
		     uint64_t size)
{
	uint64_t start = offset;
	uint64_t end = min(size, offset + min(transfer->remaining, size));

	while (offset < end) {
		size_t count = min(PAGE_SIZE - offset % PAGE_SIZE, end - offset);
		long moved = read_piece(cache, transfer, offset, count);

		if (moved > 0)
			offset += (uint64_t)moved;
		if (moved == (long)count)
			continue;
		if (offset > start)
			break;
		return moved < 0 ? moved : -EFAULT;
	}
	return (long)(offset - start);
}

/* Copies into a locked page and says so to the owner; what was moved. */
static size_t write_locked(struct page_cache *cache, struct page *page,
			   struct transfer *transfer, unsigned from, size_t count)
{
	char *data = page_address(page);
	size_t moved = transfer_from_place_atomic(transfer, data + from, count);

	if (!page_test(page, PAGE_UPTODATE)) {
		/* Meant to be overwritten wholly: what the program did not give is zero. */
		memset(data + from + moved, 0, PAGE_SIZE - from - moved);
		page_set(page, PAGE_UPTODATE);
	}
	if (moved > 0) {
		if (cache->operations->commit_write)
			cache->operations->commit_write(cache, page, from,
							(unsigned)(from + moved));
		page_mark_dirty(page);
	}
	return moved;
}

static long write_piece(struct page_cache *cache, struct transfer *transfer, uint64_t offset,
			void (*extended)(struct page_cache *cache, uint64_t end))
{
	unsigned from = offset % PAGE_SIZE;
	size_t count = min(PAGE_SIZE - from, transfer->remaining);
	struct page *page;
	size_t moved = 0;
	int error = page_cache_get_locked(cache, offset >> PAGE_SHIFT, count == PAGE_SIZE, &page);

	if (error)
		return error;
	page_wait_writeback(page);
	if (cache->operations->prepare_write)
		error = cache->operations->prepare_write(cache, page, from,
							 (unsigned)(from + count));
	if (!error) {
		moved = write_locked(cache, page, transfer, from, count);
		if (moved > 0 && extended)
			extended(cache, offset + moved);
	} else if (!page_test(page, PAGE_UPTODATE)) {
		page_zero(page);
		page_set(page, PAGE_UPTODATE);
	}
	page_unlock(page);
	page_put(page);
	return error ? error : (long)moved;
}

long page_cache_write(struct page_cache *cache, struct transfer *transfer, uint64_t offset,
		      void (*extended)(struct page_cache *cache, uint64_t end))
{
	uint64_t start = offset;
	long result = 0;

	while (transfer->remaining > 0) {
		size_t wanted = min(PAGE_SIZE - offset % PAGE_SIZE, transfer->remaining);

		result = write_piece(cache, transfer, offset, extended);
		if (result < 0)
			break;
		offset += (uint64_t)result;
		writeback_balance(cache);
		if ((size_t)result == wanted)
			continue;
		result = transfer_fault_in(transfer, wanted - (size_t)result);
		if (result < 0)
			break;
		if (blocking_is_interrupted(SLEEP_KILLABLE)) {
			result = -EINTR;
			break;
		}
	}
	return offset > start ? (long)(offset - start) : result;
}
