/* The calendar against dates whose numbers are known, and what is no date. */
#include "base/codec/calendar.h"

#include "base/test.h"

static int64_t seconds_of(unsigned year, unsigned month, unsigned day)
{
	const struct calendar_time time = { year, month, day, 1, 2, 3 };
	int64_t seconds;

	return calendar_seconds(&time, &seconds) ? seconds - 3723 : -1;
}

TEST(calendar, knows_dates)
{
	EXPECT_EQUAL(seconds_of(1970, 1, 1), 0);
	EXPECT_EQUAL(seconds_of(2000, 2, 29), 951782400);
	EXPECT_EQUAL(seconds_of(2000, 3, 1), 951868800);
	EXPECT_EQUAL(seconds_of(2024, 12, 31), 1735603200);
	EXPECT_EQUAL(seconds_of(2199, 12, 31), INT64_C(7258032000));
}

TEST(calendar, goes_on_by_a_day)
{
	int64_t wanted = 0;

	for (unsigned year = CALENDAR_YEAR_FIRST; year <= CALENDAR_YEAR_LAST; year++) {
		for (unsigned month = 1; month <= 12; month++) {
			for (unsigned day = 1; seconds_of(year, month, day) >= 0; day++) {
				EXPECT_EQUAL(seconds_of(year, month, day), wanted);
				wanted += 86400;
			}
		}
	}
	EXPECT_EQUAL(wanted, INT64_C(7258118400));
}

TEST(calendar, refuses_what_is_no_time)
{
	static const struct calendar_time wrong[] = {
		{ 0, 1, 1, 0, 0, 0 }, { 1969, 12, 31, 23, 59, 59 }, { 2200, 1, 1, 0, 0, 0 },
		{ 65535, 1, 1, 0, 0, 0 }, { 2024, 0, 1, 0, 0, 0 }, { 2024, 13, 1, 0, 0, 0 },
		{ 2024, 1, 0, 0, 0, 0 }, { 2024, 1, 32, 0, 0, 0 }, { 2024, 4, 31, 0, 0, 0 },
		{ 2023, 2, 29, 0, 0, 0 }, { 2100, 2, 29, 0, 0, 0 }, { 2024, 1, 1, 24, 0, 0 },
		{ 2024, 1, 1, 0, 60, 0 }, { 2024, 1, 1, 0, 0, 60 },
	};
	int64_t seconds;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		EXPECT(!calendar_seconds(&wrong[i], &seconds));
}
