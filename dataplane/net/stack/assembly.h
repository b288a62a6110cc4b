/* assembly.h - one datagram of which fragments have come: their bytes, and which of them are there.
 *
 *     fragment ─▶ assembly_judge ─▶ assembly_put ─▶ chunks by place, a bit for every 8 bytes
 *                                                     whole ─▶ assembly_gather ─▶ one piece
 *
 * Each fragment is laid at its place. What it costs depends on its size alone, not on how many
 * came before it, nor in which order (CVE-2018-5391): there is no list to be walked.
 *
 * Core: poller. Memory: chunks of CHUNK_RECEIVE_BYTES, as far as fragments lie in them. A zeroed
 * struct is an assembly of nothing.
 */
#ifndef PENSTOCK_ASSEMBLY_H
#define PENSTOCK_ASSEMBLY_H

#include "dataplane/base/chunk.h"

enum {
	/* l4 bytes of one IPv4 packet with the shortest header: UDP's payload is 8 less. */
	ASSEMBLY_BYTES_MAX = 65535 - 20,
	FRAGMENT_UNIT_BYTES = 8, /* offsets count these (RFC 791) */
	ASSEMBLY_UNITS = (ASSEMBLY_BYTES_MAX + FRAGMENT_UNIT_BYTES - 1) / FRAGMENT_UNIT_BYTES,
	ASSEMBLY_WORDS = (ASSEMBLY_UNITS + 63) / 64,
	ASSEMBLY_CHUNKS =
		(ASSEMBLY_BYTES_MAX + CHUNK_RECEIVE_BYTES - 1) / CHUNK_RECEIVE_BYTES,
};

/* `offset` is a multiple of FRAGMENT_UNIT_BYTES and the end at most ASSEMBLY_BYTES_MAX; so is the
 * size, and neither is 0, unless it is the last. */
struct fragment {
	uint32_t offset;
	struct bytes bytes;
	bool is_last;
};

struct assembly {
	uint32_t total;  /* 0: the last fragment has not come */
	uint32_t extent; /* end of the farthest byte that has */
	uint32_t held;
	uint64_t came[ASSEMBLY_WORDS]; /* bit: those 8 bytes are there */
	struct chunk *chunks[ASSEMBLY_CHUNKS];
};

enum assembly_verdict {
	ASSEMBLY_FITS,     /* all of it is new */
	ASSEMBLY_AGAIN,    /* it has come before, the same bytes */
	ASSEMBLY_CONFLICT, /* it overlaps others, or disagrees on the end */
};

enum assembly_verdict assembly_judge(const struct assembly *a, const struct fragment *f);
/* How many chunks it needs beyond those that are there. */
uint32_t assembly_needs(const struct assembly *a, const struct fragment *f);
/* Copies a fragment that fits; `pool` has the chunks. */
void assembly_put(struct assembly *a, struct chunk_pool *pool, const struct fragment *f);

static inline bool assembly_is_whole(const struct assembly *a)
{
	return a->total != 0 && a->held == a->total;
}

/* Copies a whole one's `total` bytes out. */
void assembly_gather(const struct assembly *a, uint8_t *ret);
/* Gives the chunks back; it is one of nothing afterwards. */
void assembly_clear(struct assembly *a);

#endif
