/*
 * timerfd_create(2): a timer whose expirations are read as a count. The kernel's timer runs on the
 * monotonic clock; absolute times on the wall clock are converted, again whenever that is set.
 * Periods that passed unread are counted when somebody looks, so that an idle timer fires once.
 */
#include "base/errno.h"
#include "base/format.h"
#include "file/event_files.h"
#include "file/file.h"
#include "file/poll.h"
#include "memory/heap.h"
#include "sync/wait.h"
#include "task/process_timer.h"
#include "time/clock_time.h"
#include "time/timer.h"
#include <abi/fcntl.h>
#include <abi/poll.h>
#include <abi/time.h>

struct timerfd {
	int clock;
	bool is_wall;			/* on a clock that can be set */
	struct wait_queue waiters;
	struct time_step_listener listener;
	bool listens;			/* changed by timerfd_set() and release only */
	struct mutex set_lock;		/* LOCK_LEAF_SLEEP: one timerfd_set() at a time */

	struct spin_lock lock;		/* LOCK_FILE_EVENT: all below */
	struct timer timer;
	bool is_running;		/* the timer will fire at deadline_ns */
	bool is_expired;		/* it did, and the periods since are not counted yet */
	bool is_absolute, cancels_on_set, is_cancelled;
	uint64_t ticks;			/* expirations to be read */
	int64_t deadline_ns;		/* CLOCK_MONOTONIC */
	int64_t wall_ns;		/* is_absolute on a wall clock: the same there */
	int64_t interval_ns;
	uint32_t settings;		/* TFD_TIMER_*, for fdinfo */
};

static bool clock_can_be_set(int clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM;
}

static int64_t add_saturated(int64_t a, int64_t b)
{
	int64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX - 1 : sum;
}

/* The monotonic time of a time on the file's clock. */
static int64_t to_monotonic(const struct timerfd *timerfd, int64_t time_ns)
{
	if (timerfd->is_wall)
		return add_saturated(time_ns, -time_realtime_offset_ns());
	if (timerfd->clock == CLOCK_BOOTTIME || timerfd->clock == CLOCK_BOOTTIME_ALARM)
		return add_saturated(time_ns, time_monotonic_ns() - time_boot_ns());
	return time_ns;
}

static void timerfd_arm(struct timerfd *timerfd, int64_t deadline_ns)
{
	timerfd->deadline_ns = deadline_ns;
	timerfd->is_running = true;
	timer_arm(&timerfd->timer, deadline_ns);
}

static void timerfd_fire(struct timer *timer)
{
	struct timerfd *timerfd = container_of(timer, struct timerfd, timer);

	spin_lock_masked(&timerfd->lock);
	if (!timerfd->is_running) {
		/* Disarmed while this waited for the lock. */
		spin_unlock_masked(&timerfd->lock);
		return;
	}
	if (time_monotonic_ns() < timerfd->deadline_ns) {
		/* Set anew while this waited for the lock. */
		timer_arm(timer, timerfd->deadline_ns);
		spin_unlock_masked(&timerfd->lock);
		return;
	}
	timerfd->is_running = false;
	timerfd->is_expired = true;
	timerfd->ticks++;
	spin_unlock_masked(&timerfd->lock);
	wait_queue_wake_all(&timerfd->waiters, POLLIN);
}

/* Counts the periods that passed since the timer fired, and starts it again. Lock held. */
static void timerfd_catch_up(struct timerfd *timerfd)
{
	int64_t late_ns, step_ns;

	if (!timerfd->is_expired || timerfd->interval_ns == 0)
		return;
	late_ns = time_monotonic_ns() - timerfd->deadline_ns;
	timerfd->ticks += late_ns / timerfd->interval_ns;
	timerfd->is_expired = false;
	step_ns = add_saturated(late_ns - late_ns % timerfd->interval_ns, timerfd->interval_ns);
	timerfd->wall_ns = add_saturated(timerfd->wall_ns, step_ns);
	timerfd_arm(timerfd, add_saturated(timerfd->deadline_ns, step_ns));
}

/* The wall clock was set: cancels, or moves the deadline. Called with the listeners' lock. */
static void timerfd_stepped(struct time_step_listener *listener)
{
	struct timerfd *timerfd = container_of(listener, struct timerfd, listener);
	bool is_woken = false;
	bool enabled = spin_lock_irq(&timerfd->lock);

	if (timerfd->cancels_on_set) {
		timerfd->is_cancelled = true;
		timerfd->ticks++;
		is_woken = true;
	}
	if (timerfd->is_running && timerfd->is_absolute)
		timerfd_arm(timerfd, to_monotonic(timerfd, timerfd->wall_ns));
	spin_unlock_irq(&timerfd->lock, enabled);
	if (is_woken)
		wait_queue_wake_all(&timerfd->waiters, POLLIN);
}

/* Takes the count: 0 if there is none, -ECANCELED. */
static long ticks_take(struct timerfd *timerfd, uint64_t *ticks)
{
	bool enabled = spin_lock_irq(&timerfd->lock);
	long result = timerfd->ticks > 0;

	if (timerfd->is_cancelled) {
		timerfd->is_cancelled = false;
		timerfd->is_expired = false;
		timerfd->ticks = 0;
		result = -ECANCELED;
	} else if (timerfd->ticks > 0) {
		timerfd_catch_up(timerfd);
		timerfd->is_expired = false;
		*ticks = timerfd->ticks;
		timerfd->ticks = 0;
	}
	spin_unlock_irq(&timerfd->lock, enabled);
	return result;
}

static long timerfd_read(struct file *file, struct transfer *to, struct io *io)
{
	struct timerfd *timerfd = file->object;
	uint64_t ticks = 0;
	long result;

	if (transfer_remaining(to) < sizeof(ticks))
		return -EINVAL;
	while ((result = ticks_take(timerfd, &ticks)) == 0) {
		if (io->flags & (IO_NONBLOCK | IO_NOWAIT))
			return -EAGAIN;
		result = WAIT_EVENT(&timerfd->waiters, READ_ONCE(timerfd->ticks) > 0,
				    SLEEP_INTERRUPTIBLE);
		if (result < 0)
			return result;
	}
	if (result < 0)
		return result;
	return transfer_to_place(to, &ticks, sizeof(ticks)) < sizeof(ticks) ?
		-EFAULT : (long)sizeof(ticks);
}

static uint32_t timerfd_poll(struct file *file, struct poll_table *table)
{
	struct timerfd *timerfd = file->object;

	poll_wait(table, file, &timerfd->waiters);
	atomic_fence();
	return READ_ONCE(timerfd->ticks) > 0 ? POLLIN : 0;
}

/* What timerfd_gettime shows. Lock held. */
static void setting_read(struct timerfd *timerfd, struct timer_setting *setting)
{
	int64_t now;

	timerfd_catch_up(timerfd);
	now = time_monotonic_ns();
	setting->interval_ns = timerfd->interval_ns;
	setting->value_ns = 0;
	if (timerfd->is_running && timerfd->deadline_ns > now)
		setting->value_ns = timerfd->deadline_ns - now;
}

static void timerfd_release(struct file *file)
{
	struct timerfd *timerfd = file->object;

	if (timerfd->listens)
		time_step_listener_remove(&timerfd->listener);
	timer_cancel_wait(&timerfd->timer);
	heap_free(timerfd);
}

static void timerfd_describe(struct file *file, struct format_sink *sink)
{
	struct timerfd *timerfd = file->object;
	struct timer_setting setting;
	uint64_t ticks;
	bool enabled = spin_lock_irq(&timerfd->lock);

	ticks = timerfd->ticks;
	setting_read(timerfd, &setting);
	spin_unlock_irq(&timerfd->lock, enabled);
	format_to(sink, "clockid: %d\nticks: %llu\nsettime flags: 0%o\n", timerfd->clock,
		  (unsigned long long)ticks, timerfd->settings);
	format_to(sink, "it_value: (%llu, %llu)\nit_interval: (%llu, %llu)\n",
		  (unsigned long long)(setting.value_ns / NANOSECONDS_PER_SECOND),
		  (unsigned long long)(setting.value_ns % NANOSECONDS_PER_SECOND),
		  (unsigned long long)(setting.interval_ns / NANOSECONDS_PER_SECOND),
		  (unsigned long long)(setting.interval_ns % NANOSECONDS_PER_SECOND));
}

static const struct file_operations timerfd_operations = {
	.read = timerfd_read,
	.poll = timerfd_poll,
	.release = timerfd_release,
	.describe = timerfd_describe,
};

struct file *timerfd_create(int clock, uint32_t flags)
{
	struct timerfd *timerfd = heap_allocate(sizeof(*timerfd), HEAP_ACCOUNT);
	struct file *file;

	if (!timerfd)
		return NULL;
	timerfd->clock = clock;
	timerfd->is_wall = clock_can_be_set(clock);
	timerfd->listener.stepped = timerfd_stepped;
	wait_queue_init(&timerfd->waiters);
	mutex_init(&timerfd->set_lock, LOCK_LEAF_SLEEP);
	spin_lock_init(&timerfd->lock, LOCK_FILE_EVENT);
	timer_init(&timerfd->timer, timerfd_fire);
	file = file_create(&timerfd_operations, timerfd, FILE_READ | FILE_WRITE | FILE_STREAM,
			   O_RDWR | flags);
	if (!file) {
		heap_free(timerfd);
		return NULL;
	}
	file->label = "anon_inode:[timerfd]";
	return file;
}

/* Lock held. */
static void setting_store(struct timerfd *timerfd, int flags, const struct timer_setting *setting)
{
	int64_t deadline_ns;

	timer_cancel(&timerfd->timer);
	timerfd->is_running = timerfd->is_expired = false;
	timerfd->ticks = 0;
	timerfd->interval_ns = setting->interval_ns;
	timerfd->is_absolute = flags & TFD_TIMER_ABSTIME;
	timerfd->cancels_on_set = timerfd->is_wall && (flags & TFD_TIMER_ABSTIME) &&
		(flags & TFD_TIMER_CANCEL_ON_SET);
	timerfd->is_cancelled = false;
	timerfd->settings = flags;
	if (setting->value_ns == 0)
		return;
	timerfd->wall_ns = setting->value_ns;
	deadline_ns = timerfd->is_absolute ? to_monotonic(timerfd, setting->value_ns) :
		add_saturated(time_monotonic_ns(), setting->value_ns);
	timerfd_arm(timerfd, deadline_ns);
}

int timerfd_set(struct file *file, int flags, const struct timer_setting *setting,
		struct timer_setting *old)
{
	struct timerfd *timerfd = file->object;
	bool listens, enabled;

	if (file->operations != &timerfd_operations)
		return -EINVAL;
	listens = timerfd->is_wall && (flags & TFD_TIMER_ABSTIME);
	mutex_lock(&timerfd->set_lock);
	/* Before the deadline is computed, so that no step in between is missed. */
	if (listens && !timerfd->listens)
		time_step_listener_add(&timerfd->listener);
	enabled = spin_lock_irq(&timerfd->lock);
	setting_read(timerfd, old);
	setting_store(timerfd, flags, setting);
	spin_unlock_irq(&timerfd->lock, enabled);
	if (!listens && timerfd->listens)
		time_step_listener_remove(&timerfd->listener);
	timerfd->listens = listens;
	mutex_unlock(&timerfd->set_lock);
	return 0;
}

int timerfd_read_setting(struct file *file, struct timer_setting *setting)
{
	struct timerfd *timerfd = file->object;
	bool enabled;

	if (file->operations != &timerfd_operations)
		return -EINVAL;
	enabled = spin_lock_irq(&timerfd->lock);
	setting_read(timerfd, setting);
	spin_unlock_irq(&timerfd->lock, enabled);
	return 0;
}
