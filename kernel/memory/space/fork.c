/*
 * fork: the child gets each region and, of private memory, each page read-only in both spaces.
 * Pages of files that were never written are left for the child to fault in.
 */
#include "base/errno.h"
#include "memory/space/regions.h"

struct fork_copy {
	struct region *region;		/* the child's */
	bool is_private;
	bool was_weakened;		/* the parent lost write permission somewhere */
	bool is_shared_memory;
	uint32_t anonymous, others;
};

static enum mmu_visit fork_visit(user_address_t address, struct mmu_entry *entry, void *argument)
{
	struct fork_copy *copy = argument;
	struct page *page;

	(void)address;
	if (!(entry->flags & MMU_PRESENT)) {
		entry->software = 0;
		return MMU_KEEP;
	}
	if (!(entry->flags & MMU_SPECIAL)) {
		page = page_of_frame_address(entry->address);
		page_get(page);
		page_map_again(page);
		if (page_test(page, PAGE_ANONYMOUS))
			copy->anonymous++;
		else
			copy->others++;
	}
	if (!copy->is_private || !(entry->flags & MMU_WRITE))
		return MMU_KEEP;
	entry->flags &= ~(uint32_t)MMU_WRITE;
	copy->was_weakened = true;
	return MMU_UPDATE;
}

/* What the child cannot fault in by itself, or what would cost more so. */
static bool pages_are_copied(const struct region *region)
{
	if (region->flags & REGION_WIPE_ON_FORK)
		return false;
	if (region->family)
		return true;
	/* Anonymous memory only read so far shows the zero page; device memory is found again. */
	return false;
}

static int pages_copy(struct region *from, struct region *to, bool *was_weakened)
{
	struct fork_copy copy = {
		.region = to,
		.is_private = !(from->flags & REGION_SHARED),
		.is_shared_memory = region_is_shared_memory(from),
	};
	struct space *parent = from->space, *child = to->space;
	int error;

	spin_lock(&parent->table_lock);
	spin_lock_nested(&child->table_lock);
	error = mmu_copy(&child->mmu, &parent->mmu, from->start, from->end, fork_visit, &copy);
	spin_unlock(&child->table_lock);
	spin_unlock(&parent->table_lock);
	child->resident_anonymous += copy.anonymous;
	if (copy.is_shared_memory)
		child->resident_shared += copy.others;
	else
		child->resident_file += copy.others;
	if (copy.was_weakened)
		*was_weakened = true;
	return error;
}

/* The child's regions are made in rising order, so each goes behind the last. */
static struct region *region_copy(struct region *from, struct space *child)
{
	struct region *to = region_create(child);

	if (!to)
		return NULL;
	*to = *from;
	to->space = child;
	/* A lock is not inherited, and a wiped region has no private pages yet. */
	to->flags &= ~(uint32_t)(REGION_LOCKED | REGION_LOCK_ON_FAULT);
	if (from->flags & REGION_WIPE_ON_FORK)
		to->family = NULL;
	if (to->operations && to->operations->open)
		to->operations->open(to);
	region_insert(to);
	space_account(child, to, (int64_t)region_pages(to));
	return to;
}

static int regions_copy(struct space *from, struct space *child, bool *was_weakened)
{
	struct region *region, *copy;
	int error = 0;

	for (region = space_region_first(from); region && !error;
	     region = space_region_next(region)) {
		if (region->flags & REGION_NO_FORK)
			continue;
		copy = region_copy(region, child);
		if (!copy)
			return -ENOMEM;
		if (pages_are_copied(region))
			error = pages_copy(region, copy, was_weakened);
	}
	return error;
}

static void fields_copy(const struct space *from, struct space *child)
{
	child->mmap_top = from->mmap_top;
	child->brk_start = from->brk_start;
	child->brk_end = from->brk_end;
	child->code_start = from->code_start;
	child->code_end = from->code_end;
	child->data_start = from->data_start;
	child->data_end = from->data_end;
	child->stack_start = from->stack_start;
	child->arguments_start = from->arguments_start;
	child->arguments_end = from->arguments_end;
	child->environment_start = from->environment_start;
	child->environment_end = from->environment_end;
	child->vdso = from->vdso;
	memcpy(child->auxiliary, from->auxiliary, sizeof(child->auxiliary));
	child->auxiliary_count = from->auxiliary_count;
	/* The executable is a pointer that process/ counts: it sets the child's. */
}

int space_copy(struct space *from, struct space **copy)
{
	struct space *child;
	bool was_weakened = false;
	int error;

	refcount_get(&from->family->references);
	child = space_create_in(from->family);
	if (!child) {
		family_put(from->family);
		return -ENOMEM;
	}
	error = shared_lock_write_killable(&from->lock);
	if (error)
		goto fail_child;
	shared_lock_write_nested(&child->lock);
	fields_copy(from, child);
	error = regions_copy(from, child, &was_weakened);
	shared_unlock_write(&child->lock);
	/* Before anybody runs in the child: writes of the parent must fault from here on. */
	if (was_weakened)
		mmu_invalidate(&from->mmu, 0, USER_ADDRESS_LIMIT);
	child->resident_peak = (uint64_t)(child->resident_anonymous + child->resident_file +
					  child->resident_shared);
	shared_unlock_write(&from->lock);
	if (error)
		goto fail_child;
	*copy = child;
	return 0;

fail_child:
	space_user_put(child);
	return error;
}
