/* Ranges of entries, walked table by table so that holes cost one look each. */
#include "base/errno.h"
#include "machine/table_entry.h"

/* One walk: where it is to end, and what is done with each entry that is not empty. */
struct walk {
	struct mmu_space *space;
	user_address_t end;
	mmu_visitor visit;
	void *argument;
	bool is_stopped;
	struct mmu_space *copy_to;	/* mmu_copy() only */
	uint64_t *copy_table;		/* level-0 table of copy_to that holds copy_base.. */
	user_address_t copy_base;
	int error;
};

/* First address behind the entry that holds `address` at a level; 0 at the top of everything. */
static user_address_t entry_next(user_address_t address, unsigned level)
{
	return (address | (LEVEL_BYTES(level) - 1)) + 1;
}

static void entry_write_back(uint64_t *at, uint64_t old, const struct mmu_entry *changed)
{
	uint64_t expected = old, new = entry_encode(changed);

	/* What the CPU notes meanwhile is not lost. */
	while (!atomic_compare_swap(at, &expected, entry_merge(new, old, expected)))
		;
}

/* Where the copy of an entry goes, NULL without memory. Before the visit: its effects are final. */
static uint64_t *copy_place(struct walk *walk, user_address_t address, unsigned level)
{
	uint64_t *table = walk->copy_table;

	if (level || !table || walk->copy_base != align_down(address, LEVEL_BYTES(1))) {
		walk->error = mmu_prepare(walk->copy_to, address, level);
		if (walk->error) {
			walk->is_stopped = true;
			return NULL;
		}
		table = table_at(walk->copy_to->root);
		for (unsigned at = LEVEL_ROOT; at > level; at--)
			table = table_below(table[table_index(address, at)]);
	}
	if (!level) {
		walk->copy_table = table;
		walk->copy_base = align_down(address, LEVEL_BYTES(1));
	}
	return &table[table_index(address, level)];
}

static void walk_leaf(struct walk *walk, user_address_t address, uint64_t *at, unsigned level)
{
	uint64_t value = READ_ONCE(*at);
	struct mmu_entry entry = entry_decode(value, level);
	uint64_t *copy = NULL;
	enum mmu_visit result;

	if (walk->copy_to) {
		copy = copy_place(walk, address, level);
		if (!copy)
			return;
	}
	result = walk->visit(address, &entry, walk->argument);
	if (result == MMU_STOP) {
		walk->is_stopped = true;
		return;
	}
	if (copy)
		WRITE_ONCE(*copy, entry_encode(&entry));
	if (result == MMU_CLEAR)
		atomic_swap(at, 0);
	else if (result == MMU_UPDATE)
		entry_write_back(at, value, &entry);
}

static void walk_table(struct walk *walk, uint64_t *table, unsigned level, user_address_t address)
{
	user_address_t base = align_down(address, LEVEL_BYTES(level + 1));
	user_address_t last = min(base + LEVEL_BYTES(level + 1), walk->end) - 1;
	unsigned end = table_index(last, level) + 1;
	unsigned index = table_next(table, table_index(address, level), end);

	for (; index < end && !walk->is_stopped; index = table_next(table, index + 1, end)) {
		user_address_t at = base + index * LEVEL_BYTES(level);
		uint64_t value = READ_ONCE(table[index]);

		if (level && entry_is_table(value))
			walk_table(walk, table_below(value), level - 1, max(at, address));
		else if (value)
			walk_leaf(walk, at, &table[index], level);
	}
}

void mmu_walk(struct mmu_space *space, user_address_t start, user_address_t end,
	      mmu_visitor visit, void *argument)
{
	struct walk walk = { .space = space, .end = end, .visit = visit, .argument = argument };

	if (start < end)
		walk_table(&walk, table_at(space->root), LEVEL_ROOT, start);
}

int mmu_copy(struct mmu_space *to, struct mmu_space *from, user_address_t start,
	     user_address_t end, mmu_visitor copy, void *argument)
{
	struct walk walk = { .space = from, .end = end, .visit = copy, .argument = argument,
			     .copy_to = to };

	if (start < end)
		walk_table(&walk, table_at(from->root), LEVEL_ROOT, start);
	return walk.error;
}

struct found {
	user_address_t address;
	struct mmu_entry entry;
	bool is_found;
};

static enum mmu_visit visit_first(user_address_t address, struct mmu_entry *entry, void *argument)
{
	struct found *found = argument;

	*found = (struct found){ address, *entry, true };
	return MMU_STOP;
}

bool mmu_next(struct mmu_space *space, user_address_t *address, user_address_t end,
	      struct mmu_entry *entry)
{
	struct found found = { 0 };

	mmu_walk(space, *address, end, visit_first, &found);
	if (!found.is_found)
		return false;
	*address = max(found.address, *address);
	*entry = found.entry;
	return true;
}

/*
 * Takes tables wholly inside [start, end) out of `table`, whose entries are at `level`. The chain
 * goes through each table's first entry: page addresses have the present bit clear, so that a CPU
 * still walking the table finds nothing.
 */
static void detach_below(struct mmu_space *space, uint64_t *table, unsigned level,
			 user_address_t start, user_address_t end, physical_t *list)
{
	user_address_t address = start;

	while (address < end) {
		unsigned index = table_index(address, level);
		user_address_t base = align_down(address, LEVEL_BYTES(level));
		user_address_t next = entry_next(address, level);
		uint64_t entry = READ_ONCE(table[index]);

		if (entry_is_table(entry)) {
			if (level > 1)
				detach_below(space, table_below(entry), level - 1, address,
					     min(next, end), list);
			if (base >= start && next <= end) {
				WRITE_ONCE(table[index], 0);
				if (level == LEVEL_ROOT)
					mmu_root_entry_mirror(space, index, 0);
				WRITE_ONCE(*table_below(entry), *list);
				*list = entry & ENTRY_ADDRESS;
				atomic_fetch_subtract_relaxed(&space->table_count, 1);
			}
		}
		address = next;
	}
}

void mmu_tables_detach(struct mmu_space *space, user_address_t start, user_address_t end,
		       physical_t *list)
{
	detach_below(space, table_at(space->root), LEVEL_ROOT, start, end, list);
}

void mmu_tables_free(physical_t list)
{
	if (list)
		tables_wait();
	while (list) {
		physical_t next = *table_at(list);

		arch_page_free(list);
		list = next;
	}
}
