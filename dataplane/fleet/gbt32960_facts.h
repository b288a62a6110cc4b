/* gbt32960_facts.h - what a good frame of GB/T 32960.3 says of itself. Core: any; no state. */
#ifndef PENSTOCK_GBT32960_FACTS_H
#define PENSTOCK_GBT32960_FACTS_H

#include "dataplane/session/frame_facts.h"

/* Logins and logouts of vehicles and platforms are RECORD_SESSION, real-time reports RECORD_LIVE,
 * or RECORD_ALARM where that has a topic of its own and an alarm is raised, reissued ones
 * RECORD_REISSUE. */
void gbt32960_describe(const struct listener *l, struct bytes frame, struct frame_facts *ret);

#endif
