/*
 * adjtimex(2): the rate of the clocks, and slewing towards an offset. Once a second what is left of
 * the offset becomes a small change of the multiplier; the clocks never step by it.
 */
#include <abi/time.h>

#include "arch/clock.h"
#include "base/errno.h"
#include "time/clock_time.h"
#include "time/internal.h"

#define FREQUENCY_UNITS_PER_PPM 65536	/* timex.freq counts 2^-16 ppm */
#define FREQUENCY_LIMIT (500 * FREQUENCY_UNITS_PER_PPM)
#define OFFSET_LIMIT_NS 500000000LL
#define SINGLE_SHOT_NS_PER_SECOND 500000LL	/* adjtime(3) slews by 500 ppm */
#define PLL_SHIFT 2
#define NOMINAL_TICK_US 10000		/* of USER_HZ 100 */
#define TICK_TOLERANCE_US 1000
#define MAXERROR_GROWTH_US 500		/* per second without a reference */
#define MAXERROR_LIMIT_US 16000000
#define CONSTANT_LIMIT 10
#define STATUS_READ_ONLY 0xff00

/* clock_lock. */
static struct {
	int64_t frequency;	/* 2^-16 ppm */
	int64_t offset_ns;	/* left to slew by the loop */
	int64_t single_shot_ns;	/* left of adjtime(3) */
	int64_t tick_us;
	int64_t maxerror_us, esterror_us, constant;
	int32_t status;
} state = {
	.tick_us = NOMINAL_TICK_US,
	.maxerror_us = MAXERROR_LIMIT_US,
	.esterror_us = MAXERROR_LIMIT_US,
	.constant = 2,
	.status = STA_UNSYNC,
};

/* The nominal rate changed by so many nanoseconds each second. */
static uint64_t multiplier_with(int64_t ns_per_second)
{
	uint64_t nominal = clock_nominal_multiplier();
	int64_t quotient = (int64_t)(nominal / NANOSECONDS_PER_SECOND);
	int64_t rest = (int64_t)(nominal % NANOSECONDS_PER_SECOND);

	return nominal + (uint64_t)(quotient * ns_per_second +
				    rest * ns_per_second / NANOSECONDS_PER_SECOND);
}

void adjust_second(void)
{
	int64_t slew_ns = state.offset_ns >> (PLL_SHIFT + state.constant);
	int64_t shot_ns = clamp(state.single_shot_ns, -SINGLE_SHOT_NS_PER_SECOND,
				SINGLE_SHOT_NS_PER_SECOND);
	int64_t rate_ns = state.frequency * 1000 / FREQUENCY_UNITS_PER_PPM +
			  (state.tick_us - NOMINAL_TICK_US) * 100000;

	state.offset_ns -= slew_ns;
	state.single_shot_ns -= shot_ns;
	state.maxerror_us += MAXERROR_GROWTH_US;
	if (state.maxerror_us >= MAXERROR_LIMIT_US) {
		state.maxerror_us = MAXERROR_LIMIT_US;
		state.status |= STA_UNSYNC;
	}
	clock_rate_set(multiplier_with(rate_ns + slew_ns + shot_ns));
}

static int check(const struct timex *timex)
{
	uint32_t modes = timex->modes;

	if (modes & 0x8000)	/* ADJ_OFFSET_SINGLESHOT: nothing else may be asked */
		return modes == ADJ_OFFSET_SINGLESHOT || modes == ADJ_OFFSET_SS_READ ? 0 : -EINVAL;
	if ((modes & ADJ_TICK) && (timex->tick < NOMINAL_TICK_US - TICK_TOLERANCE_US ||
				   timex->tick > NOMINAL_TICK_US + TICK_TOLERANCE_US))
		return -EINVAL;
	if (modes & ADJ_SETOFFSET) {
		int64_t limit = modes & ADJ_NANO ? NANOSECONDS_PER_SECOND : 1000000;

		if (timex->time.tv_usec < 0 || timex->time.tv_usec >= limit)
			return -EINVAL;
		if (timex->time.tv_sec > INT32_MAX || timex->time.tv_sec < INT32_MIN)
			return -EINVAL;
	}
	return 0;
}

static void set_offset(const struct timex *timex)
{
	int64_t unit = state.status & STA_NANO ? 1 : 1000;

	if (!(state.status & STA_PLL))
		return;
	state.offset_ns = clamp(timex->offset, -OFFSET_LIMIT_NS, OFFSET_LIMIT_NS) * unit;
	state.offset_ns = clamp(state.offset_ns, -OFFSET_LIMIT_NS, OFFSET_LIMIT_NS);
}

/* Lock held. */
static void apply(const struct timex *timex)
{
	uint32_t modes = timex->modes;

	if (modes & ADJ_STATUS)
		state.status = (state.status & STATUS_READ_ONLY) |
			       (timex->status & ~STATUS_READ_ONLY);
	if (modes & ADJ_NANO)
		state.status |= STA_NANO;
	if (modes & ADJ_MICRO)
		state.status &= ~STA_NANO;
	if (modes & ADJ_FREQUENCY)
		state.frequency = clamp(timex->freq, -FREQUENCY_LIMIT, FREQUENCY_LIMIT);
	if (modes & ADJ_MAXERROR)
		state.maxerror_us = clamp(timex->maxerror, 0, MAXERROR_LIMIT_US);
	if (modes & ADJ_ESTERROR)
		state.esterror_us = clamp(timex->esterror, 0, MAXERROR_LIMIT_US);
	if (modes & ADJ_TIMECONST)
		state.constant = clamp(clamp(timex->constant, 0, CONSTANT_LIMIT) +
				       (state.status & STA_NANO ? 0 : 4), 0, CONSTANT_LIMIT);
	if ((modes & ADJ_TAI) && timex->constant >= 0 && timex->constant <= INT32_MAX)
		clock_tai_offset_set(timex->constant);
	if (modes & ADJ_OFFSET)
		set_offset(timex);
	if (modes & ADJ_TICK)
		state.tick_us = timex->tick;
	if (modes & (ADJ_TICK | ADJ_FREQUENCY | ADJ_OFFSET))
		adjust_second();
}

/* Lock held. */
static void report(struct timex *timex)
{
	int64_t unit = state.status & STA_NANO ? 1 : 1000;
	int64_t now_ns = clock_base_realtime_ns();

	timex->offset = state.offset_ns / unit;
	timex->freq = state.frequency;
	timex->maxerror = state.maxerror_us;
	timex->esterror = state.esterror_us;
	timex->status = state.status;
	timex->constant = state.constant;
	timex->precision = 1;
	timex->tolerance = FREQUENCY_LIMIT;
	timex->tick = state.tick_us;
	timex->ppsfreq = timex->jitter = timex->stabil = timex->jitcnt = 0;
	timex->calcnt = timex->errcnt = timex->stbcnt = 0;
	timex->shift = 0;
	timex->tai = (int32_t)clock_tai_offset_s();
	timex->time.tv_sec = now_ns / NANOSECONDS_PER_SECOND;
	timex->time.tv_usec = now_ns % NANOSECONDS_PER_SECOND / unit;
}

int time_adjust(struct timex *timex)
{
	uint32_t modes = timex->modes;
	int64_t single_shot_us;
	int result = check(timex);
	bool were_enabled, steps = modes != ADJ_OFFSET_SS_READ && (modes & ADJ_SETOFFSET);

	if (result != 0)
		return result;
	were_enabled = clock_change_begin();
	single_shot_us = state.single_shot_ns / 1000;
	if (steps)
		result = clock_offset_add(timex->time.tv_sec * NANOSECONDS_PER_SECOND +
					  timex->time.tv_usec * (modes & ADJ_NANO ? 1 : 1000));
	if (result < 0) {
		clock_change_end(were_enabled);
		return result;
	}
	if (modes == ADJ_OFFSET_SINGLESHOT) {
		state.single_shot_ns = clamp(timex->offset, -INT32_MAX, INT32_MAX) * 1000;
		adjust_second();
	} else if (modes != ADJ_OFFSET_SS_READ) {
		apply(timex);
	}
	report(timex);
	if (modes == ADJ_OFFSET_SINGLESHOT || modes == ADJ_OFFSET_SS_READ)
		timex->offset = single_shot_us;
	result = state.status & STA_UNSYNC ? TIME_ERROR : TIME_OK;
	clock_change_end(were_enabled);
	if (steps)
		clock_announce_step();
	return result;
}
