/*
 * PI futexes among many: order and loans of priority, rings, owners that die
 * here and in other processes, words that programs wrote to, and requeueing.
 */
#include "support.h"
#include <pthread.h>
#include <sched.h>

enum {
	WAKE = 1, REQUEUE = 3, LOCK = 6, UNLOCK = 7, TRYLOCK = 8, WAIT_REQUEUE = 11,
	COMPARE_REQUEUE = 12, LOCK2 = 13, PRIVATE = 128,
};

#define WAITERS 0x80000000u
#define OWNER_DIED 0x40000000u

static long futex(void *word, int operation, uint32_t value, const void *limit, void *second,
		  uint32_t third)
{
	return syscall(SYS_futex, word, operation, value, limit, second, third);
}

/* A thread that takes locks when it is told to, and says how that went. */
struct locker {
	pthread_t thread;
	int priority;			/* SCHED_FIFO, 0: fair */
	volatile int tid;
	uint32_t *volatile wanted;	/* set: lock this; it is NULL again afterwards */
	uint32_t *volatile unwanted;	/* set: unlock this */
	const struct timespec *limit;
	volatile bool locks;		/* is in the call, or about to */
	volatile long result;
	volatile int error;
	volatile bool ends;
};

/* Kept in shared memory where processes lock together. */
static struct { volatile int count, tids[16]; } *order;

static void locker_lock(struct locker *self)
{
	uint32_t *word = self->wanted;

	self->locks = true;
	self->result = futex(word, LOCK2 | PRIVATE, 0, self->limit, NULL, 0);
	self->error = errno;
	self->locks = false;
	if (self->result == 0 && order)
		order->tids[order->count++] = self->tid;
	self->wanted = NULL;
}

static void *locker_run(void *opaque)
{
	struct locker *self = opaque;
	struct sched_param parameters = { .sched_priority = self->priority };

	if (self->priority)
		REQUIRE_OK(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &parameters));
	self->tid = syscall(SYS_gettid);
	while (!self->ends) {
		if (self->wanted)
			locker_lock(self);
		if (self->unwanted) {
			CHECK_OK(futex(self->unwanted, UNLOCK | PRIVATE, 0, NULL, NULL, 0));
			self->unwanted = NULL;
		}
		usleep(500);
	}
	return NULL;
}

static void locker_start(struct locker *locker)
{
	REQUIRE(pthread_create(&locker->thread, NULL, locker_run, locker) == 0);
	while (!locker->tid)
		usleep(500);
}

/* Begins to lock, and is seen to sleep for it (true) or to have it. */
static bool locker_begin(struct locker *locker, uint32_t *word)
{
	locker->wanted = word;
	while (!locker->locks && locker->wanted)
		usleep(500);
	while (locker->wanted) {
		/* Asked again: by then it may have the lock, and sleep for want of orders. */
		if (locker->locks && process_state(locker->tid) == 'S' && locker->locks)
			return true;
		usleep(500);
	}
	return false;
}

static void locker_finish(struct locker *locker)
{
	while (locker->wanted)
		usleep(500);
}

static void locker_unlock(struct locker *locker, uint32_t *word)
{
	locker->unwanted = word;
	while (locker->unwanted)
		usleep(500);
}

/* Field 18 of stat: -1 - priority for real-time threads. */
static int priority_seen(int tid)
{
	char name[60], text[600], *at;
	int fields = 0;

	snprintf(name, sizeof(name), "/proc/%d/stat", tid);
	if (file_read(name, text, sizeof(text)) < 0)
		return 0;
	for (at = strrchr(text, ')') + 1; fields < 16; at++)
		fields += *at == ' ';
	return atoi(at);
}

/* Loans are made when the waiter sleeps, which is a moment after it begins. */
static bool priority_becomes(int tid, int wanted)
{
	for (int i = 0; i < 4000; i++) {
		if (priority_seen(tid) == wanted)
			return true;
		usleep(500);
	}
	return false;
}

static uint32_t words[4];
static struct locker lockers[6];

static struct locker *locker_make(int index, int priority)
{
	lockers[index].priority = priority;
	locker_start(&lockers[index]);
	return &lockers[index];
}

TEST(the_highest_priority_comes_first)
{
	static const int priorities[] = { 0, 10, 30, 0, 20 }, expected[] = { 2, 4, 1, 0, 3 };

	order = pages_shared(1);
	REQUIRE_OK(futex(words, LOCK | PRIVATE, 0, NULL, NULL, 0));
	for (int i = 0; i < 5; i++)
		CHECK(locker_begin(locker_make(i, priorities[i]), words));
	CHECK_EQUAL(words[0], syscall(SYS_gettid) | WAITERS);
	CHECK_OK(futex(words, UNLOCK | PRIVATE, 0, NULL, NULL, 0));
	for (int i = 0; i < 5; i++) {
		struct locker *next = &lockers[expected[i]];

		locker_finish(next);
		CHECK_EQUAL(order->count, i + 1);
		CHECK_EQUAL(order->tids[i], next->tid);
		CHECK_EQUAL(words[0], next->tid | WAITERS);
		locker_unlock(next, words);
	}
	CHECK_EQUAL(words[0], 0);
}

TEST(priority_is_lent_along_a_chain_and_given_back)
{
	struct timespec limit = timespec_of(clock_now(CLOCK_MONOTONIC) + 1000000000);
	struct locker *low = locker_make(0, 0), *middle = locker_make(1, 0);
	struct locker *high = locker_make(2, 25);

	CHECK(!locker_begin(low, &words[0]));
	CHECK(!locker_begin(middle, &words[1]));
	CHECK(locker_begin(middle, &words[0]));
	CHECK_EQUAL(priority_seen(low->tid), 20);
	high->limit = &limit;
	CHECK(locker_begin(high, &words[1]));
	CHECK(priority_becomes(middle->tid, -26));
	CHECK_EQUAL(priority_seen(low->tid), -26);
	locker_finish(high);
	CHECK_EQUAL(high->result, -1);
	CHECK_EQUAL(high->error, ETIMEDOUT);
	CHECK_EQUAL(priority_seen(middle->tid), 20);
	CHECK_EQUAL(priority_seen(low->tid), 20);
	locker_unlock(low, &words[0]);
	locker_finish(middle);
	CHECK_EQUAL(middle->result, 0);
}

TEST(the_highest_loan_counts)
{
	struct locker *owner = locker_make(0, 0), *first = locker_make(1, 10);
	struct locker *second = locker_make(2, 20);

	CHECK(!locker_begin(owner, &words[0]));
	CHECK(!locker_begin(owner, &words[1]));
	CHECK(locker_begin(first, &words[0]));
	CHECK(priority_becomes(owner->tid, -11));
	CHECK(locker_begin(second, &words[1]));
	CHECK(priority_becomes(owner->tid, -21));
	/* What it lent for one lock ends with that one; the other loan stays. */
	locker_unlock(owner, &words[1]);
	locker_finish(second);
	CHECK_EQUAL(priority_seen(owner->tid), -11);
	locker_unlock(owner, &words[0]);
	locker_finish(first);
	CHECK_EQUAL(priority_seen(owner->tid), 20);
}

TEST(a_waiter_that_changes_its_priority)
{
	struct locker *owner = locker_make(0, 0), *waiter = locker_make(1, 5);
	struct sched_param parameters = { .sched_priority = 40 };

	CHECK(!locker_begin(owner, &words[0]));
	CHECK(locker_begin(waiter, &words[0]));
	CHECK(priority_becomes(owner->tid, -6));
	CHECK_OK(syscall(SYS_sched_setparam, waiter->tid, &parameters));
	CHECK_EQUAL(priority_seen(owner->tid), -41);
	parameters.sched_priority = 0;
	CHECK_OK(syscall(SYS_sched_setscheduler, waiter->tid, SCHED_OTHER, &parameters));
	CHECK_EQUAL(priority_seen(owner->tid), 20);
	locker_unlock(owner, &words[0]);
	locker_finish(waiter);
	CHECK_EQUAL(waiter->result, 0);
}

TEST(a_ring_of_waiters_is_refused)
{
	struct locker *a = locker_make(0, 0), *b = locker_make(1, 0), *c = locker_make(2, 0);

	CHECK(!locker_begin(a, &words[0]));
	CHECK(!locker_begin(b, &words[1]));
	CHECK(!locker_begin(c, &words[2]));
	CHECK(locker_begin(a, &words[1]));
	CHECK(locker_begin(b, &words[2]));
	CHECK(!locker_begin(c, &words[0]));
	CHECK_EQUAL(c->result, -1);
	CHECK_EQUAL(c->error, EDEADLK);
	/* Nothing is broken by the try. */
	locker_unlock(c, &words[2]);
	locker_finish(b);
	CHECK_EQUAL(b->result, 0);
	locker_unlock(b, &words[1]);
	locker_finish(a);
	CHECK_EQUAL(a->result, 0);
	CHECK_EQUAL(words[0] & ~WAITERS, a->tid);
}

static void *lock_and_leave(void *word)
{
	lockers[5].tid = syscall(SYS_gettid);
	futex(word, LOCK | PRIVATE, 0, NULL, NULL, 0);
	while (!lockers[5].ends)
		usleep(500);
	return NULL;
}

/* Without a robust list the kernel hands on what somebody waits for, and says that it did. */
TEST(an_owner_that_leaves)
{
	struct locker *first = locker_make(0, 0), *second = locker_make(1, 9);
	pthread_t thread;

	REQUIRE(pthread_create(&thread, NULL, lock_and_leave, &words[0]) == 0);
	while (!words[0])
		usleep(500);
	CHECK(locker_begin(first, &words[0]));
	CHECK(locker_begin(second, &words[0]));
	lockers[5].ends = true;
	pthread_join(thread, NULL);
	locker_finish(second);
	CHECK_EQUAL(second->result, 0);
	CHECK_EQUAL(words[0], second->tid | WAITERS | OWNER_DIED);
	locker_unlock(second, &words[0]);
	locker_finish(first);
	CHECK_EQUAL(words[0], first->tid | WAITERS);
	locker_unlock(first, &words[0]);
	CHECK_EQUAL(words[0], 0);
	/* What nobody waits for is lost. */
	words[1] = lockers[5].tid;
	CHECK_ERRNO(futex(&words[1], LOCK | PRIVATE, 0, NULL, NULL, 0), ESRCH);
	CHECK_EQUAL(words[1], lockers[5].tid | WAITERS);
	CHECK_ERRNO(futex(&words[1], TRYLOCK | PRIVATE, 0, NULL, NULL, 0), ESRCH);
}

TEST(an_owner_whose_leader_has_left)
{
	uint32_t *shared = pages_shared(1);
	pid_t pid = fork();

	if (pid == 0) {
		lockers[0].priority = 0;
		locker_start(&lockers[0]);
		shared[0] = syscall(SYS_gettid);
		syscall(SYS_exit, 0);
	}
	REQUIRE(process_await(pid, 'Z'));
	CHECK_ERRNO(futex(shared, LOCK, 0, NULL, NULL, 0), ESRCH);
	REQUIRE_OK(kill(pid, SIGKILL));
	CHECK_EQUAL(child_wait(pid), SIGKILL);
}

static struct kernel_robust_list_head head;

/* A child that owns the word, as its robust list says or does not, and dies of a signal. */
static void die_owning(uint32_t *word, int way)
{
	struct { struct kernel_robust_list link; } *entry = (void *)(word - 2);

	futex(word, LOCK, 0, NULL, NULL, 0);
	head.list.next = &head.list;
	head.futex_offset = 8;
	head.pending = NULL;
	if (way == 1)
		head.list.next = (void *)((char *)&entry->link + 1);
	if (way == 2)
		head.list.next = &entry->link;
	entry->link.next = &head.list;
	syscall(SYS_set_robust_list, &head, sizeof(head));
	order->count = 1;
	while (order->count == 1)
		usleep(500);
	kill(getpid(), SIGKILL);
}

/* The waiters' memory is not the dead one's: each in a process of its own, one after the other. */
TEST(an_owner_that_dies_in_another_process)
{
	for (int way = 0; way < 3; way++) {
		uint32_t *page = pages_shared(1), *word = page + 2, seen[3];
		pid_t owner, waiters[3];

		order = pages_shared(1);
		owner = fork();
		if (owner == 0)
			die_owning(word, way);
		while (order->count == 0)
			usleep(500);
		for (int i = 0; i < 3; i++) {
			waiters[i] = fork();
			if (waiters[i] == 0) {
				CHECK_OK(futex(word, LOCK, 0, NULL, NULL, 0));
				order->tids[order->tids[0]++ + 1] = *word;
				if (i < 2)
					CHECK_OK(futex(word, UNLOCK, 0, NULL, NULL, 0));
				check_child_end();
			}
			REQUIRE(process_await(waiters[i], 'S'));
		}
		order->count = 2;
		CHECK_EQUAL(child_wait(owner), SIGKILL);
		for (int i = 0; i < 3; i++) {
			CHECK_EQUAL(child_wait(waiters[i]), 0);
			seen[i] = order->tids[i + 1];
		}
		CHECK_EQUAL(seen[0], waiters[0] | WAITERS | OWNER_DIED);
		CHECK_EQUAL(seen[1], waiters[1] | WAITERS);
		CHECK_EQUAL(seen[2], waiters[2] | WAITERS);
		/* The last one ended without unlocking, and nobody waited. */
		CHECK_EQUAL(*word, seen[2]);
	}
}

TEST(words_that_were_written_to)
{
	struct locker *owner = locker_make(0, 0), *waiter = locker_make(1, 0);

	CHECK(!locker_begin(owner, &words[0]));
	CHECK(locker_begin(waiter, &words[0]));
	/* Somebody else's name, or nobody's, does not go with what the kernel knows. */
	words[0] = waiter->tid | WAITERS;
	CHECK_ERRNO(futex(&words[0], LOCK | PRIVATE, 0, NULL, NULL, 0), EINVAL);
	words[0] = WAITERS;
	CHECK_ERRNO(futex(&words[0], LOCK | PRIVATE, 0, NULL, NULL, 0), EINVAL);
	words[0] = syscall(SYS_gettid) | WAITERS;
	CHECK_ERRNO(futex(&words[0], UNLOCK | PRIVATE, 0, NULL, NULL, 0), EINVAL);
	CHECK_ERRNO(futex(&words[0], LOCK | PRIVATE, 0, NULL, NULL, 0), EDEADLK);
	words[0] = owner->tid;
	CHECK_ERRNO(futex(&words[0], TRYLOCK | PRIVATE, 0, NULL, NULL, 0), EAGAIN);
	CHECK_EQUAL(words[0], owner->tid);
	locker_unlock(owner, &words[0]);
	locker_finish(waiter);
	CHECK_EQUAL(waiter->result, 0);
	CHECK_EQUAL(words[0], waiter->tid | WAITERS);
	/* Those who wait for a lock cannot be woken or moved otherwise. */
	CHECK(locker_begin(owner, &words[0]));
	CHECK_ERRNO(futex(&words[0], WAKE | PRIVATE, 1, NULL, NULL, 0), EINVAL);
	CHECK_ERRNO(futex(&words[0], REQUEUE | PRIVATE, 0, (void *)1, &words[1], 0), EINVAL);
	locker_unlock(waiter, &words[0]);
	locker_finish(owner);
	/* A try marks the word, so that the owner comes here to unlock. */
	words[0] = owner->tid;
	CHECK_ERRNO(futex(&words[0], TRYLOCK | PRIVATE, 0, NULL, NULL, 0), EAGAIN);
	CHECK_EQUAL(words[0], owner->tid | WAITERS);
	/* Marks without an owner: taken over; that the owner died is kept. */
	words[0] = WAITERS | OWNER_DIED;
	CHECK_OK(futex(&words[0], LOCK | PRIVATE, 0, NULL, NULL, 0));
	CHECK_EQUAL(words[0], syscall(SYS_gettid) | OWNER_DIED);
	CHECK_OK(futex(&words[0], UNLOCK | PRIVATE, 0, NULL, NULL, 0));
	CHECK_EQUAL(words[0], 0);
}

static volatile int parked, parked_tids[4], unparked;
static volatile long park_results[4];
static volatile int park_errors[4];
static int64_t park_limit;

static void *park(void *index)
{
	struct timespec limit = timespec_of(park_limit);
	int self = (long)index;

	parked_tids[self] = syscall(SYS_gettid);
	__atomic_add_fetch(&parked, 1, __ATOMIC_SEQ_CST);
	park_results[self] = futex(&words[0], WAIT_REQUEUE | PRIVATE, 5, park_limit ? &limit : NULL,
				   &words[1], 0);
	park_errors[self] = errno;
	if (park_results[self] == 0)
		CHECK_OK(futex(&words[1], UNLOCK | PRIVATE, 0, NULL, NULL, 0));
	__atomic_add_fetch(&unparked, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void park_start(pthread_t *threads, int count)
{
	parked = unparked = 0;
	words[0] = 5;
	for (long i = 0; i < count; i++)
		REQUIRE(pthread_create(&threads[i], NULL, park, (void *)i) == 0);
	while (parked < count)
		usleep(500);
	for (int i = 0; i < count; i++)
		REQUIRE(process_await(parked_tids[i], 'S'));
}

/* Requeues at most ten to a word, whatever else is given. */
static long park_move(uint32_t wakes, int target, uint32_t value)
{
	return futex(&words[0], COMPARE_REQUEUE | PRIVATE, wakes, (void *)9, &words[target], value);
}

static long park_move_some(long count, uint32_t value)
{
	return futex(&words[0], COMPARE_REQUEUE | PRIVATE, 1, (void *)count, &words[1], value);
}

static void park_join(pthread_t *threads, int count)
{
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

TEST(requeue_to_a_lock_that_is_free)
{
	pthread_t threads[4];

	park_start(threads, 4);
	CHECK_ERRNO(park_move(1, 1, 6), EAGAIN);
	CHECK_ERRNO(park_move(2, 1, 5), EINVAL);
	CHECK_ERRNO(park_move(1, 0, 5), EINVAL);
	CHECK_ERRNO(park_move(1, 2, 5), EINVAL);
	CHECK_ERRNO(futex(&words[0], WAKE | PRIVATE, 1, NULL, NULL, 0), EINVAL);
	CHECK_EQUAL(unparked, 0);
	CHECK_EQUAL(park_move_some(9, 5), 4);
	park_join(threads, 4);
	for (int i = 0; i < 4; i++)
		CHECK_EQUAL(park_results[i], 0);
	CHECK_EQUAL(words[1], 0);
	CHECK_EQUAL(park_move_some(9, 5), 0);
}

TEST(requeue_to_a_lock_that_is_held)
{
	uint32_t self = syscall(SYS_gettid);
	pthread_t threads[4];

	REQUIRE_OK(futex(&words[1], LOCK | PRIVATE, 0, NULL, NULL, 0));
	park_start(threads, 3);
	CHECK_EQUAL(park_move_some(0, 5), 1);
	CHECK_EQUAL(words[1], self | WAITERS);
	CHECK_EQUAL(park_move_some(9, 5), 2);
	sleep_milliseconds(20);
	CHECK_EQUAL(unparked, 0);
	CHECK_OK(futex(&words[1], UNLOCK | PRIVATE, 0, NULL, NULL, 0));
	park_join(threads, 3);
	CHECK_EQUAL(unparked, 3);
	CHECK_EQUAL(words[1], 0);
}

TEST(requeue_that_comes_too_late)
{
	pthread_t threads[2];

	/* Before it is moved, and behind the lock. */
	park_limit = clock_now(CLOCK_MONOTONIC) + 500000000;
	park_start(threads, 1);
	park_join(threads, 1);
	CHECK_EQUAL(park_results[0], -1);
	CHECK_EQUAL(park_errors[0], ETIMEDOUT);
	REQUIRE_OK(futex(&words[1], LOCK | PRIVATE, 0, NULL, NULL, 0));
	park_limit = clock_now(CLOCK_MONOTONIC) + 1000000000;
	park_start(threads, 2);
	CHECK_EQUAL(park_move_some(9, 5), 2);
	park_join(threads, 2);
	for (int i = 0; i < 2; i++) {
		CHECK_EQUAL(park_results[i], -1);
		CHECK_EQUAL(park_errors[i], ETIMEDOUT);
	}
	CHECK_OK(futex(&words[1], UNLOCK | PRIVATE, 0, NULL, NULL, 0));
	CHECK_EQUAL(words[1], 0);
}

TEST(requeue_behind_one_s_own_lock)
{
	struct locker *owner = locker_make(0, 0);
	pthread_t thread;

	/* The waiter owns what the owner of the target waits for: it would wait for itself. */
	park_start(&thread, 1);
	words[1] = 0;
	CHECK(!locker_begin(owner, &words[1]));
	words[2] = parked_tids[0];
	CHECK(locker_begin(owner, &words[2]));
	CHECK_ERRNO(park_move(1, 1, 5), EDEADLK);
	CHECK_EQUAL(unparked, 0);
}

static void nothing(int number)
{
	(void)number;
}

TEST(signals_do_not_end_a_wait_for_a_lock)
{
	struct sigaction action = { .sa_handler = nothing };
	struct locker *waiter = locker_make(0, 0);
	pthread_t thread;

	REQUIRE_OK(sigaction(SIGUSR1, &action, NULL));
	REQUIRE_OK(futex(&words[0], LOCK | PRIVATE, 0, NULL, NULL, 0));
	CHECK(locker_begin(waiter, &words[0]));
	for (int i = 0; i < 20; i++) {
		CHECK_OK(syscall(SYS_tgkill, getpid(), waiter->tid, SIGUSR1));
		usleep(1000);
	}
	CHECK(waiter->wanted == &words[0]);
	CHECK_OK(futex(&words[0], UNLOCK | PRIVATE, 0, NULL, NULL, 0));
	locker_finish(waiter);
	CHECK_EQUAL(waiter->result, 0);
	locker_unlock(waiter, &words[0]);
	/* Behind the lock already, a requeued wait is over: its first word has changed. */
	REQUIRE_OK(futex(&words[1], LOCK | PRIVATE, 0, NULL, NULL, 0));
	park_start(&thread, 1);
	CHECK_EQUAL(park_move_some(9, 5), 1);
	CHECK_OK(syscall(SYS_tgkill, getpid(), parked_tids[0], SIGUSR1));
	park_join(&thread, 1);
	CHECK_EQUAL(park_results[0], -1);
	CHECK_EQUAL(park_errors[0], EAGAIN);
}

static uint32_t turn;

static void *contend(void *unused)
{
	uint32_t self = syscall(SYS_gettid);

	(void)unused;
	for (int i = 0; i < 100; i++) {
		int64_t until = clock_now(CLOCK_MONOTONIC) + i % 7 * 20000;
		struct timespec limit = timespec_of(until);
		bool got = !futex(&words[3], LOCK2 | PRIVATE, 0, i % 3 ? NULL : &limit, NULL, 0);

		REQUIRE(got || errno == ETIMEDOUT);
		if (!got)
			continue;
		REQUIRE((words[3] & ~WAITERS) == self);
		REQUIRE(__atomic_exchange_n(&turn, self, __ATOMIC_SEQ_CST) == 0);
		if (i % 5 == 0)
			sched_yield();
		REQUIRE(__atomic_exchange_n(&turn, 0, __ATOMIC_SEQ_CST) == self);
		REQUIRE_OK(futex(&words[3], UNLOCK | PRIVATE, 0, NULL, NULL, 0));
	}
	return NULL;
}

TEST(many_take_turns_and_some_give_up)
{
	pthread_t threads[5];

	for (int i = 0; i < 5; i++)
		REQUIRE(pthread_create(&threads[i], NULL, contend, NULL) == 0);
	for (int i = 0; i < 5; i++)
		pthread_join(threads[i], NULL);
	CHECK_EQUAL(words[3], 0);
}

#define GAVE_IT_AWAY 77	/* exit status */

static _Noreturn void take_a_turn(uint32_t *word)
{
	REQUIRE_OK(futex(word, LOCK, 0, NULL, NULL, 0));
	if (futex(word, UNLOCK, 0, NULL, NULL, 0) == 0)
		_exit(0);
	/* Linux gives away what a waiter owns when CPUs are busy, though seldom. */
	REQUIRE(errno == EINVAL && runs_on_linux());
	_exit(GAVE_IT_AWAY);
}

/* Owners that die in all moments, while others come to wait for them. */
TEST(owners_die_while_others_come)
{
	for (int round = 0; round < 40; round++) {
		bool gave_it_away = false;
		uint32_t *word;
		pid_t pid, waiters[3];

		/* In even rounds the dead owner's list says that this is no PI futex. Then Linux
		 * gives the word away while its waiters still own it: their unlock gets EINVAL. */
		if (round % 2 == 0 && runs_on_linux())
			continue;
		word = pages_shared(1);
		pid = fork();
		if (pid == 0) {
			*word = syscall(SYS_gettid);
			head.list.next = &head.list;
			head.futex_offset = 0;
			head.pending = (void *)((char *)word + (round & 1));
			syscall(SYS_set_robust_list, &head, sizeof(head));
			if (round & 2)
				usleep(round * 20);
			_exit(0);
		}
		while (!*(volatile uint32_t *)word)
			sched_yield();
		for (int i = 0; i < 3; i++) {
			waiters[i] = fork();
			if (waiters[i] == 0)
				take_a_turn(word);
		}
		CHECK_EQUAL(child_wait(pid), 0);
		for (int i = 0; i < 3; i++) {
			int code = child_exit_code(waiters[i]);

			gave_it_away |= code == GAVE_IT_AWAY;
			REQUIRE(code == 0 || gave_it_away);
		}
		REQUIRE((*word & ~OWNER_DIED) == 0 || gave_it_away);
	}
}

static volatile int woken[4], woken_count;

static void *wait_plainly(void *index)
{
	static const int priorities[] = { 0, 12, 0, 33 };
	struct sched_param parameters = { .sched_priority = priorities[(long)index] };

	if (parameters.sched_priority)
		REQUIRE_OK(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &parameters));
	parked_tids[(long)index] = syscall(SYS_gettid);
	CHECK_OK(futex(&words[0], 0 | PRIVATE, 0, NULL, NULL, 0));
	woken[__atomic_fetch_add(&woken_count, 1, __ATOMIC_SEQ_CST)] = (long)index;
	return NULL;
}

/* A plain wake, too, goes to the highest priority first. */
TEST(plain_waiters_by_priority)
{
	static const int expected[] = { 3, 1, 0, 2 };
	pthread_t threads[4];

	for (long i = 0; i < 4; i++) {
		REQUIRE(pthread_create(&threads[i], NULL, wait_plainly, (void *)i) == 0);
		while (!parked_tids[i])
			usleep(500);
		REQUIRE(process_await(parked_tids[i], 'S'));
	}
	for (int i = 0; i < 4; i++) {
		CHECK_EQUAL(futex(&words[0], WAKE | PRIVATE, 1, NULL, NULL, 0), 1);
		while (woken_count == i)
			usleep(500);
		CHECK_EQUAL(woken[i], expected[i]);
	}
	park_join(threads, 4);
}
