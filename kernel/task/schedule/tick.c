/*
 * The tick of a CPU that runs something: ends slices, samples where time goes, evens out queues,
 * averages the load. An idle CPU lets its tick lapse.
 */
#include "arch/upcalls.h"
#include "base/panic.h"
#include "sync/rcu.h"
#include "task/process_timer.h"
#include "task/schedule.h"
#include "task/schedule/run_queue.h"
#include "task/schedule/load.h"
#include "time/clock_time.h"

#define TICK_SLACK_NS 500000
#define LEAST_TICK_NS 500000
#define BALANCE_NS 64000000

static void arm(struct run_queue *queue, int64_t delay_ns)
{
	queue->tick.slack_ns = TICK_SLACK_NS;
	timer_arm(&queue->tick, time_monotonic_ns() + delay_ns);
}

/* Queue locked. How long the running thread may go on before somebody looks again. */
static int64_t until_slice_end(struct run_queue *queue)
{
	struct thread *current = queue->current;
	int64_t left_ns;

	if (queue->waiting == 0 || current->schedule.policy == SCHEDULE_FIFO)
		return TIME_TICK_NS;
	left_ns = current->schedule.slice_ns - current->schedule.slice_used_ns;
	return clamp(left_ns, (int64_t)LEAST_TICK_NS, (int64_t)TIME_TICK_NS);
}

/* Queue locked: the running thread had its share, and somebody waits. */
static void end_slice(struct run_queue *queue)
{
	struct schedule_entity *entity = &queue->current->schedule;

	if (queue->waiting == 0)
		return;
	if (!entity->real_time) {
		/* The charge resets the slice when the virtual deadline passed. */
		if (entity->slice_used_ns == 0 || queue_best_beats(queue, queue->current))
			run_queue_reschedule(queue);
		return;
	}
	if (entity->policy == SCHEDULE_ROUND_ROBIN && entity->slice_used_ns >= entity->slice_ns) {
		entity->slice_used_ns = 0;
		run_queue_reschedule(queue);
	} else if (unlikely(queue_is_fair_due(queue))) {
		run_queue_reschedule(queue);
	}
}

/* Queue locked, after what ran is charged. */
static void begin_period(struct run_queue *queue, int64_t now_ns)
{
	if (now_ns - queue->period_started_ns < (int64_t)REAL_TIME_PERIOD_US * 1000)
		return;
	queue->period_started_ns = now_ns;
	queue->real_time_used_ns = 0;
}

static void tick_fire(struct timer *timer)
{
	struct run_queue *queue = container_of(timer, struct run_queue, tick);
	int64_t now_ns = local_clock_ns(), delay_ns;
	struct thread *pushed;
	bool is_idle;

	time_update();
	load_update();
	spin_lock_masked(&queue->lock);
	current_charge(queue, now_ns);
	/* Who is alone passes through no switch, and products of its distance would overflow. */
	fair_base_advance(queue);
	begin_period(queue, now_ns);
	is_idle = queue->current == queue->idle;
	if (!is_idle) {
		placement_call_help(queue);
		end_slice(queue);
	}
	pushed = placement_push(queue);
	delay_ns = until_slice_end(queue);
	spin_unlock_masked(&queue->lock);
	if (unlikely(pushed != NULL))
		placement_arrive(pushed);
	if (is_idle)
		return;
	/* No more than a tick, if it comes late: what kept the machine is not the thread's. */
	cpu_time_tick(queue->current, min(now_ns - queue->last_tick_ns, (int64_t)TIME_TICK_NS));
	queue->sample_due = true;
	watchdog_tick(queue, now_ns);
	WRITE_ONCE(queue->last_tick_ns, now_ns);
	if (now_ns >= queue->next_balance_ns) {
		queue->next_balance_ns = now_ns + BALANCE_NS;
		placement_steal(queue, queue_length(queue) + 2);
	}
	arm(queue, delay_ns);
}

/* Queue locked: the CPU leaves idleness, or got a second thread. */
void tick_start(struct run_queue *queue)
{
	if (timer_is_armed(&queue->tick))
		return;
	WRITE_ONCE(queue->last_tick_ns, local_clock_ns());
	arm(queue, TIME_TICK_NS);
}

void tick_sample(const struct frame *frame)
{
	struct run_queue *queue = this_cpu(run_queues);
	struct thread *thread = queue->current;

	queue->sample_due = false;
	if (unlikely(queue->report_due)) {
		queue->report_due = false;
		upcall_backtrace(frame);
	}
	if (thread == queue->idle)
		return;
	if (!frame_is_user(frame)) {
		thread->kernel_ticks++;
		queue->system_samples++;
		return;
	}
	thread->user_ticks++;
	if (thread->schedule.nice > 0)
		queue->nice_samples++;
	else
		queue->user_samples++;
}

void tick_cpu_init(struct run_queue *queue)
{
	timer_init(&queue->tick, tick_fire);
}
