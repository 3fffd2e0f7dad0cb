/*
 * The page array. It is one array over all frames from the first to the last that firmware reports,
 * placed at the top of a usable range; what would describe holes is given to the allocator. Entries
 * are written a chunk (4 MB of frames) at a time, when the free lists run low.
 */
#include "memory/page/buddy.h"

#include "arch/boot.h"
#include "base/arithmetic.h"
#include "base/panic.h"
#include "log/log.h"

struct frame_range {
	uint64_t first, end;
};

static struct {
	uint64_t first_chunk, end_chunk;	/* covered by the array */
	uint64_t next_chunk;			/* all below were brought in */
	struct frame_range array;		/* frames that hold the array and the bitmap */
	uint64_t *is_ready;			/* a bit per chunk: its entries are valid */
} frames;

uintptr_t page_array;

static struct frame_range boot_range(unsigned index)
{
	const struct boot_memory_range *range = &boot_information()->ranges[index];
	struct frame_range frame_range = {
		.first = divide_up(range->start, PAGE_SIZE),
		.end = (range->start + range->length_bytes) / PAGE_SIZE,
	};

	/* Frame 0 is never given out: its address means "none" to many. */
	if (frame_range.first == 0)
		frame_range.first = 1;
	if (frame_range.end < frame_range.first)
		frame_range.end = frame_range.first;
	return frame_range;
}

static bool boot_range_is_usable(unsigned index)
{
	return boot_information()->ranges[index].kind == BOOT_MEMORY_USABLE;
}

static struct frame_range chunk_range(uint64_t chunk)
{
	return (struct frame_range){ chunk << CHUNK_ORDER, (chunk + 1) << CHUNK_ORDER };
}

static struct frame_range range_intersect(struct frame_range a, struct frame_range b)
{
	struct frame_range both = { max(a.first, b.first), min(a.end, b.end) };

	if (both.end < both.first)
		both.end = both.first;
	return both;
}

static bool chunk_has_memory(uint64_t chunk)
{
	for (unsigned i = 0; i < boot_information()->range_count; i++) {
		struct frame_range part = range_intersect(chunk_range(chunk), boot_range(i));

		if (part.first < part.end)
			return true;
	}
	return false;
}

/* Whether a frame inside the array's place holds entries of a hole only. */
static bool array_frame_is_spare(uint64_t frame)
{
	uint64_t bytes = (frame - frames.array.first) << PAGE_SHIFT;
	uint64_t chunk = frames.first_chunk + bytes / (CHUNK_FRAMES * sizeof(struct page));

	return chunk < frames.end_chunk && !chunk_has_memory(chunk);
}

static void frames_give(uint64_t first, uint64_t end) REQUIRES(page_buddy.lock)
{
	for (uint64_t frame = first; frame < end; frame++)
		page_of_frame_address(frame << PAGE_SHIFT)->flags = 0;
	buddy_give_range(first, end);
	page_buddy.untouched_pages -= end - first;
}

/* Gives the usable part of a chunk away, except what the array itself takes. */
static void chunk_give_usable(struct frame_range part) REQUIRES(page_buddy.lock)
{
	struct frame_range own = range_intersect(part, frames.array);

	if (own.first == own.end) {
		frames_give(part.first, part.end);
		return;
	}
	frames_give(part.first, own.first);
	for (uint64_t frame = own.first; frame < own.end; frame++) {
		if (array_frame_is_spare(frame))
			frames_give(frame, frame + 1);
	}
	frames_give(own.end, part.end);
}

static void chunk_bring_in(uint64_t chunk) REQUIRES(page_buddy.lock)
{
	struct frame_range whole = chunk_range(chunk);
	struct page *pages = page_of_frame_address(whole.first << PAGE_SHIFT);

	memset(pages, 0, CHUNK_FRAMES * sizeof(struct page));
	for (uint64_t i = 0; i < CHUNK_FRAMES; i++)
		pages[i].flags = PAGE_RESERVED;
	atomic_fetch_or_release(&frames.is_ready[(chunk - frames.first_chunk) / 64],
				BIT((chunk - frames.first_chunk) % 64));
	for (unsigned i = 0; i < boot_information()->range_count; i++) {
		struct frame_range part = range_intersect(whole, boot_range(i));

		if (part.first < part.end && boot_range_is_usable(i))
			chunk_give_usable(part);
	}
}

bool frames_grow(void)
{
	while (frames.next_chunk < frames.end_chunk) {
		uint64_t chunk = frames.next_chunk++;
		uint64_t before = page_buddy.free_pages;

		if (!chunk_has_memory(chunk))
			continue;
		chunk_bring_in(chunk);
		if (page_buddy.free_pages > before)
			return true;
	}
	return false;
}

struct page *page_of_physical(physical_t address)
{
	uint64_t chunk = address >> (PAGE_SHIFT + CHUNK_ORDER);
	uint64_t bit = chunk - frames.first_chunk;

	if (chunk < frames.first_chunk || chunk >= frames.end_chunk)
		return NULL;
	if (!(atomic_load_acquire(&frames.is_ready[bit / 64]) >> bit % 64 & 1))
		return NULL;
	return page_of_frame_address(address);
}

/* Bytes for the array over the chunks and for the bitmap behind it. */
static uint64_t array_bytes(void)
{
	uint64_t chunks = frames.end_chunk - frames.first_chunk;

	return chunks * CHUNK_FRAMES * sizeof(struct page) + divide_up(chunks, 64) * 8;
}

/* The highest usable range with room for the array, at its end, so that low memory stays free. */
static bool array_place(void)
{
	uint64_t wanted = divide_up(array_bytes(), PAGE_SIZE);

	for (unsigned i = boot_information()->range_count; i-- > 0;) {
		struct frame_range range = boot_range(i);

		if (!boot_range_is_usable(i) || range.end - range.first < wanted)
			continue;
		frames.array = (struct frame_range){ range.end - wanted, range.end };
		return true;
	}
	return false;
}

/* Covers as many ranges as have room for their array: a tiny one far away may be left out. */
static void array_choose(void)
{
	unsigned count = boot_information()->range_count;

	frames.first_chunk = boot_range(0).first >> CHUNK_ORDER;
	for (; count > 0; count--) {
		frames.end_chunk = divide_up(boot_range(count - 1).end, CHUNK_FRAMES);
		if (frames.end_chunk > frames.first_chunk && array_place())
			return;
	}
	panic("no memory range is large enough for the page array");
}

static uint64_t usable_count(void)
{
	uint64_t total = 0;
	struct frame_range covered = { frames.first_chunk << CHUNK_ORDER,
				       frames.end_chunk << CHUNK_ORDER };

	for (unsigned i = 0; i < boot_information()->range_count; i++) {
		struct frame_range range = range_intersect(boot_range(i), covered);

		if (boot_range_is_usable(i))
			total += range.end - range.first;
	}
	total -= frames.array.end - frames.array.first;
	for (uint64_t frame = frames.array.first; frame < frames.array.end; frame++)
		total += array_frame_is_spare(frame);
	return total;
}

void frames_start(void)
{
	uint64_t bitmap;
	void *array;

	if (boot_information()->range_count == 0)
		panic("firmware reports no memory");
	array_choose();
	frames.next_chunk = frames.first_chunk;
	array = physical_to_virtual(frames.array.first << PAGE_SHIFT);
	page_array = (uintptr_t)array -
		     (frames.first_chunk << CHUNK_ORDER) * sizeof(struct page);
	bitmap = (frames.end_chunk - frames.first_chunk) * CHUNK_FRAMES * sizeof(struct page);
	frames.is_ready = (uint64_t *)((char *)array + bitmap);
	memset(frames.is_ready, 0, array_bytes() - bitmap);
	page_buddy.total_pages = usable_count();
	page_buddy.untouched_pages = page_buddy.total_pages;
}

void memory_release(physical_t start, uint64_t length_bytes)
{
	uint64_t first = divide_up(start, PAGE_SIZE);
	uint64_t end = (start + length_bytes) / PAGE_SIZE;
	bool masked;

	for (uint64_t frame = first; frame < end; frame++) {
		uint64_t chunk = frame >> CHUNK_ORDER;
		struct page *page;

		if (frame == 0 || chunk < frames.first_chunk || chunk >= frames.end_chunk)
			continue;
		masked = spin_lock_irq(&page_buddy.lock);
		while (frames.next_chunk <= chunk && frames_grow())
			;
		page = page_of_physical(frame << PAGE_SHIFT);
		if (page && page_test(page, PAGE_RESERVED)) {
			page_clear(page, PAGE_RESERVED);
			buddy_give(page, 0);
			page_buddy.total_pages++;
		}
		spin_unlock_irq(&page_buddy.lock, masked);
	}
}

void page_synchronise(struct page *page)
{
	uint32_t flags;

	page_set(page, PAGE_FETCH_BEGUN);
	mmu_synchronise_instructions(page_address(page), PAGE_SIZE);
	flags = READ_ONCE(page->flags);
	/* What is written meanwhile asks for another round, by whoever shows the page next. */
	while (flags & PAGE_FETCH_BEGUN &&
	       !atomic_compare_swap(&page->flags, &flags,
				    (flags | PAGE_FETCHABLE) & ~(uint32_t)PAGE_FETCH_BEGUN))
		;
}
