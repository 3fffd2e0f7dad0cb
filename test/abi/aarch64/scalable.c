/*
 * Vectors of any length (SVE): their lengths, what calls, fork and exec leave of them, the records
 * of signal frames, and frames that lie. Documentation/arch/arm64/sve.rst.
 */
#include "support.h"
#include <pthread.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <ucontext.h>

#define SET_LENGTH 50
#define GET_LENGTH 51
#define ON_EXEC (1ul << 18)
#define INHERIT (1ul << 17)
#define RECORD_SCALABLE 0x53564501u
#define RECORD_VECTORS 0x46508001u
#define RECORD_EXTRA 0x45585401u
#define LONGEST 256
#define STATE_BYTES(length) (32 * (length) + 17 * (length) / 8)
#define THREADS 12
#define ROUNDS 300

__asm__(".arch armv8.2-a+sve");

struct record {
	uint32_t magic, bytes;
};

struct extra {
	struct record head;
	uint64_t address;
	uint32_t bytes, unused[3];
};

struct scalable {
	struct record head;
	uint16_t length, flags, unused[2];
	uint8_t state[];
};

struct machine {
	uint64_t fault_address, x[31], sp, pc, pstate;
	uint8_t records[4096] __attribute__((aligned(16)));
};

static void need_vectors(void)
{
	if (!(getauxval(AT_HWCAP) & 1ul << 22))
		check_skip("this CPU has no SVE");
}

static int length_get(void)
{
	return prctl(GET_LENGTH, 0, 0, 0, 0) & 0xffff;
}

static void state_fill(uint8_t *state, size_t length, unsigned seed)
{
	for (size_t i = 0; i < (size_t)STATE_BYTES(length); i++)
		state[i] = (uint8_t)(seed + i * 7 + i / 256);
	/* FFR holds a row of ones from below. */
	memset(state + 34 * length, 0xff, length / 8);
}

#define LOAD_ALL                                                                       \
	"ldr p0, [x1, #16, mul vl]\n\twrffr p0.b\n\t"                                  \
	"ldr z0, [x0, #0, mul vl]\n\tldr z1, [x0, #1, mul vl]\n\t"                     \
	"ldr z15, [x0, #15, mul vl]\n\tldr z16, [x0, #16, mul vl]\n\t"                 \
	"ldr z30, [x0, #30, mul vl]\n\tldr z31, [x0, #31, mul vl]\n\t"                 \
	"ldr p0, [x1, #0, mul vl]\n\tldr p7, [x1, #7, mul vl]\n\tldr p15, [x1, #15, mul vl]\n\t"
#define STORE_ALL                                                                      \
	"str z0, [x2, #0, mul vl]\n\tstr z1, [x2, #1, mul vl]\n\t"                     \
	"str z15, [x2, #15, mul vl]\n\tstr z16, [x2, #16, mul vl]\n\t"                 \
	"str z30, [x2, #30, mul vl]\n\tstr z31, [x2, #31, mul vl]\n\t"                 \
	"str p0, [x3, #0, mul vl]\n\tstr p7, [x3, #7, mul vl]\n\tstr p15, [x3, #15, mul vl]\n\t" \
	"rdffr p0.b\n\tstr p0, [x3, #16, mul vl]\n\t"
#define USED "z0", "z1", "z15", "z16", "z30", "z31", "p0", "p7", "p15", "x8", "x9", "memory", "cc"

/* Loads the registers that are looked at, does `between` (x4 is for it), stores them again. */
#define THROUGH(from, to, length, between, value)                                      \
	do {                                                                           \
		register const uint8_t *x0 __asm__("x0") = from;                       \
		register const uint8_t *x1 __asm__("x1") = (from) + 32 * (length);     \
		register uint8_t *x2 __asm__("x2") = to;                               \
		register uint8_t *x3 __asm__("x3") = (to) + 32 * (length);             \
		register uint64_t x4 __asm__("x4") = (uint64_t)(value);                \
		__asm__ volatile(LOAD_ALL between STORE_ALL                            \
				 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4) : : USED); \
	} while (0)

static const int vectors_used[] = { 0, 1, 15, 16, 30, 31 }, predicates_used[] = { 0, 7, 15, 16 };

/* Whether all is as it was; with `is_short`, whether only 128 bits are left of it. */
static bool is_kept(const uint8_t *from, const uint8_t *to, size_t length, bool is_short)
{
	static const uint8_t zeros[LONGEST];
	size_t kept = is_short ? 16 : length, predicate = length / 8;

	for (size_t i = 0; i < COUNT(vectors_used); i++) {
		size_t at = vectors_used[i] * length;

		if (memcmp(from + at, to + at, kept) ||
		    memcmp(to + at + kept, zeros, length - kept))
			return false;
	}
	for (size_t i = 0; i < COUNT(predicates_used); i++) {
		size_t at = 32 * length + predicates_used[i] * predicate;

		if (memcmp(is_short ? zeros : from + at, to + at, predicate))
			return false;
	}
	return true;
}

static uint8_t from[STATE_BYTES(LONGEST)], to[STATE_BYTES(LONGEST)];

TEST(lengths)
{
	static const int bad[] = { 0, 1, 15, 17, 8208, 1 << 16 };

	need_vectors();
	for (int wanted = 16; wanted <= 8192; wanted += 16) {
		int got = prctl(SET_LENGTH, wanted, 0, 0, 0);
		uint64_t real;

		CHECK(got >= 16 && got <= LONGEST && (got <= wanted));
		CHECK_EQUAL(length_get(), got);
		__asm__ volatile("rdvl %0, #1" : "=r"(real));
		CHECK_EQUAL(real, got);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK_ERRNO(prctl(SET_LENGTH, bad[i], 0, 0, 0), EINVAL);
	CHECK_ERRNO(prctl(SET_LENGTH, 32 | 1ul << 19, 0, 0, 0), EINVAL);
	CHECK_ERRNO(prctl(SET_LENGTH, 32 | 1ul << 40, 0, 0, 0), EINVAL);
	CHECK_EQUAL(prctl(SET_LENGTH, 16 | INHERIT, 0, 0, 0), 16 | INHERIT);
	CHECK_EQUAL(prctl(GET_LENGTH, 0, 0, 0, 0), 16 | INHERIT);
	CHECK_EQUAL(prctl(SET_LENGTH, 32 | ON_EXEC, 0, 0, 0), 32);
	CHECK_EQUAL(prctl(GET_LENGTH, 0, 0, 0, 0), 16);
	IN_CHILD CHECK_EQUAL(prctl(GET_LENGTH, 0, 0, 0, 0), 16);
}

HELPER(exit_with_length)
{
	uint64_t dirty = 0;

	(void)argc;
	(void)argv;
	__asm__ volatile("str p3, [%0]\n\trdffr p0.b" : : "r"(&from) : "p0", "memory");
	for (int i = 0; i < 32; i++)
		dirty |= from[i];
	_exit(dirty ? 255 : prctl(GET_LENGTH, 0, 0, 0, 0) / 16 % 128 |
	      (prctl(GET_LENGTH, 0, 0, 0, 0) & INHERIT ? 128 : 0));
}

static int length_after_exec(unsigned long argument)
{
	pid_t pid = REQUIRE_OK(fork());

	if (pid == 0) {
		prctl(SET_LENGTH, argument, 0, 0, 0);
		__asm__ volatile("ptrue p3.b" : : : "p3");
		execl(check_program, check_program, "--helper", "exit_with_length", NULL);
	}
	return child_exit_code(pid);
}

TEST(lengths_after_exec)
{
	need_vectors();
	CHECK_EQUAL(length_after_exec(32), 64 / 16);
	CHECK_EQUAL(length_after_exec(32 | INHERIT), 32 / 16 | 128);
	CHECK_EQUAL(length_after_exec(16 | ON_EXEC), 16 / 16);
}

TEST(calls_keep_128_bits)
{
	need_vectors();
	for (int length = 16; length <= LONGEST; length *= 2) {
		if (prctl(SET_LENGTH, length, 0, 0, 0) != length)
			continue;
		state_fill(from, length, length);
		THROUGH(from, to, length, "", 0);
		CHECK(is_kept(from, to, length, false));
		THROUGH(from, to, length,
			"mov x9, x0\n\tmov x8, #172\n\tsvc #0\n\tmov x0, x9\n\t", 0);
		CHECK(is_kept(from, to, length, true));
	}
}

static void (*volatile damage)(struct machine *machine, struct scalable *scalable,
			       struct extra *extra);
static volatile int records_seen, length_seen, state_matches, runs;

static void look(int number, siginfo_t *info, void *opaque)
{
	struct machine *machine = (struct machine *)&((ucontext_t *)opaque)->uc_mcontext;
	struct scalable *scalable = NULL;
	struct extra *extra = NULL;
	uint8_t *at = machine->records;

	(void)info;
	runs++;
	records_seen = 0;
	for (;;) {
		struct record *record = (struct record *)at;

		if (record->magic == 0)
			break;
		records_seen++;
		at += record->bytes;
		if (record->magic == RECORD_SCALABLE)
			scalable = (struct scalable *)record;
		if (record->magic == RECORD_EXTRA) {
			extra = (struct extra *)record;
			state_matches = (uint8_t *)extra->address == at + 16;
			at = (uint8_t *)extra->address;
		}
	}
	if (scalable)
		length_seen = scalable->length;
	if (scalable && scalable->head.bytes > 16)
		state_matches = is_kept(from, scalable->state, scalable->length, false);
	if (damage && scalable)
		damage(machine, scalable, extra);
	if (number == SIGTRAP)
		machine->pc += 4;
	/* What the handler does to them is undone. */
	__asm__ volatile("ptrue p7.b\n\tmov z16.b, #1\n\twrffr p7.b" : : : "p7", "z16");
}

static void handle(void)
{
	struct sigaction action = { .sa_sigaction = look, .sa_flags = SA_SIGINFO };

	REQUIRE_OK(sigaction(SIGTRAP, &action, NULL));
	REQUIRE_OK(sigaction(SIGUSR1, &action, NULL));
}

TEST(frames_hold_all_of_them)
{
	need_vectors();
	handle();
	for (int length = 16; length <= LONGEST; length *= 2) {
		if (prctl(SET_LENGTH, length, 0, 0, 0) != length)
			continue;
		state_fill(from, length, 3 * length);
		THROUGH(from, to, length, "brk #1\n\t", 0);
		CHECK_EQUAL(length_seen, length);
		CHECK_EQUAL(records_seen, length >= 128 ? 3 : 2);
		CHECK(state_matches);
		CHECK(is_kept(from, to, length, false));
		CHECK_OK(raise(SIGUSR1));
		CHECK_EQUAL(length_seen, length);
		CHECK_EQUAL(records_seen, 2);
	}
	/* AT_MINSIGSTKSZ */
	CHECK_AT_LEAST(getauxval(51), length_get() == LONGEST ? 9984 : 4720);
}

static void change(struct machine *machine, struct scalable *scalable, struct extra *extra)
{
	(void)machine;
	(void)extra;
	for (int i = 0; i < 32; i++)
		memset(scalable->state + i * scalable->length + 16, 0x77, scalable->length - 16);
}

TEST(handlers_change_them)
{
	need_vectors();
	handle();
	if (prctl(SET_LENGTH, 128, 0, 0, 0) != 128)
		check_skip("no vectors of 128 bytes");
	damage = change;
	state_fill(from, 128, 1);
	THROUGH(from, to, 128, "brk #1\n\t", 0);
	damage = NULL;
	CHECK_FILLED(to + 31 * 128 + 16, 0x77, 112);
	CHECK_BYTES(to + 31 * 128, from + 31 * 128, 16);
}

#define DAMAGE(name, statement)                                                           \
	static void name(struct machine *machine, struct scalable *scalable, struct extra *extra) \
	{                                                                                 \
		(void)machine;                                                            \
		(void)scalable;                                                           \
		(void)extra;                                                              \
		statement;                                                                \
	}
DAMAGE(longer, scalable->length += 16)
DAMAGE(no_length, scalable->length = 0)
DAMAGE(huge_length, scalable->length = 0xfff0)
DAMAGE(streaming, scalable->flags = 1)
DAMAGE(cut, scalable->head.bytes -= 16)
DAMAGE(short_head, scalable->head.bytes = 8)
DAMAGE(odd_size, scalable->head.bytes += 8)
DAMAGE(huge_size, scalable->head.bytes = 0xfffffff0)
DAMAGE(unknown, scalable->head.magic = 0x12345678)
DAMAGE(vectors_again, scalable->head.magic = RECORD_VECTORS)
DAMAGE(extra_elsewhere, extra->address += 16)
DAMAGE(extra_kernel, extra->address = 0xffff000040000000)
DAMAGE(extra_odd, extra->bytes += 8)
DAMAGE(extra_huge, extra->bytes = 0xfffffff0)
DAMAGE(extra_cut, extra->bytes -= 32)
DAMAGE(extra_empty, extra->bytes = 0)
DAMAGE(extra_short, extra->head.bytes = 16)
DAMAGE(extra_far, extra->head.bytes = 4096)
DAMAGE(extra_no_end, ((struct record *)(extra + 1))->magic = RECORD_EXTRA)
DAMAGE(extra_twice, memcpy(scalable, extra, sizeof(*extra)))
DAMAGE(other_length, prctl(SET_LENGTH, 32, 0, 0, 0))

TEST(frames_that_lie)
{
	static void (*const damages[])(struct machine *, struct scalable *, struct extra *) = {
		longer, no_length, huge_length, streaming, cut, short_head, odd_size, huge_size,
		unknown, vectors_again, other_length, extra_elsewhere, extra_kernel, extra_odd,
		extra_huge, extra_cut, extra_empty, extra_short, extra_far, extra_no_end,
		extra_twice,
	};

	need_vectors();
	handle();
	for (int length = 64; length <= 128; length *= 2) {
		if (prctl(SET_LENGTH, length, 0, 0, 0) != length)
			continue;
		for (size_t i = 0; i < (length == 64 ? 11 : COUNT(damages)); i++) {
			pid_t pid = REQUIRE_OK(fork());

			if (pid == 0) {
				setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
				damage = damages[i];
				THROUGH(from, to, length, "brk #1\n\t", 0);
				_exit(0);
			}
			if (child_wait(pid) != SIGSEGV)
				check_fail(PLACE("frame"), "damage %zu at length %d", i, length);
		}
	}
}

static void *thread_keeps(void *argument)
{
	static const int lengths[] = { 16, 32, 64, 128, 256 };
	unsigned number = (unsigned)(uintptr_t)argument;
	uint8_t *mine = pages_private(3), *back = pages_private(3);
	long wrong = 0;
	int length = prctl(SET_LENGTH, lengths[number % COUNT(lengths)], 0, 0, 0) & 0xffff;

	state_fill(mine, length, number);
	for (int i = 0; i < ROUNDS; i++) {
		memset(back, 0, STATE_BYTES(length));
		THROUGH(mine, back, length, "1: subs x4, x4, #1\n\tb.ne 1b\n\t", 20000);
		wrong += !is_kept(mine, back, length, false);
		if (i % 5 == (int)(number % 5))
			sched_yield();
	}
	return (void *)wrong;
}

TEST(vectors_stay_with_their_threads)
{
	pthread_t threads[THREADS];
	void *wrong;

	need_vectors();
	for (uintptr_t i = 0; i < THREADS; i++)
		REQUIRE(pthread_create(&threads[i], NULL, thread_keeps, (void *)(i + 1)) == 0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &wrong);
		CHECK_EQUAL((long)wrong, 0);
	}
}
