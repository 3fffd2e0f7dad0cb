/*
 * /proc/aegis/fail, in debug builds: "N [COUNT]" makes the writing thread's N-th request for memory
 * from then on fail, and COUNT (1) in a row from there; "0" ends that. Reading tells how many
 * requests there were since the plan was made, and how many failed.
 */
#include "memory/failure.h"

#include "arch/context.h"
#include "base/errno.h"
#include "base/parse.h"
#include "log/status.h"

/* Before there are threads, and in host tests. */
static struct memory_failures threadless;

static struct memory_failures *failures_current(void)
{
	struct context *self = context_current();

	return self ? &self->failures : &threadless;
}

void memory_failures_plan(uint32_t n, uint32_t count)
{
	struct memory_failures *failures = failures_current();

	*failures = (struct memory_failures){ .distance = n, .count = count };
}

uint32_t memory_failures_end(void)
{
	failures_current()->count = 0;
	return failures_current()->failed;
}

bool memory_failure_step(void)
{
	struct memory_failures *failures = failures_current();
	struct context *self = context_current();

	if (likely(failures->count == 0) || (self && self->interrupt_depth > 0))
		return false;
	failures->requests++;
	if (failures->distance > 1) {
		failures->distance--;
		return false;
	}
	failures->count--;
	failures->failed++;
	return true;
}

static void show(struct format_sink *sink)
{
	const struct memory_failures *failures = failures_current();

	format_to(sink, "requests %u failed %u\n", failures->requests, failures->failed);
}

static int store(const char *text, size_t length)
{
	uint64_t n, count = 1;
	const char *end;

	(void)length;
	if (parse_unsigned_prefix(text, 10, &n, &end) || n > UINT32_MAX)
		return -EINVAL;
	if (*end == ' ' && (parse_unsigned_prefix(end + 1, 10, &count, &end) ||
			    count == 0 || count > UINT32_MAX))
		return -EINVAL;
	if (*end && *end != '\n')
		return -EINVAL;
	if (n == 0)
		(void)memory_failures_end();
	else
		memory_failures_plan((uint32_t)n, (uint32_t)count);
	return 0;
}

void memory_failures_start(void)
{
	static struct status_entry entry = { .name = "fail", .show = show, .store = store };

	if (DEBUG_BUILD)
		status_add(&entry);
}
