/*
 * Reads of what may not be there, where they are like others: a PC answers for those who do not,
 * with all ones, and to a program of the host registers are memory.
 */
#include "arch/probe.h"

bool probe_read32(const volatile void *address, uint32_t *value)
{
	*value = *(const volatile uint32_t *)address;
	return true;
}

bool probe_read64(const volatile void *address, uint64_t *value)
{
	*value = *(const volatile uint64_t *)address;
	return true;
}
