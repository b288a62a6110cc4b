/* turn_bytes.h - memory for what a session makes of a frame: bytes that lie nowhere in its stream,
 * as a key in digits, or a message without its escapes. Valid until the end of the turn, as what
 * stream_peek() shows.
 *
 * Core: poller. Limit: TURN_BYTES a turn; who finds none left cuts on in the next.
 */
#ifndef PENSTOCK_TURN_BYTES_H
#define PENSTOCK_TURN_BYTES_H

#include "dataplane/base/base.h"

/* A key for each frame of a full turn takes 5 KiB, a message that is all escapes 2; one that came
 * in parts 1 MiB at most. What no turn needed is not touched. */
enum { TURN_BYTES = (1 << 20) + (32 << 10) };

struct turn_bytes {
	size_t used;
	uint8_t bytes[TURN_BYTES];
};

/* What was taken in the turn before is free again. */
static inline void turn_bytes_begin(struct turn_bytes *t)
{
	t->used = 0;
}

/* `size` bytes, or null. */
static inline uint8_t *turn_bytes_take(struct turn_bytes *t, size_t size)
{
	if (size > TURN_BYTES - t->used)
		return NULL;
	uint8_t *p = t->bytes + t->used;
	t->used += size;
	return p;
}

#endif
