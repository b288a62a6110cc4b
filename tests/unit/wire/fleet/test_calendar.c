/* test_calendar.c - dates to seconds and back: every day there is, and dates that are none. */
#include "dataplane/wire/fleet/calendar.h"

#include <criterion/criterion.h>
#include <time.h>

Test(calendar, every_day_comes_back)
{
	enum { DAY_S = 86400, FROM = 946684800 }; /* 2000-01-01 */
	for (int64_t day = 0; day < 256 * 365; day++) {
		int64_t seconds = FROM + day * DAY_S + (day * 7919) % DAY_S;
		uint8_t fields[CALENDAR_FIELDS];
		struct tm tm;
		time_t t = seconds;
		gmtime_r(&t, &tm);
		calendar_of(fields, seconds);
		cr_assert(fields[0] == tm.tm_year - 100 && fields[1] == tm.tm_mon + 1 &&
			  fields[2] == tm.tm_mday && fields[3] == tm.tm_hour &&
			  fields[4] == tm.tm_min && fields[5] == tm.tm_sec);
		cr_assert(calendar_seconds(fields) == seconds);
	}
}

Test(calendar, what_is_no_date_is_none)
{
	static const uint8_t none[][CALENDAR_FIELDS] = {
		{24, 0, 1, 0, 0, 0},   {24, 13, 1, 0, 0, 0},  {24, 1, 0, 0, 0, 0},
		{24, 1, 32, 0, 0, 0},  {24, 4, 31, 0, 0, 0},  {24, 2, 30, 0, 0, 0},
		{23, 2, 29, 0, 0, 0},  {100, 2, 29, 0, 0, 0}, {24, 1, 1, 24, 0, 0},
		{24, 1, 1, 0, 60, 0},  {24, 1, 1, 0, 0, 60},  {255, 255, 255, 255, 255, 255},
		{24, 12, 255, 0, 0, 0},
	};
	static const uint8_t leap[CALENDAR_FIELDS] = {24, 2, 29, 23, 59, 59};
	for (unsigned i = 0; i < array_len(none); i++)
		cr_assert(calendar_seconds(none[i]) == CALENDAR_NONE, "row %u", i);
	cr_assert(calendar_seconds(leap) == 1709251199);
}
