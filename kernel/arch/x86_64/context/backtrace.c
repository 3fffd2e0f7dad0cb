/* Walking saved frame pointers: every kernel function keeps rbp. */
#include "arch/context.h"
#include "arch/mmu.h"
#include "arch/x86_64/boot/linker.h"

#define SAVED_RBP 5	/* words above a switched-away stack pointer */

#define STACK_CHANGES 3

struct stack_link {
	virtual_t next;
	virtual_t resume;
};

static bool link_is_readable(virtual_t link)
{
	physical_t ignored;

	return is_aligned(link, sizeof(virtual_t)) && mmu_kernel_query(link, &ignored) &&
	       mmu_kernel_query(link + sizeof(struct stack_link) - 1, &ignored);
}

void context_backtrace(virtual_t frame_pointer, bool (*visit)(virtual_t address, void *argument),
		       void *argument)
{
	unsigned changes = 0;

	while (link_is_readable(frame_pointer)) {
		const struct stack_link *link = (const struct stack_link *)frame_pointer;

		if (link->resume < KERNEL_IMAGE_BASE || !visit(link->resume, argument))
			return;
		/* Callers lie above. A few steps down are from an interrupt's stack to the one it
		 * interrupted; more would be a circle. */
		if (link->next <= frame_pointer && ++changes > STACK_CHANGES)
			return;
		frame_pointer = link->next;
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

	if (link_is_readable(stack))
		context_backtrace(((const virtual_t *)stack)[SAVED_RBP], visit_sleeper, &found);
	return found;
}
