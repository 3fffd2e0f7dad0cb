/* How many CPUs there are, and which of them run. */
#include "arch/common/online.h"

#include "arch/cpu.h"
#include "base/atomic.h"

static unsigned count = 1, left_off;
static struct cpu_mask online;

unsigned cpu_count(void)
{
	return count;
}

unsigned cpu_present_count(void)
{
	return count + left_off;
}

bool cpu_number_take(unsigned *cpu)
{
	if (count == CPU_LIMIT) {
		left_off++;
		return false;
	}
	*cpu = count++;
	return true;
}

unsigned cpu_online_count(void)
{
	unsigned running = 0;

	for (unsigned i = 0; i < CPU_LIMIT / 64; i++)
		running += (unsigned)__builtin_popcountll(atomic_load_relaxed(&online.words[i]));
	return running;
}

bool cpu_is_online(unsigned cpu)
{
	return cpu < CPU_LIMIT && atomic_load_relaxed(&online.words[cpu / 64]) >> (cpu % 64) & 1;
}

void cpu_online_mask(struct cpu_mask *mask)
{
	for (unsigned i = 0; i < CPU_LIMIT / 64; i++)
		mask->words[i] = atomic_load_relaxed(&online.words[i]);
}

void cpu_mark_online(unsigned cpu, bool is_online)
{
	if (is_online)
		atomic_fetch_or_ordered(&online.words[cpu / 64], BIT(cpu % 64));
	else
		atomic_fetch_and_ordered(&online.words[cpu / 64], ~BIT(cpu % 64));
}
