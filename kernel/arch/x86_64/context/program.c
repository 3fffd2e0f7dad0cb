/*
 * Saving and loading what programs leave in registers that the kernel does not use. A CPU remembers
 * whose state it holds, so that coming back from a kernel thread costs nothing.
 */
#include "arch/x86_64/context/program.h"

#include "arch/cpu.h"
#include "arch/x86_64/context/fpu.h"
#include "arch/x86_64/cpu/features.h"
#include "arch/x86_64/cpu/registers.h"
#include "base/errno.h"
#include "base/string.h"

enum { SELECTOR_DS, SELECTOR_ES, SELECTOR_FS, SELECTOR_GS };

#define DR7_ANY_ENABLED UINT64_C(0xff)

/* The context whose state this CPU's registers hold, if that context agrees (fpu_cpu). */
static DEFINE_PER_CPU(struct context *, state_owner);

static user_address_t fs_base_read(void)
{
	uint64_t base;

	if (!cpu_has(CPU_HAS_FSGSBASE))
		return msr_read(MSR_FS_BASE);
	__asm__ volatile("rdfsbase %0" : "=r"(base));
	return base;
}

static void fs_base_write(user_address_t base)
{
	if (cpu_has(CPU_HAS_FSGSBASE))
		__asm__ volatile("wrfsbase %0" : : "r"(base));
	else
		msr_write(MSR_FS_BASE, base);
}

/* The program's gs base waits in the other register while the kernel runs. Masked. */
static user_address_t gs_base_read(void)
{
	uint64_t base;

	if (!cpu_has(CPU_HAS_FSGSBASE))
		return msr_read(MSR_KERNEL_GS_BASE);
	__asm__ volatile("swapgs\n\trdgsbase %0\n\tswapgs" : "=r"(base) : : "memory");
	return base;
}

static void gs_base_write(user_address_t base)
{
	if (cpu_has(CPU_HAS_FSGSBASE))
		__asm__ volatile("swapgs\n\twrgsbase %0\n\tswapgs" : : "r"(base) : "memory");
	else
		msr_write(MSR_KERNEL_GS_BASE, base);
}

static void selectors_read(uint16_t *selectors)
{
	__asm__ volatile("movw %%ds, %0\n\tmovw %%es, %1\n\tmovw %%fs, %2\n\tmovw %%gs, %3"
			 : "=m"(selectors[SELECTOR_DS]), "=m"(selectors[SELECTOR_ES]),
			   "=m"(selectors[SELECTOR_FS]), "=m"(selectors[SELECTOR_GS]));
}

/* A program could only load these: null ones and the user data segment. Changes both bases. */
static uint16_t selector_clean(uint16_t selector)
{
	return selector == SELECTOR_USER_DATA ? selector : 0;
}

static void selectors_write(const uint16_t *selectors)
{
	__asm__ volatile("movw %w0, %%ds\n\tmovw %w1, %%es\n\tmovw %w2, %%fs\n\t"
			 "swapgs\n\tmovw %w3, %%gs\n\tswapgs"
			 : : "r"(selector_clean(selectors[SELECTOR_DS])),
			     "r"(selector_clean(selectors[SELECTOR_ES])),
			     "r"(selector_clean(selectors[SELECTOR_FS])),
			     "r"(selector_clean(selectors[SELECTOR_GS])) : "memory");
}

static bool selectors_differ(const uint16_t *a, const uint16_t *b)
{
	return memcmp(a, b, 4 * sizeof(*a)) != 0;
}

static void breakpoints_load(const uint64_t *registers)
{
	dr0_write(registers[0]);
	dr1_write(registers[1]);
	dr2_write(registers[2]);
	dr3_write(registers[3]);
	dr7_write(registers[4]);
}

void program_state_save(struct context *context)
{
	struct context_machine *machine = &context->machine;

	if (unlikely(machine->debug_registers[4] & DR7_ANY_ENABLED))
		dr7_write(0);
	if (machine->is_detached)
		return;
	fpu_save(machine->fpu);
	machine->fs_base = fs_base_read();
	machine->gs_base = gs_base_read();
	selectors_read(machine->selectors);
}

void program_state_load(struct context *context)
{
	struct context_machine *machine = &context->machine;
	struct context **owner = this_cpu(state_owner);
	unsigned cpu = cpu_current();
	uint16_t selectors[4];

	if (unlikely(machine->debug_registers[4] & DR7_ANY_ENABLED))
		breakpoints_load(machine->debug_registers);
	if (machine->is_detached || (*owner == context && machine->fpu_cpu == cpu))
		return;
	*owner = context;
	machine->fpu_cpu = cpu;
	fpu_restore(machine->fpu);
	selectors_read(selectors);
	if (unlikely(selectors_differ(selectors, machine->selectors)))
		selectors_write(machine->selectors);
	fs_base_write(machine->fs_base);
	gs_base_write(machine->gs_base);
}

void program_state_copy(struct context *to, struct context *from)
{
	bool were_enabled;

	if (!from->machine.fpu)
		return;
	were_enabled = interrupts_disable();
	program_state_save(from);
	memcpy(to->machine.fpu, from->machine.fpu, fpu_state_bytes());
	to->machine.fs_base = from->machine.fs_base;
	to->machine.gs_base = from->machine.gs_base;
	memcpy(to->machine.selectors, from->machine.selectors, sizeof(to->machine.selectors));
	if (unlikely(from->machine.debug_registers[4] & DR7_ANY_ENABLED))
		breakpoints_load(from->machine.debug_registers);
	interrupts_restore(were_enabled);
}

void program_state_reset(struct context *self)
{
	struct context_machine *machine = &self->machine;
	bool were_enabled = interrupts_disable();

	fpu_state_reset(machine->fpu);
	machine->fs_base = 0;
	machine->gs_base = 0;
	memset(machine->selectors, 0, sizeof(machine->selectors));
	memset(machine->debug_registers, 0, sizeof(machine->debug_registers));
	dr7_write(0);
	machine->is_detached = false;
	machine->fpu_cpu = PROGRAM_STATE_NOWHERE;
	program_state_load(self);
	interrupts_restore(were_enabled);
}

void program_vectors_begin(struct context *self)
{
	bool were_enabled = interrupts_disable();

	program_state_save(self);
	/* Every byte counts where the program is going to see them. */
	fpu_save_whole(self->machine.fpu);
	self->machine.fpu_cpu = PROGRAM_STATE_NOWHERE;
	self->machine.is_detached = true;
	interrupts_restore(were_enabled);
}

void program_vectors_end(struct context *self)
{
	bool were_enabled = interrupts_disable();

	self->machine.is_detached = false;
	program_state_load(self);
	interrupts_restore(were_enabled);
}

user_address_t context_thread_pointer(const struct context *context)
{
	if (context == context_current() && !context->machine.is_detached)
		return fs_base_read();
	return context->machine.fs_base;
}

int context_thread_pointer_set(struct context *context, user_address_t value)
{
	bool were_enabled;

	if (value >= USER_ADDRESS_END)
		return -EPERM;
	were_enabled = interrupts_disable();
	context->machine.fs_base = value;
	if (context == context_current() && context->machine.fpu)
		fs_base_write(value);
	else
		context->machine.fpu_cpu = PROGRAM_STATE_NOWHERE;
	interrupts_restore(were_enabled);
	return 0;
}

user_address_t program_gs_base(void)
{
	bool were_enabled = interrupts_disable();
	user_address_t base = gs_base_read();

	interrupts_restore(were_enabled);
	return base;
}

void program_gs_base_set(user_address_t base)
{
	bool were_enabled = interrupts_disable();

	gs_base_write(base);
	interrupts_restore(were_enabled);
}
