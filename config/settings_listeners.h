/* settings_listeners.h - all settings about listeners in, their table out. Private to config/.
 * Core: control, at start. */
#ifndef PENSTOCK_SETTINGS_LISTENERS_H
#define PENSTOCK_SETTINGS_LISTENERS_H

#include "config/settings_draft.h"

/* Fills s->listener from `listeners`, the maps, advertised.listeners and the kept lines. */
void settings_listeners(struct settings *s, struct settings_report *report);

#endif
