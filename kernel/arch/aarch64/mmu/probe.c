/*
 * Reads that may end in an external abort (Arm ARM D1.3). A synchronous one comes at the load and
 * is recovered from by the exception table. An asynchronous one, an SError, stays pending, because
 * the kernel masks them: the load is done for certain at the barrier behind it, and then SErrors
 * are let in for two instructions, which the table lists, too. One that was pending before is taken
 * for the probe's; the kernel would have seen it at the next return to a program.
 */
#include "arch/probe.h"

#include "arch/common/recovery.h"
#include "arch/cpu.h"

#define PROBE(load, address, loaded, failed) \
	__asm__ goto("1:	" load ", [%[at]]\n" \
		     "	dsb sy\n" \
		     "	msr daifclr, #4\n" \
		     "2:	isb\n" \
		     "3:	msr daifset, #4\n" \
		     EXCEPTION_RECOVER(1b, %l[failed]) \
		     EXCEPTION_RECOVER(2b, %l[failed]) \
		     EXCEPTION_RECOVER(3b, %l[failed]) \
		     : [value] "=&r"(loaded) : [at] "r"(address) : "memory" : failed)

/* On the way of recovery, SErrors are let in as they were where it began. */
static void mask_again(bool were_enabled)
{
	__asm__ volatile("msr daifset, #4" ::: "memory");
	interrupts_restore(were_enabled);
}

bool probe_read32(const volatile void *address, uint32_t *value)
{
	bool were_enabled = interrupts_disable();
	uint32_t loaded;

	PROBE("ldr %w[value]", address, loaded, failed);
	interrupts_restore(were_enabled);
	*value = loaded;
	return true;
failed:
	mask_again(were_enabled);
	return false;
}

bool probe_read64(const volatile void *address, uint64_t *value)
{
	bool were_enabled = interrupts_disable();
	uint64_t loaded;

	PROBE("ldr %[value]", address, loaded, failed);
	interrupts_restore(were_enabled);
	*value = loaded;
	return true;
failed:
	mask_again(were_enabled);
	return false;
}
