/* Which of each CPU's vectors belong to devices. */
#include "arch/cpu.h"
#include "arch/interrupt.h"
#include "arch/x86_64/cpu/apic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/entry/entry.h"
#include "base/atomic.h"
#include "base/errno.h"

#define MESSAGE_ADDRESS 0xfee00000

/* One bit per vector. */
struct vector_map {
	uint64_t used[4];
};
static DEFINE_PER_CPU(struct vector_map, vector_map);
static bool is_locked;	/* around all maps; reserving is rare and short */

static bool vectors_lock(void)
{
	bool were_enabled = interrupts_disable();

	while (atomic_swap_acquire(&is_locked, true))
		cpu_relax();
	return were_enabled;
}

static void vectors_unlock(bool were_enabled)
{
	atomic_store_release(&is_locked, false);
	interrupts_restore(were_enabled);
}

static bool vectors_are_free(const struct vector_map *map, unsigned first, unsigned count)
{
	for (unsigned vector = first; vector < first + count; vector++) {
		if (map->used[vector / 64] >> (vector % 64) & 1)
			return false;
	}
	return true;
}

int interrupt_number_reserve(unsigned cpu, unsigned count)
{
	struct vector_map *map;
	int result = -ENOSPC;
	bool were_enabled;

	if (cpu >= cpu_count() || !is_power_of_two(count) || count > 32)
		return -EINVAL;
	map = per_cpu(vector_map, cpu);
	were_enabled = vectors_lock();
	for (unsigned first = align_up((unsigned)VECTOR_DEVICE_FIRST, count);
	     first + count - 1 <= VECTOR_DEVICE_LAST; first += count) {
		if (!vectors_are_free(map, first, count))
			continue;
		for (unsigned vector = first; vector < first + count; vector++)
			map->used[vector / 64] |= BIT(vector % 64);
		result = (int)first;
		break;
	}
	vectors_unlock(were_enabled);
	return result;
}

void interrupt_number_release(unsigned cpu, unsigned number, unsigned count)
{
	struct vector_map *map = per_cpu(vector_map, cpu);
	bool were_enabled = vectors_lock();

	for (unsigned vector = number; vector < number + count; vector++)
		map->used[vector / 64] &= ~BIT(vector % 64);
	vectors_unlock(were_enabled);
}

void interrupt_end(unsigned number)
{
	(void)number;
	apic_end();
}

void interrupt_message(unsigned cpu, unsigned number, uint64_t *address, uint32_t *data)
{
	*address = MESSAGE_ADDRESS | (uint64_t)cpu_entry(cpu)->apic_id << 12;
	*data = number;
}

uint64_t interrupt_cpu_identity(unsigned cpu)
{
	return cpu_entry(cpu)->apic_id;
}
