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

struct tlb_state {
	struct mmu_space *loaded;	/* NULL: the kernel's root */
	uint64_t generation;		/* of `loaded` when this TLB last followed it */
	bool is_lazy;			/* loaded, but a kernel thread runs */
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

static void root_load(physical_t root, physical_t shadow_root)
{
	struct cpu_entry *entry = cpu_entry(cpu_current());

	if (cpu_is_isolated) {
		entry->kernel_root = root;
		entry->user_root = shadow_root;
	}
	cr3_write(root);
}

static void tlb_unload(struct tlb_state *state)
{
	struct mmu_space *old = state->loaded;

	state->loaded = NULL;
	state->is_lazy = false;
	root_load(mmu_kernel_root, mmu_shadow_kernel_root);
	if (old)
		active_clear(old, cpu_current());
}

static void tlb_load(struct tlb_state *state, struct mmu_space *space)
{
	struct mmu_space *old = state->loaded;
	unsigned cpu = cpu_current();

	active_set(space, cpu);
	state->generation = atomic_load_ordered(&space->generation);
	state->loaded = space;
	state->is_lazy = false;
	root_load(space->root, space->shadow_root);
	return_predictions_fill();
	if (old)
		active_clear(old, cpu);
}

void tlb_switch(struct mmu_space *space)
{
	struct tlb_state *state = this_cpu(tlb_state);
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
	generation = atomic_load_ordered(&space->generation);
	if (state->generation != generation) {
		state->generation = generation;
		cr3_write(cr3_read());
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

static void flush_range(virtual_t start, virtual_t end)
{
	if ((end - start) >> PAGE_SHIFT > FLUSH_PAGES_LIMIT) {
		cr3_write(cr3_read());
		return;
	}
	for (virtual_t at = start; at < end; at += PAGE_SIZE)
		tlb_flush_address(at);
}

/* On each CPU that may hold translations of the space; interrupts masked. */
static void flush_space(void *argument)
{
	struct flush_request *request = argument;
	struct tlb_state *state = this_cpu(tlb_state);

	if (state->loaded != request->space)
		return;
	if (state->is_lazy) {
		tlb_unload(state);
		return;
	}
	/* Two changes at once may arrive here in either order: only the next in line is exact. */
	if (state->generation + 1 == request->generation) {
		flush_range(request->start, request->end);
		state->generation = request->generation;
	} else if (state->generation < request->generation) {
		state->generation = atomic_load_ordered(&request->space->generation);
		cr3_write(cr3_read());
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
	(void)space;
	tlb_flush_address(address);
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

void tlb_flush_all_local(void)
{
	if (mmu_entry_global) {
		uint64_t cr4 = cr4_read();

		cr4_write(cr4 & ~CR4_PGE);
		cr4_write(cr4);
	} else {
		cr3_write(cr3_read());
	}
}

static void flush_kernel(void *argument)
{
	const struct flush_request *request = argument;

	if ((request->end - request->start) >> PAGE_SHIFT > FLUSH_PAGES_LIMIT) {
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
