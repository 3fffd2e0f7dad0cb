/*
 * Timers. Each CPU has a tree ordered by the latest time at which a timer may fire, and one alarm,
 * set for the first of them; when it goes off, everything whose deadline has passed fires. An alarm
 * that proves needless is not taken back: it costs one interrupt, taking it back costs more often.
 */
#include "time/timer.h"

#include "arch/clock.h"
#include "arch/cpu.h"
#include "arch/upcalls.h"
#include "base/atomic.h"
#include "base/format.h"
#include "sync/spin_lock.h"
#include "time/clock_time.h"
#include "time/local_clock.h"

#define NO_ALARM INT64_MAX
/* The alarm is set again after this long even if nothing is due: no hardware need wait longer. */
#define LONGEST_ALARM_NS (3600 * NANOSECONDS_PER_SECOND)
#define CYCLE_SHIFT 30

struct timer_queue {
	struct spin_lock lock;
	struct rbtree timers;
	struct timer *running;		/* its callback runs; the memory may be gone */
	int64_t alarm_ns;		/* when the alarm goes off; NO_ALARM: not set */
	uint64_t fired;
};

static DEFINE_PER_CPU(struct timer_queue, timer_queues) = {
	.lock = SPIN_LOCK_INITIALIZER(LOCK_TIMER),
	.alarm_ns = NO_ALARM,
};

static uint64_t cycles_per_ns;		/* << CYCLE_SHIFT */

static int64_t latest_ns(const struct timer *timer)
{
	int64_t latest;

	if (__builtin_add_overflow(timer->deadline_ns, timer->slack_ns, &latest))
		return INT64_MAX;
	return latest;
}

static struct timer *first_timer(struct timer_queue *queue)
{
	struct rbtree_node *node = rbtree_first(&queue->timers);

	return node ? rbtree_entry(node, struct timer, node) : NULL;
}

/* Queue locked, this CPU's. */
static void set_alarm(struct timer_queue *queue, int64_t now_ns)
{
	struct timer *first = first_timer(queue);
	int64_t delay_ns;

	if (!first || latest_ns(first) >= queue->alarm_ns)
		return;
	queue->alarm_ns = latest_ns(first);
	delay_ns = queue->alarm_ns - now_ns;
	if (delay_ns > LONGEST_ALARM_NS)
		delay_ns = LONGEST_ALARM_NS;
	if (delay_ns <= 0)
		clock_alarm_arm(0);
	else
		clock_alarm_arm((uint64_t)(((unsigned __int128)(uint64_t)delay_ns *
					    cycles_per_ns) >> CYCLE_SHIFT) + 1);
}

static void insert(struct timer_queue *queue, struct timer *timer)
{
	struct rbtree_node **link = &queue->timers.root, *parent = NULL;
	int64_t latest = latest_ns(timer);

	while (*link) {
		parent = *link;
		link = latest < latest_ns(rbtree_entry(parent, struct timer, node)) ?
		       &parent->left : &parent->right;
	}
	rbtree_insert(&queue->timers, &timer->node, parent, link);
}

void timer_init(struct timer *timer, void (*fire)(struct timer *timer))
{
	timer->deadline_ns = 0;
	timer->slack_ns = 0;
	timer->fire = fire;
	timer->cpu = 0;
	timer->is_armed = 0;
}

/* Locks the queue that the timer is on; interrupts masked. */
NO_THREAD_ANALYSIS static struct timer_queue *lock_queue_of(struct timer *timer)
{
	for (;;) {
		uint32_t cpu = atomic_load_relaxed(&timer->cpu);
		struct timer_queue *queue = per_cpu(timer_queues, cpu);

		spin_lock_masked(&queue->lock);
		if (likely(cpu == atomic_load_relaxed(&timer->cpu)))
			return queue;
		spin_unlock_masked(&queue->lock);
	}
}

NO_THREAD_ANALYSIS static bool remove(struct timer *timer)
{
	struct timer_queue *queue;
	bool was_armed;

	if (!timer_is_armed(timer))
		return false;
	queue = lock_queue_of(timer);
	was_armed = timer->is_armed;
	if (was_armed) {
		rbtree_erase(&queue->timers, &timer->node);
		atomic_store_release(&timer->is_armed, 0);
	}
	spin_unlock_masked(&queue->lock);
	return was_armed;
}

void timer_arm(struct timer *timer, int64_t deadline_ns)
{
	bool were_enabled = interrupts_disable();
	struct timer_queue *queue = this_cpu(timer_queues);

	remove(timer);
	spin_lock_masked(&queue->lock);
	timer->deadline_ns = deadline_ns;
	atomic_store_relaxed(&timer->cpu, cpu_current());
	timer->is_armed = 1;
	insert(queue, timer);
	if (first_timer(queue) == timer)
		set_alarm(queue, time_monotonic_ns());
	spin_unlock_masked(&queue->lock);
	interrupts_restore(were_enabled);
}

bool timer_cancel(struct timer *timer)
{
	bool were_enabled, was_armed;

	if (!timer_is_armed(timer))
		return false;
	were_enabled = interrupts_disable();
	was_armed = remove(timer);
	interrupts_restore(were_enabled);
	return was_armed;
}

bool timer_cancel_wait(struct timer *timer)
{
	bool was_armed = timer_cancel(timer);

	/* The queue notes `running` before it clears is_armed. */
	atomic_fence_acquire();
	while (unlikely(READ_ONCE(per_cpu(timer_queues, timer->cpu)->running) == timer))
		cpu_relax();
	return was_armed;
}

NO_THREAD_ANALYSIS static void fire_due(struct timer_queue *queue, int64_t now_ns)
{
	struct timer *timer;

	while ((timer = first_timer(queue)) && timer->deadline_ns <= now_ns) {
		rbtree_erase(&queue->timers, &timer->node);
		WRITE_ONCE(queue->running, timer);
		atomic_store_release(&timer->is_armed, 0);
		queue->fired++;
		spin_unlock_masked(&queue->lock);
		timer->fire(timer);
		spin_lock_masked(&queue->lock);
		atomic_store_release(&queue->running, NULL);
	}
}

void upcall_alarm(void)
{
	struct timer_queue *queue = this_cpu(timer_queues);
	int64_t now_ns = time_monotonic_ns();

	spin_lock_masked(&queue->lock);
	queue->alarm_ns = NO_ALARM;
	fire_due(queue, now_ns);
	set_alarm(queue, time_monotonic_ns());
	spin_unlock_masked(&queue->lock);
}

void timer_cpu_start(unsigned cpu)
{
	struct timer_queue *queue = per_cpu(timer_queues, cpu);
	uint64_t frequency = clock_frequency_hz();

	cycles_per_ns = (frequency << CYCLE_SHIFT) / (uint64_t)NANOSECONDS_PER_SECOND;
	spin_lock_masked(&queue->lock);
	queue->alarm_ns = NO_ALARM;
	set_alarm(queue, time_monotonic_ns());
	spin_unlock_masked(&queue->lock);
}

static void describe_queue(unsigned cpu, struct format_sink *sink)
{
	struct timer_queue *queue = per_cpu(timer_queues, cpu);
	struct rbtree_node *node;
	uint64_t armed = 0, fired;
	bool were_enabled = spin_lock_irq(&queue->lock);

	rbtree_for_each(node, &queue->timers)
		armed++;
	fired = queue->fired;
	spin_unlock_irq(&queue->lock, were_enabled);
	format_to(sink, "cpu %u armed %llu fired %llu\n", cpu, (unsigned long long)armed,
		  (unsigned long long)fired);
}

void timer_describe(struct format_sink *sink)
{
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		if (cpu_is_online(cpu))
			describe_queue(cpu, sink);
	}
}
