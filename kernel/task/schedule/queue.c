/*
 * The queue of one CPU as a whole: real-time threads by priority before fair ones.
 */
#include "task/schedule/run_queue.h"

DEFINE_PER_CPU(struct run_queue, run_queues) = { .lock = SPIN_LOCK_INITIALIZER(LOCK_RUN_QUEUE) };

void run_queue_init(struct run_queue *queue, unsigned cpu)
{
	queue->cpu = cpu;
	rbtree_init(&queue->fair);
	for (unsigned i = 0; i < REAL_TIME_PRIORITIES; i++)
		list_init(&queue->real_time[i]);
	tick_cpu_init(queue);
}

void queue_insert(struct run_queue *queue, struct thread *thread)
{
	struct schedule_entity *entity = &thread->schedule;
	uint32_t priority = real_time_priority(entity);

	queue->waiting++;
	if (likely(priority == 0)) {
		fair_insert(queue, entity);
		return;
	}
	/* Who was preempted goes on first; who used up its slice, or woke up, waits its turn. */
	if (entity->slice_used_ns > 0)
		list_add(&queue->real_time[priority], &entity->list);
	else
		list_add_tail(&queue->real_time[priority], &entity->list);
	bitmap_set(queue->real_time_present, priority);
}

void queue_remove(struct run_queue *queue, struct thread *thread)
{
	struct schedule_entity *entity = &thread->schedule;
	uint32_t priority = real_time_priority(entity);

	queue->waiting--;
	if (likely(priority == 0)) {
		fair_remove(queue, entity);
		return;
	}
	list_remove(&entity->list);
	if (list_is_empty(&queue->real_time[priority]))
		bitmap_clear(queue->real_time_present, priority);
}

/* The highest priority that waits, 0: none. */
static uint32_t highest_priority(const struct run_queue *queue)
{
	for (unsigned word = ARRAY_SIZE(queue->real_time_present); word-- > 0;) {
		uint64_t bits = queue->real_time_present[word];

		if (bits)
			return word * 64 + 63 - (unsigned)__builtin_clzll(bits);
	}
	return 0;
}

static struct thread *find_best(struct run_queue *queue)
{
	uint32_t priority;

	if (queue->waiting == 0)
		return NULL;
	priority = highest_priority(queue);
	if (unlikely(priority > 0))
		return thread_of_entity(list_first(&queue->real_time[priority],
						   struct schedule_entity, list));
	return thread_of_entity(fair_find_best(queue));
}

struct thread *queue_take_best(struct run_queue *queue)
{
	struct thread *best = find_best(queue);

	if (best)
		queue_remove(queue, best);
	return best;
}

/* Whether the thread that just arrived in the queue should run instead of `thread`. */
bool queue_best_beats(struct run_queue *queue, const struct thread *thread)
{
	uint32_t mine = real_time_priority(&thread->schedule);
	uint32_t theirs = highest_priority(queue);
	struct schedule_entity *best;

	if (queue->waiting == 0)
		return false;
	if (mine || theirs)
		return theirs > mine;
	best = rbtree_entry(rbtree_first(&queue->fair), struct schedule_entity, node);
	return (int64_t)(best->virtual_deadline - thread->schedule.virtual_deadline) < 0 &&
	       fair_is_eligible(queue, best);
}

struct thread *queue_find_stealable(struct run_queue *queue, unsigned cpu)
{
	enum { LOOK_AT = 8 };	/* bounded: the queue is locked */
	struct rbtree_node *node = rbtree_last(&queue->fair);
	unsigned priority;

	bitmap_for_each_set(priority, queue->real_time_present, REAL_TIME_PRIORITIES) {
		struct schedule_entity *entity;

		list_for_each(entity, &queue->real_time[priority], list) {
			if (cpu_mask_test(&entity->affinity, cpu))
				return thread_of_entity(entity);
		}
	}
	for (unsigned i = 0; node && i < LOOK_AT; i++, node = rbtree_previous(node)) {
		struct schedule_entity *entity = rbtree_entry(node, struct schedule_entity, node);

		if (cpu_mask_test(&entity->affinity, cpu))
			return thread_of_entity(entity);
	}
	return NULL;
}
