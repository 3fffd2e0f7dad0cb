/*
 * Software page tables: four levels of 512 entries in pages of the window. The TLB of each CPU is
 * tagged by space and keeps what it saw until it is told to forget, so that a forgotten
 * invalidation shows, which emulators of real CPUs forgive.
 */
#include "arch/mmu.h"

#include "base/errno.h"
#include "base/string.h"
#include "machine/host_mmu.h"

#define LEVELS 4
#define ENTRIES 512
#define ENTRY_FLAGS UINT64_C(0x3ff)
#define ENTRY_SOFTWARE UINT64_C(0x800)
#define ENTRY_TABLE UINT64_C(0x400)
#define ENTRY_ADDRESS (~UINT64_C(0xfff))
#define TLB_ENTRIES 64

struct tlb_entry {
	uint64_t identity;	/* 0: empty */
	user_address_t page;
	uint64_t entry;
};

struct tlb {
	struct tlb_entry entries[TLB_ENTRIES];
};

static DEFINE_PER_CPU(struct tlb, host_tlb);
static uint64_t next_identity = 1;
static uint64_t shootdowns;

static unsigned level_shift(unsigned level)
{
	return PAGE_SHIFT + 9 * level;
}

static uint64_t *table_at(physical_t address)
{
	return physical_to_virtual(address);
}

static uint64_t *entry_in(uint64_t *table, user_address_t address, unsigned level)
{
	return &table[(address >> level_shift(level)) % ENTRIES];
}

/* The lowest entry for an address, NULL if a table on the way is missing. */
static uint64_t *entry_find(struct mmu_space *space, user_address_t address)
{
	uint64_t *table = table_at(space->root);

	for (unsigned level = LEVELS - 1; level > 0; level--) {
		uint64_t entry = *entry_in(table, address, level);

		if (!entry)
			return NULL;
		table = table_at(entry & ENTRY_ADDRESS);
	}
	return entry_in(table, address, 0);
}

static struct mmu_entry entry_decode(uint64_t entry)
{
	struct mmu_entry decoded = { 0 };

	if (entry & ENTRY_SOFTWARE) {
		decoded.software = entry >> PAGE_SHIFT;
	} else if (entry) {
		decoded.address = entry & ENTRY_ADDRESS;
		decoded.flags = (uint32_t)(entry & ENTRY_FLAGS);
	}
	return decoded;
}

static uint64_t entry_encode(const struct mmu_entry *entry)
{
	if (entry->software)
		return entry->software << PAGE_SHIFT | ENTRY_SOFTWARE;
	return entry->flags ? entry->address | entry->flags | MMU_PRESENT : 0;
}

int mmu_space_init(struct mmu_space *space)
{
	space->root = arch_page_allocate(true);
	space->identity = next_identity++;
	return space->root ? 0 : -ENOMEM;
}

static void table_free(uint64_t *table, unsigned level)
{
	for (unsigned i = 0; level > 0 && i < ENTRIES; i++) {
		if (table[i])
			table_free(table_at(table[i] & ENTRY_ADDRESS), level - 1);
	}
	arch_page_free(virtual_to_physical(table));
}

void mmu_space_release(struct mmu_space *space)
{
	table_free(table_at(space->root), LEVELS - 1);
	space->root = 0;
}

static int tables_make(struct mmu_space *space, user_address_t address, bool is_patient)
{
	uint64_t *table = table_at(space->root);

	for (unsigned level = LEVELS - 1; level > 0; level--) {
		uint64_t *entry = entry_in(table, address, level);

		if (!*entry) {
			physical_t page = arch_page_allocate(is_patient);

			if (!page)
				return -ENOMEM;
			*entry = page | ENTRY_TABLE;
			space->table_count++;
		}
		table = table_at(*entry & ENTRY_ADDRESS);
	}
	return 0;
}

int mmu_prepare(struct mmu_space *space, user_address_t address, unsigned level)
{
	(void)level;
	return tables_make(space, address, true);
}

struct mmu_entry mmu_query(struct mmu_space *space, user_address_t address)
{
	uint64_t *entry = entry_find(space, address);

	return entry_decode(entry ? *entry : 0);
}

static struct mmu_entry entry_replace(struct mmu_space *space, user_address_t address,
				      uint64_t value)
{
	uint64_t *entry = entry_find(space, address);
	struct mmu_entry old = entry_decode(entry ? *entry : 0);

	if (entry)
		*entry = value;
	return old;
}

struct mmu_entry mmu_set(struct mmu_space *space, user_address_t address, physical_t page,
			 uint32_t flags, unsigned level)
{
	(void)level;
	return entry_replace(space, address, page | flags | MMU_PRESENT);
}

struct mmu_entry mmu_clear(struct mmu_space *space, user_address_t address)
{
	return entry_replace(space, address, 0);
}

struct mmu_entry mmu_set_software(struct mmu_space *space, user_address_t address, uint64_t value)
{
	return entry_replace(space, address, value << PAGE_SHIFT | ENTRY_SOFTWARE);
}

struct mmu_entry mmu_protect(struct mmu_space *space, user_address_t address, uint32_t flags)
{
	struct mmu_entry old = mmu_query(space, address);
	uint32_t kept = old.flags & (MMU_ACCESSED | MMU_DIRTY | MMU_SPECIAL);

	return entry_replace(space, address, old.address | kept | flags | MMU_PRESENT);
}

static bool test_clear(struct mmu_space *space, user_address_t address, uint32_t flag)
{
	uint64_t *entry = entry_find(space, address);
	bool was_set = entry && *entry & flag;

	if (was_set)
		*entry &= ~(uint64_t)flag;
	return was_set;
}

bool mmu_test_clear_accessed(struct mmu_space *space, user_address_t address)
{
	return test_clear(space, address, MMU_ACCESSED);
}

bool mmu_test_clear_dirty(struct mmu_space *space, user_address_t address)
{
	return test_clear(space, address, MMU_DIRTY);
}

/* The first non-empty lowest entry in [*address, end) below a table. */
static uint64_t *entry_next(uint64_t *table, unsigned level, user_address_t *address,
			    user_address_t end)
{
	uint64_t span = UINT64_C(1) << level_shift(level);

	while (*address < end) {
		uint64_t *entry = entry_in(table, *address, level);
		user_address_t behind = (*address | (span - 1)) + 1;

		if (*entry) {
			uint64_t *found = entry;

			if (level > 0)
				found = entry_next(table_at(*entry & ENTRY_ADDRESS), level - 1,
						   address, behind < end ? behind : end);
			if (found)
				return found;
		}
		*address = behind;
		if ((behind >> level_shift(level)) % ENTRIES == 0)
			break;
	}
	return NULL;
}

bool mmu_next(struct mmu_space *space, user_address_t *address, user_address_t end,
	      struct mmu_entry *entry)
{
	uint64_t *found = entry_next(table_at(space->root), LEVELS - 1, address, end);

	if (!found || *address >= end)
		return false;
	*entry = entry_decode(*found);
	return true;
}

void mmu_walk(struct mmu_space *space, user_address_t start, user_address_t end,
	      mmu_visitor visit, void *argument)
{
	struct mmu_entry entry;

	while (mmu_next(space, &start, end, &entry)) {
		switch (visit(start, &entry, argument)) {
		case MMU_CLEAR:
			entry_replace(space, start, 0);
			break;
		case MMU_UPDATE:
			entry_replace(space, start, entry_encode(&entry));
			break;
		case MMU_STOP:
			return;
		default:
			break;
		}
		start += PAGE_SIZE;
	}
}

int mmu_copy(struct mmu_space *to, struct mmu_space *from, user_address_t start,
	     user_address_t end, mmu_visitor copy, void *argument)
{
	struct mmu_entry entry;

	while (mmu_next(from, &start, end, &entry)) {
		/* Tables first: after the visit the copy must not fail. */
		if (tables_make(to, start, false) != 0)
			return -ENOMEM;
		if (copy(start, &entry, argument) == MMU_UPDATE)
			entry_replace(from, start, entry_encode(&entry));
		entry_replace(to, start, entry_encode(&entry));
		start += PAGE_SIZE;
	}
	return 0;
}

static void detach_below(uint64_t *table, unsigned level, user_address_t base,
			 const user_address_t range[2], physical_t *list)
{
	uint64_t span = UINT64_C(1) << level_shift(level);

	for (unsigned i = 0; level > 0 && i < ENTRIES; i++) {
		user_address_t start = base + i * span;
		physical_t below = table[i] & ENTRY_ADDRESS;

		if (!table[i] || start >= range[1] || start + span <= range[0])
			continue;
		detach_below(table_at(below), level - 1, start, range, list);
		if (start >= range[0] && start + span <= range[1]) {
			table[i] = 0;
			*table_at(below) = *list;
			*list = below;
		}
	}
}

void mmu_tables_detach(struct mmu_space *space, user_address_t start, user_address_t end,
		       physical_t *list)
{
	const user_address_t range[2] = { start, end };

	detach_below(table_at(space->root), LEVELS - 1, 0, range, list);
}

void mmu_tables_free(physical_t list)
{
	while (list) {
		physical_t next = *table_at(list);

		arch_page_free(list);
		list = next;
	}
}

void mmu_invalidate(struct mmu_space *space, user_address_t start, user_address_t end)
{
	shootdowns++;
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		struct tlb_entry *tlb = per_cpu(host_tlb, cpu)->entries;

		for (unsigned i = 0; i < TLB_ENTRIES; i++) {
			if (tlb[i].identity == space->identity && tlb[i].page >= start &&
			    tlb[i].page < end)
				tlb[i].identity = 0;
		}
	}
}

void mmu_invalidate_local(struct mmu_space *space, user_address_t address)
{
	struct tlb_entry *tlb = this_cpu(host_tlb)->entries;
	struct tlb_entry *entry = &tlb[(address >> PAGE_SHIFT) % TLB_ENTRIES];

	if (entry->identity == space->identity && entry->page == (address & PAGE_MASK))
		entry->identity = 0;
}

void *host_mmu_reach(struct mmu_space *space, user_address_t address, bool is_write)
{
	struct tlb_entry *tlb = this_cpu(host_tlb)->entries;
	struct tlb_entry *cached = &tlb[(address >> PAGE_SHIFT) % TLB_ENTRIES];
	uint32_t needed = is_write ? MMU_READ | MMU_WRITE : MMU_READ;

	if (cached->identity != space->identity || cached->page != (address & PAGE_MASK)) {
		uint64_t *entry = entry_find(space, address);

		if (!entry || !(*entry & MMU_PRESENT) || *entry & ENTRY_SOFTWARE)
			return NULL;
		*cached = (struct tlb_entry){ space->identity, address & PAGE_MASK, *entry };
	}
	if ((cached->entry & needed) != needed)
		return NULL;
	return (char *)physical_to_virtual(cached->entry & ENTRY_ADDRESS) + address % PAGE_SIZE;
}

void mmu_space_load(struct mmu_space *space)
{
	(void)space;
}

size_t host_mmu_synchronised_bytes;

void mmu_synchronise_instructions(void *start, size_t length_bytes)
{
	(void)start;
	host_mmu_synchronised_bytes += length_bytes;
}

uint64_t mmu_shootdown_count(void)
{
	return shootdowns;
}

/* Kernel mappings cannot be used on the host: there is only the window. */
int mmu_kernel_map(virtual_t address, physical_t page, uint32_t flags)
{
	(void)address;
	(void)page;
	(void)flags;
	return -ENOMEM;
}

physical_t mmu_kernel_unmap(virtual_t address)
{
	(void)address;
	return 0;
}

void mmu_kernel_invalidate(virtual_t start, virtual_t end)
{
	(void)start;
	(void)end;
}

bool mmu_kernel_query(virtual_t address, physical_t *physical)
{
	(void)address;
	(void)physical;
	return false;
}
