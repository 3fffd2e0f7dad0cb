/*
 * Times between programs and the kernel: structures of seconds and parts on one side, nanoseconds
 * in 64 bits on the other. What does not fit becomes the largest time, some 292 years.
 */
#include "syscall/support.h"
#include "sync/blocking.h"

#define SECONDS_MAXIMUM (INT64_MAX / NANOSECONDS_PER_SECOND - 1)

int timespec_to_ns(const struct timespec *time, int64_t *ns)
{
	if (time->tv_sec < 0 || (uint64_t)time->tv_nsec >= NANOSECONDS_PER_SECOND)
		return -EINVAL;
	*ns = time->tv_sec > SECONDS_MAXIMUM ? NO_DEADLINE - 1 :
		time->tv_sec * NANOSECONDS_PER_SECOND + time->tv_nsec;
	return 0;
}

int timeval_to_ns(const struct timeval *time, int64_t *ns)
{
	struct timespec converted = { .tv_sec = time->tv_sec };

	if ((uint64_t)time->tv_usec >= NANOSECONDS_PER_SECOND / NANOSECONDS_PER_MICROSECOND)
		return -EINVAL;
	converted.tv_nsec = time->tv_usec * NANOSECONDS_PER_MICROSECOND;
	return timespec_to_ns(&converted, ns);
}

void timespec_from_ns(int64_t ns, struct timespec *time)
{
	time->tv_sec = ns / NANOSECONDS_PER_SECOND;
	time->tv_nsec = ns % NANOSECONDS_PER_SECOND;
	/* Times before 1970: the parts of a second count forward. */
	if (time->tv_nsec < 0) {
		time->tv_nsec += NANOSECONDS_PER_SECOND;
		time->tv_sec--;
	}
}

void timeval_from_ns(int64_t ns, struct timeval *time)
{
	time->tv_sec = ns / NANOSECONDS_PER_SECOND;
	time->tv_usec = ns % NANOSECONDS_PER_SECOND / NANOSECONDS_PER_MICROSECOND;
}

int64_t deadline_after(int64_t ns)
{
	int64_t now = time_monotonic_ns();

	return ns >= NO_DEADLINE - 1 - now ? NO_DEADLINE - 1 : now + ns;
}

int deadline_from_user(user_address_t timeout, int64_t *deadline_ns)
{
	struct timespec time;
	int64_t ns;
	int result;

	*deadline_ns = NO_DEADLINE;
	if (timeout == 0)
		return 0;
	if (user_copy_in(&time, timeout, sizeof(time)) < 0)
		return -EFAULT;
	result = timespec_to_ns(&time, &ns);
	if (result == 0)
		*deadline_ns = ns == 0 ? 0 : deadline_after(ns);
	return result;
}
