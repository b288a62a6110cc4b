/* map.h - memory taken once at start: anonymous, zeroed, on huge pages where the host has
 * them, never touched before use. Core: any, at start and stop only.
 *
 * It is advised as randomly accessed, which it is (connections, lanes, chunks), and which
 * marks it: in /proc/PID/smaps its VmFlags hold "rr", nobody else's do. control/heap.c finds
 * it by that. */
#ifndef PENSTOCK_MAP_H
#define PENSTOCK_MAP_H

#include "dataplane/base/base.h"

enum { MAP_HUGE_BYTES = 2 << 20 };

/* Zeroed memory, aligned to a page (to 2 MiB from 2 MiB on), or null. Size 0 gives null. */
void *map_take(size_t size);

/* What lies there is forgotten, and reads as zeroes: the host has the pages until they are
 * touched again. `memory` and `size` are whole pages. */
void map_forget(void *memory, size_t size);

/* Gives back what map_take(size) gave; null is fine. */
void map_give(void *memory, size_t size);

#endif
