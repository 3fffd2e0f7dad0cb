/*
 * A CPU is in space->active while its root register holds the space, even if it runs a kernel
 * thread (lazily): then the first request makes it load the kernel's root and leave. A change
 * raises space->generation before it reads `active`; a CPU enters `active` before it reads the
 * generation: so one of the two sees the other.
 */
#include "arch/x86_64/mmu/tlb.h"

#include "arch/context.h"
#include "arch/cpu.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/features.h"
#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/mmu/table.h"
#include "base/atomic.h"

/* Above this many pages, forgetting everything is cheaper. */
#define FLUSH_PAGES_LIMIT 33

/* Bits of the root register: which PCID, whether its translations are kept. */
#define ROOT_PCID_USER BIT(11)	/* under isolation, a program's own half of a space's PCIDs */
#define ROOT_KEEP BIT(63)

/* The last few spaces of a CPU have a PCID each: slot + 1, for PCID 0 is the kernel's root. */
#define SLOTS 6

struct tlb_slot {
	uint64_t identity;		/* of the space; 0: none */
	uint64_t generation;		/* of the space when this TLB last followed it */
	bool is_user_stale;		/* but the program's half was not flushed yet */
};

struct tlb_state {
	struct mmu_space *loaded;	/* NULL: the kernel's root */
	bool is_lazy;			/* loaded, but a kernel thread runs */
	unsigned current, next;		/* slot of `loaded`; slot to reuse next */
	struct tlb_slot slots[SLOTS];
};

static DEFINE_PER_CPU(struct tlb_state, tlb_state);
static uint64_t shootdown_count;

struct flush_request {
	struct mmu_space *space;
	virtual_t start, end;
	uint64_t generation;
};

static void active_set(struct mmu_space *space, unsigned cpu)
{
	atomic_fetch_or_ordered(&space->active.words[cpu / 64], BIT(cpu % 64));
}

static void active_clear(struct mmu_space *space, unsigned cpu)
{
	atomic_fetch_and_ordered(&space->active.words[cpu / 64], ~BIT(cpu % 64));
}

/*
 * Loads a root, keeping what the TLB has under its PCID if that is current. The entry code loads
 * the kernel's value at each entry and the program's at each exit: only the first load flushes.
 */
static void root_load(physical_t root, physical_t shadow_root, uint64_t pcid, bool is_current,
		      bool is_user_current)
{
	uint64_t keep = cpu_has(CPU_HAS_PCID) ? ROOT_KEEP : 0;
	struct cpu_entry *entry = cpu_entry(cpu_current());

	if (cpu_is_isolated) {
		uint64_t user = shadow_root | pcid | (keep ? ROOT_PCID_USER : 0);

		entry->kernel_root = root | pcid | keep;
		entry->user_root = user | (is_user_current ? keep : 0);
		entry->user_root_next = user | keep;
	}
	cr3_write(root | pcid | (is_current ? keep : 0));
}

/* Leaving a space whose program was not returned to since a flush was asked for: not forgotten. */
static void slot_leave(struct tlb_state *state)
{
	const struct cpu_entry *entry = cpu_entry(cpu_current());

	if (state->loaded && entry->user_root != entry->user_root_next)
		state->slots[state->current].is_user_stale = true;
}

static void tlb_unload(struct tlb_state *state)
{
	struct mmu_space *old = state->loaded;

	slot_leave(state);
	state->loaded = NULL;
	state->is_lazy = false;
	root_load(mmu_kernel_root, mmu_shadow_kernel_root, 0, false, false);
	if (old)
		active_clear(old, cpu_current());
}

/* The slot that a space has, or gets in place of the oldest. */
static unsigned slot_choose(struct tlb_state *state, const struct mmu_space *space)
{
	unsigned slot;

	if (!cpu_has(CPU_HAS_PCID))
		return 0;
	for (slot = 0; slot < SLOTS; slot++) {
		if (state->slots[slot].identity == space->identity)
			return slot;
	}
	slot = state->next;
	state->next = (slot + 1) % SLOTS;
	return slot;
}

static void tlb_load(struct tlb_state *state, struct mmu_space *space)
{
	struct mmu_space *old = state->loaded;
	unsigned cpu = cpu_current();
	struct tlb_slot *slot;
	uint64_t generation;
	bool is_current, is_user_current;

	slot_leave(state);
	active_set(space, cpu);
	generation = atomic_load_ordered(&space->generation);
	state->current = slot_choose(state, space);
	slot = &state->slots[state->current];
	is_current = slot->identity == space->identity && slot->generation == generation;
	is_user_current = is_current && !slot->is_user_stale;
	*slot = (struct tlb_slot){ space->identity, generation, false };
	state->loaded = space;
	state->is_lazy = false;
	root_load(space->root, space->shadow_root,
		  cpu_has(CPU_HAS_PCID) ? state->current + 1 : 0, is_current, is_user_current);
	return_predictions_fill();
	if (old)
		active_clear(old, cpu);
}

/* The program's own PCID is flushed when the program is next returned to. */
static void flush_user_later(void)
{
	if (cpu_is_isolated)
		cpu_entry(cpu_current())->user_root &= ~ROOT_KEEP;
}

/* Everything of the loaded space. */
static void flush_loaded(void)
{
	cr3_write(cr3_read());
	flush_user_later();
}

static void flush_range(virtual_t start, virtual_t end)
{
	if ((end - start) >> PAGE_SHIFT > FLUSH_PAGES_LIMIT) {
		flush_loaded();
		return;
	}
	for (virtual_t at = start; at < end; at += PAGE_SIZE)
		tlb_flush_address(at);
	flush_user_later();
}

void tlb_switch(struct mmu_space *space)
{
	struct tlb_state *state = this_cpu(tlb_state);
	struct tlb_slot *slot;
	uint64_t generation;

	if (!space) {
		state->is_lazy = true;
		return;
	}
	if (state->loaded != space) {
		tlb_load(state, space);
		return;
	}
	state->is_lazy = false;
	slot = &state->slots[state->current];
	generation = atomic_load_ordered(&space->generation);
	if (slot->generation != generation) {
		slot->generation = generation;
		flush_loaded();
	}
}

void mmu_space_load(struct mmu_space *space)
{
	bool were_enabled = interrupts_disable();

	if (space)
		tlb_switch(space);
	else
		tlb_unload(this_cpu(tlb_state));
	interrupts_restore(were_enabled);
}

/* On each CPU that may hold translations of the space; interrupts masked. */
static void flush_space(void *argument)
{
	struct flush_request *request = argument;
	struct tlb_state *state = this_cpu(tlb_state);
	struct tlb_slot *slot;

	if (state->loaded != request->space)
		return;
	if (state->is_lazy) {
		tlb_unload(state);
		return;
	}
	slot = &state->slots[state->current];
	/* Two changes at once may arrive here in either order: only the next in line is exact. */
	if (slot->generation + 1 == request->generation) {
		flush_range(request->start, request->end);
		slot->generation = request->generation;
	} else if (slot->generation < request->generation) {
		slot->generation = atomic_load_ordered(&request->space->generation);
		flush_loaded();
	}
}

/* Calls on the CPUs in the space's mask, this one included, and counts the others. */
static void call_active(struct mmu_space *space, void (*function)(void *argument), void *argument)
{
	struct cpu_mask mask;
	uint64_t others = 0;
	unsigned cpu;

	preemption_disable();
	cpu = cpu_current();
	for (unsigned i = 0; i < CPU_LIMIT / 64; i++) {
		mask.words[i] = atomic_load_ordered(&space->active.words[i]);
		others |= i == cpu / 64 ? mask.words[i] & ~BIT(cpu % 64) : mask.words[i];
	}
	if (others) {
		atomic_fetch_add_relaxed(&shootdown_count, 1);
		cpu_call(&mask, function, argument);
	} else if (cpu_mask_test(&mask, cpu)) {
		bool were_enabled = interrupts_disable();

		function(argument);
		interrupts_restore(were_enabled);
	}
	preemption_enable();
}

void mmu_invalidate(struct mmu_space *space, user_address_t start, user_address_t end)
{
	struct flush_request request = { .space = space, .start = start, .end = end };

	request.generation = atomic_fetch_add_ordered(&space->generation, 1) + 1;
	call_active(space, flush_space, &request);
}

void mmu_invalidate_local(struct mmu_space *space, user_address_t address)
{
	bool were_enabled = interrupts_disable();

	(void)space;
	tlb_flush_address(address);
	flush_user_later();
	interrupts_restore(were_enabled);
}

static void forget_space(void *argument)
{
	struct tlb_state *state = this_cpu(tlb_state);

	if (state->loaded == argument)
		tlb_unload(state);
}

void tlb_space_forget(struct mmu_space *space)
{
	call_active(space, forget_space, space);
}

/* Changing PGE makes the CPU forget all translations of all PCIDs, global ones too. */
void tlb_flush_all_local(void)
{
	uint64_t cr4 = cr4_read();

	cr4_write(cr4 ^ CR4_PGE);
	cr4_write(cr4);
}

static void flush_kernel(void *argument)
{
	const struct flush_request *request = argument;

	/* Under isolation each PCID has its own translations of the kernel. */
	if ((request->end - request->start) >> PAGE_SHIFT > FLUSH_PAGES_LIMIT ||
	    (cpu_is_isolated && cpu_has(CPU_HAS_PCID))) {
		tlb_flush_all_local();
		return;
	}
	for (virtual_t at = request->start; at < request->end; at += PAGE_SIZE)
		tlb_flush_address(at);
}

void mmu_kernel_invalidate(virtual_t start, virtual_t end)
{
	struct flush_request request = { .start = start, .end = end };
	struct cpu_mask mask;

	cpu_online_mask(&mask);
	cpu_call(&mask, flush_kernel, &request);
}

void mmu_synchronise_instructions(void *start, size_t length_bytes)
{
	/* Stores and fetches are coherent on this architecture. */
	(void)start;
	(void)length_bytes;
}

uint64_t mmu_shootdown_count(void)
{
	return atomic_load_relaxed(&shootdown_count);
}
