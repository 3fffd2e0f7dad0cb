/*
 * Values for the fuzzer: random numbers from one word of state, numbers at which code breaks, and
 * for each kind of argument mostly what a program would pass.
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>

/* Sums and products with page sizes, signs and widths break at these. */
static const uint64_t edges[] = {
	0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 100, 127, 128, 255, 256, 511, 512, 1000, 1023,
	1024, 4095, 4096, 4097, 65535, 65536, 1u << 20, 0x7fffffff, 0x80000000, 0xffffffff,
	1ull << 32, 1ull << 47, 0x7ffffffff000, INT64_MAX, 1ull << 63, UINT64_MAX, UINT64_MAX - 1,
	UINT64_MAX - 4095, UINT64_MAX - 4096, (uint64_t)-100, 999999999, 1000000000,
};

uint64_t fuzz_random(struct fuzz_thread *thread)
{
	/* splitmix64. */
	uint64_t value = thread->random += 0x9e3779b97f4a7c15;

	value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
	value = (value ^ value >> 27) * 0x94d049bb133111eb;
	return value ^ value >> 31;
}

uint64_t fuzz_below(struct fuzz_thread *thread, uint64_t limit)
{
	return limit ? fuzz_random(thread) % limit : 0;
}

bool fuzz_percent(struct fuzz_thread *thread, unsigned chance)
{
	return fuzz_below(thread, 100) < chance;
}

static uint64_t pick(struct fuzz_thread *thread, const uint64_t *values, size_t count)
{
	return values[fuzz_below(thread, count)];
}

#define PICK(thread, ...) \
	pick(thread, (const uint64_t[]){ __VA_ARGS__ }, \
	     sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))

uint64_t fuzz_number(struct fuzz_thread *thread, unsigned width)
{
	uint64_t value = pick(thread, edges, sizeof(edges) / sizeof(edges[0]));

	switch (fuzz_below(thread, 6)) {
	case 0:
		value += fuzz_below(thread, 5) - 2;
		break;
	case 1:
		value = fuzz_random(thread);
		break;
	case 2:
		value = 1ull << fuzz_below(thread, 64);
		break;
	case 3:
		value = 0;
		break;
	default:
		break;
	}
	return width < 8 ? value & ((1ull << 8 * width) - 1) : value;
}

void fuzz_slot_add(struct fuzz_slots *slots, uint64_t value)
{
	slots->values[slots->next++ % FUZZ_SLOTS] = value;
}

uint64_t fuzz_slot_any(struct fuzz_thread *thread, struct fuzz_slots *slots)
{
	uint32_t next = slots->next, filled = next < FUZZ_SLOTS ? next : FUZZ_SLOTS;
	uint32_t latest = filled < 3 ? filled : 3;

	/* What was made last is wanted most. */
	if (filled && fuzz_percent(thread, 40))
		return slots->values[(next - 1 - fuzz_below(thread, latest)) % FUZZ_SLOTS];
	return filled ? slots->values[fuzz_below(thread, filled)] : 0;
}

static uint64_t set_value(struct fuzz_thread *thread, const struct fuzz_value *value)
{
	const struct fuzz_set *set = &fuzz_sets[value->index];
	uint64_t bits = 0;

	if (value->kind != FUZZ_BITS)
		return set->rows[fuzz_below(thread, set->count)].number;
	for (uint64_t more = fuzz_below(thread, 4); more; more--)
		bits |= set->rows[fuzz_below(thread, set->count)].number;
	return bits;
}

static uint64_t pid_value(struct fuzz_thread *thread, bool is_hostile)
{
	if (is_hostile)
		/* Not small numbers: they are the processes that must go on. */
		return PICK(thread, 0x7fffffff, 0x80000000, 0x80000001, 1u << 22, 99999999,
			    (uint64_t)-0x7ffffffe);
	if (fuzz_percent(thread, 25))
		return 0;
	if (fuzz_percent(thread, 10))
		return -fuzz_slot_any(thread, &fuzz_resources.pids);
	return fuzz_slot_any(thread, &fuzz_resources.pids);
}

static uint64_t descriptor_value(struct fuzz_thread *thread, bool may_be_none)
{
	if (may_be_none && fuzz_percent(thread, 50))
		return (uint64_t)AT_FDCWD;
	if (fuzz_percent(thread, 15))
		return fuzz_below(thread, 24);
	return fuzz_slot_any(thread, &fuzz_resources.descriptors);
}

static uint64_t signal_value(struct fuzz_thread *thread)
{
	return fuzz_percent(thread, 60) ?
		PICK(thread, SIGUSR1, SIGUSR2, SIGALRM, SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGTTOU,
		     SIGPIPE, SIGIO, SIGWINCH, 34, 40, 64, 0) : fuzz_below(thread, 66);
}

static uint64_t signal_set_value(struct fuzz_thread *thread)
{
	switch (fuzz_below(thread, 5)) {
	case 0:
		return 0;
	case 1:
		return UINT64_MAX;
	case 2:
		return fuzz_random(thread);
	default:
		return 1ull << (signal_value(thread) - 1) % 64;
	}
}

static uint64_t handler_value(struct fuzz_thread *thread)
{
	return PICK(thread, 0, 1, (uint64_t)fuzz_handler, (uint64_t)fuzz_handler,
		    (uint64_t)fuzz_resources.pool, UINT64_MAX, 0xffffffff80000000, 1ull << 47);
}

static uint64_t time_value(struct fuzz_thread *thread, unsigned kind)
{
	switch (kind) {
	case FUZZ_SECONDS:
		return fuzz_percent(thread, 90) ? 0 : fuzz_below(thread, 3);
	case FUZZ_NANOSECONDS:
		return fuzz_below(thread, 20000000);
	case FUZZ_MICROSECONDS:
		return fuzz_below(thread, 20000);
	default:
		return fuzz_below(thread, 20);
	}
}

/* What is no address. */
static uint64_t plain_value(struct fuzz_thread *thread, const struct fuzz_value *value)
{
	switch (value->kind) {
	case FUZZ_BITS: case FUZZ_ONE: case FUZZ_COMMAND:
		return set_value(thread, value);
	case FUZZ_SMALL:
		return fuzz_percent(thread, 80) ? fuzz_below(thread, 9) :
			PICK(thread, 16, 24, 32, 64, 88, 100, 128, 256);
	case FUZZ_LENGTH:
		return PICK(thread, 0, 1, 8, 64, 100, 4096, 4095, 8192, 65536, 1u << 20);
	case FUZZ_HIGH:
		return fuzz_percent(thread, 90) ? 0 : fuzz_number(thread, 8);
	case FUZZ_OFFSET:
		return fuzz_percent(thread, 50) ? fuzz_below(thread, 64) * FUZZ_PAGE :
			fuzz_below(thread, 100000);
	case FUZZ_LIMIT:
		return PICK(thread, 0, 1, 16, 100, 4096, 1u << 20, 1u << 26, UINT64_MAX, INT64_MAX);
	case FUZZ_SECONDS: case FUZZ_NANOSECONDS: case FUZZ_MICROSECONDS: case FUZZ_WAIT_MS:
		return time_value(thread, value->kind);
	case FUZZ_DESCRIPTOR: case FUZZ_DIRECTORY:
		return descriptor_value(thread, value->kind == FUZZ_DIRECTORY);
	case FUZZ_PID:
		return pid_value(thread, false);
	case FUZZ_SIGNAL:
		return signal_value(thread);
	case FUZZ_SIGSET:
		return signal_set_value(thread);
	case FUZZ_USER:
		return PICK(thread, 0, 1, 1000, 65534, fuzz_program->user, UINT32_MAX);
	case FUZZ_TIMER:
		return fuzz_below(thread, 4);
	case FUZZ_WATCH:
		return fuzz_slot_any(thread, &fuzz_resources.watches);
	case FUZZ_PRIORITY:
		/* 99 is the workers' own, who must be able to end programs that spin. */
		return PICK(thread, 0, 0, 1, 50, 98, 100, (uint64_t)-1);
	case FUZZ_NICE:
		return fuzz_below(thread, 42) - 21;
	case FUZZ_ATTRIBUTE_SIZE:
		return PICK(thread, 48, 48, 56, 0, 47, 4096, 4097);
	case FUZZ_HANDLER:
		return handler_value(thread);
	case FUZZ_RESTORER:
		return fuzz_percent(thread, 80) ? (uint64_t)fuzz_restorer :
			handler_value(thread);
	case FUZZ_TERMINAL_FLAGS:
		return fuzz_random(thread) & fuzz_random(thread);
	case FUZZ_FUTEX_VALUE:
		return PICK(thread, 0, 0, 0, 1, 0x80000000, 0x40000000, 0xc0000000,
			    (uint64_t)fuzz_raw(SYS_gettid));
	default:
		return fuzz_percent(thread, 50) ? fuzz_below(thread, 9) :
			fuzz_number(thread, value->width);
	}
}

uint64_t fuzz_value_make(struct fuzz_thread *thread, const struct fuzz_value *value)
{
	if (value->kind >= FUZZ_ADDRESS)
		return fuzz_address_make(thread, value);
	if (fuzz_percent(thread, fuzz_program->hostility))
		return value->kind == FUZZ_PID ? pid_value(thread, true) :
			value->kind == FUZZ_PRIORITY ? 100 : fuzz_number(thread, value->width);
	return plain_value(thread, value);
}
