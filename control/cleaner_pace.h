/* cleaner_pace.h - how long a compaction rests after some of its work.
 *
 *     works ─▶ cleaner_pace() ─▶ rests as long as it has worked, or as its bytes cost ─▶ works ...
 *
 * It shares a disk with all who write and a CPU with control, and would take all of both: a closed
 * loop. Who rests as long as he works has half of either at most, and the less of a disk the slower
 * that is (docs/decisions/0019-compaction.md).
 *
 * Core: the cleaner's thread. No state but the struct's.
 */
#ifndef PENSTOCK_CLEANER_PACE_H
#define PENSTOCK_CLEANER_PACE_H

#include <stdint.h>

struct cleaner_pace {
	uint64_t begun_ns; /* when it went to work */
	uint64_t paid_ns;  /* until when what it has read and written is paid for */
};

/* `bytes` were read or written, of which `rate` a second may be: until when to rest, for an hour at
 * most; 0: not now. Who has been idle has saved nothing up. */
uint64_t cleaner_pace(struct cleaner_pace *p, uint64_t now_ns, uint32_t bytes, uint64_t rate);

#endif
