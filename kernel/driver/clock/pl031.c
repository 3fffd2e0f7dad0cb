/* The PrimeCell real-time clock, read once for the wall clock. ARM DDI 0224, 3.3.1. */
#include "base/errno.h"
#include "device/driver.h"
#include "log/log.h"
#include "time/clock_time.h"

#define RTCDR 0x000		/* seconds since 1970 */

static int pl031_attach(struct device *device)
{
	struct registers registers;
	uint32_t seconds;
	int result = device_registers_map(device, 0, &registers);

	if (result == 0)
		result = device_probe32(device, &registers, RTCDR, &seconds);
	if (result < 0)
		return result;
	time_wall_clock_found((int64_t)seconds * NANOSECONDS_PER_SECOND);
	log_print(LOG_INFO, "%s: %u seconds since 1970", device->name, seconds);
	return 0;
}

static const struct device_match pl031_matches[] = { MATCH_FIRMWARE("arm,pl031"), MATCH_END };

const struct driver pl031_driver = {
	.name = "pl031",
	.matches = pl031_matches,
	.attach = pl031_attach,
};
