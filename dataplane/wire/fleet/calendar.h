/* calendar.h - seconds since 1970 in, a date of the Gregorian calendar out, and back, for the
 * frames that carry one: GB/T 32960 in binary and Beijing's time, JT/T 808 in BCD. Core: any. */
#ifndef PENSTOCK_CALENDAR_H
#define PENSTOCK_CALENDAR_H

#include "dataplane/base/base.h"

enum { CALENDAR_FIELDS = 6, CALENDAR_NONE = -1 };
/* GMT+8, which both standards write times in. */
enum { CALENDAR_BEIJING_S = 8 * 3600 };

/* Year - 2000, month, day, hour, minute, second of the years 2000 to 2255. The zone is the
 * caller's: he adds it to the seconds. */
void calendar_of(uint8_t out[CALENDAR_FIELDS], int64_t seconds);
/* The inverse; CALENDAR_NONE: there is no such date or time of day. */
int64_t calendar_seconds(const uint8_t fields[CALENDAR_FIELDS]);

#endif
