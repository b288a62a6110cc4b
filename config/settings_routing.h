/* settings_routing.h - whose records a listener takes and where they go, of what its lines say: a
 * list of vehicles, topics by class, how their partitions are chosen. Private to config/. Core:
 * control, at start. */
#ifndef PENSTOCK_SETTINGS_ROUTING_H
#define PENSTOCK_SETTINGS_ROUTING_H

#include "config/settings_draft.h"

/* Its lines have been applied. */
void settings_routing(const struct settings *s, struct listener *l,
		      struct settings_report *report);

#endif
