/*
 * From the entry code to the generated stub: the number is clamped so that a mispredicted branch
 * cannot read past the table, and only traced threads do more.
 */
#include "arch/upcalls.h"
#include "syscall/support.h"
#include "task/thread.h"

/* The entry of a number, or NULL. */
static inline const struct call_entry *call_find(long number)
{
	size_t index = number >= CALL_AEGIS_FIRST ?
		(size_t)number - CALL_AEGIS_FIRST + CALL_LINUX_LIMIT : (size_t)number;
	size_t limit = call_table_size;
	const struct call_entry *entry;

	if (unlikely(index >= limit ||
		     (number >= CALL_LINUX_LIMIT && number < CALL_AEGIS_FIRST)))
		return NULL;
	/* Under misspeculation the comparison's mask makes the index 0. The compiler may not know
	 * that the limit was compared already. */
	__asm__("" : "+r"(limit));
	index &= -(size_t)(index < limit);
	entry = &call_table[index];
	return entry->stub ? entry : NULL;
}

static NOINLINE long call_traced(const struct call_entry *entry, struct frame *frame)
{
	long result;

	trace_call_enter(entry, frame);
	result = entry->stub(frame);
	trace_call_leave(entry, frame, result);
	return result;
}

void upcall_call(struct frame *frame)
{
	long number = frame_call_number(frame);
	const struct call_entry *entry = call_find(number);
	long result;

	if (unlikely(!entry))
		result = missing_call(number);
	else if (unlikely(READ_ONCE(context_current()->work) & WORK_TRACE))
		result = call_traced(entry, frame);
	else
		result = entry->stub(frame);
	/* rt_sigreturn and execve replaced the registers and cleared the call number. */
	if (likely(frame_call_number(frame) >= 0))
		frame_result_set(frame, result);
}
