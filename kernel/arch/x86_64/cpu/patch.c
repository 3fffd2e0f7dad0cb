/* Rewrites instructions for the CPU that is there: what it has, what it does not need. */
#include "arch/x86_64/cpu/patch.h"

#include "arch/mmu.h"
#include "arch/x86_64/boot/linker.h"
#include "arch/x86_64/cpu/features.h"
#include "base/string.h"

#define THUNK_BYTES 32
#define THUNK_COUNT 16

static const uint8_t clac[] = { 0x0f, 0x01, 0xca };
static const uint8_t stac[] = { 0x0f, 0x01, 0xcb };
static const uint8_t no_operation_2[] = { 0x66, 0x90 };

static void patch_apply(const struct patch *patch)
{
	uint8_t *at = (uint8_t *)&patch->where + patch->where;

	if (patch->kind == PATCH_CLEAR) {
		if (cpu_needs_buffer_clearing())
			memcpy(at, no_operation_2, sizeof(no_operation_2));
		return;
	}
	if (cpu_has(CPU_HAS_SMAP))
		memcpy(at, patch->kind == PATCH_STAC ? stac : clac, sizeof(clac));
}

/* JMP to what the thunk's register holds; its number is the thunk's place. */
static void thunk_shorten(uint8_t *thunk, uint8_t number)
{
	const uint8_t jump[] = { 0x41, 0xff, (uint8_t)(0xe0 | (number & 7)), 0xcc };

	if (number < 8)
		memcpy(thunk, jump + 1, 3);
	else
		memcpy(thunk, jump, 4);
}

void patches_apply(void)
{
	for (const struct patch *patch = __start_patches; patch < __stop_patches; patch++)
		patch_apply(patch);
	if (!cpu_separates_predictions())
		return;
	for (uint8_t number = 0; number < THUNK_COUNT; number++)
		thunk_shorten((uint8_t *)indirect_thunks + number * THUNK_BYTES, number);
}
