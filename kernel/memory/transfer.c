/*
 * Moving bytes to or from where a read or write wants them. One loop walks the vectors or pages;
 * what differs is the piece function.
 */
#include "memory/transfer.h"

#include "arch/user.h"
#include "base/arithmetic.h"
#include "base/errno.h"
#include "base/string.h"
#include "memory/heap.h"
#include "memory/page.h"
#include "memory/user.h"

/* Linux's limits of one call: IOV_MAX, and INT_MAX rounded down to a page. */
#define VECTORS_MAXIMUM 1024
#define BYTES_MAXIMUM (INT32_MAX & ~(uint64_t)(PAGE_SIZE - 1))
#define VECTORS_INLINE 8

enum move {
	MOVE_TO_PLACE,
	MOVE_FROM_PLACE,
	MOVE_ZERO,
};

static void transfer_init(struct transfer *transfer, enum transfer_kind kind, bool is_write,
			  uint64_t base, uint64_t length)
{
	transfer->kind = kind;
	transfer->is_write = is_write;
	transfer->vector_count = 1;
	transfer->vector_index = 0;
	transfer->vector_offset = 0;
	transfer->remaining = length;
	transfer->inline_vector.base = base;
	transfer->inline_vector.length = length;
	transfer->vectors = NULL;
	transfer->pages = NULL;
	transfer->owned = NULL;
}

void transfer_init_user(struct transfer *transfer, bool is_write, user_address_t address,
			size_t length)
{
	transfer_init(transfer, TRANSFER_USER, is_write, address, length);
}

void transfer_init_kernel(struct transfer *transfer, bool is_write, void *data, size_t length)
{
	transfer_init(transfer, TRANSFER_KERNEL, is_write, (uintptr_t)data, length);
}

void transfer_init_pages(struct transfer *transfer, bool is_write, struct page *const *pages,
			 size_t offset, size_t length)
{
	transfer_init(transfer, TRANSFER_PAGES, is_write, 0, length);
	transfer->pages = pages;
	transfer->vector_index = (uint32_t)(offset / PAGE_SIZE);
	transfer->vector_offset = offset % PAGE_SIZE;
}

/* Checks each range and cuts the total where Linux cuts it. */
static int vectors_check(struct transfer_vector *vectors, size_t count, uint64_t *total)
{
	*total = 0;
	for (size_t i = 0; i < count; i++) {
		if ((int64_t)vectors[i].length < 0)
			return -EINVAL;
		if (!user_range_is_valid(vectors[i].base, vectors[i].length))
			return -EFAULT;
		vectors[i].length = min(vectors[i].length, BYTES_MAXIMUM - *total);
		*total += vectors[i].length;
	}
	return 0;
}

int transfer_init_vectors(struct transfer *transfer, bool is_write, user_address_t vectors,
			  size_t count, struct transfer_vector cache[8])
{
	struct transfer_vector *copy = cache;
	uint64_t total;
	int error;

	if (count > VECTORS_MAXIMUM)
		return -EINVAL;
	if (count > VECTORS_INLINE) {
		copy = heap_allocate_array(count, sizeof(*copy), HEAP_RAW | HEAP_ACCOUNT);
		if (!copy)
			return -ENOMEM;
	}
	error = user_copy_in(copy, vectors, count * sizeof(*copy));
	if (!error)
		error = vectors_check(copy, count, &total);
	if (error) {
		if (copy != cache)
			heap_free(copy);
		return error;
	}
	transfer_init(transfer, TRANSFER_USER, is_write, 0, total);
	transfer->vectors = copy;
	transfer->vector_count = (uint32_t)count;
	transfer->owned = copy == cache ? NULL : copy;
	return 0;
}

void transfer_release(struct transfer *transfer)
{
	heap_free(transfer->owned);
	transfer->owned = NULL;
}

static const struct transfer_vector *vector_current(const struct transfer *transfer)
{
	return transfer->vectors ? &transfer->vectors[transfer->vector_index]
				 : &transfer->inline_vector;
}

/* Bytes left in the current vector or page. */
static size_t piece_length(const struct transfer *transfer)
{
	if (transfer->kind == TRANSFER_PAGES)
		return PAGE_SIZE - transfer->vector_offset;
	return vector_current(transfer)->length - transfer->vector_offset;
}

static void transfer_next_piece(struct transfer *transfer)
{
	transfer->vector_index++;
	transfer->vector_offset = 0;
}

void transfer_advance(struct transfer *transfer, size_t length)
{
	length = min(length, transfer->remaining);
	transfer->remaining -= length;
	while (length > 0) {
		size_t piece = min(length, piece_length(transfer));

		transfer->vector_offset += piece;
		length -= piece;
		if (length > 0)
			transfer_next_piece(transfer);
	}
}

void transfer_truncate(struct transfer *transfer, size_t length)
{
	transfer->remaining = min(transfer->remaining, length);
}

static size_t move_kernel(char *place, char *data, size_t length, enum move move)
{
	if (move == MOVE_TO_PLACE)
		memcpy(place, data, length);
	else if (move == MOVE_FROM_PLACE)
		memcpy(data, place, length);
	else
		memset(place, 0, length);
	return length;
}

static size_t move_user(user_address_t place, char *data, size_t length, enum move move)
{
	if (move == MOVE_TO_PLACE)
		return user_copy_out_some(place, data, length);
	if (move == MOVE_FROM_PLACE)
		return user_copy_in_some(data, place, length);
	return user_zero_some(place, length);
}

static size_t move_piece(struct transfer *transfer, char *data, size_t length, enum move move)
{
	uint64_t base;

	if (transfer->kind == TRANSFER_PAGES) {
		char *page = page_address(transfer->pages[transfer->vector_index]);

		return move_kernel(page + transfer->vector_offset, data, length, move);
	}
	base = vector_current(transfer)->base + transfer->vector_offset;
	if (transfer->kind == TRANSFER_KERNEL)
		return move_kernel((char *)(uintptr_t)base, data, length, move);
	return move_user(base, data, length, move);
}

static size_t transfer_move(struct transfer *transfer, char *data, size_t length, enum move move)
{
	size_t moved = 0;

	length = min(length, transfer->remaining);
	while (moved < length) {
		size_t piece = min(length - moved, piece_length(transfer));
		size_t done = 0;

		if (piece == 0) {
			transfer_next_piece(transfer);
			continue;
		}
		done = move_piece(transfer, data ? data + moved : NULL, piece, move);
		transfer_advance(transfer, done);
		moved += done;
		if (done < piece)
			break;
	}
	return moved;
}

size_t transfer_to_place(struct transfer *transfer, const void *data, size_t length)
{
	return transfer_move(transfer, (char *)(uintptr_t)data, length, MOVE_TO_PLACE);
}

size_t transfer_from_place(struct transfer *transfer, void *data, size_t length)
{
	return transfer_move(transfer, data, length, MOVE_FROM_PLACE);
}

size_t transfer_zero(struct transfer *transfer, size_t length)
{
	return transfer_move(transfer, NULL, length, MOVE_ZERO);
}

size_t transfer_from_place_atomic(struct transfer *transfer, void *data, size_t length)
{
	size_t moved;

	user_faults_disable();
	moved = transfer_from_place(transfer, data, length);
	user_faults_enable();
	return moved;
}

int transfer_fault_in(const struct transfer *transfer, size_t length)
{
	struct transfer ahead = *transfer;
	bool any = false;

	if (transfer->kind != TRANSFER_USER)
		return 0;
	length = min(length, ahead.remaining);
	while (length > 0) {
		size_t piece = min(length, piece_length(&ahead));
		uint64_t address;

		if (piece == 0) {
			transfer_next_piece(&ahead);
			continue;
		}
		address = vector_current(&ahead)->base + ahead.vector_offset;
		piece = min(piece, PAGE_SIZE - address % PAGE_SIZE);
		/* The first bytes are enough for progress; what follows may end the transfer. */
		if (user_fault_in(address, piece, !ahead.is_write) != 0)
			return any ? 0 : -EFAULT;
		any = true;
		length -= piece;
		transfer_advance(&ahead, piece);
	}
	return 0;
}
