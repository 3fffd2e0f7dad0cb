/*
 * Between flags of enum mmu_flags and page-table entries of programs. Three kinds of entries are
 * not empty: valid; known to us but closed to the program and the kernel (kind 2, which the CPU
 * takes for invalid); and software values (kind 0).
 */
#ifndef ARCH_AARCH64_MMU_ENTRY_H
#define ARCH_AARCH64_MMU_ENTRY_H

#include "arch/aarch64/mmu/table.h"
#include "arch/aarch64/mmu/tlb.h"
#include "base/atomic.h"

/* A table of a program, and how many entries of the root are programs'. */
#define ENTRY_USER_TABLE ENTRY_TABLE
#define USER_ENTRIES ENTRIES
#define KIND_NO_ACCESS UINT64_C(2)
#define SOFTWARE_SHIFT 2

static inline bool entry_is_mapped(uint64_t entry)
{
	return entry & ENTRY_KIND;
}

/* Whether an entry at a level above 0 is a table, not a page or a software value. */
static inline bool entry_is_table(uint64_t entry)
{
	return (entry & ENTRY_KIND) == ENTRY_TABLE;
}

/* Written to and not yet told so. */
static inline bool entry_is_dirty(uint64_t entry)
{
	return (entry & ENTRY_DIRTY_KEPT) ||
	       (entry & (ENTRY_MAY_WRITE | ENTRY_READ_ONLY)) == ENTRY_MAY_WRITE;
}

/* A clean page is read-only to the CPU, so that the next write is noticed. */
static inline uint64_t entry_clean(uint64_t entry)
{
	return (entry | ENTRY_READ_ONLY) & ~ENTRY_DIRTY_KEPT;
}

static inline uint64_t entry_encode_bits(uint32_t flags, unsigned level)
{
	uint64_t bits = ENTRY_SHARED | ENTRY_NOT_GLOBAL | ENTRY_NO_KERNEL_EXECUTE |
			ENTRY_READ_ONLY | (level ? ENTRY_BLOCK : ENTRY_PAGE);

	if (!(flags & (MMU_READ | MMU_WRITE | MMU_EXECUTE)))
		bits = (bits & ~ENTRY_KIND) | KIND_NO_ACCESS;
	/* What may be executed only is no data of anybody's. */
	if (flags & MMU_USER && flags & (MMU_READ | MMU_WRITE))
		bits |= ENTRY_USER;
	if (flags & MMU_ACCESSED)
		bits |= ENTRY_ACCESSED;
	if (!(flags & MMU_EXECUTE))
		bits |= ENTRY_NO_USER_EXECUTE;
	else if (flags & MMU_GUARDED)
		bits |= ENTRY_GUARDED;
	if (flags & MMU_WRITE)
		bits |= ENTRY_MAY_WRITE;
	if (flags & MMU_DIRTY)
		bits = flags & MMU_WRITE ? bits & ~ENTRY_READ_ONLY : bits | ENTRY_DIRTY_KEPT;
	if (flags & MMU_SPECIAL)
		bits |= ENTRY_SPECIAL;
	if (flags & MMU_DEVICE)
		bits |= ENTRY_ATTRIBUTES(MAIR_DEVICE);
	else if (flags & MMU_WRITE_COMBINE)
		bits |= ENTRY_ATTRIBUTES(MAIR_UNCACHED);
	return bits;
}

static inline uint32_t entry_decode_flags(uint64_t entry)
{
	uint32_t flags = MMU_PRESENT;

	if (entry & ENTRY_VALID) {
		if (entry & ENTRY_MAY_WRITE)
			flags |= MMU_WRITE;
		if (!(entry & ENTRY_NO_USER_EXECUTE))
			flags |= MMU_EXECUTE | MMU_USER;
		if (entry & (ENTRY_USER | ENTRY_NO_USER_EXECUTE))
			flags |= MMU_READ;
	}
	if (entry & ENTRY_USER)
		flags |= MMU_USER;
	if (entry & ENTRY_ACCESSED)
		flags |= MMU_ACCESSED;
	if (entry_is_dirty(entry))
		flags |= MMU_DIRTY;
	if (entry & ENTRY_SPECIAL)
		flags |= MMU_SPECIAL;
	if (entry & ENTRY_GUARDED)
		flags |= MMU_GUARDED;
	if ((entry & ENTRY_ATTRIBUTES(7)) == ENTRY_ATTRIBUTES(MAIR_DEVICE))
		flags |= MMU_DEVICE;
	else if ((entry & ENTRY_ATTRIBUTES(7)) == ENTRY_ATTRIBUTES(MAIR_UNCACHED))
		flags |= MMU_WRITE_COMBINE;
	return flags;
}

static inline struct mmu_entry entry_decode(uint64_t entry, unsigned level)
{
	struct mmu_entry decoded = { .level = (uint8_t)level };

	if (entry_is_mapped(entry)) {
		decoded.address = entry & ENTRY_ADDRESS;
		decoded.flags = entry_decode_flags(entry);
	} else {
		decoded.software = entry >> SOFTWARE_SHIFT;
	}
	return decoded;
}

static inline uint64_t entry_encode(const struct mmu_entry *decoded)
{
	if (decoded->flags)
		return decoded->address | entry_encode_bits(decoded->flags, decoded->level);
	return decoded->software << SOFTWARE_SHIFT;
}

/* An entry for the same page with other rights. */
static inline uint64_t entry_protect(uint64_t entry, uint32_t flags, unsigned level)
{
	const uint32_t kept = MMU_ACCESSED | MMU_DIRTY | MMU_SPECIAL | MMU_DEVICE |
			      MMU_WRITE_COMBINE;

	flags |= entry_decode_flags(entry) & kept;
	return (entry & ENTRY_ADDRESS) | entry_encode_bits(flags, level);
}

/*
 * Puts an entry at a place where another one may be, which is the result. A valid entry never
 * changes to another page directly: the architecture wants it broken and forgotten first (D8.14.1,
 * break-before-make).
 */
static inline uint64_t entry_replace(struct mmu_space *space, user_address_t address,
				     uint64_t *place, uint64_t entry)
{
	uint64_t old = READ_ONCE(*place);

	if (!(old & ENTRY_VALID) || (old & ENTRY_ADDRESS) == (entry & ENTRY_ADDRESS))
		return atomic_swap(place, entry);
	old = atomic_swap(place, 0);
	tlb_forget_address(space, address);
	atomic_store_release(place, entry);
	return old;
}

/* What happened to an entry since `old` was read, carried over to `new`. */
static inline uint64_t entry_merge(uint64_t new, uint64_t old, uint64_t seen)
{
	new |= seen & ~old & ENTRY_ACCESSED;
	if (entry_is_dirty(seen) && !entry_is_dirty(old))
		new = new & ENTRY_MAY_WRITE ? new & ~ENTRY_READ_ONLY : new | ENTRY_DIRTY_KEPT;
	return new;
}

/* The number of the first entry in [index, end) that is not empty; `end` if there is none. */
static inline unsigned table_next(const uint64_t *table, unsigned index, unsigned end)
{
	while (index < end && !table[index])
		index++;
	return index;
}

/* There is one root only. */
static inline void mmu_root_entry_mirror(struct mmu_space *space, unsigned index, uint64_t entry)
{
	(void)space;
	(void)index;
	(void)entry;
}

/*
 * Where the CPU does not do so by itself: marks the page at a faulting address as accessed, or as
 * written. True: that was why it faulted. Interrupts masked, so that no table goes away
 * (mmu_tables_free() waits).
 */
bool mmu_entry_follow(user_address_t address, bool is_write);

#endif
