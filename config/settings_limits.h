/* settings_limits.h - connections that single addresses may have.
 *
 * Private to config/settings*.c. Core: control, at start. No state.
 */
#ifndef PENSTOCK_SETTINGS_LIMITS_H
#define PENSTOCK_SETTINGS_LIMITS_H

#include "config/settings_draft.h"

/* Fills settings.tcp.address_limit from max.connections.per.ip.overrides; what is wrong is said. */
void settings_limits(struct settings *s, struct settings_report *report);

#endif
