/* calendar.c - seconds since 1970 to a date of the Gregorian calendar, and back; see calendar.h. */
#include "dataplane/wire/fleet/calendar.h"

enum { DAY_S = 86400 };

/* Days since 1970-01-01 to a date of the Gregorian calendar, in eras of 400 years counted
 * from March, so that the leap day is the last of its year. */
static void date_of_days(int64_t days, uint8_t date[3])
{
	enum { ERA_DAYS = 146097, DAYS_TO_1970 = 719468 };
	int64_t shifted = days + DAYS_TO_1970;
	int64_t era = shifted / ERA_DAYS;
	int64_t day = shifted % ERA_DAYS;
	int64_t year = (day - day / 1460 + day / 36524 - day / (ERA_DAYS - 1)) / 365;
	int64_t day_of_year = day - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * day_of_year + 2) / 153; /* 0: March */
	date[2] = (uint8_t)(day_of_year - (153 * month + 2) / 5 + 1);
	date[1] = (uint8_t)(month < 10 ? month + 3 : month - 9);
	date[0] = (uint8_t)(era * 400 + year + (month >= 10) - 2000);
}

void calendar_of(uint8_t out[CALENDAR_FIELDS], int64_t seconds)
{
	int64_t of_day = seconds % DAY_S;
	date_of_days(seconds / DAY_S, out);
	out[3] = (uint8_t)(of_day / 3600);
	out[4] = (uint8_t)(of_day / 60 % 60);
	out[5] = (uint8_t)(of_day % 60);
}

/* A date that does not come back as it went in is none: a 31st of April, a month of 0. */
int64_t calendar_seconds(const uint8_t fields[CALENDAR_FIELDS])
{
	enum { DAYS_TO_2000 = 10957 };
	static const uint16_t days_before[] = {0,   31,  59,  90,  120, 151,
					       181, 212, 243, 273, 304, 334};
	uint8_t back[CALENDAR_FIELDS];
	int64_t year = fields[0], month = fields[1];
	if (month < 1 || month > 12 || fields[3] > 23 || fields[4] > 59 || fields[5] > 59)
		return CALENDAR_NONE;
	/* Of the years 2000 to 2255 all that 4 divides are leap years but for 2100 and 2200. */
	int64_t leap_days = year == 0 ? 0 : (year - 1) / 4 + 1 - (year > 100) - (year > 200);
	bool is_leap = year % 4 == 0 && year != 100 && year != 200;
	int64_t days = DAYS_TO_2000 + 365 * year + leap_days + days_before[month - 1] +
		       (is_leap && month > 2) + fields[2] - 1;
	int64_t seconds = days * DAY_S + fields[3] * 3600 + fields[4] * 60 + fields[5];
	calendar_of(back, seconds);
	return memcmp(back, fields, sizeof back) == 0 ? seconds : CALENDAR_NONE;
}
