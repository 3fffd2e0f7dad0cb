/* XSAVE where the CPU has it, FXSAVE elsewhere; sizes come from CPUID leaf 0xd. */
#include "arch/x86_64/context/fpu.h"

#include "arch/pages.h"
#include "arch/x86_64/cpu/features.h"
#include "arch/x86_64/cpu/registers.h"
#include "base/string.h"

/* x87, SSE, AVX, AVX-512: what Linux gives programs unasked. The rest needs permission calls. */
#define FEATURES_WANTED UINT64_C(0xe7)
#define STATE_ALIGNMENT 64
#define CONTROL_DEFAULT 0x37f
#define MXCSR_DEFAULT 0x1f80
#define MXCSR_MASK_OLDEST 0xffbf	/* CPUs that report 0 */

static uint64_t features;
static size_t state_bytes = FPU_LEGACY_BYTES;
static uint32_t mxcsr_mask = MXCSR_MASK_OLDEST;

static void xcr0_write(uint64_t value)
{
	__asm__ volatile("xsetbv" : : "c"(0), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

void fpu_detect(void)
{
	static struct fpu_state sample __aligned(STATE_ALIGNMENT);

	fpu_start();
	__asm__ volatile("fxsave64 %0" : "=m"(sample));
	if (sample.mxcsr_mask)
		mxcsr_mask = sample.mxcsr_mask;
	if (cpu_has(CPU_HAS_XSAVE)) {
		struct cpuid leaf = cpuid_read(0xd, 0);

		features = ((uint64_t)leaf.edx << 32 | leaf.eax) & FEATURES_WANTED;
		fpu_start();
		/* ebx: the size for what XCR0 enables at this moment. */
		state_bytes = cpuid_read(0xd, 0).ebx;
	}
}

void fpu_start(void)
{
	if (features)
		xcr0_write(features);
	__asm__ volatile("fninit");
}

size_t fpu_state_bytes(void)
{
	return state_bytes;
}

uint64_t fpu_features(void)
{
	return features;
}

uint32_t fpu_mxcsr_mask(void)
{
	return mxcsr_mask;
}

/* The heap aligns to 16; the distance to the start of the block stands just below the state. */
struct fpu_state *fpu_state_create(void)
{
	char *block = arch_heap_allocate(state_bytes + STATE_ALIGNMENT);
	char *aligned;

	if (!block)
		return NULL;
	aligned = (char *)align_down((uintptr_t)block + STATE_ALIGNMENT, STATE_ALIGNMENT);
	((uint64_t *)aligned)[-1] = (uint64_t)(aligned - block);
	fpu_state_reset((struct fpu_state *)aligned);
	return (struct fpu_state *)aligned;
}

void fpu_state_destroy(struct fpu_state *state)
{
	if (state)
		arch_heap_free((char *)state - ((uint64_t *)state)[-1]);
}

void fpu_state_reset(struct fpu_state *state)
{
	memset(state, 0, state_bytes);
	state->control = CONTROL_DEFAULT;
	state->mxcsr = MXCSR_DEFAULT;
}

void fpu_save(struct fpu_state *state)
{
	if (cpu_has(CPU_HAS_XSAVEOPT))
		__asm__ volatile("xsaveopt64 %0"
				 : "+m"(*state) : "a"(-1), "d"(-1) : "memory");
	else
		fpu_save_whole(state);
}

void fpu_save_whole(struct fpu_state *state)
{
	if (features)
		__asm__ volatile("xsave64 %0" : "+m"(*state) : "a"(-1), "d"(-1) : "memory");
	else
		__asm__ volatile("fxsave64 %0" : "+m"(*state) : : "memory");
}

void fpu_restore(const struct fpu_state *state)
{
	if (features)
		__asm__ volatile("xrstor64 %0" : : "m"(*state), "a"(-1), "d"(-1) : "memory");
	else
		__asm__ volatile("fxrstor64 %0" : : "m"(*state) : "memory");
}
