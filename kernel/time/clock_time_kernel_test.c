/* The clocks as everybody sees them: never back, slewed as asked, stepped only on the wall. */
#include <abi/time.h>

#include "arch/clock.h"
#include "base/errno.h"
#include "base/test.h"
#include "time/clock_time.h"
#include "time/internal.h"
#include "time/local_clock.h"
#include "time/timer.h"

/* The kernel has its clock by then; a test program of the host starts it. */
static void clock_ready(void)
{
	if (!local_clock_multiplier)
		time_start();
}

/* False: this clock stands still, as the virtual one of the host does. */
static bool spin_ns(int64_t duration_ns)
{
	enum { LOOKS = 1000 };
	int64_t start_ns = time_raw_ns();

	for (unsigned i = 0; i < LOOKS; i++)
		cpu_relax();
	if (time_raw_ns() == start_ns)
		return false;
	while (time_raw_ns() < start_ns + duration_ns)
		cpu_relax();
	return true;
}

TEST(clock_time, never_goes_back)
{
	int64_t last_ns;

	clock_ready();
	last_ns = time_monotonic_ns();
	for (unsigned i = 0; i < 20000; i++) {
		int64_t now_ns = time_monotonic_ns();

		ASSERT_TRUE(now_ns >= last_ns);
		last_ns = now_ns;
		if (i % 100 == 0)
			time_update();
	}
}

TEST(clock_time, multipliers)
{
	EXPECT_EQUAL(clock_multiplier(1000000000, 32), UINT64_C(1) << 32);
	EXPECT_EQUAL(clock_multiplier(1000000000, 48), UINT64_C(1) << 48);
	EXPECT_EQUAL(clock_multiplier(500000000, 48), UINT64_C(1) << 49);
	EXPECT_EQUAL(clock_multiplier(14318180, 32), UINT64_C(299966007970));
}

TEST(clock_time, moving_the_base_loses_nothing)
{
	/* 2.6 GHz: a count is 0.38 ns, so that nearly each step ends within a nanosecond. */
	uint64_t multiplier = clock_multiplier(2596119000, VDSO_SHIFT), passed = 0;
	struct clock_value start = { .ns = 12345 }, moved = start;

	for (uint64_t counts = 1; counts < 5000; counts++) {
		clock_value_move(&moved, counts, multiplier);
		passed += counts;
		ASSERT_EQUAL(clock_value_after(&moved, 0, multiplier),
			     clock_value_after(&start, passed, multiplier));
		ASSERT_EQUAL(clock_value_after(&moved, 17, multiplier),
			     clock_value_after(&start, passed + 17, multiplier));
	}
}

TEST(clock_time, stepping_moves_the_wall_only)
{
	int64_t monotonic_ns, wall_ns;
	uint64_t steps = time_step_count();

	clock_ready();
	monotonic_ns = time_monotonic_ns();
	wall_ns = time_realtime_ns();
	ASSERT_EQUAL(time_realtime_set(wall_ns + 1000 * NANOSECONDS_PER_SECOND), 0);
	EXPECT(time_realtime_ns() - wall_ns >= 1000 * NANOSECONDS_PER_SECOND);
	EXPECT(time_monotonic_ns() - monotonic_ns < 1000 * NANOSECONDS_PER_SECOND);
	EXPECT_EQUAL(time_step_count(), steps + 1);
	EXPECT_EQUAL(time_realtime_set(-1), -EINVAL);
	/* Back, but not before the start of the machine, which has no wall clock here. */
	ASSERT_EQUAL(time_realtime_set(wall_ns + 10 * NANOSECONDS_PER_SECOND), 0);
}

TEST(clock_time, tick_changes_the_rate)
{
	struct timex timex = { .modes = ADJ_TICK, .tick = 11000 };
	int64_t raw_ns, monotonic_ns;

	clock_ready();
	ASSERT_TRUE(time_adjust(&timex) >= 0);
	monotonic_ns = time_monotonic_ns();
	raw_ns = time_raw_ns();
	if (spin_ns(20 * NANOSECONDS_PER_MILLISECOND)) {
		raw_ns = time_raw_ns() - raw_ns;
		monotonic_ns = time_monotonic_ns() - monotonic_ns;
		/* Ten per cent faster. The raw readings are the inner ones: a pause between two
		 * readings makes no difference smaller. */
		EXPECT(monotonic_ns > raw_ns + raw_ns / 20);
	}
	timex = (struct timex){ .modes = ADJ_TICK, .tick = 10000 };
	EXPECT(time_adjust(&timex) >= 0);
	timex = (struct timex){ .modes = ADJ_TICK, .tick = 12000 };
	EXPECT_EQUAL(time_adjust(&timex), -EINVAL);
}

static struct timer timers[16];
static uint32_t fired;
static int64_t last_deadline_ns;
static bool is_ordered;

static void note_fired(struct timer *timer)
{
	is_ordered = is_ordered && timer->deadline_ns >= last_deadline_ns;
	last_deadline_ns = timer->deadline_ns;
	atomic_fetch_add_ordered(&fired, 1);
}

TEST(timer, fires_in_order_and_cancels)
{
	enum { LAST = 9 }; /* its deadline is the latest */
	int64_t start_ns;
	bool were_enabled;

	clock_ready();
	if (!interrupts_are_enabled())
		return;
	fired = 0;
	last_deadline_ns = 0;
	is_ordered = true;
	preemption_disable();
	/* However slow the host is: nothing fires until all is armed and cancelled. */
	were_enabled = interrupts_disable();
	start_ns = time_monotonic_ns() + 2 * NANOSECONDS_PER_MILLISECOND;
	for (unsigned i = 0; i < ARRAY_SIZE(timers); i++) {
		timer_init(&timers[i], note_fired);
		timer_arm(&timers[i], start_ns + (int64_t)(i * 7 % 16) * 100000);
	}
	EXPECT(timer_cancel(&timers[3]));
	EXPECT(!timer_cancel(&timers[3]));
	timer_arm(&timers[4], start_ns + 3600 * NANOSECONDS_PER_SECOND);
	interrupts_restore(were_enabled);
	while (timer_is_armed(&timers[LAST]) &&
	       time_monotonic_ns() < start_ns + 60 * NANOSECONDS_PER_SECOND)
		cpu_relax();
	EXPECT_EQUAL(fired, ARRAY_SIZE(timers) - 2);
	EXPECT(is_ordered);
	EXPECT(timer_is_armed(&timers[4]));
	EXPECT(timer_cancel_wait(&timers[4]));
	preemption_enable();
}
