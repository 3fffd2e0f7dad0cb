/*
 * A program with threads, built static with musl and with glibc, and by tcc inside the guest: a
 * pool of workers behind a queue, a barrier between rounds, values of each thread, one that is
 * cancelled, and children of a process with threads. What it prints is the same everywhere.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS 8
#define JOBS 2000
#define SLOTS 16
#define ROUNDS 200

/* A bounded queue of numbers; -1 sends a worker home. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t has_jobs, has_room;
	int jobs[SLOTS];
	int count, next;
} queue = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER,
	    { 0 }, 0, 0 };

static pthread_key_t own;
static pthread_barrier_t barrier;
static sem_t ready;
static int keys_destroyed, cleaned_up, shared_sum;
static long long totals[WORKERS];
static int rounds[WORKERS];

static void queue_put(int job)
{
	pthread_mutex_lock(&queue.lock);
	while (queue.count == SLOTS)
		pthread_cond_wait(&queue.has_room, &queue.lock);
	queue.jobs[(queue.next + queue.count++) % SLOTS] = job;
	pthread_cond_signal(&queue.has_jobs);
	pthread_mutex_unlock(&queue.lock);
}

static int queue_take(void)
{
	int job;

	pthread_mutex_lock(&queue.lock);
	while (queue.count == 0)
		pthread_cond_wait(&queue.has_jobs, &queue.lock);
	job = queue.jobs[queue.next];
	queue.next = (queue.next + 1) % SLOTS;
	queue.count--;
	pthread_cond_signal(&queue.has_room);
	pthread_mutex_unlock(&queue.lock);
	return job;
}

/* How many steps a number takes to come down to 1. */
static int steps(long long number)
{
	int count = 0;

	for (; number != 1; count++)
		number = number % 2 ? 3 * number + 1 : number / 2;
	return count;
}

static void key_destroyed(void *value)
{
	pthread_mutex_lock(&queue.lock);
	keys_destroyed += *(int *)value == JOBS;
	pthread_mutex_unlock(&queue.lock);
	free(value);
}

static void *work(void *argument)
{
	long long *total = argument;
	int job, *value = malloc(sizeof(int));

	*value = JOBS;
	pthread_setspecific(own, value);
	while ((job = queue_take()) >= 0)
		*total += steps(job + 1);
	return pthread_getspecific(own) == value ? total : NULL;
}

static void pool(void)
{
	pthread_t workers[WORKERS];
	long long total = 0;
	int at_home = 0;
	void *result;

	pthread_key_create(&own, key_destroyed);
	for (int i = 0; i < WORKERS; i++)
		pthread_create(&workers[i], NULL, work, &totals[i]);
	for (int i = 0; i < JOBS; i++)
		queue_put(i);
	for (int i = 0; i < WORKERS; i++)
		queue_put(-1);
	for (int i = 0; i < WORKERS; i++) {
		pthread_join(workers[i], &result);
		at_home += result == &totals[i];
		total += totals[i];
	}
	printf("pool: %lld steps, %d at home, %d keys destroyed\n", total, at_home, keys_destroyed);
}

static void *round_after_round(void *argument)
{
	int me = (int)(long)argument, *late = NULL;

	for (int i = 0; i < ROUNDS; i++) {
		rounds[me]++;
		pthread_barrier_wait(&barrier);
		for (int other = 0; other < WORKERS; other++)
			if (rounds[other] != i + 1)
				late = &rounds[other];
		pthread_barrier_wait(&barrier);
		pthread_mutex_lock(&queue.lock);
		shared_sum += me;
		pthread_mutex_unlock(&queue.lock);
	}
	return late;
}

static void barriers(void)
{
	pthread_t threads[WORKERS];
	int late = 0;
	void *result;

	pthread_barrier_init(&barrier, NULL, WORKERS);
	for (long i = 0; i < WORKERS; i++)
		pthread_create(&threads[i], NULL, round_after_round, (void *)i);
	for (int i = 0; i < WORKERS; i++) {
		pthread_join(threads[i], &result);
		late += result != NULL;
	}
	printf("barrier: %d rounds, %d late, sum %d\n", rounds[0], late, shared_sum);
}

static void clean_up(void *argument)
{
	*(int *)argument = 1;
}

static void *wait_for_ever(void *argument)
{
	pthread_cleanup_push(clean_up, argument);
	sem_post(&ready);
	for (;;)
		pause();
	pthread_cleanup_pop(0);
	return NULL;
}

static void cancelling(void)
{
	pthread_t thread;
	void *result;

	sem_init(&ready, 0, 0);
	pthread_create(&thread, NULL, wait_for_ever, &cleaned_up);
	while (sem_wait(&ready) && errno == EINTR)
		;
	pthread_cancel(thread);
	pthread_join(thread, &result);
	printf("cancel: %s, cleaned up %d\n", result == PTHREAD_CANCELED ? "cancelled" : "not",
	       cleaned_up);
}

static void *with_children(void *argument)
{
	long good = 0;

	for (int i = 0; i < 10; i++) {
		int status;
		pid_t pid = fork();

		if (pid == 0)
			_exit(i);
		if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status))
			good += WEXITSTATUS(status) == i;
	}
	(void)argument;
	return (void *)good;
}

static void children(void)
{
	pthread_t threads[WORKERS];
	long good = 0;
	void *result;

	for (int i = 0; i < WORKERS; i++)
		pthread_create(&threads[i], NULL, with_children, NULL);
	for (int i = 0; i < WORKERS; i++) {
		pthread_join(threads[i], &result);
		good += (long)result;
	}
	printf("children: %ld of %d\n", good, WORKERS * 10);
}

int main(void)
{
	pool();
	barriers();
	cancelling();
	children();
	return 0;
}
