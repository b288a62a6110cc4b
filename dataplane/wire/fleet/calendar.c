/* calendar.c - seconds since 1970 in, a date of the Gregorian calendar out; see calendar.h. */
#include "dataplane/wire/fleet/calendar.h"

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
	enum { DAY_S = 86400 };
	int64_t of_day = seconds % DAY_S;
	date_of_days(seconds / DAY_S, out);
	out[3] = (uint8_t)(of_day / 3600);
	out[4] = (uint8_t)(of_day / 60 % 60);
	out[5] = (uint8_t)(of_day % 60);
}
