/*
 * Where the bytes of a read or write go to or come from: program vectors, kernel memory or pages.
 * Every data path (read, readv, sendfile, exec, loop devices) goes through one struct transfer.
 */
#ifndef MEMORY_TRANSFER_H
#define MEMORY_TRANSFER_H

#include "base/compiler.h"
#include "base/types.h"

struct page;

enum transfer_kind {
	TRANSFER_USER,
	TRANSFER_KERNEL,
	TRANSFER_PAGES,
};

struct transfer_vector {
	uint64_t base;		/* user address, or kernel address */
	uint64_t length;
};

/* A cursor: functions that move bytes advance it. Copy the struct to be able to go back. */
struct transfer {
	enum transfer_kind kind;
	bool is_write;			/* bytes come from here (write), or go here (read) */
	uint32_t vector_count;
	uint32_t vector_index;
	uint64_t vector_offset;		/* within the current vector or page */
	uint64_t remaining;		/* bytes left in all */
	struct transfer_vector inline_vector;
	const struct transfer_vector *vectors;	/* NULL: inline_vector */
	struct page *const *pages;
	void *owned;			/* heap copy of vectors, for transfer_release() */
};

/* One program range; the caller's stub checked that it lies in the program's half. */
void transfer_init_user(struct transfer *transfer, bool is_write, user_address_t address,
			size_t length);
void transfer_init_kernel(struct transfer *transfer, bool is_write, void *data, size_t length);
void transfer_init_pages(struct transfer *transfer, bool is_write, struct page *const *pages,
			 size_t offset, size_t length);

/*
 * Reads a program's iovec array (at most UIO_MAXIOV), checks every range, clamps the total to
 * MAX_RW_COUNT. Vectors are kept in `cache` (8 of them) or the heap; transfer_release() frees.
 */
int transfer_init_vectors(struct transfer *transfer, bool is_write, user_address_t vectors,
			  size_t count, struct transfer_vector cache[8]) MUST_CHECK;
void transfer_release(struct transfer *transfer);

/*
 * Moves up to `length` bytes between `data` and the place, and advances. The result is what was
 * moved: less than asked only if the rest faulted or ran out. to_place: data goes to it (read).
 */
size_t transfer_to_place(struct transfer *transfer, const void *data, size_t length);
size_t transfer_from_place(struct transfer *transfer, void *data, size_t length);
size_t transfer_zero(struct transfer *transfer, size_t length);
/* The same without taking page faults: for use under page locks. Follow a short move with
 * transfer_fault_in() after unlocking, and try again. */
size_t transfer_from_place_atomic(struct transfer *transfer, void *data, size_t length);
/* Touches the next bytes so that an atomic move succeeds: 0 or -EFAULT. */
int transfer_fault_in(const struct transfer *transfer, size_t length) MUST_CHECK;

void transfer_advance(struct transfer *transfer, size_t length);
void transfer_truncate(struct transfer *transfer, size_t length);

static inline uint64_t transfer_remaining(const struct transfer *transfer)
{
	return transfer->remaining;
}

#endif
