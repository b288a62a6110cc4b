/* capacity.h - limits that the settings leave open (0): from the connections allowed and the memory
 * there is, so that what is allowed can all come at once.
 *
 *     receive memory: 4 KiB for each connection, which is the window it begins with; 64 MiB at
 *                     least, an eighth of the memory at most
 *     answers:        one for each connection, 65,536 at least and a million at most: beyond,
 *                     frames wait in line (dataplane/session/waiting.h)
 *
 * Both are mapped and cost nothing before they are used. Core: control, at start.
 */
#ifndef PENSTOCK_CAPACITY_H
#define PENSTOCK_CAPACITY_H

#include "config/settings.h"

struct capacity {
	uint64_t receive_memory_bytes;
	uint32_t answers_max;
};

struct capacity capacity_of(const struct settings *s, uint64_t memory_bytes);

/* The machine's memory, or the control group's when that is less. */
uint64_t capacity_memory_bytes(void);

/* What they came to, in a sentence. */
void capacity_print(const struct settings *s, const struct capacity *l);

#endif
