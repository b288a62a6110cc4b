/* registry_say.h - a line for the operator.
 *
 * Core: control.
 */
#ifndef PENSTOCK_REGISTRY_SAY_H
#define PENSTOCK_REGISTRY_SAY_H

#include "control/catalog/registry_private.h"

/* A line for the operator, as printf() has it. */
__attribute__((format(printf, 2, 3))) void registry_say(struct registry *r, const char *format,
							...);

#endif
