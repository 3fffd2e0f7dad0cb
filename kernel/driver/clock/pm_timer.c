/* The ACPI power-management timer as a clock of last resort. ACPI specification 6.5, 4.8.2.1. */
#include "base/errno.h"
#include "device/driver.h"
#include "memory/heap.h"
#include "time/clock_time.h"

#define PM_TIMER_HZ 3579545
#define PM_TIMER_BITS 24		/* some have 32; the lower 24 are always right */
#define PM_TIMER_MASK 0xffffffu

struct pm_timer {
	struct clock_source source;
	struct registers registers;
};

static uint64_t pm_timer_read(struct clock_source *source)
{
	struct pm_timer *timer = container_of(source, struct pm_timer, source);

	return register_read32(&timer->registers, 0) & PM_TIMER_MASK;
}

/* A timer that does not exist reads the same for ever. */
static bool pm_timer_counts(struct pm_timer *timer)
{
	enum { PATIENCE_READS = 10000 };
	uint64_t first = pm_timer_read(&timer->source);

	for (unsigned i = 0; i < PATIENCE_READS; i++) {
		if (pm_timer_read(&timer->source) != first)
			return true;
	}
	return false;
}

static int pm_timer_attach(struct device *device)
{
	struct pm_timer *timer = heap_allocate(sizeof(*timer), HEAP_PATIENT);
	int result;

	if (!timer)
		return -ENOMEM;
	result = device_registers_map(device, 0, &timer->registers);
	if (result == 0 && !pm_timer_counts(timer))
		result = -ENODEV;
	if (result < 0)
		goto fail;
	timer->source = (struct clock_source){
		.name = "acpi_pm",
		.frequency_hz = PM_TIMER_HZ,
		.bits = PM_TIMER_BITS,
		.read = pm_timer_read,
		.rating = 200,
	};
	device->state = timer;
	result = clock_source_add(&timer->source);
	if (result == 0)
		return 0;
fail:
	device->state = NULL;
	heap_free(timer);
	return result;
}

static const struct device_match pm_timer_matches[] = { MATCH_FIRMWARE("PNP0C08"), MATCH_END };

const struct driver pm_timer_driver = {
	.name = "pm_timer",
	.matches = pm_timer_matches,
	.attach = pm_timer_attach,
};
