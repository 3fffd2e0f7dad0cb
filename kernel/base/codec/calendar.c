/* The Gregorian calendar, counting years from March, so that a leap day is the last of its year. */
#include "base/codec/calendar.h"

#define DAYS_TO_1970 719468	/* from March 1st of the year 0 */
#define SECONDS_PER_DAY 86400

static bool is_leap(unsigned year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned days_of_month(unsigned year, unsigned month)
{
	if (month == 2)
		return is_leap(year) ? 29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

static bool time_is_real(const struct calendar_time *time)
{
	return time->year >= CALENDAR_YEAR_FIRST && time->year <= CALENDAR_YEAR_LAST &&
	       time->month >= 1 && time->month <= 12 && time->day >= 1 &&
	       time->day <= days_of_month(time->year, time->month) && time->hour < 24 &&
	       time->minute < 60 && time->second < 60;
}

bool calendar_seconds(const struct calendar_time *time, int64_t *seconds)
{
	int64_t year, month, days;

	if (!time_is_real(time))
		return false;
	year = time->month <= 2 ? (int64_t)time->year - 1 : time->year;
	month = (time->month + 9) % 12;
	days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 +
	       time->day - 1 - DAYS_TO_1970;
	*seconds = days * SECONDS_PER_DAY + time->hour * 3600 + time->minute * 60 + time->second;
	return true;
}
