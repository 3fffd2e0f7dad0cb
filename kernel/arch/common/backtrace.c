/*
 * Walking stacks: every kernel function keeps the frame pointer, which leads to the caller's and to
 * where the caller goes on, on each CPU in this order (x86-64 psABI 3.2.2, AAPCS64 6.4.6).
 */
#include "arch/context.h"
#include "arch/common/waiting_text.h"
#include "arch/mmu.h"
#include "machine/layout.h"

#define STACK_CHANGES 3

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
	unsigned changes = 0;

	while (record_is_readable(frame_pointer)) {
		const struct frame_record *record = (const struct frame_record *)frame_pointer;
		virtual_t resume = return_address_plain(record->resume);

		/* A wild jump leaves an address that is not the kernel's, and callers above it. */
		if (resume >= KERNEL_IMAGE_BASE && !visit(resume, argument))
			return;
		/* Callers lie above. A few steps down are from an interrupt's stack to the one it
		 * interrupted; more would be a circle. */
		if (record->next <= frame_pointer && ++changes > STACK_CHANGES)
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
	virtual_t record = context->machine.stack_pointer + SWITCHED_RECORD, found = 0;

	if (record_is_readable(record))
		context_backtrace(((const struct frame_record *)record)->next, visit_sleeper,
				  &found);
	return found;
}
