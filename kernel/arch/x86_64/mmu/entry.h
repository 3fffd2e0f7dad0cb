/*
 * Between flags of enum mmu_flags and page-table entries of programs. Three kinds of entries are
 * not empty: present; present to us but closed to the program and the kernel (no access:
 * hardware-absent, marked); and software values.
 */
#ifndef ARCH_X86_64_MMU_ENTRY_H
#define ARCH_X86_64_MMU_ENTRY_H

#include "arch/x86_64/mmu/table.h"
#include "base/atomic.h"

/* A table of a program, and how many entries of the root are programs'. */
#define ENTRY_USER_TABLE (ENTRY_PRESENT | ENTRY_WRITE | ENTRY_USER | ENTRY_ACCESSED)
#define USER_ENTRIES (ENTRIES / 2)
#define ENTRY_NO_ACCESS BIT(8)	/* means "global" in present entries only */
#define SOFTWARE_SHIFT 9

static inline bool entry_is_mapped(uint64_t entry)
{
	return entry & (ENTRY_PRESENT | ENTRY_NO_ACCESS);
}

/*
 * Most flags are bits of entries at another place. These stay where they are, go one place down
 * (user) and one place up (accessed, dirty, special).
 */
#define FLAGS_SAME MMU_WRITE
#define FLAGS_DOWN MMU_USER
#define FLAGS_UP (MMU_ACCESSED | MMU_DIRTY | MMU_SPECIAL)
static_assert(MMU_WRITE == ENTRY_WRITE && MMU_USER == ENTRY_USER << 1, "see FLAGS_SAME");
static_assert(MMU_ACCESSED << 1 == ENTRY_ACCESSED && MMU_DIRTY << 1 == ENTRY_DIRTY &&
	      MMU_SPECIAL << 1 == ENTRY_SPECIAL, "see FLAGS_UP");

static inline uint64_t entry_encode_bits(uint32_t flags, unsigned level)
{
	uint64_t bits = ENTRY_PRESENT | (level ? ENTRY_LARGE : 0);

	if (!(flags & (MMU_READ | MMU_WRITE | MMU_EXECUTE)))
		bits ^= ENTRY_PRESENT | ENTRY_NO_ACCESS;
	if (!(flags & MMU_EXECUTE))
		bits |= mmu_entry_no_execute;
	bits |= (flags & FLAGS_SAME) | (flags & FLAGS_DOWN) >> 1 | (flags & FLAGS_UP) << 1;
	if (flags & MMU_DEVICE)
		bits |= ENTRY_CACHE_DISABLE | ENTRY_WRITE_THROUGH;
	else if (flags & MMU_WRITE_COMBINE)
		bits |= ENTRY_WRITE_THROUGH;
	return bits;
}

static inline uint32_t entry_decode_flags(uint64_t entry)
{
	uint32_t bits = (uint32_t)entry;
	uint32_t flags = MMU_PRESENT | (bits << 1 & FLAGS_DOWN) | (bits >> 1 & FLAGS_UP);

	if (bits & ENTRY_PRESENT) {
		flags |= MMU_READ | (bits & FLAGS_SAME);
		if (mmu_entry_no_execute && !(entry & ENTRY_NO_EXECUTE))
			flags |= MMU_EXECUTE;
	}
	if (unlikely(bits & (ENTRY_CACHE_DISABLE | ENTRY_WRITE_THROUGH)))
		flags |= bits & ENTRY_CACHE_DISABLE ? MMU_DEVICE : MMU_WRITE_COMBINE;
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

static inline bool entry_is_dirty(uint64_t entry)
{
	return entry & ENTRY_DIRTY;
}

static inline uint64_t entry_clean(uint64_t entry)
{
	return entry & ~ENTRY_DIRTY;
}

/* An entry for the same page with other rights. */
static inline uint64_t entry_protect(uint64_t entry, uint32_t flags, unsigned level)
{
	const uint64_t kept = ENTRY_ADDRESS | ENTRY_ACCESSED | ENTRY_DIRTY | ENTRY_SPECIAL |
			      ENTRY_CACHE_DISABLE | ENTRY_WRITE_THROUGH;

	return (entry & kept) | entry_encode_bits(flags, level);
}

/* Puts an entry at a place where another one may be, which is the result. */
static inline uint64_t entry_replace(struct mmu_space *space, user_address_t address,
				     uint64_t *place, uint64_t entry)
{
	(void)space;
	(void)address;
	return atomic_swap(place, entry);
}

/* What the CPU did to an entry since `old` was read, carried over to `new`. */
static inline uint64_t entry_merge(uint64_t new, uint64_t old, uint64_t seen)
{
	return new | (seen & ~old & (ENTRY_ACCESSED | ENTRY_DIRTY));
}

/* Whether an entry at a level above 0 is a table, not a page or a software value. */
static inline bool entry_is_table(uint64_t entry)
{
	return (entry & (ENTRY_PRESENT | ENTRY_LARGE)) == ENTRY_PRESENT;
}

static inline bool entries_are_empty(const uint64_t *at)
{
	return !(at[0] | at[1] | at[2] | at[3] | at[4] | at[5] | at[6] | at[7] |
		 at[8] | at[9] | at[10] | at[11] | at[12] | at[13] | at[14] | at[15]);
}

/*
 * The number of the first entry in [index, end) that is not empty; `end` if there is none. Most of
 * a table is empty, so it looks at sixteen entries at a time once it met one that is.
 */
static inline unsigned table_next(const uint64_t *table, unsigned index, unsigned end)
{
	while (index < end && !table[index]) {
		index++;
		while (index + 16 <= end && entries_are_empty(table + index))
			index += 16;
	}
	return index;
}

/* The root's entry is written twice under isolation: the program's root has it, too. */
void mmu_root_entry_mirror(struct mmu_space *space, unsigned index, uint64_t entry);

#endif
