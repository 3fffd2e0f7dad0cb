/* Counts of waiting, one copy per CPU. */
#include "sync/lock_waits.h"

#include "arch/cpu.h"
#include "base/atomic.h"
#include "sync/lock_check.h"
#include "sync/lock_order.h"

struct lock_waits {
	uint64_t waits;		/* that spun to the end */
	uint64_t rounds;	/* looks at the lock while spinning */
	uint64_t sleeps;
};

struct lock_waits_table {
	struct lock_waits classes[LOCK_CLASS_COUNT];
};

static DEFINE_PER_CPU(struct lock_waits_table, lock_waits);

/* Migrating in between does no harm: the additions are atomic. */
static struct lock_waits *waits_of(unsigned cpu, unsigned class)
{
	return &per_cpu(lock_waits, cpu)->classes[class];
}

void lock_waits_note(unsigned class, uint64_t rounds)
{
	struct lock_waits *waits = waits_of(cpu_current(), class);

	atomic_fetch_add_relaxed(&waits->waits, 1);
	atomic_fetch_add_relaxed(&waits->rounds, rounds);
}

void lock_sleeps_note(unsigned class)
{
	atomic_fetch_add_relaxed(&waits_of(cpu_current(), class)->sleeps, 1);
}

void lock_waits_describe(struct format_sink *sink)
{
	for (unsigned class = 0; class < LOCK_CLASS_COUNT; class++) {
		struct lock_waits sum = { 0 };

		for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
			const struct lock_waits *waits = waits_of(cpu, class);

			sum.waits += atomic_load_relaxed(&waits->waits);
			sum.rounds += atomic_load_relaxed(&waits->rounds);
			sum.sleeps += atomic_load_relaxed(&waits->sleeps);
		}
		if (sum.waits || sum.sleeps)
			format_to(sink, "%s waits %llu rounds %llu sleeps %llu\n",
				  lock_class_name(class), (unsigned long long)sum.waits,
				  (unsigned long long)sum.rounds, (unsigned long long)sum.sleeps);
	}
}
