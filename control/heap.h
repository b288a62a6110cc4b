/* heap.h - where memory lies: the control thread's heap (jemalloc) and what base/map.h took
 * for the data cores, and how much of either is on huge pages.
 *
 * Two implementations: heap_jemalloc.c, and heap_libc.c under sanitizers, which bring an
 * allocator of their own. Core: control, but for heap_thread_allocated().
 */
#ifndef PENSTOCK_HEAP_H
#define PENSTOCK_HEAP_H

#include "control/rpc/rpc.h"

/* Says once at start when the host keeps us from huge pages. */
void heap_start(void);

/* Reads /proc/self/smaps: what the kernel really gave, not what was asked for. */
void heap_read_share(struct heap_share *ret);

/* Brackets the loop of a data core: in between, what its libraries want for the length of a
 * call comes out of a buffer taken here. False: no memory. Core: the one that calls. */
bool heap_core_begin(void);
void heap_core_end(void);

/* Bytes the calling thread has ever allocated: a data core asks before and after. Core: any. */
uint64_t heap_thread_allocated(void);

#endif
