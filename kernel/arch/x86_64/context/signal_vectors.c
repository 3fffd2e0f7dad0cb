/*
 * Vector registers in signal frames. While they are copied, the state lives in memory only, because
 * the copy may sleep. What a program wrote must pass the checks that XRSTOR would fault on.
 */
#include "arch/x86_64/context/signal_vectors.h"

#include "arch/context.h"
#include "arch/user.h"
#include "arch/x86_64/context/fpu.h"
#include "arch/x86_64/context/program.h"
#include "arch/x86_64/context/signal_layout.h"
#include "base/errno.h"
#include "base/string.h"

#define STATE_ALIGNMENT 64

static_assert(offsetof(struct fpu_state, software) == VECTORS_MARK_OFFSET, "the marks' place");

bool signal_vectors_are_extended(void)
{
	return fpu_features() != 0;
}

size_t signal_vectors_bytes(void)
{
	return fpu_state_bytes() + (signal_vectors_are_extended() ? sizeof(uint32_t) : 0);
}

user_address_t signal_vectors_place(user_address_t top)
{
	return align_down(top - signal_vectors_bytes(), STATE_ALIGNMENT);
}

static void mark_fill(struct signal_vectors_mark *mark)
{
	memset(mark, 0, sizeof(*mark));
	if (!signal_vectors_are_extended())
		return;
	mark->magic = VECTORS_MAGIC;
	mark->extended_bytes = (uint32_t)signal_vectors_bytes();
	mark->features = fpu_features();
	mark->state_bytes = (uint32_t)fpu_state_bytes();
}

int signal_vectors_push(user_address_t to)
{
	const uint32_t end_mark = VECTORS_MAGIC_END;
	struct context *self = context_current();
	struct fpu_state *state = self->machine.fpu;
	int error = 0;

	if (!user_range_is_valid(to, signal_vectors_bytes()))
		return -EFAULT;
	program_vectors_begin(self);
	/* x87 and SSE count as present, so that a handler may change them in the frame. */
	if (signal_vectors_are_extended())
		state->features |= FPU_FEATURE_X87 | FPU_FEATURE_SSE;
	mark_fill((struct signal_vectors_mark *)state->software);
	if (user_raw_copy_out(to, state, fpu_state_bytes()))
		error = -EFAULT;
	if (!error && signal_vectors_are_extended() &&
	    user_raw_copy_out(to + fpu_state_bytes(), &end_mark, sizeof(end_mark)))
		error = -EFAULT;
	if (!error)
		fpu_state_reset(state);
	program_vectors_end(self);
	return error;
}

/* Whether the area says, consistently and at both ends, that it has the extended part. */
static bool mark_is_good(const struct signal_vectors_mark *mark, user_address_t from)
{
	uint32_t end_mark;

	if (mark->magic != VECTORS_MAGIC || mark->state_bytes < FPU_HEADER_END ||
	    mark->state_bytes > fpu_state_bytes() || mark->state_bytes > mark->extended_bytes)
		return false;
	if (!user_range_is_valid(from, (uint64_t)mark->state_bytes + sizeof(end_mark)) ||
	    user_raw_copy_in(&end_mark, from + mark->state_bytes, sizeof(end_mark)))
		return false;
	return end_mark == VECTORS_MAGIC_END;
}

static int state_sanitise(struct fpu_state *state, bool is_extended, uint64_t allowed)
{
	state->mxcsr &= fpu_mxcsr_mask();
	if (!signal_vectors_are_extended())
		return 0;
	if (!is_extended) {
		/* Only the old area was given: the rest goes to its initial state. */
		memset((char *)state + FPU_LEGACY_BYTES, 0, fpu_state_bytes() - FPU_LEGACY_BYTES);
		state->features = FPU_FEATURE_X87 | FPU_FEATURE_SSE;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(state->reserved_1); i++) {
		if (state->reserved_1[i])
			return -EFAULT;
	}
	if (state->compaction || state->features & ~fpu_features())
		return -EFAULT;
	state->features &= allowed;
	return 0;
}

static int state_fetch(struct fpu_state *state, user_address_t from)
{
	struct signal_vectors_mark mark;
	bool is_extended = false;
	size_t length = FPU_LEGACY_BYTES;

	if (!user_range_is_valid(from, FPU_LEGACY_BYTES) ||
	    user_raw_copy_in(&mark, from + VECTORS_MARK_OFFSET, sizeof(mark)))
		return -EFAULT;
	if (signal_vectors_are_extended() && mark_is_good(&mark, from)) {
		is_extended = true;
		length = mark.state_bytes;
	}
	memset(state, 0, fpu_state_bytes());
	if (user_raw_copy_in(state, from, length))
		return -EFAULT;
	return state_sanitise(state, is_extended, mark.features);
}

int signal_vectors_pop(user_address_t from)
{
	struct context *self = context_current();
	int error = 0;

	program_vectors_begin(self);
	if (from)
		error = state_fetch(self->machine.fpu, from);
	if (error || !from)
		fpu_state_reset(self->machine.fpu);
	program_vectors_end(self);
	return error;
}
