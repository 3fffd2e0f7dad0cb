/*
 * The layout of a fresh address space: stack at the top, mappings downward below it, programs and
 * heap in the lower part, each moved by a random amount (28 bits for mappings, as Linux's default).
 */
#include "process/layout.h"

#include "arch/program.h"
#include "base/errno.h"
#include "memory/space.h"
#include "random/random.h"
#include "task/thread.h"
#include "vfs/permission.h"

#define ADDR_NO_RANDOMIZE 0x0040000	/* personality(2) */

#define STACK_RANDOM_PAGES (UINT64_C(1) << 22)
#define MMAP_RANDOM_PAGES (UINT64_C(1) << 28)
#define BRK_RANDOM_BYTES (UINT64_C(32) << 20)
/* The vDSO shares a page table with the top of the stack. */
#define VDSO_RANDOM_BYTES (UINT64_C(2) << 20)
/* Two thirds up, so that heaps behind programs and mappings below the stack both have room. */
#define PROGRAM_BASE align_down(USER_ADDRESS_LIMIT / 3 * 2, PAGE_SIZE)
/* The gap left for the stack: at least 128 MB, at most 5/6 of the space (Linux's mmap_base). */
#define STACK_GAP_MINIMUM (UINT64_C(128) << 20)
#define STACK_GAP_MAXIMUM (USER_ADDRESS_LIMIT / 6 * 5)

static uint64_t random_pages(uint64_t limit)
{
	if (process_current()->personality & ADDR_NO_RANDOMIZE)
		return 0;
	return random_below(limit) * PAGE_SIZE;
}

uint64_t layout_choose(struct space *space, uint64_t stack_limit)
{
	uint64_t highest = USER_ADDRESS_LIMIT - PAGE_SIZE;
	uint64_t gap = clamp(stack_limit, STACK_GAP_MINIMUM, STACK_GAP_MAXIMUM);

	/* The gap holds the largest stack, its random offset and the guard below it. */
	gap += STACK_RANDOM_PAGES * PAGE_SIZE + 256 * PAGE_SIZE;
	gap = min(gap, STACK_GAP_MAXIMUM);
	space->mmap_top = align_down(highest - gap, PAGE_SIZE) - random_pages(MMAP_RANDOM_PAGES);
	return highest - random_pages(STACK_RANDOM_PAGES);
}

uint64_t layout_program_base(void)
{
	return PROGRAM_BASE + random_pages(MMAP_RANDOM_PAGES);
}

uint64_t layout_brk(uint64_t end_of_program)
{
	return end_of_program + random_pages(BRK_RANDOM_BYTES / PAGE_SIZE);
}

uint64_t layout_brk_apart(uint64_t end_of_program)
{
	if (process_current()->personality & ADDR_NO_RANDOMIZE)
		return end_of_program;
	return layout_brk(PROGRAM_BASE);
}

uint64_t layout_vdso(uint64_t stack_top, uint64_t length)
{
	uint64_t end = min(align_up(stack_top, VDSO_RANDOM_BYTES), USER_ADDRESS_LIMIT - PAGE_SIZE);

	if (!LAYOUT_VDSO_ABOVE_STACK)
		return 0;
	if (end < stack_top + length)
		return stack_top;
	return stack_top + random_pages((end - stack_top - length) / PAGE_SIZE + 1);
}

int layout_check_address(uint64_t address)
{
	return address >= USER_ADDRESS_LOWEST || privilege_is_held(PRIVILEGE_SYS_RAWIO) ? 0 :
		-EPERM;
}
