/*
 * Wake-ups put off to the next scheduling point of this CPU, which is requested by WORK_RESCHEDULE.
 */
#include "sync/late_wake.h"

#include "arch/context.h"
#include "base/atomic.h"
#include "sync/wait.h"

DEFINE_PER_CPU(struct late_wake *, late_wakes);

void late_wake_queue(struct late_wake *wake)
{
	struct late_wake **first;
	bool were_enabled;

	if (atomic_swap(&wake->is_queued, 1))
		return;
	were_enabled = interrupts_disable();
	first = this_cpu(late_wakes);
	wake->next = *first;
	*first = wake;
	atomic_fetch_or_relaxed(&context_current()->work, WORK_RESCHEDULE);
	interrupts_restore(were_enabled);
}

void late_wake_run_queued(void)
{
	bool were_enabled = interrupts_disable();
	struct late_wake *wake = *this_cpu(late_wakes);

	*this_cpu(late_wakes) = NULL;
	while (wake) {
		struct late_wake *next = wake->next;

		/* From here it may be queued again, by this CPU's next or another one. */
		atomic_store_ordered(&wake->is_queued, 0);
		wait_queue_wake_all(wake->queue, 0);
		wake = next;
	}
	interrupts_restore(were_enabled);
}
