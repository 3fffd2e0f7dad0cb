/*
 * Signal frames. Pushing builds one from the frame and the live vector registers; popping believes
 * nothing: selectors are fixed, flags masked, and a bad rip is left to fault in the program.
 */
#include "arch/signal.h"

#include "arch/context.h"
#include "arch/mmu.h"
#include "arch/user.h"
#include "arch/x86_64/context/program.h"
#include "arch/x86_64/context/signal_layout.h"
#include "arch/x86_64/context/signal_vectors.h"
#include "arch/x86_64/cpu/registers.h"
#include "base/errno.h"
#include "base/string.h"

#define RED_ZONE_BYTES 128
#define STACK_ALIGNMENT 16

#define SIGNAL_STACK_DISABLED 2
/* Flags a program may set for itself: CF PF AF ZF SF TF DF OF RF AC. */
#define RFLAGS_OF_PROGRAM UINT64_C(0x50dd5)

static int store(user_address_t to, const void *from, size_t length)
{
	if (!user_range_is_valid(to, length) || user_raw_copy_out(to, from, length))
		return -EFAULT;
	return 0;
}

static int fetch(void *to, user_address_t from, size_t length)
{
	if (!user_range_is_valid(from, length) || user_raw_copy_in(to, from, length))
		return -EFAULT;
	return 0;
}

static bool is_on_stack(user_address_t address, user_address_t base, uint64_t size)
{
	return address > base && address - base <= size;
}

/* Where the frame goes, with the vector area above it; 0 if an alternate stack would overflow. */
static user_address_t frame_place(const struct frame *frame,
				  const struct signal_delivery *delivery, user_address_t *vectors)
{
	bool has_stack = delivery->stack_size && !(delivery->stack_flags & SIGNAL_STACK_DISABLED);
	bool is_bounded = delivery->is_on_alternate ||
			  (has_stack && is_on_stack(frame->rsp, delivery->stack_base,
						    delivery->stack_size));
	user_address_t top = frame->rsp - RED_ZONE_BYTES, place;

	if (delivery->is_on_alternate)
		top = delivery->stack_base + delivery->stack_size;
	*vectors = signal_vectors_place(top);
	/* As after a CALL: the return address is what breaks the alignment. */
	place = align_down(*vectors - sizeof(struct signal_frame), STACK_ALIGNMENT) - 8;
	if (is_bounded && !is_on_stack(place, delivery->stack_base, delivery->stack_size))
		return 0;
	return place;
}

static void machine_fill(struct signal_machine_context *machine, const struct frame *frame,
			 const struct signal_delivery *delivery)
{
	*machine = (struct signal_machine_context){
		.r8 = frame->r8, .r9 = frame->r9, .r10 = frame->r10, .r11 = frame->r11,
		.r12 = frame->r12, .r13 = frame->r13, .r14 = frame->r14, .r15 = frame->r15,
		.rdi = frame->rdi, .rsi = frame->rsi, .rbp = frame->rbp, .rbx = frame->rbx,
		.rdx = frame->rdx, .rax = frame->rax, .rcx = frame->rcx, .rsp = frame->rsp,
		.rip = frame->rip, .rflags = frame->rflags,
		.cs = (uint16_t)frame->cs, .ss = (uint16_t)frame->ss,
		.error_code = delivery->error_code,
		.trap_number = delivery->trap_number,
		.old_mask = delivery->blocked,
		.fault_address = delivery->fault_address,
	};
}

int signal_frame_push(struct frame *frame, const struct signal_delivery *delivery)
{
	struct signal_frame out;
	user_address_t vectors, place = frame_place(frame, delivery, &vectors);

	if (!place || !delivery->has_restorer)
		return -EFAULT;
	out.restorer = delivery->restorer;
	out.context = (struct signal_context){
		.flags = CONTEXT_HAS_STACK_SEGMENT | CONTEXT_STRICT_STACK_SEGMENT |
			 (signal_vectors_are_extended() ? CONTEXT_HAS_XSTATE : 0),
		.stack = { .base = delivery->stack_base, .flags = delivery->stack_flags,
			   .size = delivery->stack_size },
		.blocked = delivery->blocked,
	};
	machine_fill(&out.context.machine, frame, delivery);
	out.context.machine.vectors = vectors;
	memcpy(out.information, delivery->information, sizeof(out.information));
	if (signal_vectors_push(vectors) || store(place, &out, sizeof(out)))
		return -EFAULT;

	frame->rdi = (uint64_t)delivery->number;
	frame->rsi = place + offsetof(struct signal_frame, information);
	frame->rdx = place + offsetof(struct signal_frame, context);
	frame->rax = 0;
	frame->rsp = place;
	frame->rip = delivery->handler;
	frame->rflags &= ~(RFLAGS_DIRECTION | RFLAGS_RESUME | RFLAGS_TRAP);
	return 0;
}

static void machine_restore(struct frame *frame, const struct signal_machine_context *machine)
{
	*frame = (struct frame){
		.r8 = machine->r8, .r9 = machine->r9, .r10 = machine->r10, .r11 = machine->r11,
		.r12 = machine->r12, .r13 = machine->r13, .r14 = machine->r14,
		.r15 = machine->r15, .rdi = machine->rdi, .rsi = machine->rsi,
		.rbp = machine->rbp, .rbx = machine->rbx, .rdx = machine->rdx,
		.rax = machine->rax, .rcx = machine->rcx, .rsp = machine->rsp,
		.rip = machine->rip,
		.call_number = (uint64_t)-1,
		.cs = SELECTOR_USER_CODE,
		.ss = SELECTOR_USER_DATA,
		.rflags = (frame->rflags & ~RFLAGS_OF_PROGRAM) |
			  (machine->rflags & RFLAGS_OF_PROGRAM),
	};
}

int signal_frame_pop(struct frame *frame, struct signal_return *restored)
{
	/* The handler's RET took the return address off. */
	user_address_t place = frame->rsp - sizeof(uint64_t);
	struct signal_context context;
	int error;

	error = fetch(&context, place + offsetof(struct signal_frame, context), sizeof(context));
	if (error)
		return error;
	error = signal_vectors_pop(context.machine.vectors);
	if (error)
		return error;
	machine_restore(frame, &context.machine);
	*restored = (struct signal_return){
		.blocked = context.blocked,
		.stack_base = context.stack.base,
		.stack_size = context.stack.size,
		.stack_flags = context.stack.flags,
	};
	return 0;
}

size_t signal_frame_minimum(void)
{
	/* As Linux counts: the frame, the vectors, and what aligning both may cost. */
	return align_up(sizeof(struct signal_frame) + signal_vectors_bytes() + 64 +
			STACK_ALIGNMENT, STACK_ALIGNMENT);
}
