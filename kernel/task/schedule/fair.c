/*
 * Virtual time (EEVDF). Each fair thread runs its weight's share; who is not ahead of the weighted
 * average of all is eligible, and among those the earliest virtual deadline runs. The tree is
 * ordered by deadline, and every node knows the least runtime below it, so that one descent finds
 * the first eligible one.
 *
 * The average is kept as sums relative to `base`, which follows the least runtime, so that the
 * products stay small.
 */
#include "task/schedule/run_queue.h"

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

static int64_t scale(int64_t run_ns, uint32_t weight)
{
	return likely(weight == NICE_0_WEIGHT) ? run_ns : run_ns * NICE_0_WEIGHT / weight;
}

static struct schedule_entity *running_fair(struct run_queue *queue)
{
	struct schedule_entity *entity = &queue->current->schedule;

	if (queue->current == queue->idle || !entity->is_queued || real_time_priority(entity))
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

bool fair_is_eligible(struct run_queue *queue, const struct schedule_entity *entity)
{
	return is_eligible(queue, average_of_all(queue), entity->virtual_runtime);
}

void fair_insert(struct run_queue *queue, struct schedule_entity *entity)
{
	struct rbtree_node **link = &queue->fair.root, *parent = NULL;

	while (*link) {
		parent = *link;
		link = (int64_t)(entity->virtual_deadline -
				 entity_of(parent)->virtual_deadline) < 0 ?
		       &parent->left : &parent->right;
	}
	entity->least_runtime = entity->virtual_runtime;
	rbtree_insert_augmented(&queue->fair, &entity->node, parent, link, update_least);
	queue->weighted_sum += (int64_t)(entity->virtual_runtime - queue->base) * entity->weight;
	queue->load += entity->weight;
}

void fair_remove(struct run_queue *queue, struct schedule_entity *entity)
{
	rbtree_erase_augmented(&queue->fair, &entity->node, update_least);
	queue->weighted_sum -= (int64_t)(entity->virtual_runtime - queue->base) * entity->weight;
	queue->load -= entity->weight;
}

struct schedule_entity *fair_find_best(struct run_queue *queue)
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

bool fair_charge(struct schedule_entity *entity, int64_t run_ns)
{
	entity->virtual_runtime += (uint64_t)scale(run_ns, entity->weight);
	if ((int64_t)(entity->virtual_runtime - entity->virtual_deadline) < 0)
		return false;
	entity->virtual_deadline = entity->virtual_runtime +
				   (uint64_t)scale(entity->slice_ns, entity->weight);
	return true;
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

void fair_leave(struct run_queue *queue, struct schedule_entity *entity)
{
	int64_t limit = scale(LAG_LIMIT_SLICES * entity->slice_ns, entity->weight);
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
				   (uint64_t)scale(entity->slice_ns, entity->weight);
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

	entity->weight = entity->policy == SCHEDULE_IDLE ? IDLE_WEIGHT :
			 weights[entity->nice + 20];
}
