/* The list of device nodes that fs/dev shows and vfs/ opens by number. */
#include "device/node.h"

#include "base/atomic.h"
#include "base/errno.h"
#include "base/format.h"
#include "sync/spin_lock.h"

static struct list_head nodes = LIST_HEAD_INITIALIZER(nodes);
static struct spin_lock nodes_lock = SPIN_LOCK_INITIALIZER(LOCK_LEAF);
static uint64_t generation;
static void (*listener)(void);

void device_node_listen(void (*changed)(void))
{
	atomic_store_release(&listener, changed);
}

static void tell_listener(void)
{
	void (*changed)(void) = atomic_load_acquire(&listener);

	if (changed)
		changed();
}

static struct device_node *find_locked(uint64_t number, bool is_block)
{
	struct device_node *node;

	list_for_each(node, &nodes, node) {
		if (node->number == number && node->is_block == is_block)
			return node;
	}
	return NULL;
}

int device_node_add(struct device_node *node)
{
	bool were_enabled = spin_lock_irq(&nodes_lock);
	int result = -EEXIST;

	if (!find_locked(node->number, node->is_block)) {
		list_add_tail_rcu(&nodes, &node->node);
		generation++;
		result = 0;
	}
	spin_unlock_irq(&nodes_lock, were_enabled);
	if (result == 0)
		tell_listener();
	return result;
}

void device_node_remove(struct device_node *node)
{
	bool were_enabled = spin_lock_irq(&nodes_lock);

	list_remove_rcu(&node->node);
	generation++;
	spin_unlock_irq(&nodes_lock, were_enabled);
	tell_listener();
}

struct device_node *device_node_find(uint64_t number, bool is_block)
{
	bool were_enabled = spin_lock_irq(&nodes_lock);
	struct device_node *node = find_locked(number, is_block);

	spin_unlock_irq(&nodes_lock, were_enabled);
	return node;
}

struct device_node *device_node_next(struct device_node *after)
{
	bool were_enabled = spin_lock_irq(&nodes_lock);
	struct device_node *node = after ? list_next(after, &nodes, node) :
					   list_first(&nodes, struct device_node, node);

	spin_unlock_irq(&nodes_lock, were_enabled);
	return node;
}

uint64_t device_node_generation(void)
{
	return atomic_load_acquire(&generation);
}

/* The node of the kind with the lowest major from `major` on. */
static struct device_node *major_next(uint32_t major, bool is_block)
{
	struct device_node *best = NULL;

	for (struct device_node *node = device_node_next(NULL); node;
	     node = device_node_next(node)) {
		if (node->is_block != is_block || DEVICE_MAJOR(node->number) < major)
			continue;
		if (!best || DEVICE_MAJOR(node->number) < DEVICE_MAJOR(best->number))
			best = node;
	}
	return best;
}

static void majors_describe(struct format_sink *sink, bool is_block)
{
	struct device_node *node = major_next(0, is_block);

	while (node) {
		format_to(sink, "%3u %s\n", DEVICE_MAJOR(node->number),
			  node->subsystem ? node->subsystem : node->name);
		node = major_next(DEVICE_MAJOR(node->number) + 1, is_block);
	}
}

void device_major_describe(struct format_sink *sink)
{
	format_to(sink, "Character devices:\n");
	majors_describe(sink, false);
	format_to(sink, "\nBlock devices:\n");
	majors_describe(sink, true);
}
