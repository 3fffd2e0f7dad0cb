/*
 * Work items, run by worker threads in order of arrival. When an item is taken and no worker is
 * left to take the next one, another worker is made: items may sleep for long without holding up
 * others, and may wait for items that are queued later.
 */
#include "task/work.h"

#include "base/atomic.h"
#include "base/errno.h"
#include "base/format.h"
#include "memory/heap.h"
#include "sync/spin_lock.h"
#include "sync/wait.h"
#include "task/deferred.h"
#include "task/thread.h"

enum work_state { WORK_IS_IDLE, WORK_IS_QUEUED };

struct worker {
	struct list_node node;
	struct work *running;		/* compared only: the item may be gone */
};

/* LOCK_WORK. */
static struct spin_lock lock = SPIN_LOCK_INITIALIZER(LOCK_WORK);
static struct list_head queued = LIST_HEAD_INITIALIZER(queued);
static struct list_head workers = LIST_HEAD_INITIALIZER(workers);
static unsigned worker_count, idle_count;

static struct wait_queue idle_workers = WAIT_QUEUE_INITIALIZER(idle_workers);
static struct wait_queue flushers = WAIT_QUEUE_INITIALIZER(flushers);

void work_init(struct work *work, void (*run)(struct work *work))
{
	list_node_init(&work->node);
	work->run = run;
	work->state = WORK_IS_IDLE;
}

bool work_queue(struct work *work)
{
	bool were_enabled, is_new;

	were_enabled = spin_lock_irq(&lock);
	is_new = work->state == WORK_IS_IDLE;
	if (is_new) {
		work->state = WORK_IS_QUEUED;
		list_add_tail(&queued, &work->node);
	}
	spin_unlock_irq(&lock, were_enabled);
	if (is_new)
		wait_queue_wake(&idle_workers, 0);
	return is_new;
}

/* Locked. */
static bool is_running(const struct work *work)
{
	struct worker *worker;

	list_for_each(worker, &workers, node) {
		if (worker->running == work)
			return true;
	}
	return false;
}

/* Locked: the first item that no other worker runs just now; one item does not run twice at
 * once. */
static struct work *take(void)
{
	struct work *work;

	list_for_each(work, &queued, node) {
		if (!is_running(work)) {
			list_remove(&work->node);
			work->state = WORK_IS_IDLE;
			return work;
		}
	}
	return NULL;
}

static bool has_work(void)
{
	bool were_enabled = spin_lock_irq(&lock);
	struct work *work;
	bool has_any = false;

	list_for_each(work, &queued, node) {
		if (!is_running(work)) {
			has_any = true;
			break;
		}
	}
	spin_unlock_irq(&lock, were_enabled);
	return has_any;
}

static int worker_make(void);

/* Runs one item; false: there was none. */
static bool run_one(struct worker *worker)
{
	bool were_enabled = spin_lock_irq(&lock);
	struct work *work = take();
	bool needs_worker;

	worker->running = work;
	needs_worker = work && atomic_load_relaxed(&idle_count) == 0;
	spin_unlock_irq(&lock, were_enabled);
	if (!work)
		return false;
	/* Without memory for one more, the items wait for this worker. */
	if (needs_worker)
		(void)!worker_make();
	work->run(work);
	were_enabled = spin_lock_irq(&lock);
	worker->running = NULL;
	spin_unlock_irq(&lock, were_enabled);
	wait_queue_wake_all(&flushers, 0);
	return true;
}

static bool wait_for_work(void)
{
	struct wait_entry entry;
	bool has_any;

	atomic_fetch_add_relaxed(&idle_count, 1);
	wait_entry_init(&entry, NULL);
	wait_begin_exclusive(&idle_workers, &entry, SLEEP_IDLE);
	has_any = has_work();
	if (!has_any)
		(void)blocking_sleep(NO_DEADLINE);
	wait_end(&idle_workers, &entry);
	atomic_fetch_subtract_relaxed(&idle_count, 1);
	return has_any;
}

static void worker_thread(void *argument)
{
	struct worker *worker = argument;

	for (;;) {
		while (run_one(worker))
			;
		wait_for_work();
	}
}

static int worker_make(void)
{
	struct worker *worker = heap_allocate(sizeof(*worker), HEAP_PATIENT);
	bool were_enabled;
	char name[16];
	int result;

	if (!worker)
		return -ENOMEM;
	were_enabled = spin_lock_irq(&lock);
	list_add_tail(&workers, &worker->node);
	format_print(name, sizeof(name), "worker/%u", worker_count++);
	spin_unlock_irq(&lock, were_enabled);
	result = kernel_thread_start(name, worker_thread, worker, NULL);
	if (result == 0)
		return 0;
	were_enabled = spin_lock_irq(&lock);
	list_remove(&worker->node);
	spin_unlock_irq(&lock, were_enabled);
	heap_free(worker);
	return result;
}

static bool is_finished(struct work *work)
{
	bool were_enabled = spin_lock_irq(&lock);
	bool is_busy = work->state == WORK_IS_QUEUED || is_running(work);

	spin_unlock_irq(&lock, were_enabled);
	return !is_busy;
}

void work_flush(struct work *work)
{
	WAIT_EVENT(&flushers, is_finished(work), SLEEP_UNINTERRUPTIBLE);
}

int work_start(void)
{
	return worker_make();
}
