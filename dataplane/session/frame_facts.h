/* frame_facts.h - what a frame says of itself beside its key: asked for only where its listener
 * routes by it, or writes it down (batch/route.h).
 *
 * Core: any; no state.
 */
#ifndef PENSTOCK_FRAME_FACTS_H
#define PENSTOCK_FRAME_FACTS_H

#include "config/settings_parts.h"
#include "dataplane/base/base.h"

enum { FRAME_NO_TIME = -1 };

struct frame_facts {
	int64_t time_ms;       /* since 1970 UTC, of the frame's own clock, or FRAME_NO_TIME */
	uint16_t edition;      /* year of the standard */
	uint16_t command;      /* or message id */
	uint8_t command_bytes; /* of which it has so many */
	uint8_t class;         /* enum record_class */
};

#endif
