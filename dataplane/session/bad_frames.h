/* bad_frames.h - the last broken frames, kept for the operator (`frames.bad`).
 *
 * A ring the poller writes and control reads, each entry behind a sequence lock
 * (base/seqlock.h); an entry overwritten while it is read is skipped. Core: poller writes,
 * control reads.
 */
#ifndef PENSTOCK_BAD_FRAMES_H
#define PENSTOCK_BAD_FRAMES_H

#include "config/bounds.h"
#include "dataplane/net/pkt.h"

#include <stdatomic.h>

struct bad_frame {
	struct endpoint peer;
	int64_t wall_ms;
	uint64_t stream_offset; /* of its first byte in the connection's stream */
	uint32_t size;          /* whole run; `bytes` holds the first of it */
	uint16_t reason;        /* enum stat_id: frame_reject_... */
	uint8_t listener;
	uint8_t bytes[BAD_FRAME_BYTES];
};

struct bad_frame_entry {
	atomic_uint sequence;
	struct bad_frame frame;
};

struct bad_frames {
	struct bad_frame_entry entries[BAD_FRAMES_KEPT];
	atomic_uint_fast64_t written; /* entries ever written */
};

/* Keeps a frame whose bytes, so far, are `bytes`; returns a ticket for what follows;
 * tickets wrap. */
uint32_t bad_frames_add(struct bad_frames *b, const struct bad_frame *frame,
			struct bytes bytes);
/* More bytes of the frame that got `ticket`; nothing when it has been overwritten. */
void bad_frames_extend(struct bad_frames *b, uint32_t ticket, struct bytes bytes);
/* Copies up to `max` of the latest, newest first; returns how many. */
unsigned bad_frames_read(struct bad_frames *b, struct bad_frame *ret, unsigned max);

#endif
