/* gbt32960_account.h - GB/T 32960.3: whom a platform login says to be (t. 26 of 2016). Core: any;
 * no state. */
#ifndef PENSTOCK_GBT32960_ACCOUNT_H
#define PENSTOCK_GBT32960_ACCOUNT_H

#include "dataplane/base/base.h"

/* offset size field of a platform login's data unit
 *      0    6 time
 *      6    2 serial     of the day's logins
 *      8   12 name       both padded with zeroes or spaces
 *     20   20 password
 *     40    1 encryption of what follows */
enum {
	GBT32960_ACCOUNT_NAME_BYTES = 12,
	GBT32960_ACCOUNT_PASSWORD_BYTES = 20,
	GBT32960_PLATFORM_LOGIN_BYTES = 41,
	/* Name, an end, password. */
	GBT32960_ACCOUNT_BYTES = GBT32960_ACCOUNT_NAME_BYTES + 1 + GBT32960_ACCOUNT_PASSWORD_BYTES,
};

struct gbt32960_account {
	struct bytes name; /* without its padding */
	struct bytes password;
};

/* False: the data unit is shorter. */
bool gbt32960_account_read(struct bytes data, struct gbt32960_account *ret);

/* Both as one text, which no other account has: what a list of accounts keeps. */
struct bytes gbt32960_account_text(const struct gbt32960_account *a,
				   uint8_t out[GBT32960_ACCOUNT_BYTES]);

#endif
