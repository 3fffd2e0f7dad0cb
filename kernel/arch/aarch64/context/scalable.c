/* Who has SVE, and how long its vectors are (Linux's Documentation/arch/arm64/sve.rst). */
#include "arch/aarch64/context/scalable.h"

#include "arch/aarch64/context/vectors.h"
#include "arch/aarch64/cpu/features.h"
#include "arch/aarch64/cpu/scalable.h"
#include "arch/cpu.h"
#include "arch/pages.h"
#include "base/errno.h"

#define VECTOR_BYTES_DEFAULT 64
#define LENGTH_LIMIT 8192	/* of what can be asked for */
#define PR_SVE_VL_LEN_MASK UINT64_C(0xffff)
#define PR_SVE_VL_INHERIT BIT(17)
#define PR_SVE_SET_VL_ONEXEC BIT(18)

static void control_write(uint64_t program)
{
	__asm__ volatile("msr cpacr_el1, %0\n\tisb"
			 : : "r"(CPACR_FLOATING | CPACR_SCALABLE_KERNEL | program) : "memory");
}

void program_scalable_switch(const struct context_machine *machine)
{
	control_write(CPACR_SCALABLE_PROGRAM);
	vector_length_write(machine->vector_bytes);
}

void program_scalable_off(void)
{
	control_write(0);
}

int program_scalable_allocate(struct context_machine *machine)
{
	if (!machine->scalable)
		machine->scalable = arch_heap_allocate(SCALABLE_BYTES(machine->vector_bytes));
	return machine->scalable ? 0 : -ENOMEM;
}

bool program_scalable_begin(void)
{
	struct context_machine *machine = &context_current()->machine;
	bool were_enabled;

	if (!cpu_vector_bytes_limit || program_scalable_allocate(machine))
		return false;
	were_enabled = interrupts_disable();
	program_scalable_switch(machine);
	scalable_clear();
	machine->special.vectors |= BIT(SPECIAL_SCALABLE);
	interrupts_restore(were_enabled);
	return true;
}

/* A call has made the state go already; what memory it had is of another size. */
static void length_change(struct context_machine *machine, unsigned bytes)
{
	if (machine->vector_bytes == bytes)
		return;
	arch_heap_free(machine->scalable);
	machine->scalable = NULL;
	machine->vector_bytes = (uint16_t)bytes;
}

void program_scalable_reset(struct context_machine *machine)
{
	unsigned next = machine->vector_bytes_next;

	if (!cpu_vector_bytes_limit)
		return;
	length_change(machine, next ? next : cpu_vector_bytes_find(VECTOR_BYTES_DEFAULT));
	if (!machine->vector_bytes_are_inherited)
		machine->vector_bytes_next = 0;
}

static long with_flags(const struct context_machine *machine, unsigned bytes)
{
	return bytes | (machine->vector_bytes_are_inherited ? (long)PR_SVE_VL_INHERIT : 0);
}

long program_vector_length(void)
{
	struct context_machine *machine = &context_current()->machine;

	return cpu_vector_bytes_limit ? with_flags(machine, machine->vector_bytes) : -EINVAL;
}

long program_vector_length_set(unsigned long argument)
{
	struct context_machine *machine = &context_current()->machine;
	unsigned bytes = argument & PR_SVE_VL_LEN_MASK;
	unsigned long flags = argument & ~PR_SVE_VL_LEN_MASK;

	if (!cpu_vector_bytes_limit || flags & ~(PR_SVE_VL_INHERIT | PR_SVE_SET_VL_ONEXEC) ||
	    bytes < VECTOR_UNIT || bytes > LENGTH_LIMIT || bytes % VECTOR_UNIT)
		return -EINVAL;
	bytes = cpu_vector_bytes_find(bytes);
	machine->vector_bytes_next = flags ? (uint16_t)bytes : 0;
	machine->vector_bytes_are_inherited = flags & PR_SVE_VL_INHERIT;
	if (flags & PR_SVE_SET_VL_ONEXEC)
		return with_flags(machine, machine->vector_bytes_next);
	length_change(machine, bytes);
	return with_flags(machine, bytes);
}
