/* The high precision event timer as a clock. IA-PC HPET specification 1.0a. */
#include "base/errno.h"
#include "device/driver.h"
#include "driver/clock/hpet_registers.h"
#include "memory/heap.h"
#include "time/clock_time.h"

#define FEMTOSECONDS_PER_SECOND 1000000000000000ull

struct hpet {
	struct clock_source source;
	struct registers registers;
};

static uint64_t hpet_read(struct clock_source *source)
{
	struct hpet *hpet = container_of(source, struct hpet, source);

	/* Half of it: a 64-bit read is not atomic on every bridge. */
	return register_read32(&hpet->registers, MAIN_COUNTER_VALUE);
}

static int hpet_attach(struct device *device)
{
	struct hpet *hpet = heap_allocate(sizeof(*hpet), HEAP_PATIENT);
	uint64_t capabilities, configuration;
	uint32_t period_fs;
	int result = -ENOMEM;

	if (!hpet)
		return -ENOMEM;
	result = device_registers_map(device, 0, &hpet->registers);
	if (result < 0)
		goto fail;
	capabilities = register_read64(&hpet->registers, GENERAL_CAPABILITIES_ID);
	period_fs = COUNTER_CLK_PERIOD(capabilities);
	result = -ENODEV;
	if (period_fs == 0 || period_fs > COUNTER_CLK_PERIOD_MAXIMUM)
		goto fail;
	configuration = register_read64(&hpet->registers, GENERAL_CONFIGURATION);
	if (!(configuration & ENABLE_CNF))
		register_write64(&hpet->registers, GENERAL_CONFIGURATION,
				 configuration | ENABLE_CNF);
	hpet->source = (struct clock_source){
		.name = "hpet",
		.frequency_hz = FEMTOSECONDS_PER_SECOND / period_fs,
		.bits = 32,
		.read = hpet_read,
		.rating = 250,
	};
	device->state = hpet;
	result = clock_source_add(&hpet->source);
	if (result == 0)
		return 0;
fail:
	device->state = NULL;
	heap_free(hpet);
	return result;
}

static const struct device_match hpet_matches[] = { MATCH_FIRMWARE("PNP0103"), MATCH_END };

const struct driver hpet_driver = {
	.name = "hpet",
	.matches = hpet_matches,
	.attach = hpet_attach,
};
