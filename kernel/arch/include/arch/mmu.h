/*
 * Page tables and TLBs. A struct mmu_space is one set of user translations; the kernel's half is
 * shared by all. The caller (memory/) serialises changes of one space by its table lock; walks that
 * change nothing may run without it only through mmu_query().
 */
#ifndef ARCH_MMU_H
#define ARCH_MMU_H

#include "base/types.h"
#include "base/compiler.h"
#include "arch/pages.h"

/*
 * machine/mmu.h defines: USER_ADDRESS_LIMIT (first address a program cannot have),
 * struct mmu_space, and inline
 *   void *physical_to_virtual(physical_t)       through the direct map
 *   physical_t virtual_to_physical(const void *)   direct-map addresses and the kernel image
 *   KASAN_SHADOW_OFFSET   what to add to an eighth of an address for its shadow; 0: no shadow
 *   KERNEL_DYNAMIC_START, KERNEL_DYNAMIC_END    for memory/kernel_map.h
 *   bool mmu_has_execute_only(void)        pages without MMU_READ may be executed
 *   bool mmu_fetch_is_coherent(void)       mmu_synchronise_instructions() need not be called
 *   bool mmu_set_breaks_first(void)        mmu_set() of another page over a present one makes every
 *                                          CPU forget the old: mmu_invalidate() need not be called
 */
#include "machine/mmu.h"

enum mmu_flags {
	MMU_READ = 1 << 0,
	MMU_WRITE = 1 << 1,
	MMU_EXECUTE = 1 << 2,
	MMU_USER = 1 << 3,
	MMU_ACCESSED = 1 << 4,	/* on set: start as accessed; on query: was used */
	MMU_DIRTY = 1 << 5,	/* likewise: was written */
	MMU_DEVICE = 1 << 6,	/* uncached, strongly ordered */
	MMU_WRITE_COMBINE = 1 << 7,
	/* Software bit: no struct page behind it (vDSO, zero page, device) */
	MMU_SPECIAL = 1 << 8,
	MMU_PRESENT = 1 << 9,	/* query only */
	/* Indirect branches must find landing pads, where the CPU has such (arch/program.h). */
	MMU_GUARDED = 1 << 10,
};

/*
 * A page set or protected without MMU_READ keeps its place (queries say MMU_PRESENT) but any access
 * to it faults, the kernel's own included: mprotect(PROT_NONE).
 */

/* One translation, or a software entry (present clear, value not 0: swap or migration). */
struct mmu_entry {
	physical_t address;
	uint32_t flags;		/* enum mmu_flags; 0: nothing here */
	uint8_t level;		/* 0: 4 KB, 1: 2 MB, 2: 1 GB */
	uint64_t software;	/* the value of a non-present entry, 0: empty */
};

/* Sets up an empty space (allocates its root). May sleep; -ENOMEM. */
int mmu_space_init(struct mmu_space *space) MUST_CHECK;
/* Frees the root and all tables. No CPU runs it, and all user entries were cleared. */
void mmu_space_release(struct mmu_space *space);

/*
 * Makes sure that the tables for one entry at this level exist. May sleep to allocate, so it is
 * called without the table lock: tables are installed with a compare-and-swap and never removed
 * except by mmu_tables_detach(), under the space's exclusive region lock. -ENOMEM.
 */
int mmu_prepare(struct mmu_space *space, user_address_t address, unsigned level) MUST_CHECK;

/* Pages that its tables take, the root apart. */
static inline uint64_t mmu_table_pages(const struct mmu_space *space)
{
	return READ_ONCE(space->table_count);
}

/* The entry at an address. Any context in which the space cannot go away. */
struct mmu_entry mmu_query(struct mmu_space *space, user_address_t address);

/*
 * Writes an entry after mmu_prepare(); table lock held. Returns what was there. Does not
 * invalidate: replacing or weakening a present entry needs mmu_invalidate() before the old page
 * may be reused. Making an absent entry present needs none.
 */
struct mmu_entry mmu_set(struct mmu_space *space, user_address_t address, physical_t page,
			 uint32_t flags, unsigned level);
struct mmu_entry mmu_clear(struct mmu_space *space, user_address_t address);
struct mmu_entry mmu_set_software(struct mmu_space *space, user_address_t address, uint64_t value);

/* Changes permission bits of a present entry, keeping address, dirty and accessed; table lock. */
struct mmu_entry mmu_protect(struct mmu_space *space, user_address_t address, uint32_t flags);

/* Clears the accessed (dirty) bit and says whether it was set; table lock. */
bool mmu_test_clear_accessed(struct mmu_space *space, user_address_t address);
bool mmu_test_clear_dirty(struct mmu_space *space, user_address_t address);

/*
 * The first non-empty entry at or after *address and below end: its address in *address. False:
 * none. Skips absent tables in one step, so that a sparse range costs what is mapped. Table lock
 * held.
 */
bool mmu_next(struct mmu_space *space, user_address_t *address, user_address_t end,
	      struct mmu_entry *entry);

/*
 * Runs visit() over the non-empty entries of [start, end) in order, with direct access so that a
 * range operation does not walk from the root for each page; visit returns what to do. Table lock.
 */
enum mmu_visit {
	MMU_KEEP,	/* leave as it is */
	MMU_CLEAR,	/* make empty */
	MMU_UPDATE,	/* write back flags changed in *entry */
	MMU_STOP,	/* end the walk */
};
typedef enum mmu_visit (*mmu_visitor)(user_address_t address, struct mmu_entry *entry,
				      void *argument);
void mmu_walk(struct mmu_space *space, user_address_t start, user_address_t end,
	      mmu_visitor visit, void *argument);

/*
 * fork: runs `copy` over the non-empty entries of a range of `from` and writes what it leaves in
 * *entry (flags 0 and software 0: nothing) into `to`; *entry as returned with MMU_UPDATE is written
 * back to `from` too (write permission removed). Allocates tables of `to` as it goes, impatiently;
 * -ENOMEM stops with what was copied in place. Both table locks are the caller's; `to` runs
 * nowhere.
 */
int mmu_copy(struct mmu_space *to, struct mmu_space *from, user_address_t start,
	     user_address_t end, mmu_visitor copy, void *argument) MUST_CHECK;

/*
 * Removes page tables that lie wholly inside [start, end) (which must be empty) and chains the
 * table pages through *list for mmu_tables_free(), which is to be called after mmu_invalidate().
 * Space's region lock exclusive, table lock held.
 */
void mmu_tables_detach(struct mmu_space *space, user_address_t start, user_address_t end,
		       physical_t *list);
void mmu_tables_free(physical_t list);

/*
 * Makes every CPU forget translations of [start, end) in this space, tables included, and returns
 * when none can use them: CPUs that run the space are interrupted, others compare generations when
 * they switch to it. Interrupts enabled, no spin lock held.
 */
void mmu_invalidate(struct mmu_space *space, user_address_t start, user_address_t end);

/* Only this CPU, for upgrades found stale by a spurious fault. */
void mmu_invalidate_local(struct mmu_space *space, user_address_t address);

/* Loads a space on this CPU (exec); NULL: kernel only. Interrupts masked or preemption off. */
void mmu_space_load(struct mmu_space *space);

/* Kernel's dynamic range: maps or unmaps one page; unmapping needs mmu_kernel_invalidate(). */
int mmu_kernel_map(virtual_t address, physical_t page, uint32_t flags) MUST_CHECK;
physical_t mmu_kernel_unmap(virtual_t address);
void mmu_kernel_invalidate(virtual_t start, virtual_t end);
/* Physical address behind any mapped kernel address; false: unmapped. No locks. */
bool mmu_kernel_query(virtual_t address, physical_t *physical);

/* New program text was written through another mapping: make instruction fetch see it. */
void mmu_synchronise_instructions(void *start, size_t length_bytes);

/* Counted for /proc: shootdowns sent. */
uint64_t mmu_shootdown_count(void);

#endif
