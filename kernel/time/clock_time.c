/*
 * The clocks. A base (counter value and what the clocks showed then) under a sequence count, and a
 * multiplier of 2^-48 nanoseconds per count: reading is a subtraction and one 128-bit product. The
 * base moves at ticks, with its fraction of a nanosecond: rounded down, the clock would go back by
 * one where the base moves. Nothing breaks when it does not move for years.
 */
#include "time/clock_time.h"

#include <abi/time.h>

#include "arch/boot.h"
#include "arch/clock.h"
#include "arch/vdso.h"
#include "base/arithmetic.h"
#include "base/errno.h"
#include "base/string.h"
#include "log/log.h"
#include "sync/sequence.h"
#include "time/internal.h"
#include "time/local_clock.h"
#include "time/timer.h"

#define RATING_RELIABLE_COUNTER 300
#define RATING_DOUBTFUL_COUNTER 50	/* any device clock is better */
#define UPTIME_LIMIT_S (INT64_C(30) * 365 * 24 * 3600)

struct spin_lock clock_lock = SPIN_LOCK_INITIALIZER(LOCK_CLOCK);
uint64_t local_clock_multiplier;

/* Written under clock_lock within the sequence, read under the sequence. */
static struct {
	struct sequence_count sequence;
	struct clock_source *source;	/* NULL: the CPU's counter */
	uint64_t mask;
	uint64_t counter_last;
	uint64_t multiplier, raw_multiplier;
	struct clock_value monotonic, raw;	/* at counter_last */
	int64_t realtime_offset_ns;	/* CLOCK_REALTIME - CLOCK_MONOTONIC */
	int64_t tai_offset_s;
} base;

/* clock_lock. */
static struct list_head sources = LIST_HEAD_INITIALIZER(sources);
static unsigned counter_rating;
static int64_t second_started_ns;
static int32_t minutes_west, dst_kind;

static struct spin_lock step_lock = SPIN_LOCK_INITIALIZER(LOCK_TIME_STEP);
static struct list_head listeners = LIST_HEAD_INITIALIZER(listeners);
static uint64_t step_count;

/* Where counters of CPUs disagree and there is no device clock: the latest that anybody saw. */
static int64_t latest_ns;
static bool needs_latest;

static union {
	struct vdso_data data;
	uint8_t bytes[4096];
} vdso_page __aligned(4096);

static uint64_t counter_read(void)
{
	return base.source ? base.source->read(base.source) : clock_cycles_ordered();
}

/* Counts since the base; another CPU's counter may be a little behind: 0. */
static uint64_t counter_elapsed(void)
{
	uint64_t elapsed = (counter_read() - base.counter_last) & base.mask;

	return elapsed > base.mask >> 1 ? 0 : elapsed;
}

static int64_t never_back(int64_t now_ns)
{
	int64_t seen = atomic_load_relaxed(&latest_ns);

	do {
		if (seen >= now_ns)
			return seen;
	} while (!atomic_compare_swap_relaxed(&latest_ns, &seen, now_ns));
	return now_ns;
}

static int64_t read_clock(int64_t *realtime_offset_ns)
{
	uint32_t sequence;
	int64_t now_ns, offset_ns;

	do {
		sequence = sequence_read_begin(&base.sequence);
		now_ns = clock_value_after(&base.monotonic, counter_elapsed(), base.multiplier);
		offset_ns = base.realtime_offset_ns;
	} while (unlikely(sequence_read_retry(&base.sequence, sequence)));
	if (realtime_offset_ns)
		*realtime_offset_ns = offset_ns;
	return unlikely(needs_latest) ? never_back(now_ns) : now_ns;
}

int64_t time_monotonic_ns(void)
{
	return read_clock(NULL);
}

/* The machine does not sleep, so the two are the same. */
int64_t time_boot_ns(void)
{
	return read_clock(NULL);
}

int64_t time_realtime_ns(void)
{
	int64_t offset_ns;
	int64_t now_ns = read_clock(&offset_ns);

	return now_ns + offset_ns;
}

int64_t time_tai_ns(void)
{
	return time_realtime_ns() + READ_ONCE(base.tai_offset_s) * NANOSECONDS_PER_SECOND;
}

int64_t time_raw_ns(void)
{
	uint32_t sequence;
	int64_t now_ns;

	do {
		sequence = sequence_read_begin(&base.sequence);
		now_ns = clock_value_after(&base.raw, counter_elapsed(), base.raw_multiplier);
	} while (sequence_read_retry(&base.sequence, sequence));
	return now_ns;
}

int64_t time_monotonic_coarse_ns(void)
{
	return READ_ONCE(base.monotonic.ns);
}

int64_t time_realtime_coarse_ns(void)
{
	uint32_t sequence;
	int64_t now_ns;

	do {
		sequence = sequence_read_begin(&base.sequence);
		now_ns = base.monotonic.ns + base.realtime_offset_ns;
	} while (sequence_read_retry(&base.sequence, sequence));
	return now_ns;
}

int64_t time_realtime_offset_ns(void)
{
	return READ_ONCE(base.realtime_offset_ns);
}

int time_clock_read(int clock, int64_t *now_ns)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_ALARM:
		*now_ns = time_realtime_ns();
		return 0;
	case CLOCK_MONOTONIC:
		*now_ns = time_monotonic_ns();
		return 0;
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		*now_ns = time_boot_ns();
		return 0;
	case CLOCK_MONOTONIC_RAW:
		*now_ns = time_raw_ns();
		return 0;
	case CLOCK_REALTIME_COARSE:
		*now_ns = time_realtime_coarse_ns();
		return 0;
	case CLOCK_MONOTONIC_COARSE:
		*now_ns = time_monotonic_coarse_ns();
		return 0;
	case CLOCK_TAI:
		*now_ns = time_tai_ns();
		return 0;
	default:
		return -EINVAL;
	}
}

int64_t time_clock_resolution_ns(int clock)
{
	return clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE ? TIME_TICK_NS : 1;
}

static void moment_set(struct vdso_moment *moment, const struct clock_value *value,
		       int64_t offset_ns)
{
	uint64_t ns = (uint64_t)(value->ns + offset_ns);

	moment->seconds = ns / NANOSECONDS_PER_SECOND;
	moment->ns = ns % NANOSECONDS_PER_SECOND;
	moment->fraction = value->fraction;
}

/* Lock held: copies the base for programs, inside the page's own sequence. */
static void vdso_publish(void)
{
	struct vdso_data *data = &vdso_page.data;

	atomic_store_relaxed(&data->sequence, data->sequence + 1);
	atomic_fence_release();
	data->clock_mode = !base.source && !needs_latest;
	data->cycle_last = base.counter_last;
	data->multiplier = base.multiplier;
	data->raw_multiplier = base.raw_multiplier;
	data->coarse_resolution_ns = TIME_TICK_NS;
	moment_set(&data->monotonic, &base.monotonic, 0);
	data->boottime = data->monotonic;
	moment_set(&data->realtime, &base.monotonic, base.realtime_offset_ns);
	moment_set(&data->raw, &base.raw, 0);
	data->tai_offset_s = base.tai_offset_s;
	data->timezone_minutes_west = minutes_west;
	data->timezone_dst = dst_kind;
	atomic_store_release(&data->sequence, data->sequence + 1);
}

/* Lock held, inside the sequence. */
static void move_base(void)
{
	uint64_t elapsed = counter_elapsed();

	clock_value_move(&base.monotonic, elapsed, base.multiplier);
	clock_value_move(&base.raw, elapsed, base.raw_multiplier);
	base.counter_last = (base.counter_last + elapsed) & base.mask;
}

NO_THREAD_ANALYSIS bool clock_change_begin(void)
{
	bool were_enabled = spin_lock_irq(&clock_lock);

	sequence_write_begin(&base.sequence);
	move_base();
	return were_enabled;
}

NO_THREAD_ANALYSIS void clock_change_end(bool were_enabled)
{
	vdso_publish();
	sequence_write_end(&base.sequence);
	spin_unlock_irq(&clock_lock, were_enabled);
}

void time_update(void)
{
	bool were_enabled;

	if (time_monotonic_ns() - READ_ONCE(base.monotonic.ns) < TIME_TICK_NS / 2)
		return;
	were_enabled = clock_change_begin();
	if (base.monotonic.ns - second_started_ns >= NANOSECONDS_PER_SECOND) {
		second_started_ns = base.monotonic.ns;
		adjust_second();
	}
	clock_change_end(were_enabled);
}

const void *time_vdso_page(void)
{
	return &vdso_page;
}

void clock_rate_set(uint64_t multiplier)
{
	base.multiplier = multiplier;
}

/* As Linux: the wall clock may not go before the start of the monotonic one, nor so far that it
 * would overflow within thirty years. */
static bool wall_is_settable(int64_t wall_ns, int64_t monotonic_ns)
{
	int64_t limit_s = INT64_MAX / NANOSECONDS_PER_SECOND - UPTIME_LIMIT_S;

	return wall_ns >= monotonic_ns && wall_ns / NANOSECONDS_PER_SECOND < limit_s;
}

int clock_offset_add(int64_t step_ns)
{
	int64_t wall_ns;

	if (!checked_add(clock_base_realtime_ns(), step_ns, &wall_ns) ||
	    !wall_is_settable(wall_ns, base.monotonic.ns))
		return -EINVAL;
	base.realtime_offset_ns += step_ns;
	return 0;
}

uint64_t clock_nominal_multiplier(void)
{
	return base.raw_multiplier;
}

int64_t clock_base_realtime_ns(void)
{
	return base.monotonic.ns + base.realtime_offset_ns;
}

int64_t clock_tai_offset_s(void)
{
	return base.tai_offset_s;
}

void clock_tai_offset_set(int64_t seconds)
{
	base.tai_offset_s = seconds;
}

void clock_announce_step(void)
{
	struct time_step_listener *listener, *following;
	bool were_enabled;

	atomic_fetch_add_ordered(&step_count, 1);
	were_enabled = spin_lock_irq(&step_lock);
	list_for_each_safe(listener, following, &listeners, node)
		listener->stepped(listener);
	spin_unlock_irq(&step_lock, were_enabled);
}

uint64_t time_step_count(void)
{
	return atomic_load_acquire(&step_count);
}

void time_step_listener_add(struct time_step_listener *listener)
{
	bool were_enabled = spin_lock_irq(&step_lock);

	list_add_tail(&listeners, &listener->node);
	spin_unlock_irq(&step_lock, were_enabled);
}

void time_step_listener_remove(struct time_step_listener *listener)
{
	bool were_enabled = spin_lock_irq(&step_lock);

	list_remove(&listener->node);
	spin_unlock_irq(&step_lock, were_enabled);
}

int time_realtime_set(int64_t now_ns)
{
	bool were_enabled;

	if (!wall_is_settable(now_ns, time_monotonic_ns()))
		return -EINVAL;
	were_enabled = clock_change_begin();
	base.realtime_offset_ns = now_ns - base.monotonic.ns;
	clock_change_end(were_enabled);
	clock_announce_step();
	return 0;
}

void time_wall_clock_found(int64_t now_ns)
{
	bool were_enabled = clock_change_begin();

	if (base.realtime_offset_ns == 0)
		base.realtime_offset_ns = now_ns - base.monotonic.ns;
	clock_change_end(were_enabled);
}

void time_timezone_read(int32_t *west, int32_t *dst)
{
	*west = READ_ONCE(minutes_west);
	*dst = READ_ONCE(dst_kind);
}

void time_timezone_set(int32_t west, int32_t dst)
{
	bool were_enabled = clock_change_begin();

	minutes_west = west;
	dst_kind = dst;
	clock_change_end(were_enabled);
}

/* Lock held, inside the sequence, base moved: goes on from here with another counter. */
static void use_source(struct clock_source *source)
{
	uint64_t frequency = source ? source->frequency_hz : clock_frequency_hz();

	base.source = source;
	base.mask = source && source->bits < 64 ? BIT(source->bits) - 1 : UINT64_MAX;
	base.raw_multiplier = clock_multiplier(frequency, VDSO_SHIFT);
	base.multiplier = base.raw_multiplier;
	base.counter_last = counter_read() & base.mask;
	needs_latest = !source && counter_rating == RATING_DOUBTFUL_COUNTER && cpu_count() > 1;
	adjust_second();
}

int clock_source_add(struct clock_source *source)
{
	bool were_enabled;
	unsigned rating;

	/* Narrower counters could wrap between two ticks of an idle machine. */
	if (source->frequency_hz == 0 || source->bits < 24)
		return -EINVAL;
	were_enabled = clock_change_begin();
	list_add_tail(&sources, &source->node);
	rating = base.source ? base.source->rating : counter_rating;
	if (source->rating > rating)
		use_source(source);
	clock_change_end(were_enabled);
	return 0;
}

/* clock_lock: the best device clock there is; NULL: none. */
static struct clock_source *best_source(void)
{
	struct clock_source *source, *best = NULL;

	list_for_each(source, &sources, node) {
		if (!best || source->rating > best->rating)
			best = source;
	}
	return best;
}

void time_counters_compared(void)
{
	bool were_enabled;

	if (clock_is_reliable())
		return;
	were_enabled = clock_change_begin();
	counter_rating = RATING_DOUBTFUL_COUNTER;
	if (!base.source)
		use_source(best_source());
	clock_change_end(were_enabled);
}

uint64_t clock_multiplier(uint64_t frequency_hz, unsigned shift)
{
	uint64_t high = ((uint64_t)NANOSECONDS_PER_SECOND << 32) / frequency_hz;
	uint64_t rest = ((uint64_t)NANOSECONDS_PER_SECOND << 32) % frequency_hz;

	return (high << (shift - 32)) + (rest << (shift - 32)) / frequency_hz;
}

/*
 * Firmware's clock, if it was read while booting. Between the two the counter may have been set
 * anew, and then says nothing: booting takes no hours.
 */
static void firmware_time_use(void)
{
	enum { BOOT_SECONDS_LIMIT = 3600 };
	const struct boot_information *boot = boot_information();
	uint64_t elapsed = clock_cycles() - boot->wall_time_cycles;

	if (boot->wall_time_ns == 0)
		return;
	if (elapsed / clock_frequency_hz() > BOOT_SECONDS_LIMIT)
		elapsed = 0;
	time_wall_clock_found(boot->wall_time_ns +
			      (int64_t)multiply_divide_u64(elapsed, NANOSECONDS_PER_SECOND,
							   clock_frequency_hz()));
	log_print(LOG_INFO, "time of firmware: %lld seconds since 1970",
		  (long long)(boot->wall_time_ns / NANOSECONDS_PER_SECOND));
}

NO_THREAD_ANALYSIS void time_start(void)
{
	bool were_enabled;

	local_clock_multiplier = clock_multiplier(clock_frequency_hz(), LOCAL_CLOCK_SHIFT);
	counter_rating = clock_is_reliable() ? RATING_RELIABLE_COUNTER : RATING_DOUBTFUL_COUNTER;
	were_enabled = spin_lock_irq(&clock_lock);
	sequence_write_begin(&base.sequence);
	use_source(NULL);
	clock_change_end(were_enabled);
	timer_cpu_start(0);
	firmware_time_use();
	log_ok("TIME", "%s, %llu kHz", clock_describe(),
	       (unsigned long long)(clock_frequency_hz() / 1000));
}
