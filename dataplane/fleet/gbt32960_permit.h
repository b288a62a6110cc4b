/* gbt32960_permit.h - may this frame be taken of this connection? docs/GBT32960.md, "Who may come".
 *
 * Core: poller. State: VEHICLE_IS_KNOWN in session.own, of a platform that has logged in.
 */
#ifndef PENSTOCK_GBT32960_PERMIT_H
#define PENSTOCK_GBT32960_PERMIT_H

#include "dataplane/session/session.h"
#include "dataplane/session/vehicle_list.h"
#include "dataplane/wire/fleet/gbt32960.h"

/* Whether the list has whom the frame speaks for: a vehicle, or a platform that has logged in. */
bool gbt32960_is_listed(const struct vehicle_list *list, const struct session *s,
			struct bytes frame);

/* The frame decides whether a platform is known: behind it other frames may be taken. */
static inline bool gbt32960_is_of_account(const struct gbt32960_header *h)
{
	return h->command == GBT32960_PLATFORM_LOGIN || h->command == GBT32960_PLATFORM_LOGOUT;
}

/* Such a frame is taken: its platform is known from now on, or is not any more. */
void gbt32960_note_platform(struct session *s, struct bytes frame);

#endif
