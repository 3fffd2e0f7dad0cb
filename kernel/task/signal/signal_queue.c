/*
 * Queues of pending signals: one bit for each number, and the information in order of arrival. A
 * standard signal is queued once, real-time ones as often as they come (signal(7)).
 */
#include "base/errno.h"
#include "memory/heap.h"
#include "task/process_timer.h"
#include "task/signal/signal_internal.h"

int signal_enqueue(struct process *process, struct signal_queue *queue, int number,
		   const struct signal_information *information)
{
	struct queued_signal *entry = NULL;
	uint64_t limit = process->limits.values[LIMIT_SIGPENDING].soft;
	bool is_real_time = number >= SIGRTMIN;

	if (!is_real_time && (queue->pending & SIGNAL_BIT(number)))
		return 0;
	if (process->signals.queued_count < limit || !is_real_time)
		entry = heap_allocate(sizeof(*entry), HEAP_ATOMIC);
	if (!entry && is_real_time && information && information->si_code != SI_USER)
		return -EAGAIN;
	/* Without an entry the signal still arrives, with no more than its number. */
	queue->pending |= SIGNAL_BIT(number);
	if (!entry)
		return 0;
	if (information)
		entry->information = *information;
	else
		entry->information.si_code = SI_KERNEL;
	entry->information.si_signo = number;
	process->signals.queued_count++;
	list_add_tail(&queue->entries, &entry->node);
	return 0;
}

/* The first entry of a number; *others says whether there are more of it. */
static struct queued_signal *entry_find(struct signal_queue *queue, int number, bool *others)
{
	struct queued_signal *entry, *found = NULL;

	*others = false;
	list_for_each(entry, &queue->entries, node) {
		if (entry->information.si_signo != number)
			continue;
		if (found) {
			*others = true;
			break;
		}
		found = entry;
	}
	return found;
}

/* Off its queue; a timer's own stays the timer's. */
static void entry_drop(struct process *process, struct queued_signal *entry)
{
	list_remove(&entry->node);
	if (entry->timer)
		return;
	process->signals.queued_count--;
	heap_free(entry);
}

static int dequeue(struct process *process, struct signal_queue *queue, signal_set set,
		   struct signal_information *information, struct process_timer **timer)
{
	signal_set candidates = queue->pending & set;
	struct queued_signal *entry;
	bool others;
	int number;

	if (!candidates)
		return 0;
	if (candidates & SIGNALS_SYNCHRONOUS)
		candidates &= SIGNALS_SYNCHRONOUS;
	number = __builtin_ctzll(candidates) + 1;
	entry = entry_find(queue, number, &others);
	if (!others)
		queue->pending &= ~SIGNAL_BIT(number);
	*information = (struct signal_information){ .si_signo = number, .si_code = SI_USER };
	if (!entry)
		return number;
	*information = entry->information;
	*timer = entry->timer;
	entry_drop(process, entry);
	return number;
}

int signal_dequeue(struct process *process, struct signal_queue *queue, signal_set set,
		   struct signal_information *information)
{
	struct process_timer *timer = NULL;
	int number = dequeue(process, queue, set, information, &timer);

	if (timer)
		process_timer_signal_taken(timer, information);
	if (number == SIGALRM && queue == &process->signals.queue)
		process_alarm_taken(process);
	return number;
}

struct queued_signal *signal_entry_make(struct process *process, struct process_timer *timer)
{
	struct queued_signal *entry = heap_allocate(sizeof(*entry), HEAP_ACCOUNT);
	bool enabled, has_room;

	if (!entry)
		return NULL;
	list_node_init(&entry->node);
	entry->timer = timer;
	enabled = spin_lock_irq(&process->signals.lock);
	has_room = process->signals.queued_count < process->limits.values[LIMIT_SIGPENDING].soft;
	process->signals.queued_count += has_room;
	spin_unlock_irq(&process->signals.lock, enabled);
	if (has_room)
		return entry;
	heap_free(entry);
	return NULL;
}

void signal_entry_set(struct queued_signal *entry, const struct signal_event *event, int id)
{
	entry->information = (struct signal_information){
		.si_signo = event->number,
		.si_code = SI_TIMER,
		.si_timerid = id,
		.si_timer_value = event->value.pointer,
	};
}

void signal_entry_free(struct process *process, struct queued_signal *entry)
{
	bool enabled = spin_lock_irq(&process->signals.lock);
	bool waits = list_node_is_linked(&entry->node);

	entry->timer = NULL;
	process->signals.queued_count -= !waits;
	spin_unlock_irq(&process->signals.lock, enabled);
	if (!waits)
		heap_free(entry);
}

void signal_discard(struct process *process, struct signal_queue *queue, signal_set set)
{
	struct queued_signal *entry, *following;

	if (!(queue->pending & set))
		return;
	queue->pending &= ~set;
	list_for_each_safe(entry, following, &queue->entries, node) {
		if (!(SIGNAL_BIT(entry->information.si_signo) & set))
			continue;
		entry_drop(process, entry);
	}
}

void signal_discard_everywhere(struct process *process, signal_set set)
{
	struct thread *thread;

	signal_discard(process, &process->signals.queue, set);
	rcu_read_lock();
	list_for_each_rcu(thread, &process->threads, process_node)
		signal_discard(process, &thread->signals.queue, set);
	rcu_read_unlock();
}
