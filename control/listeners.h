/* listeners.h - the settings' listeners as the data plane knows them. Core: control. */
#ifndef PENSTOCK_LISTENERS_H
#define PENSTOCK_LISTENERS_H

#include "config/settings.h"
#include "dataplane/session/session.h"

/* Fills `ret`, in the order of the settings; returns how many. */
unsigned listeners_from_settings(const struct settings *s, struct listener ret[LISTENERS_MAX]);

#endif
