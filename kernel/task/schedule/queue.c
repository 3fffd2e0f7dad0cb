/*
 * The queue of one CPU: real-time threads by priority, before fair ones by EEVDF. Each fair thread
 * runs its weight's share; who is not ahead of the weighted average of all is eligible, and among
 * those the earliest virtual deadline runs. The tree is ordered by deadline, and every node knows
 * the least runtime below it, so that one descent finds the first eligible one.
 *
 * The average is kept as sums relative to `base`, which follows the least runtime, so that the
 * products stay small.
 */
#include "task/schedule.h"
#include "task/schedule/run_queue.h"

DEFINE_PER_CPU(struct run_queue, run_queues) = { .lock = SPIN_LOCK_INITIALIZER(LOCK_RUN_QUEUE) };

int32_t schedule_real_time_us = REAL_TIME_PERIOD_US / 100 * 95;

/* How far behind or ahead a sleeper may be when it comes back, in slices. */
#define LAG_LIMIT_SLICES 2

static struct schedule_entity *entity_of(const struct rbtree_node *node)
{
	return rbtree_entry((struct rbtree_node *)node, struct schedule_entity, node);
}

static bool update_least(struct rbtree_node *node)
{
	struct schedule_entity *entity = entity_of(node);
	uint64_t least = entity->virtual_runtime;

	if (node->left && (int64_t)(entity_of(node->left)->least_runtime - least) < 0)
		least = entity_of(node->left)->least_runtime;
	if (node->right && (int64_t)(entity_of(node->right)->least_runtime - least) < 0)
		least = entity_of(node->right)->least_runtime;
	if (entity->least_runtime == least)
		return false;
	entity->least_runtime = least;
	return true;
}

static struct schedule_entity *running_fair(struct run_queue *queue)
{
	struct schedule_entity *entity = &queue->current->schedule;

	if (queue->current == queue->idle || !entity->is_queued || entity->real_time)
		return NULL;
	return entity;
}

struct average {
	int64_t sum, load;
};

/* Of the tree and the running thread. */
static struct average average_of_all(struct run_queue *queue)
{
	struct average average = { queue->weighted_sum, queue->load };
	struct schedule_entity *running = running_fair(queue);

	if (running) {
		average.sum += (int64_t)(running->virtual_runtime - queue->base) * running->weight;
		average.load += running->weight;
	}
	return average;
}

static uint64_t average_runtime(struct run_queue *queue, struct average average)
{
	if (average.load == 0)
		return queue->base;
	/* Rounded down, so that somebody is always eligible. */
	if (average.sum < 0)
		average.sum -= average.load - 1;
	return queue->base + (uint64_t)(average.sum / average.load);
}

static bool is_eligible(const struct run_queue *queue, struct average average, uint64_t runtime)
{
	return average.sum >= (int64_t)(runtime - queue->base) * average.load;
}

static void fair_insert(struct run_queue *queue, struct schedule_entity *entity)
{
	struct rbtree_node **link = &queue->fair.root, *parent = NULL;

	queue->weighted_sum += (int64_t)(entity->virtual_runtime - queue->base) * entity->weight;
	queue->load += entity->weight;
	entity->least_runtime = entity->virtual_runtime;
	while (*link) {
		parent = *link;
		link = (int64_t)(entity->virtual_deadline -
				 entity_of(parent)->virtual_deadline) < 0 ?
		       &parent->left : &parent->right;
	}
	if (parent)
		rbtree_insert_augmented(&queue->fair, &entity->node, parent, link, update_least);
	else
		rbtree_insert_only(&queue->fair, &entity->node);
}

static void fair_remove(struct run_queue *queue, struct schedule_entity *entity)
{
	if (likely(rbtree_is_only(&queue->fair, &entity->node)))
		rbtree_erase_only(&queue->fair, &entity->node);
	else
		rbtree_erase_augmented(&queue->fair, &entity->node, update_least);
	queue->weighted_sum -= (int64_t)(entity->virtual_runtime - queue->base) * entity->weight;
	queue->load -= entity->weight;
}

static struct schedule_entity *fair_find_best(struct run_queue *queue)
{
	struct average average = { queue->weighted_sum, queue->load };
	struct rbtree_node *node = rbtree_first(&queue->fair);

	/* Usually the earliest deadline is eligible. */
	if (!node || is_eligible(queue, average, entity_of(node)->virtual_runtime))
		return node ? entity_of(node) : NULL;
	node = queue->fair.root;
	while (node) {
		if (node->left && is_eligible(queue, average, entity_of(node->left)->least_runtime))
			node = node->left;
		else if (is_eligible(queue, average, entity_of(node)->virtual_runtime))
			return entity_of(node);
		else
			node = node->right;
	}
	/* Not reached while the sums are right: the least runtime is never above the average. */
	return entity_of(rbtree_first(&queue->fair));
}

/* Moves `base` up to the least runtime in use. */
void fair_base_advance(struct run_queue *queue)
{
	struct schedule_entity *running = running_fair(queue);
	uint64_t least;
	int64_t step;

	if (queue->fair.root) {
		least = entity_of(queue->fair.root)->least_runtime;
		if (running && (int64_t)(running->virtual_runtime - least) < 0)
			least = running->virtual_runtime;
	} else if (running) {
		least = running->virtual_runtime;
	} else {
		return;
	}
	step = (int64_t)(least - queue->base);
	if (step <= 0)
		return;
	queue->weighted_sum -= step * queue->load;
	queue->base = least;
}

static int64_t lag_limit(const struct schedule_entity *entity)
{
	return fair_scale(LAG_LIMIT_SLICES * entity->slice_ns, entity->weight);
}

void fair_leave(struct run_queue *queue, struct schedule_entity *entity)
{
	int64_t limit = lag_limit(entity);
	int64_t lag = (int64_t)(average_runtime(queue, average_of_all(queue)) -
				entity->virtual_runtime);

	entity->lag = clamp(lag, -limit, limit);
}

void fair_arrive(struct run_queue *queue, struct schedule_entity *entity)
{
	struct average average = average_of_all(queue);
	int64_t lag = entity->lag;

	/* Its own weight will pull the average towards it: start farther away to end up right. */
	if (average.load > 0 && lag != 0)
		lag = lag * (average.load + entity->weight) / average.load;
	entity->virtual_runtime = average_runtime(queue, average) - (uint64_t)lag;
	entity->virtual_deadline = entity->virtual_runtime +
				   (uint64_t)fair_scale(entity->slice_ns, entity->weight);
}

void fair_weight_set(struct schedule_entity *entity)
{
	/* Linux's table: each step of nice changes the share by 25 %. */
	static const uint32_t weights[40] = {
		88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916,
		9548, 7620, 6100, 4904, 3906, 3121, 2501, 1991, 1586, 1277,
		1024, 820, 655, 526, 423, 335, 272, 215, 172, 137,
		110, 87, 70, 56, 45, 36, 29, 23, 18, 15,
	};
	enum { IDLE_WEIGHT = 3 };
	uint32_t before = entity->weight;
	int64_t limit;

	entity->weight = entity->policy == SCHEDULE_IDLE ? IDLE_WEIGHT :
			 weights[entity->nice + 20];
	/* What it is owed, or owes, is its lag times its weight: that stays the same. */
	limit = lag_limit(entity);
	entity->lag = clamp(entity->lag * before / entity->weight, -limit, limit);
}

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
	uint32_t priority = entity->real_time;

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
	queue->real_time_waiting++;
	bitmap_set(queue->real_time_present, priority);
}

void queue_remove(struct run_queue *queue, struct thread *thread)
{
	struct schedule_entity *entity = &thread->schedule;
	uint32_t priority = entity->real_time;

	queue->waiting--;
	if (likely(priority == 0)) {
		fair_remove(queue, entity);
		return;
	}
	list_remove(&entity->list);
	queue->real_time_waiting--;
	if (list_is_empty(&queue->real_time[priority]))
		bitmap_clear(queue->real_time_present, priority);
}

/* The highest priority below `limit` that waits, 0: none. */
static uint32_t highest_below(const struct run_queue *queue, uint32_t limit)
{
	for (unsigned word = ARRAY_SIZE(queue->real_time_present); word-- > 0;) {
		uint64_t bits = READ_ONCE(queue->real_time_present[word]);

		if (limit <= word * 64)
			continue;
		if (limit - word * 64 < 64)
			bits &= BIT(limit % 64) - 1;
		if (bits)
			return word * 64 + 63 - (unsigned)__builtin_clzll(bits);
	}
	return 0;
}

static uint32_t highest_priority(const struct run_queue *queue)
{
	if (likely(READ_ONCE(queue->real_time_waiting) == 0))
		return 0;
	return highest_below(queue, REAL_TIME_PRIORITIES);
}

uint32_t queue_urgency(const struct run_queue *queue)
{
	return max(queue_running_priority(queue), highest_priority(queue));
}

bool queue_is_fair_due(const struct run_queue *queue)
{
	int32_t limit_us = READ_ONCE(schedule_real_time_us);

	return queue->real_time_used_ns > 0 && limit_us >= 0 && queue->fair.root &&
	       queue->real_time_used_ns >= (int64_t)limit_us * 1000;
}

static struct thread *find_best(struct run_queue *queue)
{
	uint32_t priority;

	if (queue->waiting == 0)
		return NULL;
	priority = likely(queue->real_time_waiting == 0) || queue_is_fair_due(queue) ?
		   0 : highest_priority(queue);
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
	uint32_t mine = thread->schedule.real_time;
	uint32_t theirs = highest_priority(queue);
	struct schedule_entity *best;

	if (queue->waiting == 0)
		return false;
	if (unlikely(mine || theirs)) {
		if (!queue_is_fair_due(queue))
			return theirs > mine;
		if (mine)
			return true;
	}
	best = rbtree_entry(rbtree_first(&queue->fair), struct schedule_entity, node);
	return (int64_t)(best->virtual_deadline - thread->schedule.virtual_deadline) < 0 &&
	       is_eligible(queue, average_of_all(queue), best->virtual_runtime);
}

/* How many of each kind a thief looks at: bounded, because the queue is locked. */
#define LOOK_AT 8

/* Of each priority some, so that none hides another. */
struct thread *queue_find_real_time(struct run_queue *queue, unsigned cpu)
{
	uint32_t priority = highest_priority(queue);

	for (; priority > 0; priority = highest_below(queue, priority)) {
		struct schedule_entity *entity;
		unsigned left = LOOK_AT;

		list_for_each(entity, &queue->real_time[priority], list) {
			if (cpu_mask_test(&entity->affinity, cpu))
				return thread_of_entity(entity);
			if (--left == 0)
				break;
		}
	}
	return NULL;
}

/*
 * The latest deadlines, then the earliest: idle threads that may not leave stay at one end, those
 * of a high weight at the other, and all else gets there sooner or later.
 */
static struct thread *find_stealable_fair(struct run_queue *queue, unsigned cpu)
{
	struct rbtree_node *node = rbtree_last(&queue->fair);

	for (unsigned i = 0; node && i < LOOK_AT; i++, node = rbtree_previous(node)) {
		if (cpu_mask_test(&entity_of(node)->affinity, cpu))
			return thread_of_entity(entity_of(node));
	}
	if (!node)
		return NULL;
	node = rbtree_first(&queue->fair);
	for (unsigned i = 0; node && i < LOOK_AT; i++, node = rbtree_next(node)) {
		if (cpu_mask_test(&entity_of(node)->affinity, cpu))
			return thread_of_entity(entity_of(node));
	}
	return NULL;
}

struct thread *queue_find_stealable(struct run_queue *queue, unsigned cpu)
{
	struct thread *thread = queue_find_real_time(queue, cpu);

	return thread ? thread : find_stealable_fair(queue, cpu);
}
