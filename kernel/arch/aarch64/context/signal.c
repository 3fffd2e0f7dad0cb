/*
 * Signal frames. Pushing builds one from the frame and the vector registers; popping believes
 * nothing: flags are masked, records are checked, and a bad pc is left to fault in the program.
 */
#include "arch/signal.h"

#include "arch/aarch64/context/signal_layout.h"
#include "arch/aarch64/context/vectors.h"
#include "arch/aarch64/cpu/features.h"
#include "arch/context.h"
#include "arch/user.h"
#include "base/errno.h"
#include "base/string.h"

#define STACK_ALIGNMENT 16
#define SIGNAL_STACK_DISABLED 2
/* Flags a program may set for itself: N Z C V, SSBS, DIT. */
#define PSTATE_OF_PROGRAM (UINT64_C(0xf0000000) | BIT(12) | BIT(24))

/* BTYPE: how the last branch went; a handler is entered as if it had been called (BLR). */
#define PSTATE_BRANCH (UINT64_C(3) << 10)
#define PSTATE_BRANCH_CALL (UINT64_C(2) << 10)

/* What no program runs with: exception levels, AArch32, masked interrupts. */
#define PSTATE_OF_KERNEL UINT64_C(0x3df)

#define RECORDS_OFFSET offsetof(struct signal_frame, context.machine.reserved)

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

/* Where the frame goes, with the record for unwinders above it; 0 if an alternate stack would
 * overflow. */
static user_address_t frame_place(const struct frame *frame,
				  const struct signal_delivery *delivery, user_address_t *record)
{
	bool has_stack = delivery->stack_size && !(delivery->stack_flags & SIGNAL_STACK_DISABLED);
	bool is_bounded = delivery->is_on_alternate ||
			  (has_stack && is_on_stack(frame->sp, delivery->stack_base,
						    delivery->stack_size));
	user_address_t top = frame->sp, place;

	if (delivery->is_on_alternate)
		top = delivery->stack_base + delivery->stack_size;
	*record = align_down(top - sizeof(struct signal_frame_record), STACK_ALIGNMENT);
	place = *record - sizeof(struct signal_frame);
	if (is_bounded && !is_on_stack(place, delivery->stack_base, delivery->stack_size))
		return 0;
	return place;
}

/* Each piece is stored by itself: the whole is larger than a kernel stack should carry. */
static int store_machine(user_address_t place, const struct frame *frame,
			 const struct signal_delivery *delivery)
{
	user_address_t at = place + offsetof(struct signal_frame, context.machine);
	uint64_t words[1 + 31 + 3];

	words[0] = delivery->fault_address;
	memcpy(&words[1], frame->x, sizeof(frame->x));
	words[32] = frame->sp;
	words[33] = frame->pc;
	words[34] = frame->pstate;
	return store(at, words, sizeof(words));
}

static int store_records(user_address_t place, const struct signal_delivery *delivery)
{
	struct context *self = context_current();
	user_address_t at = place + RECORDS_OFFSET;
	struct signal_vectors vectors = {
		.head = { RECORD_VECTORS, sizeof(vectors) },
	};
	struct signal_syndrome syndrome = {
		.head = { RECORD_SYNDROME, sizeof(syndrome) },
		.syndrome = delivery->error_code,
	};
	const struct signal_record end = { 0, 0 };
	int error;

	program_vectors_begin(self);
	vectors.status = self->machine.vectors->status;
	vectors.control = self->machine.vectors->control;
	memcpy(vectors.registers, self->machine.vectors->registers, sizeof(vectors.registers));
	program_vectors_end(self);
	error = store(at, &vectors, sizeof(vectors));
	at += sizeof(vectors);
	if (!error && delivery->error_code) {
		error = store(at, &syndrome, sizeof(syndrome));
		at += sizeof(syndrome);
	}
	return error ? error : store(at, &end, sizeof(end));
}

static int store_context(user_address_t place, const struct signal_delivery *delivery)
{
	struct {
		uint64_t flags;
		user_address_t link;
		struct signal_stack stack;
		uint64_t blocked;
		uint8_t unused[120];
	} context = {
		.stack = { .base = delivery->stack_base, .flags = delivery->stack_flags,
			   .size = delivery->stack_size },
		.blocked = delivery->blocked,
	};

	static_assert(sizeof(context) == 168, "as in struct signal_context");
	return store(place + offsetof(struct signal_frame, context), &context, sizeof(context));
}

int signal_frame_push(struct frame *frame, const struct signal_delivery *delivery)
{
	user_address_t record, place = frame_place(frame, delivery, &record);
	struct signal_frame_record link = { frame->x[29], frame->x[30] };

	if (!place)
		return -EFAULT;
	if (store_context(place, delivery) || store_machine(place, frame, delivery) ||
	    store_records(place, delivery) ||
	    store(place, delivery->information, sizeof(((struct signal_frame *)0)->information)) ||
	    store(record, &link, sizeof(link)))
		return -EFAULT;

	frame->x[0] = (uint64_t)delivery->number;
	frame->x[1] = place + offsetof(struct signal_frame, information);
	frame->x[2] = place + offsetof(struct signal_frame, context);
	frame->x[29] = record;
	frame->x[30] = delivery->restorer;
	frame->sp = place;
	frame->pc = delivery->handler;
	frame->pstate &= PSTATE_OF_PROGRAM;
	if (cpu_has_branch_targets)
		frame->pstate |= PSTATE_BRANCH_CALL;
	return 0;
}

static NOINLINE int vectors_restore(user_address_t at, uint32_t bytes)
{
	struct context *self = context_current();
	struct signal_vectors vectors;

	if (bytes != sizeof(vectors) || fetch(&vectors, at, sizeof(vectors)))
		return -EFAULT;
	program_vectors_begin(self);
	self->machine.vectors->status = vectors.status;
	self->machine.vectors->control = vectors.control;
	memcpy(self->machine.vectors->registers, vectors.registers, sizeof(vectors.registers));
	program_vectors_end(self);
	return 0;
}

/* Linux wants the vector record, once, and knows the others' sizes. */
static NOINLINE int records_restore(user_address_t place)
{
	user_address_t at = place + RECORDS_OFFSET, end = at + SIGNAL_RESERVED_BYTES;
	bool has_vectors = false;

	while (end - at >= sizeof(struct signal_record)) {
		struct signal_record record;

		if (fetch(&record, at, sizeof(record)))
			return -EFAULT;
		if (record.magic == 0)
			return record.bytes == 0 && has_vectors ? 0 : -EFAULT;
		if (record.bytes < sizeof(record) || record.bytes > end - at ||
		    !is_aligned(record.bytes, STACK_ALIGNMENT))
			return -EFAULT;
		if (record.magic == RECORD_VECTORS) {
			if (has_vectors || vectors_restore(at, record.bytes))
				return -EFAULT;
			has_vectors = true;
		} else if (record.magic != RECORD_SYNDROME) {
			return -EFAULT;
		}
		at += record.bytes;
	}
	return -EFAULT;
}

int signal_frame_pop(struct frame *frame, struct signal_return *restored)
{
	user_address_t place = frame->sp;
	struct {
		uint64_t flags;
		user_address_t link;
		struct signal_stack stack;
		uint64_t blocked;
	} context;
	uint64_t words[1 + 31 + 3];

	if (!is_aligned(place, STACK_ALIGNMENT) ||
	    fetch(&context, place + offsetof(struct signal_frame, context), sizeof(context)) ||
	    fetch(words, place + offsetof(struct signal_frame, context.machine), sizeof(words)) ||
	    records_restore(place) || (words[34] & PSTATE_OF_KERNEL))
		return -EFAULT;
	memcpy(frame->x, &words[1], sizeof(frame->x));
	frame->sp = words[32];
	frame->pc = words[33];
	frame->pstate = words[34] & (PSTATE_OF_PROGRAM |
				     (cpu_has_branch_targets ? PSTATE_BRANCH : 0));
	frame->call_number = (uint64_t)-1;
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
	return sizeof(struct signal_frame) + sizeof(struct signal_frame_record) +
	       STACK_ALIGNMENT;
}
