/*
 * Waiting for files: poll(2), select(2) and epoll(7) in their many forms. What they differ in is
 * how sets, times and signal masks come and go.
 */
#include "file/event_files.h"
#include "file/poll.h"
#include "file/poll_waiter.h"
#include "memory/heap.h"
#include "sync/blocking.h"
#include "syscall/support.h"
#include "task/signal.h"
#include "task/thread.h"
#include <abi/poll.h>

#define POLL_INLINE_FDS 16

/* What select counts as readable, writable and exceptional. */
#define SELECT_READABLE (POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR | POLLNVAL)
#define SELECT_WRITABLE (POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR | POLLNVAL)
#define SELECT_EXCEPTIONAL POLLPRI
#define SELECT_INLINE_WORDS 24

static int64_t deadline_of_ms(int timeout_ms)
{
	if (timeout_ms <= 0)
		return timeout_ms < 0 ? NO_DEADLINE : 0;
	return deadline_after(timeout_ms * NANOSECONDS_PER_MILLISECOND);
}

/* The temporary mask of the p-calls; none for address 0. */
static int mask_begin(user_address_t mask, size_t size)
{
	uint64_t set;

	if (mask == 0)
		return 0;
	if (size != sizeof(set))
		return -EINVAL;
	if (user_load64(mask, &set) < 0)
		return -EFAULT;
	signal_mask_set_temporarily(set);
	return 0;
}

/* A call that a signal ended keeps the mask until the signal was delivered under it. */
static long mask_end(user_address_t mask, long result)
{
	if (mask != 0 && result != -EINTR && result != -ERESTARTNOHAND)
		signal_mask_restore();
	return result;
}

static int64_t time_left(int64_t deadline_ns)
{
	int64_t now = time_monotonic_ns();

	return deadline_ns > now ? deadline_ns - now : 0;
}

/* Results of one pass go out; the rest of an entry is the program's to change meanwhile. */
static int results_copy_out(user_address_t to, const struct pollfd *entries, unsigned count)
{
	to += offsetof(struct pollfd, revents);
	for (unsigned i = 0; i < count; i++) {
		if (user_copy_out(to + i * sizeof(entries[0]), &entries[i].revents,
				  sizeof(entries[i].revents)) < 0)
			return -EFAULT;
	}
	return 0;
}

/* -EINTR when a signal came. */
static long poll_user(user_address_t from, unsigned count, int64_t deadline_ns)
{
	struct pollfd few[POLL_INLINE_FDS], *entries = few;
	long result = -EFAULT;
	bool has_changed;

	if (count > limit_current(LIMIT_NOFILE))
		return -EINVAL;
	if (count > POLL_INLINE_FDS) {
		entries = heap_allocate_array(count, sizeof(*entries), HEAP_RAW | HEAP_ACCOUNT);
		if (!entries)
			return -ENOMEM;
	}
	if (user_copy_in(entries, from, count * sizeof(*entries)) == 0) {
		result = poll_files(entries, count, deadline_ns, &has_changed);
		/* The first is written in any case: memory that cannot be is an error. */
		if ((result >= 0 || result == -EINTR) &&
		    results_copy_out(from, entries, has_changed ? count : min(count, 1u)) < 0)
			result = -EFAULT;
	}
	if (entries != few)
		heap_free(entries);
	return result;
}

static long poll_from(user_address_t entries, unsigned count, int64_t deadline_ns)
{
	struct thread *thread = thread_current();
	long result = poll_user(entries, count, deadline_ns);

	if (result != -EINTR)
		return result;
	thread->restart_kind = RESTART_POLL;
	thread->restart.poll.entries = entries;
	thread->restart.poll.count = count;
	thread->restart.poll.deadline_ns = deadline_ns;
	return -ERESTART_RESTARTBLOCK;
}

long poll_restart(void)
{
	struct thread *thread = thread_current();

	return poll_from(thread->restart.poll.entries, thread->restart.poll.count,
			 thread->restart.poll.deadline_ns);
}

long sys_poll(user_address_t entries, unsigned count, int timeout_ms)
{
	return poll_from(entries, count, deadline_of_ms(timeout_ms));
}

/* Writes the time that is left over the time-out. A program may keep it in memory that it cannot
 * write: then an interrupted call is not restarted, because it would begin from the old time. */
static long left_store(user_address_t timeout, bool is_timeval, int64_t deadline_ns, long result)
{
	union {
		struct timespec in_nanoseconds;
		struct timeval in_microseconds;
	} left;

	if (timeout == 0 || deadline_ns == 0)
		return result;
	if (is_timeval)
		timeval_from_ns(time_left(deadline_ns), &left.in_microseconds);
	else
		timespec_from_ns(time_left(deadline_ns), &left.in_nanoseconds);
	if (user_copy_out(timeout, &left, sizeof(left)) < 0 && result == -ERESTARTNOHAND)
		return -EINTR;
	return result;
}

long sys_ppoll(user_address_t entries, unsigned count, user_address_t timeout, user_address_t mask,
	       size_t mask_size)
{
	int64_t deadline_ns;
	long result = deadline_from_user(timeout, &deadline_ns);

	if (result == 0)
		result = mask_begin(mask, mask_size);
	if (result < 0)
		return result;
	result = poll_user(entries, count, deadline_ns);
	if (result == -EINTR)
		result = -ERESTARTNOHAND;
	result = mask_end(mask, result);
	return left_store(timeout, false, deadline_ns, result);
}

/* The three sets of select: what is asked, and what is found. Absent ones are empty. */
struct select_sets {
	unsigned count;			/* descriptors */
	unsigned words;			/* in each set */
	user_address_t users[3];
	uint64_t *asked, *found;	/* 3 * words each */
};

static const uint32_t select_events[3] = {
	SELECT_READABLE, SELECT_WRITABLE, SELECT_EXCEPTIONAL,
};

static int sets_copy_in(struct select_sets *sets)
{
	for (unsigned i = 0; i < 3; i++) {
		uint64_t *set = sets->asked + i * sets->words;
		size_t bytes = sets->words * sizeof(*set);

		if (sets->users[i] == 0)
			memset(set, 0, bytes);
		else if (user_copy_in(set, sets->users[i], bytes) < 0)
			return -EFAULT;
	}
	return 0;
}

static int sets_copy_out(const struct select_sets *sets)
{
	for (unsigned i = 0; i < 3; i++) {
		const uint64_t *set = sets->found + i * sets->words;

		if (sets->users[i] != 0 &&
		    user_copy_out(sets->users[i], set, sets->words * sizeof(*set)) < 0)
			return -EFAULT;
	}
	return 0;
}

/* One word of the three sets. */
struct select_word {
	uint64_t asked[3], found[3];
};

/* Asks for one bit what the sets want: how many of its bits are set in the result; -EBADF. */
static int select_ask(struct select_word *word, struct poll_waiter *waiter, unsigned fd)
{
	uint64_t bit = BIT(fd % 64);
	uint32_t wanted, events;
	int found = 0;

	wanted = (word->asked[0] & bit ? SELECT_READABLE : 0) |
		(word->asked[1] & bit ? SELECT_WRITABLE : 0) |
		(word->asked[2] & bit ? SELECT_EXCEPTIONAL : 0);
	events = poll_waiter_ask(waiter, (int)fd, wanted);
	if (likely(events == 0))
		return 0;
	for (unsigned i = 0; i < 3; i++) {
		if ((word->asked[i] & bit) && (events & select_events[i])) {
			word->found[i] |= bit;
			found++;
		}
	}
	return events == POLLNVAL ? -EBADF : found;
}

/* One pass over all descriptors in the sets: how many bits are ready, or -EBADF. */
static long select_pass(struct select_sets *sets, struct poll_waiter *waiter, bool is_first)
{
	unsigned words = sets->words;
	long ready = 0;

	for (unsigned i = 0; i < words; i++) {
		struct select_word word = {
			.asked = { sets->asked[i], sets->asked[words + i],
				   sets->asked[2 * words + i] },
		};
		uint64_t bits = word.asked[0] | word.asked[1] | word.asked[2];

		if ((i + 1) * 64 > sets->count)
			bits &= BIT(sets->count % 64) - 1;
		for (; bits; bits &= bits - 1) {
			int found = select_ask(&word, waiter, i * 64 + __builtin_ctzll(bits));

			/* Closed while we slept: ready, so that the program finds out. */
			if (found < 0 && is_first)
				return found;
			ready += found < 0 ? 1 : found;
		}
		sets->found[i] = word.found[0];
		sets->found[words + i] = word.found[1];
		sets->found[2 * words + i] = word.found[2];
	}
	return ready;
}

static long select_wait(struct select_sets *sets, int64_t deadline_ns)
{
	struct poll_waiter waiter;
	bool is_first = true;
	long ready;
	int result;

	poll_waiter_begin(&waiter, deadline_ns);
	for (;;) {
		ready = select_pass(sets, &waiter, is_first);
		if (ready != 0)
			break;
		is_first = false;
		result = poll_waiter_sleep(&waiter);
		if (result < 0) {
			ready = result == -ETIMEDOUT ? 0 : result;
			break;
		}
	}
	poll_waiter_end(&waiter);
	return ready == -EINTR ? -ERESTARTNOHAND : ready;
}

static long select_user(int count, const user_address_t users[3], int64_t deadline_ns)
{
	struct select_sets sets = { .users = { users[0], users[1], users[2] } };
	uint64_t few[SELECT_INLINE_WORDS], *words = few;
	long result;

	if (count < 0)
		return -EINVAL;
	/* Higher numbers cannot be open. */
	sets.count = min((unsigned)count, descriptor_table_size(thread_current()->descriptors));
	sets.words = (sets.count + 63) / 64;
	if (6 * sets.words > SELECT_INLINE_WORDS) {
		words = heap_allocate_array(6 * sets.words, sizeof(*words),
					    HEAP_RAW | HEAP_ACCOUNT);
		if (!words)
			return -ENOMEM;
	}
	sets.asked = words;
	sets.found = words + 3 * sets.words;
	result = sets_copy_in(&sets);
	if (result == 0)
		result = select_wait(&sets, deadline_ns);
	if (result >= 0 && sets_copy_out(&sets) < 0)
		result = -EFAULT;
	if (words != few)
		heap_free(words);
	return result;
}

/* select's time-out: more than a million microseconds carry over into seconds. */
static int select_deadline(user_address_t timeout, int64_t *deadline_ns)
{
	struct timeval time;
	struct timespec whole;
	int64_t ns;

	*deadline_ns = NO_DEADLINE;
	if (timeout == 0)
		return 0;
	if (user_copy_in(&time, timeout, sizeof(time)) < 0)
		return -EFAULT;
	whole.tv_nsec = time.tv_usec % 1000000 * NANOSECONDS_PER_MICROSECOND;
	if (__builtin_add_overflow(time.tv_sec, time.tv_usec / 1000000, &whole.tv_sec) ||
	    timespec_to_ns(&whole, &ns) < 0)
		return -EINVAL;
	*deadline_ns = ns == 0 ? 0 : deadline_after(ns);
	return 0;
}

long sys_select(int count, user_address_t readable, user_address_t writable,
		user_address_t exceptional, user_address_t timeout)
{
	user_address_t users[3] = { readable, writable, exceptional };
	int64_t deadline_ns;
	long result = select_deadline(timeout, &deadline_ns);

	if (result < 0)
		return result;
	result = select_user(count, users, deadline_ns);
	return left_store(timeout, true, deadline_ns, result);
}

long sys_pselect6(int count, user_address_t readable, user_address_t writable,
		  user_address_t exceptional, user_address_t timeout, user_address_t mask)
{
	user_address_t users[3] = { readable, writable, exceptional };
	struct {
		uint64_t address, size;
	} packed = { 0, 0 };
	int64_t deadline_ns;
	long result = 0;

	if (mask != 0)
		result = user_copy_in(&packed, mask, sizeof(packed));
	if (result == 0)
		result = deadline_from_user(timeout, &deadline_ns);
	if (result == 0)
		result = mask_begin(packed.address, packed.size);
	if (result < 0)
		return result;
	result = mask_end(packed.address, select_user(count, users, deadline_ns));
	return left_store(timeout, false, deadline_ns, result);
}

long sys_epoll_create1(int flags)
{
	struct file *file;

	if (flags & ~O_CLOEXEC)
		return -EINVAL;
	file = epoll_create();
	return file ? descriptor_add(file, flags & O_CLOEXEC) : -ENOMEM;
}

long sys_epoll_create(int size)
{
	return size <= 0 ? -EINVAL : sys_epoll_create1(0);
}

long sys_epoll_ctl(int epoll, int operation, int fd, user_address_t event)
{
	struct file_reference reference, target;
	struct epoll_event copy = { 0 };
	long result = -EBADF;

	if (operation != EPOLL_CTL_DEL && user_copy_in(&copy, event, sizeof(copy)) < 0)
		return -EFAULT;
	reference = descriptor_borrow(epoll, false);
	if (!reference.file)
		return -EBADF;
	target = descriptor_borrow(fd, false);
	if (target.file) {
		result = epoll_control(reference.file, operation, fd, target.file, &copy);
		descriptor_return(target);
	}
	descriptor_return(reference);
	return result;
}

long sys_epoll_wait(struct file *epoll, user_address_t events, int maximum, int timeout_ms)
{
	return epoll_wait_events(epoll, events, maximum, deadline_of_ms(timeout_ms));
}

static long epoll_wait_masked(struct file *epoll, user_address_t events, int maximum,
			      int64_t deadline_ns, user_address_t mask, size_t mask_size)
{
	long result = mask_begin(mask, mask_size);

	if (result < 0)
		return result;
	return mask_end(mask, epoll_wait_events(epoll, events, maximum, deadline_ns));
}

long sys_epoll_pwait(struct file *epoll, user_address_t events, int maximum, int timeout_ms,
		     user_address_t mask, size_t mask_size)
{
	return epoll_wait_masked(epoll, events, maximum, deadline_of_ms(timeout_ms), mask,
				 mask_size);
}

long sys_epoll_pwait2(struct file *epoll, user_address_t events, int maximum,
		      user_address_t timeout, user_address_t mask, size_t mask_size)
{
	int64_t deadline_ns;
	long result = deadline_from_user(timeout, &deadline_ns);

	if (result < 0)
		return result;
	return epoll_wait_masked(epoll, events, maximum, deadline_ns, mask, mask_size);
}
