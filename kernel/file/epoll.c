/*
 * epoll(7): a tree of watched files, and a list of those that may be ready. A watched file's queue
 * calls epoll_wake(), which only links the item; epoll_wait() asks the linked ones, so its cost
 * goes with what is ready.
 *
 * Locks: closing_lock (nested epolls, ends of files), then epoll->lock (outer before inner), then
 * the watched file's queue, ready_lock, and the queue of sleeping waiters.
 */
#include "base/errno.h"
#include "base/format.h"
#include "file/epoll_internal.h"
#include "memory/heap.h"
#include "memory/user.h"
#include <abi/fcntl.h>

/* Guards file->epoll_links of every file. */
static struct spin_lock links_lock = SPIN_LOCK_INITIALIZER(LOCK_LEAF);
/* Held while a watched file or an epoll ends, and while epolls that watch epolls change. */
static struct mutex closing_lock = MUTEX_INITIALIZER(closing_lock, LOCK_EPOLL);

static uint32_t epoll_poll(struct file *file, struct poll_table *table);

/* Puts an item on the ready list and wakes one waiter. ready_lock held; true: somebody was
 * woken. */
static bool item_make_ready(struct epoll_item *item)
{
	struct epoll *epoll = item->epoll;

	if (!list_node_is_linked(&item->ready_node))
		list_add_tail(&epoll->ready, &item->ready_node);
	return wait_queue_is_active(&epoll->waiters) &&
		wait_queue_wake_count(&epoll->waiters, 0, 1) > 0;
}

/* Tells those who poll the epoll itself. Their queue has the same class as the watched file's. */
static void pollers_wake(struct epoll *epoll)
{
	if (wait_queue_is_active(&epoll->pollers))
		wait_queue_wake_nested(&epoll->pollers, POLLIN | POLLRDNORM);
}

static bool epoll_wake(struct wait_entry *wait, uint32_t events)
{
	struct epoll_item *item = container_of(wait, struct epoll_hook, wait)->item;
	struct epoll *epoll = item->epoll;
	bool has_woken;

	spin_lock_masked(&epoll->ready_lock);
	/* Without wanted bits the item is a one-shot that has fired. */
	if (!(item->events & ~EPOLL_PRIVATE) || (events && !(events & item->events))) {
		spin_unlock_masked(&epoll->ready_lock);
		return false;
	}
	has_woken = item_make_ready(item);
	spin_unlock_masked(&epoll->ready_lock);
	pollers_wake(epoll);
	return has_woken;
}

struct epoll *file_epoll(struct file *file)
{
	return file->operations == &epoll_operations ? file->object : NULL;
}

/* poll_table of an item that is being added. */
struct item_table {
	struct poll_table table;
	struct epoll_item *item;
	bool has_failed;
};

static void hook_add(struct poll_table *table, struct file *file, struct wait_queue *queue)
{
	struct item_table *adding = container_of(table, struct item_table, table);
	struct epoll_item *item = adding->item;
	struct epoll_hook *hook = &item->hook;

	(void)file;
	if (hook->queue) {
		hook = heap_allocate(sizeof(*hook), HEAP_ACCOUNT);
		if (!hook) {
			adding->has_failed = true;
			return;
		}
		hook->next = item->hook.next;
		item->hook.next = hook;
	}
	hook->item = item;
	hook->queue = queue;
	wait_entry_init(&hook->wait, epoll_wake);
	hook->wait.is_exclusive = item->events & EPOLLEXCLUSIVE;
	wait_queue_add(queue, &hook->wait);
}

static void item_unhook(struct epoll_item *item)
{
	struct epoll_hook *hook = item->hook.next;

	if (item->hook.queue)
		wait_queue_remove(item->hook.queue, &item->hook.wait);
	while (hook) {
		struct epoll_hook *next = hook->next;

		wait_queue_remove(hook->queue, &hook->wait);
		heap_free(hook);
		hook = next;
	}
}

static void link_add(struct epoll_item *item)
{
	bool enabled = spin_lock_irq(&links_lock);

	item->link.next = item->file->epoll_links;
	WRITE_ONCE(item->file->epoll_links, &item->link);
	spin_unlock_irq(&links_lock, enabled);
}

static void link_remove(struct epoll_item *item)
{
	bool enabled = spin_lock_irq(&links_lock);
	struct epoll_link **at = &item->file->epoll_links;

	while (*at != &item->link)
		at = &(*at)->next;
	WRITE_ONCE(*at, item->link.next);
	spin_unlock_irq(&links_lock, enabled);
}

/* Compares an item with a key: the order of the tree. */
static int item_compare(const struct epoll_item *item, const struct file *file, int fd)
{
	if (item->file != file)
		return item->file < file ? -1 : 1;
	return item->fd < fd ? -1 : item->fd > fd;
}

static struct epoll_item *item_find(struct epoll *epoll, const struct file *file, int fd)
{
	struct rbtree_node *node = epoll->items.root;

	while (node) {
		struct epoll_item *item = rbtree_entry(node, struct epoll_item, node);
		int order = item_compare(item, file, fd);

		if (order == 0)
			return item;
		node = order < 0 ? node->right : node->left;
	}
	return NULL;
}

static void item_insert(struct epoll *epoll, struct epoll_item *item)
{
	struct rbtree_node **link = &epoll->items.root, *parent = NULL;

	while (*link) {
		struct epoll_item *other = rbtree_entry(*link, struct epoll_item, node);

		parent = *link;
		link = item_compare(other, item->file, item->fd) < 0 ? &parent->right :
			&parent->left;
	}
	rbtree_insert(&epoll->items, &item->node, parent, link);
}

/* Ends an item. The epoll's lock held; closing_lock too for a nested epoll. Queues first: from the
 * moment the link is gone the file may be freed. */
static void item_remove(struct epoll *epoll, struct epoll_item *item)
{
	bool enabled;

	item_unhook(item);
	enabled = spin_lock_irq(&epoll->ready_lock);
	list_remove(&item->ready_node);
	spin_unlock_irq(&epoll->ready_lock, enabled);
	rbtree_erase(&epoll->items, &item->node);
	if (item->is_nested)
		list_remove(&item->nested_node);
	link_remove(item);
	heap_free(item);
}

/* After adding or changing: what is ready already counts as an event. Lock held. */
static void item_notice(struct epoll *epoll, struct epoll_item *item, uint32_t ready)
{
	bool enabled;

	if (!(ready & item->events))
		return;
	enabled = spin_lock_irq(&epoll->ready_lock);
	item_make_ready(item);
	spin_unlock_irq(&epoll->ready_lock, enabled);
	wait_queue_wake_all(&epoll->pollers, POLLIN | POLLRDNORM);
}

static int item_add(struct epoll *epoll, struct file *target, int fd,
		    const struct epoll_event *event)
{
	struct epoll_item *item = heap_allocate(sizeof(*item), HEAP_ACCOUNT);
	struct item_table adding = { .table.add = hook_add, .item = item };
	uint32_t ready;

	if (!item)
		return -ENOMEM;
	item->epoll = epoll;
	item->file = target;
	item->fd = fd;
	item->events = event->events | POLLERR | POLLHUP;
	item->data = event->data;
	list_node_init(&item->ready_node);
	item->is_nested = file_epoll(target) != NULL;
	if (item->is_nested)
		list_add(&epoll->nested, &item->nested_node);
	item_insert(epoll, item);
	link_add(item);
	adding.table.wanted = item->events;
	ready = file_poll(target, &adding.table);
	if (adding.has_failed) {
		item_remove(epoll, item);
		return -ENOMEM;
	}
	item_notice(epoll, item, ready);
	return 0;
}

static int item_change(struct epoll *epoll, struct epoll_item *item,
		       const struct epoll_event *event)
{
	bool enabled;

	if (item->events & EPOLLEXCLUSIVE)
		return -EINVAL;
	enabled = spin_lock_irq(&epoll->ready_lock);
	item->events = event->events | POLLERR | POLLHUP;
	item->data = event->data;
	spin_unlock_irq(&epoll->ready_lock, enabled);
	/* An event after this point finds the new mask; one before is found by asking. */
	atomic_fence();
	item_notice(epoll, item, file_poll(item->file, NULL));
	return 0;
}

static int control_locked(struct epoll *epoll, int operation, int fd, struct file *target,
			  const struct epoll_event *event)
{
	struct epoll_item *item = item_find(epoll, target, fd);

	switch (operation) {
	case EPOLL_CTL_ADD:
		return item ? -EEXIST : item_add(epoll, target, fd, event);
	case EPOLL_CTL_MOD:
		return item ? item_change(epoll, item, event) : -ENOENT;
	case EPOLL_CTL_DEL:
		if (!item)
			return -ENOENT;
		item_remove(epoll, item);
		return 0;
	default:
		return -EINVAL;
	}
}

/* What EPOLLEXCLUSIVE may be combined with. */
static int exclusive_check(int operation, const struct file *target, uint32_t events)
{
	if (!(events & EPOLLEXCLUSIVE) || operation == EPOLL_CTL_DEL)
		return 0;
	if (operation == EPOLL_CTL_MOD || target->operations == &epoll_operations ||
	    (events & ~(POLLIN | POLLOUT | POLLERR | POLLHUP | EPOLLWAKEUP | EPOLLET |
			EPOLLEXCLUSIVE)))
		return -EINVAL;
	return 0;
}

int epoll_control(struct file *file, int operation, int fd, struct file *target,
		  const struct epoll_event *event)
{
	struct epoll *epoll = file_epoll(file), *inner = file_epoll(target);
	struct epoll_event wanted = *event;
	int result;

	if (!target->operations->poll)
		return -EPERM;
	if (file == target || !epoll)
		return -EINVAL;
	result = exclusive_check(operation, target, wanted.events);
	if (result < 0)
		return result;
	wanted.events &= ~EPOLLWAKEUP;
	if (likely(!inner)) {
		mutex_lock(&epoll->lock);
		result = control_locked(epoll, operation, fd, target, &wanted);
		mutex_unlock(&epoll->lock);
		return result;
	}
	mutex_lock(&closing_lock);
	if (operation == EPOLL_CTL_ADD)
		result = epoll_nesting_check(epoll, inner);
	if (result == 0) {
		mutex_lock_nested(&epoll->lock);
		result = control_locked(epoll, operation, fd, target, &wanted);
		mutex_unlock(&epoll->lock);
	}
	mutex_unlock(&closing_lock);
	return result;
}

/* The first item on a file, NULL if none. */
static struct epoll_item *first_item(struct file *file)
{
	bool enabled = spin_lock_irq(&links_lock);
	struct epoll_link *link = file->epoll_links;

	spin_unlock_irq(&links_lock, enabled);
	return link ? container_of(link, struct epoll_item, link) : NULL;
}

void epoll_file_gone(struct file *file)
{
	struct epoll_item *item;

	/* Nobody can add or remove by descriptor any more; only the end of an epoll takes items
	 * away, and that waits for this lock. */
	mutex_lock(&closing_lock);
	while ((item = first_item(file)) != NULL) {
		struct epoll *epoll = item->epoll;

		mutex_lock_nested(&epoll->lock);
		item_remove(epoll, item);
		mutex_unlock(&epoll->lock);
	}
	mutex_unlock(&closing_lock);
}

static void epoll_release(struct file *file)
{
	struct epoll *epoll = file->object;
	struct rbtree_node *node;

	mutex_lock(&closing_lock);
	mutex_lock_nested(&epoll->lock);
	while ((node = rbtree_first(&epoll->items)) != NULL)
		item_remove(epoll, rbtree_entry(node, struct epoll_item, node));
	mutex_unlock(&epoll->lock);
	mutex_unlock(&closing_lock);
	heap_free(epoll);
}

/* Takes the first item off a list; NULL: empty. */
static struct epoll_item *ready_pop(struct epoll *epoll, struct list_head *list)
{
	bool enabled = spin_lock_irq(&epoll->ready_lock);
	struct epoll_item *item = list_pop(list, struct epoll_item, ready_node);

	spin_unlock_irq(&epoll->ready_lock, enabled);
	return item;
}

static void ready_push(struct epoll *epoll, struct list_head *list, struct epoll_item *item)
{
	bool enabled = spin_lock_irq(&epoll->ready_lock);

	if (!list_node_is_linked(&item->ready_node))
		list_add_tail(list, &item->ready_node);
	spin_unlock_irq(&epoll->ready_lock, enabled);
}

/* Takes all that may be ready. A wake-up of an item in the list leaves it there; one of an item
 * that was popped puts it on the ready list again. */
static void harvest_begin(struct epoll *epoll, struct list_head *harvest)
{
	bool enabled = spin_lock_irq(&epoll->ready_lock);

	list_init(harvest);
	list_splice(harvest, &epoll->ready);
	spin_unlock_irq(&epoll->ready_lock, enabled);
}

/* What was not looked at comes first next time; others may take it now. */
static void harvest_end(struct epoll *epoll, struct list_head *harvest)
{
	bool enabled = spin_lock_irq(&epoll->ready_lock);

	list_splice(harvest, &epoll->ready);
	list_splice(&epoll->ready, harvest);
	if (!list_is_empty(&epoll->ready) && wait_queue_is_active(&epoll->waiters))
		wait_queue_wake_count(&epoll->waiters, 0, 1);
	spin_unlock_irq(&epoll->ready_lock, enabled);
}

/* One event to the program: 1, 0 when it was not ready after all, -EFAULT. */
static int item_report(struct epoll *epoll, struct epoll_item *item, user_address_t to)
{
	struct epoll_event event = { .data = item->data };

	event.events = file_poll(item->file, NULL) & item->events;
	if (event.events == 0)
		return 0;
	if (user_copy_out(to, &event, sizeof(event)) < 0)
		return -EFAULT;
	if (item->events & EPOLLONESHOT) {
		bool enabled = spin_lock_irq(&epoll->ready_lock);

		item->events &= EPOLL_PRIVATE;
		spin_unlock_irq(&epoll->ready_lock, enabled);
	} else if (!(item->events & EPOLLET)) {
		/* Level-triggered: to be asked again next time. */
		ready_push(epoll, &epoll->ready, item);
	}
	return 1;
}

static int epoll_harvest(struct epoll *epoll, user_address_t events, int maximum)
{
	struct list_head harvest;
	struct epoll_item *item;
	int count = 0;

	mutex_lock(&epoll->lock);
	harvest_begin(epoll, &harvest);
	while (count < maximum && (item = ready_pop(epoll, &harvest)) != NULL) {
		int result = item_report(epoll, item,
					 events + count * sizeof(struct epoll_event));

		if (result < 0) {
			ready_push(epoll, &epoll->ready, item);
			count = count > 0 ? count : result;
			break;
		}
		count += result;
	}
	harvest_end(epoll, &harvest);
	mutex_unlock(&epoll->lock);
	return count;
}

static bool has_ready(const struct epoll *epoll)
{
	return READ_ONCE(epoll->ready.head.next) != &epoll->ready.head;
}

/* Sleeps until something may be ready: 0, -ETIMEDOUT or -EINTR. */
static int epoll_sleep(struct epoll *epoll, int64_t deadline_ns)
{
	struct wait_entry entry;
	int result = 0;

	wait_entry_init(&entry, NULL);
	wait_begin_exclusive(&epoll->waiters, &entry, SLEEP_INTERRUPTIBLE);
	atomic_fence();
	if (!has_ready(epoll))
		result = blocking_sleep(deadline_ns);
	wait_end(&epoll->waiters, &entry);
	return result == 0 || result == -ETIMEDOUT ? result : -EINTR;
}

long epoll_wait_events(struct file *file, user_address_t events, int maximum, int64_t deadline_ns)
{
	struct epoll *epoll = file_epoll(file);
	bool is_over = deadline_ns == 0;

	if (maximum <= 0 || maximum > (int)(INT32_MAX / sizeof(struct epoll_event)))
		return -EINVAL;
	if (!user_range_is_valid(events, maximum * sizeof(struct epoll_event)))
		return -EFAULT;
	if (!epoll)
		return -EINVAL;
	for (;;) {
		int result = has_ready(epoll) ? epoll_harvest(epoll, events, maximum) : 0;

		if (result != 0 || is_over)
			return result;
		if (blocking_is_interrupted(SLEEP_INTERRUPTIBLE))
			return -EINTR;
		result = epoll_sleep(epoll, deadline_ns);
		if (result == -EINTR && !has_ready(epoll))
			return result;
		is_over = result == -ETIMEDOUT;
	}
}

/* For an epoll that is polled itself: whether any listed item is really ready. */
static uint32_t epoll_poll(struct file *file, struct poll_table *table)
{
	struct epoll *epoll = file->object;
	struct list_head harvest;
	struct epoll_item *item;
	uint32_t events = 0;

	poll_wait(table, file, &epoll->pollers);
	atomic_fence();
	if (!has_ready(epoll))
		return 0;
	mutex_lock_nested(&epoll->lock);
	harvest_begin(epoll, &harvest);
	while (events == 0 && (item = ready_pop(epoll, &harvest)) != NULL) {
		if (!(file_poll(item->file, NULL) & item->events))
			continue;
		events = POLLIN | POLLRDNORM;
		ready_push(epoll, &epoll->ready, item);
	}
	harvest_end(epoll, &harvest);
	mutex_unlock(&epoll->lock);
	return events;
}

static void epoll_describe(struct file *file, struct format_sink *sink)
{
	struct epoll *epoll = file->object;
	struct rbtree_node *node;

	mutex_lock(&epoll->lock);
	rbtree_for_each(node, &epoll->items) {
		struct epoll_item *item = rbtree_entry(node, struct epoll_item, node);

		format_to(sink, "tfd: %8d events: %8x data: %16llx\n", item->fd, item->events,
			  (unsigned long long)item->data);
	}
	mutex_unlock(&epoll->lock);
}

const struct file_operations epoll_operations = {
	.poll = epoll_poll,
	.release = epoll_release,
	.describe = epoll_describe,
};

struct file *epoll_create(void)
{
	struct epoll *epoll = heap_allocate(sizeof(*epoll), HEAP_ACCOUNT);
	struct file *file;

	if (!epoll)
		return NULL;
	mutex_init(&epoll->lock, LOCK_EPOLL);
	rbtree_init(&epoll->items);
	list_init(&epoll->nested);
	spin_lock_init(&epoll->ready_lock, LOCK_EPOLL_READY);
	list_init(&epoll->ready);
	wait_queue_init_inner(&epoll->waiters);
	wait_queue_init(&epoll->pollers);
	file = file_create(&epoll_operations, epoll, FILE_READ | FILE_WRITE | FILE_STREAM, O_RDWR);
	if (!file) {
		heap_free(epoll);
		return NULL;
	}
	epoll->file = file;
	file->label = "anon_inode:[eventpoll]";
	return file;
}
