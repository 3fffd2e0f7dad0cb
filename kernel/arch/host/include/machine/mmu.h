/*
 * The host's memory: "physical" addresses are offsets into one window of the process, and page
 * tables are software, in pages of that window.
 */
#ifndef MACHINE_MMU_H
#define MACHINE_MMU_H

#include "arch/cpu.h"
#include "base/types.h"

#define USER_ADDRESS_LIMIT ((user_address_t)0x00007ffffffff000)

/* The compiler's own sanitizer watches programs of the host. */
#define KASAN_SHADOW_OFFSET UINT64_C(0)
#define DIRECT_MAP_BASE UINT64_C(0)

/* What kernel_map.c hands out is only numbers here, looked up in a table of its own. */
#define KERNEL_DYNAMIC_START ((virtual_t)0xffffc90000000000)
#define KERNEL_DYNAMIC_END ((virtual_t)0xffffd10000000000)

struct mmu_space {
	physical_t root;
	uint64_t identity;	/* tags TLB entries; never used twice */
	uint64_t generation;
	uint64_t table_count;	/* atomic: tables below the root */
};

/* The window; set before memory_start(). */
extern char *host_memory;

static inline bool mmu_set_breaks_first(void)
{
	return false;
}

static inline bool mmu_has_execute_only(void)
{
	return false;
}

/* So that tests see who asks for it: host_mmu_synchronised_bytes. */
static inline bool mmu_fetch_is_coherent(void)
{
	return false;
}

static inline void *physical_to_virtual(physical_t address)
{
	return host_memory + address;
}

static inline physical_t virtual_to_physical(const void *pointer)
{
	return (physical_t)((const char *)pointer - host_memory);
}

#endif
