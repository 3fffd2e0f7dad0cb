/* Walking frame records: every kernel function keeps x29 (AAPCS64 6.4.6). */
#include "arch/context.h"
#include "arch/aarch64/boot/linker.h"
#include "arch/mmu.h"

struct frame_record {
	virtual_t next;
	virtual_t resume;
};

static bool record_is_readable(virtual_t record)
{
	physical_t ignored;

	return is_aligned(record, sizeof(virtual_t)) && mmu_kernel_query(record, &ignored) &&
	       mmu_kernel_query(record + sizeof(struct frame_record) - 1, &ignored);
}

void context_backtrace(virtual_t frame_pointer, bool (*visit)(virtual_t address, void *argument),
		       void *argument)
{
	while (record_is_readable(frame_pointer)) {
		const struct frame_record *record = (const struct frame_record *)frame_pointer;

		if (record->resume < KERNEL_IMAGE_BASE || !visit(record->resume, argument))
			return;
		/* Stacks grow down; anything else is damage, or another stack's end. */
		if (record->next <= frame_pointer)
			return;
		frame_pointer = record->next;
	}
}

static bool visit_sleeper(virtual_t address, void *argument)
{
	virtual_t *found = argument;

	*found = address;
	return address >= (virtual_t)__waiting_text_start &&
	       address < (virtual_t)__waiting_text_end;
}

virtual_t context_sleep_address(const struct context *context)
{
	virtual_t stack = context->machine.stack_pointer, found = 0;

	/* What context_switch_stacks() stored begins with a record: its caller's. */
	if (record_is_readable(stack))
		context_backtrace(((const struct frame_record *)stack)->next, visit_sleeper,
				  &found);
	return found;
}
