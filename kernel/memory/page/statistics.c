/*
 * The numbers that /proc/meminfo, /proc/aegis/memory and sysinfo(2) show, added up from every CPU's
 * counters.
 */
#include "log/status.h"
#include "memory/counters.h"
#include "memory/page/buddy.h"
#include "memory/reclaim/reclaim.h"

DEFINE_PER_CPU(struct memory_counters, memory_counters);

uint64_t memory_counter_read(enum memory_counter counter)
{
	int64_t sum = 0;

	for (unsigned cpu = 0; cpu < cpu_count(); cpu++)
		sum += atomic_load_relaxed(&per_cpu(memory_counters, cpu)->values[counter]);
	return sum > 0 ? (uint64_t)sum : 0;
}

static void levels_read(struct memory_statistics *statistics)
{
	statistics->cached = memory_counter_read(COUNT_CACHED);
	statistics->dirty = memory_counter_read(COUNT_DIRTY);
	statistics->writeback = memory_counter_read(COUNT_WRITEBACK);
	statistics->anonymous = memory_counter_read(COUNT_ANONYMOUS);
	statistics->mapped = memory_counter_read(COUNT_MAPPED);
	statistics->shared = memory_counter_read(COUNT_SHARED);
	statistics->slab_reclaimable = memory_counter_read(COUNT_SLAB_RECLAIMABLE);
	statistics->slab_unreclaimable = memory_counter_read(COUNT_SLAB_UNRECLAIMABLE);
	statistics->kernel_stacks = memory_counter_read(COUNT_KERNEL_STACKS);
	statistics->page_tables = memory_counter_read(COUNT_PAGE_TABLES);
	statistics->locked = memory_counter_read(COUNT_LOCKED);
}

static void events_read(struct memory_statistics *statistics)
{
	statistics->reclaimed = memory_counter_read(COUNT_RECLAIMED);
	statistics->reclaim_scans = memory_counter_read(COUNT_RECLAIM_SCANS);
	statistics->writebacks = memory_counter_read(COUNT_WRITEBACKS);
	statistics->out_of_memory_kills = memory_counter_read(COUNT_OUT_OF_MEMORY_KILLS);
	statistics->faults = memory_counter_read(COUNT_FAULTS);
	statistics->major_faults = memory_counter_read(COUNT_MAJOR_FAULTS);
	statistics->copies_on_write = memory_counter_read(COUNT_COPIES_ON_WRITE);
}

void memory_statistics_read(struct memory_statistics *statistics)
{
	uint64_t unusable = page_buddy.mark_user;

	*statistics = (struct memory_statistics){ .total = page_buddy.total_pages };
	statistics->free = READ_ONCE(page_buddy.free_pages) +
			   READ_ONCE(page_buddy.untouched_pages) + page_caches_count();
	levels_read(statistics);
	events_read(statistics);
	reclaim_lists_read(&statistics->active_file, &statistics->inactive_file);
	statistics->active_anonymous = statistics->anonymous;
	statistics->available = statistics->free + statistics->active_file +
				statistics->inactive_file + statistics->slab_reclaimable;
	statistics->available -= min(statistics->available, unusable);
}

/* What happened under pressure and between CPUs since the start. */
static void show_events(struct format_sink *sink)
{
	struct memory_statistics statistics;

	memory_statistics_read(&statistics);
	format_to(sink, "reclaim %llu\nwrite_back %llu\nout_of_memory %llu\nshootdown %llu\n",
		  (unsigned long long)statistics.reclaimed,
		  (unsigned long long)statistics.writebacks,
		  (unsigned long long)statistics.out_of_memory_kills,
		  (unsigned long long)mmu_shootdown_count());
}

void memory_statistics_start(void)
{
	static struct status_entry events = { .name = "memory", .show = show_events };

	status_add(&events);
}
