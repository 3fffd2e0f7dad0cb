/*
 * Address spaces: a tree of regions under one sleeping reader-writer lock, and the page tables that
 * follow it. Faults, mmap and its family, fork, and what /proc shows of it.
 */
#ifndef MEMORY_SPACE_H
#define MEMORY_SPACE_H

#include "arch/mmu.h"
#include "base/compiler.h"
#include "base/tree/rbtree.h"
#include "base/types.h"
#include "memory/region.h"
#include "sync/mutex.h"

/* vm.mmap_min_addr: nothing is placed below, so that null pointers with offsets fault; only who has
 * the privilege maps something there by its address. */
#define USER_ADDRESS_LOWEST UINT64_C(0x10000)
#define REGIONS_MAXIMUM 65530	/* vm.max_map_count */

struct anonymous_family;
struct fault;
struct file;
struct frame;

struct space {
	uint32_t users;				/* threads that run in it: the last empties it */
	/* Also those that only look (procfs): frees struct. */
	uint32_t references;
	struct mmu_space mmu;
	struct spin_lock table_lock;		/* LOCK_PAGE_TABLE: mmu entries */
	struct shared_lock lock;		/* LOCK_SPACE: everything below */
	struct rbtree regions;
	struct anonymous_family *family;	/* shared by fork; constant */
	uint64_t region_count;
	uint64_t pages_mapped;			/* virtual size */
	uint64_t pages_locked, pages_data, pages_stack, pages_executable;
	user_address_t mmap_top;		/* new mappings are placed downward from here */
	user_address_t brk_start, brk_end;
	user_address_t code_start, code_end, data_start, data_end, stack_start;
	user_address_t arguments_start, arguments_end, environment_start, environment_end;
	user_address_t vdso;			/* its address, 0: none */
	uint32_t lock_future;			/* mlockall(MCL_FUTURE...) */
	/* Counters, atomic: resident pages by kind, and the peak. */
	int64_t resident_file, resident_anonymous, resident_shared;
	uint64_t resident_peak;
	uint64_t auxiliary[64];			/* AT_* pairs for /proc/<pid>/auxv */
	uint32_t auxiliary_count;
	/* /proc/<pid>/exe; memory/ only holds the pointer. */
	struct file *executable;
	void (*executable_put)(struct file *executable);
	bool must_die;				/* out of memory: do not satisfy faults */
};

/* Part of memory_start(). */
void space_start(void);

/* A fresh, empty space with one user and one reference; NULL: short. */
struct space *space_create(void);
/* Copies regions and shares pages copy-on-write (fork). 0 or -ENOMEM. */
int space_copy(struct space *from, struct space **copy) MUST_CHECK;
void space_user_get(struct space *space);
void space_user_put(struct space *space);	/* the last user unmaps everything. May sleep */
bool space_user_get_unless_dead(struct space *space);
void space_get(struct space *space);
void space_put(struct space *space);
/* The space that the current context runs in; NULL for kernel threads. */
struct space *space_current(void);

/* Flags of space_map(). */
enum map_flags {
	MAP_AT_EXACTLY = 1 << 0,		/* MAP_FIXED: replaces what is there */
	MAP_AT_UNLESS_TAKEN = 1 << 1,		/* MAP_FIXED_NOREPLACE: -EEXIST */
	MAP_POPULATE_NOW = 1 << 2,
};

struct map_request {
	user_address_t address;			/* hint, or exact */
	uint64_t length;			/* bytes, not 0; rounded up */
	uint32_t region_flags;			/* enum region_flags, MAY_ bits included */
	uint32_t map_flags;			/* enum map_flags */
	uint64_t page_offset;
	const struct region_operations *operations;
	void *object;				/* space_map calls operations->open for it */
	struct page_cache *cache;
	const char *name;
	/* Counted as written to already, so that no seal comes before the region; NULL: not. */
	struct page_cache *counted;
};

/* Maps into any space (exec builds a new one before it runs). The address or a negative errno. */
int64_t space_map(struct space *space, const struct map_request *request) MUST_CHECK;
/* MAP_ANONYMOUS: private, or with REGION_SHARED backed by an object of its own. */
int64_t space_map_anonymous(struct space *space, const struct map_request *request) MUST_CHECK;
int space_unmap(struct space *space, user_address_t start, uint64_t length) MUST_CHECK;
/* READ, WRITE, EXECUTE bits; REGION_GROWS_DOWN: from the beginning of the stack at `start`. */
int space_protect(struct space *space, user_address_t start, uint64_t length,
		  uint32_t region_flags) MUST_CHECK;
int64_t space_remap(struct space *space, user_address_t old, uint64_t old_length,
		    uint64_t new_length, unsigned flags, user_address_t new_address) MUST_CHECK;
int space_advise(struct space *space, user_address_t start, uint64_t length, int advice)
	MUST_CHECK;
int space_lock_pages(struct space *space, user_address_t start, uint64_t length, bool lock,
		     bool on_fault) MUST_CHECK;
int space_lock_all(struct space *space, unsigned flags) MUST_CHECK;
int space_unlock_all(struct space *space) MUST_CHECK;
int space_sync(struct space *space, user_address_t start, uint64_t length, unsigned flags)
	MUST_CHECK;
int space_residency(struct space *space, user_address_t start, uint64_t length,
		    uint8_t *vector) MUST_CHECK;
int64_t space_break(struct space *space, user_address_t end);	/* brk(2)'s result */

/* How a fault ended, for task/ to turn into a signal. */
enum fault_result {
	FAULT_RESOLVED,
	FAULT_NO_REGION,	/* SIGSEGV, SEGV_MAPERR */
	FAULT_NO_PERMISSION,	/* SIGSEGV, SEGV_ACCERR */
	FAULT_BUS,		/* SIGBUS, BUS_ADRERR */
	FAULT_OUT_OF_MEMORY,	/* the victim was chosen; retry or die */
	FAULT_RETRY,		/* interrupted by a fatal signal */
};
enum fault_result space_fault(struct space *space, const struct fault *fault);

/* Copies to or from another space (exec arguments, ptrace, /proc/pid/mem). Bytes moved. */
size_t space_copy_out(struct space *space, user_address_t to, const void *from, size_t length);
/* All of it: 0, -EFAULT or -ENOMEM. */
int space_write(struct space *space, user_address_t to, const void *from, size_t length) MUST_CHECK;
size_t space_copy_in(struct space *space, void *to, user_address_t from, size_t length);

/* What identifies a futex word: private by space, shared by page cache and index. */
struct memory_identity {
	uintptr_t object;	/* space, or page cache, or anonymous family */
	uint64_t offset;	/* byte offset in it */
};
int space_identify(struct space *space, user_address_t address, bool is_private,
		   struct memory_identity *identity) MUST_CHECK;

/* Regions in order for /proc/<pid>/maps; under space->lock read. */
struct region *space_region_first(struct space *space);
struct region *space_region_next(struct region *region);
struct region *space_region_find(struct space *space, user_address_t address);

/* Sizes for smaps, per region, in pages. */
struct region_usage {
	uint64_t resident, shared_clean, shared_dirty, private_clean, private_dirty;
	uint64_t referenced, anonymous, locked, proportional;
};
void space_region_usage(struct region *region, struct region_usage *usage);

#endif
