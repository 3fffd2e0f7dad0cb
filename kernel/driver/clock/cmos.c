/* The clock chip of PCs: read once at boot. Every field is checked, for the chip may be missing. */
#include "driver/clock/cmos_registers.h"

#include "base/codec/calendar.h"
#include "base/errno.h"
#include "device/driver.h"
#include "log/log.h"
#include "time/clock_time.h"

/* Two digits of a year: this kernel does not run before 2000. */
#define YEAR_FIRST 2000u
#define YEAR_LAST 2099u

static uint8_t cmos_read(const struct registers *registers, uint8_t index)
{
	register_write8(registers, CMOS_INDEX, index);
	return register_read8(registers, CMOS_DATA);
}

static void fields_read(const struct registers *registers, struct calendar_time *time)
{
	time->second = cmos_read(registers, CMOS_SECONDS);
	time->minute = cmos_read(registers, CMOS_MINUTES);
	time->hour = cmos_read(registers, CMOS_HOURS);
	time->day = cmos_read(registers, CMOS_DAY_OF_MONTH);
	time->month = cmos_read(registers, CMOS_MONTH);
	time->year = cmos_read(registers, CMOS_YEAR);
}

static bool times_agree(const struct calendar_time *a, const struct calendar_time *b)
{
	return a->second == b->second && a->minute == b->minute && a->hour == b->hour &&
	       a->day == b->day && a->month == b->month && a->year == b->year;
}

static unsigned from_bcd(unsigned value)
{
	return (value >> 4) * 10 + (value & 0xf);
}

static void time_decode(struct calendar_time *time, uint8_t register_b)
{
	bool is_afternoon = time->hour & HOURS_PM;

	time->hour &= ~(unsigned)HOURS_PM;
	if (!(register_b & REGISTER_B_DM)) {
		time->second = from_bcd(time->second);
		time->minute = from_bcd(time->minute);
		time->hour = from_bcd(time->hour);
		time->day = from_bcd(time->day);
		time->month = from_bcd(time->month);
		time->year = from_bcd(time->year);
	}
	if (!(register_b & REGISTER_B_24_HOURS))
		time->hour = time->hour % 12 + (is_afternoon ? 12 : 0);
	time->year += YEAR_FIRST;
}

/* Two equal readings outside an update are one consistent time. */
static int cmos_time_read(const struct registers *registers, struct calendar_time *time)
{
	enum { PATIENCE_TRIES = 20000 };
	struct calendar_time again;

	if (cmos_read(registers, CMOS_REGISTER_A) == 0xff &&
	    cmos_read(registers, CMOS_REGISTER_B) == 0xff)
		return -ENODEV;
	for (unsigned i = 0; i < PATIENCE_TRIES; i++) {
		if (cmos_read(registers, CMOS_REGISTER_A) & REGISTER_A_UIP)
			continue;
		fields_read(registers, time);
		fields_read(registers, &again);
		if (times_agree(time, &again) &&
		    !(cmos_read(registers, CMOS_REGISTER_A) & REGISTER_A_UIP))
			return 0;
	}
	return -EIO;
}

static int cmos_attach(struct device *device)
{
	struct registers registers;
	struct calendar_time time;
	int64_t seconds;
	int result = device_registers_map(device, 0, &registers);

	if (result == 0)
		result = cmos_time_read(&registers, &time);
	if (result < 0)
		return result;
	time_decode(&time, cmos_read(&registers, CMOS_REGISTER_B));
	if (time.year > YEAR_LAST || !calendar_seconds(&time, &seconds))
		return -EIO;
	time_wall_clock_found(seconds * NANOSECONDS_PER_SECOND);
	log_print(LOG_INFO, "%s: %04u-%02u-%02u %02u:%02u:%02u", device->name, time.year,
		  time.month, time.day, time.hour, time.minute, time.second);
	return 0;
}

static const struct device_match cmos_matches[] = { MATCH_FIRMWARE("PNP0B00"), MATCH_END };

const struct driver cmos_driver = {
	.name = "cmos",
	.matches = cmos_matches,
	.attach = cmos_attach,
};
