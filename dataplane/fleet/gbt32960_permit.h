/* gbt32960_permit.h - may this frame be taken of this connection? docs/GBT32960.md, "Who may come".
 *
 * Core: poller. State: VEHICLE_IS_KNOWN in session.own, of a platform that has logged in.
 */
#ifndef PENSTOCK_GBT32960_PERMIT_H
#define PENSTOCK_GBT32960_PERMIT_H

#include "dataplane/session/session.h"
#include "dataplane/session/vehicle_list.h"

/* `list` null: anybody may come. */
bool gbt32960_is_permitted(const struct vehicle_list *list, const struct session *s,
			   struct bytes frame);

/* What may be taken of the session may be other behind this frame: it is cut in another turn. */
bool gbt32960_decides(const struct vehicle_list *list, struct bytes frame);

/* The frame is taken: its platform is known from now on, or is not any more. */
void gbt32960_note_platform(struct session *s, struct bytes frame);

#endif
