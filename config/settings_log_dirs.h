/* settings_log_dirs.h - log.dirs in, each of its directories out.
 *
 * Core: control, at start.
 */
#ifndef PENSTOCK_SETTINGS_LOG_DIRS_H
#define PENSTOCK_SETTINGS_LOG_DIRS_H

#include "config/settings_draft.h"

/* Says what is wrong with the list. */
void settings_log_dirs(const struct settings *s, struct settings_report *report);

#endif
