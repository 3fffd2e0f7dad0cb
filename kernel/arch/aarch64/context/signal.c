/*
 * Signal frames. Pushing builds one from the frame and the vector registers; popping believes
 * nothing: flags are masked, records are checked, and a bad pc is left to fault in the program.
 */
#include "arch/signal.h"

#include "arch/aarch64/context/scalable.h"
#include "arch/aarch64/context/signal_layout.h"
#include "arch/aarch64/context/vectors.h"
#include "arch/aarch64/cpu/features.h"
#include "arch/context.h"
#include "arch/user.h"
#include "base/errno.h"
#include "base/string.h"

#define STACK_ALIGNMENT 16
#define SIGNAL_STACK_DISABLED 2
#define SIGNAL_FRAME_BYTES_LIMIT 65536	/* SIGFRAME_MAXSZ */
/* Flags a program may set for itself: N Z C V, SSBS, DIT. */
#define PSTATE_OF_PROGRAM (UINT64_C(0xf0000000) | BIT(12) | BIT(24))

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

static uint32_t scalable_record_bytes(unsigned vector_bytes)
{
	return (uint32_t)align_up(sizeof(struct signal_scalable) + SCALABLE_BYTES(vector_bytes),
				  STACK_ALIGNMENT);
}

/* How the records of a frame are laid out: offsets into the reserved bytes and behind them. */
struct record_layout {
	uint32_t scalable;		/* where its record stands */
	uint32_t scalable_bytes;	/* 0: none */
	bool has_extra;			/* it stands behind the end of the others */
	uint32_t end;			/* behind the last record of all */
};

static struct record_layout records_lay_out(bool has_syndrome, uint32_t scalable_bytes)
{
	struct record_layout layout = { .scalable_bytes = scalable_bytes };

	layout.scalable = sizeof(struct signal_vectors) +
			  (has_syndrome ? sizeof(struct signal_syndrome) : 0);
	layout.has_extra = layout.scalable + scalable_bytes >
			   SIGNAL_RESERVED_BYTES - RECORD_END_BYTES - sizeof(struct signal_extra);
	if (layout.has_extra)
		layout.scalable += sizeof(struct signal_extra) + RECORD_END_BYTES;
	layout.end = layout.scalable + scalable_bytes + RECORD_END_BYTES;
	return layout;
}

static struct record_layout records_of(const struct signal_delivery *delivery)
{
	const struct context_machine *machine = &context_current()->machine;
	uint32_t scalable_bytes = 0;

	if (machine->special.vectors & BIT(SPECIAL_SCALABLE))
		scalable_bytes = scalable_record_bytes(machine->vector_bytes);
	else if (cpu_vector_bytes_limit)
		scalable_bytes = sizeof(struct signal_scalable);
	return records_lay_out(delivery->error_code, scalable_bytes);
}

static size_t frame_bytes(const struct record_layout *layout)
{
	return align_up(max(sizeof(struct signal_frame), RECORDS_OFFSET + layout->end),
			STACK_ALIGNMENT);
}

/* Where the frame goes, with the record for unwinders above it; 0 if an alternate stack would
 * overflow. */
static user_address_t frame_place(const struct frame *frame,
				  const struct signal_delivery *delivery, size_t bytes,
				  user_address_t *record)
{
	bool has_stack = delivery->stack_size && !(delivery->stack_flags & SIGNAL_STACK_DISABLED);
	bool is_bounded = delivery->is_on_alternate ||
			  (has_stack && is_on_stack(frame->sp, delivery->stack_base,
						    delivery->stack_size));
	user_address_t top = frame->sp, place;

	if (delivery->is_on_alternate)
		top = delivery->stack_base + delivery->stack_size;
	*record = align_down(top - sizeof(struct signal_frame_record), STACK_ALIGNMENT);
	place = *record - bytes;
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

/* Between program_vectors_begin() and _end(): the state is in memory. */
static int store_scalable(user_address_t records, const struct record_layout *layout)
{
	const struct context_machine *machine = &context_current()->machine;
	user_address_t at = records + layout->scalable;
	struct signal_scalable head = {
		.head = { RECORD_SCALABLE, layout->scalable_bytes },
		.vector_bytes = machine->vector_bytes,
	};
	const struct signal_extra extra = {
		.head = { RECORD_EXTRA, sizeof(extra) },
		.address = at,
		.bytes = layout->scalable_bytes + RECORD_END_BYTES,
	};
	const struct signal_record end = { 0, 0 };

	if (!layout->scalable_bytes)
		return 0;
	if (layout->has_extra &&
	    (store(at - RECORD_END_BYTES - sizeof(extra), &extra, sizeof(extra)) ||
	     store(at - RECORD_END_BYTES, &end, sizeof(end))))
		return -EFAULT;
	if (layout->scalable_bytes > sizeof(head) &&
	    store(at + sizeof(head), machine->scalable, SCALABLE_BYTES(machine->vector_bytes)))
		return -EFAULT;
	return store(at, &head, sizeof(head));
}

static NOINLINE int store_records(user_address_t place, const struct signal_delivery *delivery,
				  const struct record_layout *layout)
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
	error = store_scalable(at, layout);
	program_vectors_end(self);
	if (!error)
		error = store(at, &vectors, sizeof(vectors));
	if (!error && delivery->error_code)
		error = store(at + sizeof(vectors), &syndrome, sizeof(syndrome));
	return error ? error : store(at + layout->end - RECORD_END_BYTES, &end, sizeof(end));
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
	struct record_layout layout = records_of(delivery);
	user_address_t record, place = frame_place(frame, delivery, frame_bytes(&layout), &record);
	struct signal_frame_record link = { frame->x[29], frame->x[30] };

	if (!place)
		return -EFAULT;
	if (store_context(place, delivery) || store_machine(place, frame, delivery) ||
	    store_records(place, delivery, &layout) ||
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
	/* A handler is entered as if it had been called. */
	if (cpu_has_branch_targets)
		frame->pstate |= PSTATE_BRANCH_CALL;
	return 0;
}

/* Where a frame has what; 0: nowhere. */
struct records_found {
	user_address_t vectors, scalable;
	uint32_t vectors_bytes, scalable_bytes;
	bool has_extra;
};

/* The state behind its record, whose lower 128 bits the vector record overrules. */
static int scalable_restore(const struct records_found *found)
{
	struct context_machine *machine = &context_current()->machine;
	struct signal_scalable head;

	if (fetch(&head, found->scalable, sizeof(head)) ||
	    found->scalable_bytes < sizeof(head) || head.flags & 1 ||
	    head.vector_bytes != machine->vector_bytes)
		return -EFAULT;
	if (found->scalable_bytes == sizeof(head))
		return 0;
	if (found->scalable_bytes < sizeof(head) + SCALABLE_BYTES(machine->vector_bytes) ||
	    program_scalable_allocate(machine) ||
	    fetch(machine->scalable, found->scalable + sizeof(head),
		  SCALABLE_BYTES(machine->vector_bytes)))
		return -EFAULT;
	for (size_t i = 0; i < ARRAY_SIZE(machine->vectors->registers); i++)
		memcpy(machine->scalable + i * machine->vector_bytes,
		       machine->vectors->registers[i], sizeof(machine->vectors->registers[i]));
	machine->special.vectors |= BIT(SPECIAL_SCALABLE);
	return 0;
}

/* The call that brought us here has made all vectors short. */
static NOINLINE int vectors_restore(const struct records_found *found)
{
	struct context *self = context_current();
	struct signal_vectors vectors;
	int error = 0;

	if (found->vectors_bytes != sizeof(vectors) ||
	    fetch(&vectors, found->vectors, sizeof(vectors)))
		return -EFAULT;
	program_vectors_begin(self);
	self->machine.vectors->status = vectors.status;
	self->machine.vectors->control = vectors.control;
	memcpy(self->machine.vectors->registers, vectors.registers, sizeof(vectors.registers));
	if (found->scalable)
		error = scalable_restore(found);
	program_vectors_end(self);
	return error;
}

/* Moves on to the records that an extra record at `at` leads to: right behind it and an end. */
static int extra_follow(struct records_found *found, uint32_t record_bytes, user_address_t frame,
			user_address_t *at, user_address_t *end)
{
	user_address_t next = *at + record_bytes + RECORD_END_BYTES;
	struct signal_record terminator;
	struct signal_extra extra;

	if (found->has_extra || record_bytes < sizeof(extra) || *end - *at < record_bytes ||
	    *end - *at - record_bytes < RECORD_END_BYTES || fetch(&extra, *at, sizeof(extra)) ||
	    fetch(&terminator, *at + record_bytes, sizeof(terminator)))
		return -EFAULT;
	if (terminator.magic || terminator.bytes || extra.address != next ||
	    !is_aligned(extra.bytes, STACK_ALIGNMENT) ||
	    next > frame + SIGNAL_FRAME_BYTES_LIMIT ||
	    extra.bytes > frame + SIGNAL_FRAME_BYTES_LIMIT - next ||
	    !user_range_is_valid(next, extra.bytes) || !is_aligned(next, STACK_ALIGNMENT))
		return -EFAULT;
	found->has_extra = true;
	*at = next;
	*end = next + extra.bytes;
	return 0;
}

static int record_note(struct records_found *found, const struct signal_record *record,
		       user_address_t at)
{
	switch (record->magic) {
	case RECORD_VECTORS:
		if (found->vectors)
			return -EFAULT;
		found->vectors = at;
		found->vectors_bytes = record->bytes;
		return 0;
	case RECORD_SCALABLE:
		if (found->scalable || !cpu_vector_bytes_limit)
			return -EFAULT;
		found->scalable = at;
		found->scalable_bytes = record->bytes;
		return 0;
	default:
		return record->magic == RECORD_SYNDROME ? 0 : -EFAULT;
	}
}

/* Linux wants the vector record, once, and knows the others. */
static NOINLINE int records_restore(user_address_t place)
{
	user_address_t at = place + RECORDS_OFFSET, end = at + SIGNAL_RESERVED_BYTES;
	struct records_found found = { 0 };

	while (end - at >= sizeof(struct signal_record)) {
		struct signal_record record;

		if (fetch(&record, at, sizeof(record)))
			return -EFAULT;
		if (record.magic == 0)
			return record.bytes == 0 && found.vectors ? vectors_restore(&found) :
				-EFAULT;
		if (record.bytes < sizeof(record) || record.bytes > end - at ||
		    !is_aligned(record.bytes, STACK_ALIGNMENT))
			return -EFAULT;
		if (record.magic == RECORD_EXTRA) {
			if (extra_follow(&found, record.bytes, place, &at, &end))
				return -EFAULT;
			continue;
		}
		if (record_note(&found, &record, at))
			return -EFAULT;
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
	struct record_layout layout = records_lay_out(true, cpu_vector_bytes_limit ?
		scalable_record_bytes(cpu_vector_bytes_limit) : 0);

	return frame_bytes(&layout) + sizeof(struct signal_frame_record) + STACK_ALIGNMENT;
}
