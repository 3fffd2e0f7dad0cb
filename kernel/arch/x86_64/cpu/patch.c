/* Writes the instructions that this CPU has over the no-operations that stand for them. */
#include "arch/x86_64/cpu/patch.h"

#include "arch/mmu.h"
#include "arch/x86_64/boot/linker.h"
#include "arch/x86_64/cpu/features.h"
#include "base/string.h"

#define PATCH_BYTES 3

static const uint8_t clac[PATCH_BYTES] = { 0x0f, 0x01, 0xca };
static const uint8_t stac[PATCH_BYTES] = { 0x0f, 0x01, 0xcb };

void patches_apply(void)
{
	if (!cpu_has(CPU_HAS_SMAP))
		return;
	for (const struct patch *patch = __start_patches; patch < __stop_patches; patch++) {
		uint8_t *at = (uint8_t *)&patch->where + patch->where;

		memcpy(at, patch->kind == PATCH_STAC ? stac : clac, PATCH_BYTES);
	}
}
