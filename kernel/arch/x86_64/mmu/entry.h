/*
 * Between flags of enum mmu_flags and page-table entries of programs. Three kinds of entries are
 * not empty: present; present to us but closed to the program and the kernel (no access:
 * hardware-absent, marked); and software values.
 */
#ifndef ARCH_X86_64_MMU_ENTRY_H
#define ARCH_X86_64_MMU_ENTRY_H

#include "arch/x86_64/mmu/table.h"
#include "base/atomic.h"

#define ENTRY_NO_ACCESS BIT(8)	/* means "global" in present entries only */
#define SOFTWARE_SHIFT 9

static inline bool entry_is_mapped(uint64_t entry)
{
	return entry & (ENTRY_PRESENT | ENTRY_NO_ACCESS);
}

static inline uint64_t entry_encode_bits(uint32_t flags, unsigned level)
{
	uint64_t bits = ENTRY_PRESENT | (level ? ENTRY_LARGE : 0);

	if (!(flags & (MMU_READ | MMU_WRITE | MMU_EXECUTE)))
		bits ^= ENTRY_PRESENT | ENTRY_NO_ACCESS;
	if (flags & MMU_WRITE)
		bits |= ENTRY_WRITE;
	if (!(flags & MMU_EXECUTE))
		bits |= mmu_entry_no_execute;
	if (flags & MMU_USER)
		bits |= ENTRY_USER;
	if (flags & MMU_ACCESSED)
		bits |= ENTRY_ACCESSED;
	if (flags & MMU_DIRTY)
		bits |= ENTRY_DIRTY;
	if (flags & MMU_SPECIAL)
		bits |= ENTRY_SPECIAL;
	if (flags & MMU_DEVICE)
		bits |= ENTRY_CACHE_DISABLE | ENTRY_WRITE_THROUGH;
	else if (flags & MMU_WRITE_COMBINE)
		bits |= ENTRY_WRITE_THROUGH;
	return bits;
}

static inline uint32_t entry_decode_flags(uint64_t entry)
{
	uint32_t flags = MMU_PRESENT;

	if (entry & ENTRY_PRESENT) {
		flags |= MMU_READ;
		if (entry & ENTRY_WRITE)
			flags |= MMU_WRITE;
		if (!(entry & mmu_entry_no_execute) && mmu_entry_no_execute)
			flags |= MMU_EXECUTE;
	}
	if (entry & ENTRY_USER)
		flags |= MMU_USER;
	if (entry & ENTRY_ACCESSED)
		flags |= MMU_ACCESSED;
	if (entry & ENTRY_DIRTY)
		flags |= MMU_DIRTY;
	if (entry & ENTRY_SPECIAL)
		flags |= MMU_SPECIAL;
	if (entry & ENTRY_CACHE_DISABLE)
		flags |= MMU_DEVICE;
	else if (entry & ENTRY_WRITE_THROUGH)
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

/* Whether an entry at a level above 0 is a table, not a page or a software value. */
static inline bool entry_is_table(uint64_t entry)
{
	return (entry & (ENTRY_PRESENT | ENTRY_LARGE)) == ENTRY_PRESENT;
}

/* The root's entry is written twice under isolation: the program's root has it, too. */
void mmu_root_entry_mirror(struct mmu_space *space, unsigned index, uint64_t entry);

/* The leaf entry for an address, its level in *level; NULL if a table is missing on the way. */
uint64_t *mmu_leaf(struct mmu_space *space, user_address_t address, unsigned *level);

#endif
