/* Waiting for registers, and those that name memory: the hardware says how it can access it. */
#include "arch/clock.h"
#include "arch/cpu.h"
#include "base/errno.h"
#include "driver/interrupt/gic_its/internal.h"

int its_register_wait(const struct registers *registers, uint64_t offset, uint32_t mask,
		      uint32_t wanted)
{
	uint64_t start = clock_cycles(), limit = clock_frequency_hz() / 1000 * WAIT_LIMIT_MS;

	for (;;) {
		bool is_late = clock_cycles() - start > limit;

		if ((register_read32(registers, offset) & mask) == wanted)
			return 0;
		if (is_late)
			return -ETIMEDOUT;
		cpu_relax();
	}
}

int its_base_write(const struct its_base *base, bool *is_coherent)
{
	uint64_t value = base->value | SHAREABILITY_INNER |
			 (uint64_t)CACHE_READ_WRITE_ALLOCATE << base->cache_shift;
	uint64_t kept;

	register_write64(base->registers, base->offset, value);
	kept = register_read64(base->registers, base->offset);
	*is_coherent = kept & SHAREABILITY_MASK;
	if (!*is_coherent) {
		/* Accesses that no cache sees must not be kept in one. */
		value = base->value | (uint64_t)CACHE_NONE << base->cache_shift;
		register_write64(base->registers, base->offset, value);
		kept = register_read64(base->registers, base->offset);
	}
	return (kept ^ value) & base->must_hold ? -EIO : 0;
}
