/*
 * Clocks, sleeping and timers: structures in, nanoseconds to time/ and task/, structures out.
 */
#include "sync/blocking.h"
#include "syscall/support.h"
#include "task/credentials.h"
#include "task/process_timer.h"
#include "task/thread.h"
#include "vfs/permission.h"

long sys_clock_gettime(int clock, struct timespec *time)
{
	int64_t now;
	int result = clock_read_any(clock, &now);

	if (result == 0)
		timespec_from_ns(now, time);
	return result;
}

long sys_clock_getres(int clock, struct timespec *resolution)
{
	int64_t ns;
	int result = clock_resolution_any(clock, &ns);

	if (result == 0 && resolution)
		timespec_from_ns(ns, resolution);
	return result;
}

long sys_clock_settime(int clock, const struct timespec *time)
{
	int64_t ns;
	int result;

	if (clock != CLOCK_REALTIME)
		return -EINVAL;
	result = timespec_to_ns(time, &ns);
	if (result == 0 && !privilege_is_held(PRIVILEGE_SYS_TIME))
		result = -EPERM;
	return result < 0 ? result : time_realtime_set(ns);
}

long sys_gettimeofday(struct timeval *time, struct timezone *zone)
{
	if (time)
		timeval_from_ns(time_realtime_ns(), time);
	if (zone)
		time_timezone_read(&zone->tz_minuteswest, &zone->tz_dsttime);
	return 0;
}

long sys_settimeofday(const struct timeval *time, const struct timezone *zone)
{
	int64_t ns;
	int result;

	if (time) {
		result = timeval_to_ns(time, &ns);
		if (result < 0)
			return result;
	}
	if (!privilege_is_held(PRIVILEGE_SYS_TIME))
		return -EPERM;
	if (zone) {
		if (zone->tz_minuteswest > 15 * 60 || zone->tz_minuteswest < -15 * 60)
			return -EINVAL;
		time_timezone_set(zone->tz_minuteswest, zone->tz_dsttime);
	}
	return time ? time_realtime_set(ns) : 0;
}

long sys_time(user_address_t result)
{
	int64_t seconds = time_realtime_ns() / NANOSECONDS_PER_SECOND;

	if (result && user_store64(result, seconds) < 0)
		return -EFAULT;
	return seconds;
}

long sys_clock_adjtime(int clock, struct timex *adjustment)
{
	int result;

	if (clock != CLOCK_REALTIME)
		return clock >= 0 && clock <= CLOCK_TAI ? -EOPNOTSUPP : -EINVAL;
	if (adjustment->modes == 0 || adjustment->modes == ADJ_OFFSET_SS_READ)
		result = capability_not_needed();
	else
		result = capability_require(CAPABILITY_TIME_SET);
	if (result == 0 && adjustment->modes != 0 && adjustment->modes != ADJ_OFFSET_SS_READ &&
	    !privilege_is_held(PRIVILEGE_SYS_TIME))
		result = -EPERM;
	return result < 0 ? result : time_adjust(adjustment);
}

long sys_adjtimex(struct timex *adjustment)
{
	return sys_clock_adjtime(CLOCK_REALTIME, adjustment);
}

long sys_clock_nanosleep(int clock, int flags, const struct timespec *wait, user_address_t left)
{
	int64_t ns;
	int result;

	if (clock == CLOCK_THREAD_CPUTIME_ID)
		return -EOPNOTSUPP;
	result = timespec_to_ns(wait, &ns);
	if (result < 0)
		return result;
	return clock_sleep(clock, flags & TIMER_ABSTIME, ns, left);
}

long sys_nanosleep(const struct timespec *wait, user_address_t left)
{
	return sys_clock_nanosleep(CLOCK_MONOTONIC, 0, wait, left);
}

static void itimerval_fill(const struct timer_setting *times, struct itimerval *setting)
{
	/* A timer that is armed never reads as 0. */
	int64_t value = times->value_ns && times->value_ns < NANOSECONDS_PER_MICROSECOND ?
		NANOSECONDS_PER_MICROSECOND : times->value_ns;

	timeval_from_ns(value, &setting->it_value);
	timeval_from_ns(times->interval_ns, &setting->it_interval);
}

long sys_getitimer(int which, struct itimerval *setting)
{
	struct timer_setting times;
	int result = interval_timer_read(which, &times);

	if (result == 0)
		itimerval_fill(&times, setting);
	return result;
}

long sys_setitimer(int which, const struct itimerval *setting, struct itimerval *old)
{
	struct timer_setting times = { 0 }, before;
	int result = 0;

	/* NULL disarms, as Linux does with a warning. */
	if (setting)
		result = timeval_to_ns(&setting->it_value, &times.value_ns);
	if (setting && result == 0)
		result = timeval_to_ns(&setting->it_interval, &times.interval_ns);
	if (result == 0)
		result = interval_timer_set(which, &times, &before);
	if (result == 0 && old)
		itimerval_fill(&before, old);
	return result;
}

long sys_alarm(unsigned seconds)
{
	struct timer_setting times = { .value_ns = seconds * NANOSECONDS_PER_SECOND }, before;
	int result = interval_timer_set(ITIMER_REAL, &times, &before);

	if (result < 0 || before.value_ns == 0)
		return 0;
	/* Rounded to the nearest second, but never to "no alarm". */
	return max((before.value_ns + NANOSECONDS_PER_SECOND / 2) / NANOSECONDS_PER_SECOND,
		   (int64_t)1);
}

static int event_check(const struct sigevent *event, struct signal_event *checked)
{
	int notify = event->sigev_notify;

	*checked = (struct signal_event){
		.notify = notify,
		.number = event->sigev_signo,
		.value.pointer = event->sigev_value,
	};
	if (notify == SIGEV_NONE)
		return 0;
	if (notify != SIGEV_SIGNAL && notify != SIGEV_THREAD && notify != SIGEV_THREAD_ID &&
	    notify != (SIGEV_SIGNAL | SIGEV_THREAD_ID))
		return -EINVAL;
	if (event->sigev_signo < 1 || event->sigev_signo > SIGNAL_COUNT)
		return -EINVAL;
	if (!(notify & SIGEV_THREAD_ID))
		return 0;
	checked->thread = thread_find(event->sigev_tid);
	if (checked->thread && checked->thread->process == process_current())
		return 0;
	if (checked->thread)
		thread_put(checked->thread);
	return -EINVAL;
}

long sys_timer_create(int clock, const struct sigevent *event, user_address_t id_address)
{
	struct signal_event checked;
	int id, result = 0;

	if (event)
		result = event_check(event, &checked);
	if (result < 0)
		return result;
	result = process_timer_create(clock, event ? &checked : NULL, &id);
	if (event && checked.thread && result < 0)
		thread_put(checked.thread);
	if (result < 0)
		return result;
	if (user_store32(id_address, id) == 0)
		return 0;
	/* The program cannot name the timer that it does not know of. */
	result = process_timer_delete(id);
	return result < 0 ? result : -EFAULT;
}

long sys_timer_settime(int id, int flags, const struct itimerspec *setting,
		       struct itimerspec *old)
{
	struct timer_setting times, before;
	int result = setting ? itimerspec_check(setting, &times) : -EINVAL;

	if (result == 0)
		result = process_timer_set(id, flags & TIMER_ABSTIME, &times, &before);
	if (result == 0 && old)
		itimerspec_fill(&before, old);
	return result;
}

long sys_timer_gettime(int id, struct itimerspec *setting)
{
	struct timer_setting times;
	int result = process_timer_read(id, &times);

	if (result == 0)
		itimerspec_fill(&times, setting);
	return result;
}

long sys_timer_getoverrun(int id)
{
	return process_timer_overrun(id);
}

long sys_timer_delete(int id)
{
	return process_timer_delete(id);
}
