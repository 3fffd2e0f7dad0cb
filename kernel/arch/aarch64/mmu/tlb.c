/*
 * Spaces are told apart in the TLB by ASIDs, which are handed out in generations: when all are
 * used, a new generation begins, every CPU forgets everything at its next switch, and only spaces
 * that run keep their number. Invalidation is broadcast by the hardware within the inner domain,
 * unless the space never ran on another CPU than this one: most processes end before they move.
 *
 * A CPU that switches without the lock puts the space's tag into its `active` slot by
 * compare-and-swap from a value that is not 0; a new generation swaps 0 into all slots. So either
 * the CPU sees 0 and takes the lock, or the new generation sees what runs and reserves it.
 */
#include "arch/aarch64/mmu/tlb.h"

#include "arch/aarch64/cpu/features.h"
#include "arch/aarch64/mmu/table.h"
#include "arch/context.h"
#include "arch/cpu.h"
#include "arch/pages.h"
#include "base/atomic.h"
#include "base/string.h"
#include "machine/table_entry.h"

#define ASID_LIMIT 65536
#define TAG_ASID(tag) ((tag) & (ASID_LIMIT - 1))
#define ROOT_ASID_SHIFT 48

/* Above this many pages, forgetting the whole space is cheaper. */
#define FORGET_PAGES_LIMIT 64

#define HOME_NOWHERE 0
#define HOME_EVERYWHERE UINT32_MAX

struct tlb_state {
	uint64_t active;	/* atomic: tag in use; 0: a new generation began */
	uint64_t reserved;	/* asids.is_locked: tag that was in use when it began */
	bool must_forget;	/* atomic */
	struct mmu_space *loaded;
};

static DEFINE_PER_CPU(struct tlb_state, tlb_state);

static struct {
	bool is_locked;
	uint64_t generation;	/* atomic; in units of ASID_LIMIT */
	unsigned next;
	uint64_t used[ASID_LIMIT / 64];
} asids = { .generation = ASID_LIMIT, .next = 1 };

/* A table without entries, for CPUs that run no program. */
static uint64_t empty_table[ENTRIES] __aligned(PAGE_SIZE);
static uint64_t invalidation_count;

static bool asids_lock(void)
{
	bool were_enabled = interrupts_disable();

	while (atomic_swap_acquire(&asids.is_locked, true))
		cpu_relax();
	return were_enabled;
}

static void asids_unlock(bool were_enabled)
{
	atomic_store_release(&asids.is_locked, false);
	interrupts_restore(were_enabled);
}

static void used_set(unsigned asid)
{
	asids.used[asid / 64] |= BIT(0) << (asid % 64);
}

static bool used_test(unsigned asid)
{
	return asids.used[asid / 64] >> (asid % 64) & 1;
}

/* Locked. */
static void generation_begin(void)
{
	atomic_store_relaxed(&asids.generation, asids.generation + ASID_LIMIT);
	memset(asids.used, 0, sizeof(asids.used));
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		struct tlb_state *state = per_cpu(tlb_state, cpu);
		uint64_t tag = atomic_swap(&state->active, 0);

		/* 0: it has not switched since the generation before; what it ran then stays. */
		if (tag)
			state->reserved = tag;
		used_set((unsigned)TAG_ASID(state->reserved));
		atomic_store_release(&state->must_forget, true);
	}
	asids.next = 1;
}

/* Locked: whether a CPU runs the space under a number of an older generation; it keeps that. */
static bool reserved_renew(uint64_t old, uint64_t new)
{
	bool is_found = false;

	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		struct tlb_state *state = per_cpu(tlb_state, cpu);

		if (state->reserved == old) {
			state->reserved = new;
			is_found = true;
		}
	}
	return is_found;
}

static unsigned asid_find(void)
{
	unsigned limit = cpu_asid_count();

	for (unsigned i = 0; i < 2; i++) {
		for (; asids.next < limit; asids.next++) {
			if (!used_test(asids.next))
				return asids.next++;
		}
		generation_begin();
	}
	/* Cannot happen: there are more numbers than CPUs. */
	return 1;
}

/* Locked: a tag of this generation. */
static uint64_t tag_renew(uint64_t old)
{
	uint64_t generation = asids.generation;
	unsigned asid;

	if (old) {
		uint64_t same = generation | TAG_ASID(old);

		if (reserved_renew(old, same))
			return same;
		/* The number is as good as another one if nobody took it. */
		if (!used_test((unsigned)TAG_ASID(old))) {
			used_set((unsigned)TAG_ASID(old));
			return same;
		}
	}
	asid = asid_find();
	used_set(asid);
	return asids.generation | asid;
}

static void root_write(physical_t root, uint64_t asid)
{
	__asm__ volatile("msr ttbr0_el1, %0\n\tisb"
			 : : "r"(root | asid << ROOT_ASID_SHIFT) : "memory");
}

void tlb_start(void)
{
	root_write(virtual_to_physical(empty_table), 0);
}

static void forget_here(void)
{
	__asm__ volatile("dsb nshst\n\ttlbi vmalle1\n\tdsb nsh\n\tisb" ::: "memory");
}

static uint64_t tag_take(struct tlb_state *state, struct mmu_space *space)
{
	uint64_t tag = atomic_load_relaxed(&space->tag);
	uint64_t active = atomic_load_relaxed(&state->active);
	bool were_enabled;

	if (tag && active && (tag ^ atomic_load_relaxed(&asids.generation)) < ASID_LIMIT &&
	    atomic_compare_swap(&state->active, &active, tag))
		return tag;
	were_enabled = asids_lock();
	tag = space->tag;
	if ((tag ^ asids.generation) >= ASID_LIMIT) {
		tag = tag_renew(tag);
		atomic_store_relaxed(&space->tag, tag);
	}
	if (atomic_swap(&state->must_forget, false))
		forget_here();
	atomic_store_ordered(&state->active, tag);
	asids_unlock(were_enabled);
	return tag;
}

/*
 * Before this CPU walks the space's tables. A CPU that takes itself for the only one changes an
 * entry, has a barrier, and looks again: it sees that this one came, or this one sees the change.
 */
static void home_note(struct mmu_space *space)
{
	uint32_t here = 1 + cpu_current(), home = atomic_load_relaxed(&space->home);

	if (likely(home == here))
		return;
	while (home != HOME_EVERYWHERE &&
	       !atomic_compare_swap(&space->home, &home,
				    home == HOME_NOWHERE ? here : HOME_EVERYWHERE))
		;
	__asm__ volatile("dsb ish" ::: "memory");
}

void tlb_switch(struct mmu_space *space)
{
	struct tlb_state *state = this_cpu(tlb_state);

	if (state->loaded == space && space)
		return;
	/* Between two programs no table is walked under the wrong number. */
	tlb_start();
	state->loaded = space;
	if (space) {
		home_note(space);
		root_write(space->root, TAG_ASID(tag_take(state, space)));
	}
}

void mmu_space_load(struct mmu_space *space)
{
	bool were_enabled = interrupts_disable();

	tlb_switch(space);
	interrupts_restore(were_enabled);
}

void tlb_space_forget(struct mmu_space *space)
{
	bool were_enabled = interrupts_disable();

	if (this_cpu(tlb_state)->loaded == space)
		tlb_switch(NULL);
	interrupts_restore(were_enabled);
}

static uint64_t operand(uint64_t asid, virtual_t address)
{
	return asid << ROOT_ASID_SHIFT | (address >> PAGE_SHIFT & ((UINT64_C(1) << 44) - 1));
}

/* Interrupts masked, the changes made: whether no other CPU can know of them. */
static bool is_home(const struct mmu_space *space)
{
	__asm__ volatile("dsb ish" ::: "memory");
	return atomic_load_relaxed(&space->home) == 1 + cpu_current();
}

/* Page by page, or all that is known of the space. */
#define FORGET(kind, asid, start, end) \
	do { \
		if (((end) - (start)) >> PAGE_SHIFT > FORGET_PAGES_LIMIT) { \
			__asm__ volatile("tlbi aside1" kind ", %0" \
					 : : "r"((asid) << ROOT_ASID_SHIFT) : "memory"); \
			break; \
		} \
		for (user_address_t at_ = align_down(start, PAGE_SIZE); at_ < (end); \
		     at_ += PAGE_SIZE) \
			__asm__ volatile("tlbi vae1" kind ", %0" \
					 : : "r"(operand(asid, at_)) : "memory"); \
	} while (0)

void mmu_invalidate(struct mmu_space *space, user_address_t start, user_address_t end)
{
	bool were_enabled = interrupts_disable(), is_local = is_home(space);
	uint64_t asid = TAG_ASID(atomic_load_relaxed(&space->tag));

	/* 0: it never ran, so nothing is known of it; who runs it first reads the new entries. */
	if (asid && is_local) {
		FORGET("", asid, start, end);
		__asm__ volatile("dsb nsh\n\tisb" ::: "memory");
	} else if (asid) {
		atomic_fetch_add_relaxed(&invalidation_count, 1);
		FORGET("is", asid, start, end);
		__asm__ volatile("dsb ish\n\tisb" ::: "memory");
	}
	interrupts_restore(were_enabled);
}

void tlb_forget_address(struct mmu_space *space, user_address_t address)
{
	bool were_enabled = interrupts_disable(), is_local = is_home(space);
	uint64_t asid = TAG_ASID(atomic_load_relaxed(&space->tag));

	if (asid && is_local)
		__asm__ volatile("tlbi vae1, %0\n\tdsb nsh" : : "r"(operand(asid, address))
				 : "memory");
	else if (asid)
		__asm__ volatile("tlbi vae1is, %0\n\tdsb ish" : : "r"(operand(asid, address))
				 : "memory");
	interrupts_restore(were_enabled);
}

void tlb_forget_address_here(user_address_t address)
{
	uint64_t root;

	__asm__ volatile("mrs %0, ttbr0_el1" : "=r"(root));
	__asm__ volatile("dsb nshst\n\ttlbi vae1, %0\n\tdsb nsh\n\tisb"
			 : : "r"(operand(root >> ROOT_ASID_SHIFT, address)) : "memory");
}

void mmu_invalidate_local(struct mmu_space *space, user_address_t address)
{
	(void)space;
	tlb_forget_address_here(address);
}

void tlb_forget_kernel_address(virtual_t address)
{
	__asm__ volatile("dsb ishst\n\ttlbi vaae1is, %0\n\tdsb ish\n\tisb"
			 : : "r"(operand(0, address)) : "memory");
}

void mmu_kernel_invalidate(virtual_t start, virtual_t end)
{
	__asm__ volatile("dsb ishst" ::: "memory");
	if ((end - start) >> PAGE_SHIFT > FORGET_PAGES_LIMIT) {
		__asm__ volatile("tlbi vmalle1is" ::: "memory");
	} else {
		for (virtual_t at = start; at < end; at += PAGE_SIZE)
			__asm__ volatile("tlbi vaae1is, %0" : : "r"(operand(0, at)) : "memory");
	}
	__asm__ volatile("dsb ish\n\tisb" ::: "memory");
}

static void nothing(void *argument)
{
	(void)argument;
}

void tables_wait(void)
{
	struct cpu_mask mask;

	if (mmu_has_hardware_flags)
		return;
	/* mmu_entry_follow() runs masked: who answers has left it. */
	cpu_online_mask(&mask);
	cpu_call(&mask, nothing, NULL);
}

/* A cache that is looked up by virtual address may hold the same bytes under others, too. */
static void instructions_forget(virtual_t start, virtual_t end, uint64_t type)
{
	uint64_t line = UINT64_C(4) << (type & 15);

	if ((type & CACHE_POLICY) != CACHE_POLICY_PHYSICAL) {
		__asm__ volatile("ic ialluis" ::: "memory");
		return;
	}
	for (virtual_t at = align_down(start, line); at < end; at += line)
		__asm__ volatile("ic ivau, %0" : : "r"(at) : "memory");
}

void mmu_synchronise_instructions(void *start, size_t length_bytes)
{
	uint64_t type;
	virtual_t end = (virtual_t)start + length_bytes;

	__asm__ volatile("mrs %0, ctr_el0" : "=r"(type));
	if (!(type & CACHE_DATA_COHERENT)) {
		uint64_t line = UINT64_C(4) << (type >> 16 & 15);

		for (virtual_t at = align_down((virtual_t)start, line); at < end; at += line)
			__asm__ volatile("dc cvau, %0" : : "r"(at) : "memory");
	}
	__asm__ volatile("dsb ish" ::: "memory");
	if (!(type & CACHE_INSTRUCTION_COHERENT)) {
		instructions_forget((virtual_t)start, end, type);
		__asm__ volatile("dsb ish" ::: "memory");
	}
	__asm__ volatile("isb" ::: "memory");
}

uint64_t mmu_shootdown_count(void)
{
	return atomic_load_relaxed(&invalidation_count);
}
