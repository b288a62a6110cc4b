/* settings_units.h - settings that have several units, each with a row of its own: what was given
 * in one unit, said in the finest.
 *
 *     log.retention.minutes=5 ─▶ log_retention_ms = 300000, unless log.retention.ms was given
 *
 * Private to config/settings*.c. Core: control. No state.
 */
#ifndef PENSTOCK_SETTINGS_UNITS_H
#define PENSTOCK_SETTINGS_UNITS_H

#include "config/settings_draft.h"

/* At start, when all that will be given was: from then on the finest row of each setting has its
 * value, and only that row can change. */
void settings_units(struct settings *s, struct settings_report *report);

/* "", or why the time for which records are kept is refused, in any unit: as by Kafka. */
const char *settings_retention_fault(const struct settings *s);

#endif
