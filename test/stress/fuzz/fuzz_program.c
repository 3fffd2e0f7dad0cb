/*
 * A fuzz program in its own process: threads that make calls, one that pokes into their structures,
 * and the first thread, which wakes those that sleep and ends everything in time.
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
	CHILD_STEPS = 6,
	CHILD_INDEX = FUZZ_THREADS,
	TICK_NS = 5000000,
	/* Ticks without a step until sleepers are interrupted, and until the program is over. */
	PATIENCE_TICKS = 3, STUCK_TICKS = 30, PROGRAM_TICKS = 200,
	POKES = 200000,
	THREAD_STACK = 65536,
	SPECIAL_ROUNDS = 8,
};

struct fuzz_resources fuzz_resources;
uint8_t *fuzz_child_stacks;

static struct fuzz_thread threads[FUZZ_THREADS];
static uint8_t stacks[FUZZ_THREADS + 1][THREAD_STACK] __attribute__((aligned(64)));
static int thread_ids[FUZZ_THREADS + 1];

void fuzz_finding(uint32_t finding)
{
	fuzz_shared->findings |= finding;
}

void fuzz_note(const char *format, ...)
{
	uint32_t index = fuzz_shared->note_count++;
	char line[FUZZ_NOTE_BYTES];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	printf("# %s\n", line);
	if (index < FUZZ_NOTES)
		memcpy(fuzz_shared->notes[index], line, sizeof(line));
}

/* What the arguments after a command are. */
static void command_apply(const struct fuzz_set *set, uint64_t command, struct fuzz_value *kinds)
{
	for (unsigned i = 0; i < set->count; i++) {
		const struct fuzz_row *row = &set->rows[i];

		if ((uint32_t)row->number != (uint32_t)command)
			continue;
		for (unsigned j = 0; j < row->after_count; j++)
			kinds[row->after[j].position] = row->after[j].value;
	}
}

/* The arguments of a call. */
static void arguments_make(struct fuzz_thread *thread, const struct fuzz_call *call,
			   uint64_t *arguments)
{
	struct fuzz_value kinds[6];

	memcpy(kinds, call->arguments, sizeof(kinds));
	for (unsigned i = 0; i < 6; i++) {
		if (i >= call->argument_count) {
			arguments[i] = fuzz_percent(thread, 90) ? 0 : fuzz_random(thread);
			continue;
		}
		arguments[i] = fuzz_value_make(thread, &kinds[i]);
		if (kinds[i].kind == FUZZ_COMMAND)
			command_apply(&fuzz_sets[kinds[i].index], arguments[i], kinds);
	}
}

static void result_remember(const struct fuzz_call *call, const uint64_t *arguments, long result)
{
	const int *pair = (const int *)arguments[0];

	switch (call->makes) {
	case FUZZ_MAKES_DESCRIPTOR:
		fuzz_slot_add(&fuzz_resources.descriptors, (uint64_t)result);
		break;
	case FUZZ_MAKES_PAIR:
		fuzz_slot_add(&fuzz_resources.descriptors, (uint64_t)(unsigned)pair[0]);
		fuzz_slot_add(&fuzz_resources.descriptors, (uint64_t)(unsigned)pair[1]);
		break;
	case FUZZ_MAKES_CHILD:
		fuzz_slot_add(&fuzz_resources.pids, (uint64_t)result);
		break;
	case FUZZ_MAKES_MEMORY:
		fuzz_slot_add(&fuzz_resources.memory, (uint64_t)result);
		break;
	case FUZZ_MAKES_WATCH:
		fuzz_slot_add(&fuzz_resources.watches, (uint64_t)result);
		break;
	default:
		break;
	}
}

static void call_make(struct fuzz_thread *thread, const struct fuzz_call *call)
{
	struct fuzz_invocation invocation = { .number = call->number };
	uint64_t word = fuzz_random(thread);
	long result;

	if (call->makes == FUZZ_MAKES_CHILD &&
	    fuzz_program->children++ >= FUZZ_CHILDREN)
		return;
	arguments_make(thread, call, invocation.arguments);
	if (!fuzz_is_allowed(call, invocation.arguments))
		return;
	for (unsigned i = 0; i < sizeof(invocation.vectors) / 8; i++)
		memcpy((uint8_t *)invocation.vectors + i * 8, &(uint64_t){ word + i }, 8);
	fuzz_shared->made[call->number % FUZZ_CALL_LIMIT]++;
	if (fuzz_program->is_shown)
		fuzz_show(call, invocation.arguments);
	result = fuzz_invoke(&invocation);
	fuzz_program->steps++;
	if (memcmp(invocation.vectors, invocation.vectors_after, sizeof(invocation.vectors)))
		fuzz_finding(FUZZ_VECTORS_CHANGED);
	if (result < 0 && result > -4096)
		return;
	fuzz_shared->succeeded[call->number % FUZZ_CALL_LIMIT]++;
	result_remember(call, invocation.arguments, result);
}

/* A program stays near its subject: mostly calls from one neighbourhood of the table. */
static const struct fuzz_call *call_choose(struct fuzz_thread *thread)
{
	uint64_t subject = fuzz_program->seed >> 8;
	uint64_t index = fuzz_percent(thread, 50) ?
		subject + fuzz_below(thread, 24) : fuzz_below(thread, fuzz_call_count);

	return &fuzz_calls[index % fuzz_call_count];
}

void fuzz_steps(struct fuzz_thread *thread, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		call_make(thread, call_choose(thread));
}

void fuzz_child(uint64_t number)
{
	struct fuzz_thread thread;
	uint32_t index = fuzz_program->children;

	fuzz_slot_add(&fuzz_resources.pids, (uint64_t)fuzz_raw(SYS_gettid));
	fuzz_thread_start(&thread, CHILD_INDEX + index, fuzz_program->seed + index * 77 + number);
	fuzz_steps(&thread, CHILD_STEPS);
	for (;;)
		fuzz_raw(fuzz_percent(&thread, 50) ? SYS_exit : SYS_exit_group,
			 fuzz_below(&thread, 64));
}

static int poker_run(void *argument)
{
	struct fuzz_thread *thread = argument;

	for (unsigned i = 0; i < POKES && fuzz_program->threads_left; i++)
		fuzz_poke(thread);
	fuzz_raw(SYS_exit, 0);
	return 0;
}

void fuzz_rounds(struct fuzz_thread *thread, void (*round)(struct fuzz_thread *thread))
{
	for (unsigned i = 0; i < SPECIAL_ROUNDS; i++) {
		uint64_t random = fuzz_random(thread);
		long pid = fuzz_raw(SYS_clone, SIGCHLD);

		if (pid == 0) {
			thread->random = random;
			round(thread);
			fuzz_raw(SYS_exit_group, 0);
		}
		/* A child that sleeps or spins for ever is left to the end of the program. */
		fuzz_slot_add(&fuzz_resources.pids, (uint64_t)pid);
		fuzz_raw(SYS_wait4, pid, NULL, 0, NULL);
		fuzz_program->steps++;
	}
}

static void special_run(struct fuzz_thread *thread)
{
	static void (*const kinds[])(struct fuzz_thread *thread) = {
		NULL, fuzz_frames_run, fuzz_sections_run, fuzz_lists_run, fuzz_texts_run,
		fuzz_images_run,
	};

	kinds[fuzz_program->kind](thread);
}

static int thread_run(void *argument)
{
	struct fuzz_thread *thread = argument;

	if (fuzz_program->kind && thread->index == 0)
		special_run(thread);
	else
		fuzz_steps(thread, fuzz_program->step_count);
	fuzz_program->threads_left--;
	fuzz_raw(SYS_exit, 0);
	return 0;
}

static bool thread_start(int (*run)(void *argument), unsigned stack, void *argument)
{
	enum { FLAGS = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
		CLONE_SYSVSEM };
	int id = clone(run, stacks[stack] + THREAD_STACK, FLAGS, argument);

	if (id < 0)
		return false;
	thread_ids[stack] = id;
	fuzz_slot_add(&fuzz_resources.pids, (uint64_t)id);
	return true;
}

/* Wakes threads that sleep in a call, until they are through or the time is. */
static void threads_watch(void)
{
	struct timespec tick = { 0, TICK_NS };
	uint32_t steps = 0;
	unsigned still = 0;

	for (unsigned i = 0; i < PROGRAM_TICKS && fuzz_program->threads_left; i++) {
		fuzz_raw(SYS_nanosleep, &tick, NULL);
		still = fuzz_program->steps == steps ? still + 1 : 0;
		steps = fuzz_program->steps;
		if (still > STUCK_TICKS)
			break;
		for (unsigned j = 0; still > PATIENCE_TICKS && j < fuzz_program->thread_count; j++)
			fuzz_raw(SYS_tgkill, fuzz_raw(SYS_getpid), thread_ids[j], SIGUSR1);
	}
}

static void signals_prepare(void)
{
	struct {
		void (*handler)(int);
		unsigned long flags;
		void (*restorer)(void);
		uint64_t mask;
	} action = { fuzz_handler, 0x04000000, fuzz_restorer, 0 };
	static const int caught[] = {
		SIGUSR1, SIGUSR2, SIGALRM, SIGCHLD, SIGPIPE, SIGIO, SIGXFSZ, 40,
	};

	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
		fuzz_raw(SYS_rt_sigaction, caught[i], &action, NULL, 8);
}

void fuzz_program_run(void)
{
	struct fuzz_program *program = fuzz_program;

	fuzz_memory_start();
	signals_prepare();
	fuzz_slot_add(&fuzz_resources.pids, (uint64_t)fuzz_raw(SYS_getpid));
	for (unsigned i = 0; i < FUZZ_THREADS; i++)
		fuzz_thread_start(&threads[i], i, program->seed + (program->is_mirrored ? 0 : i));
	fuzz_descriptors_open(&threads[0]);
	program->threads_left = program->thread_count;
	for (unsigned i = 0; i < program->thread_count; i++) {
		if (!thread_start(thread_run, i, &threads[i]))
			program->threads_left--;
	}
	if (program->has_poker)
		thread_start(poker_run, FUZZ_THREADS, &threads[FUZZ_THREADS - 1]);
	threads_watch();
	program->is_done = 1;
	for (;;)
		fuzz_raw(SYS_ppoll);
}

/* What a program finds when it executed the fuzzer: a few calls in a fresh image. */
void fuzz_executed(const char *seed)
{
	static struct fuzz_program fresh = { .hostility = 20, .is_root = 1 };
	static struct fuzz_shared counters;

	fuzz_program = &fresh;
	fuzz_shared = &counters;
	fresh.seed = strlen(seed) * 0x9e3779b9;
	fresh.children = FUZZ_CHILDREN;
	fuzz_memory_start();
	fuzz_slot_add(&fuzz_resources.pids, (uint64_t)fuzz_raw(SYS_getpid));
	fuzz_thread_start(&threads[0], 0, fresh.seed);
	fuzz_steps(&threads[0], CHILD_STEPS);
	_exit(0);
}
