/* fragments.h - IPv4 fragments of UDP in, whole datagrams out; what never becomes whole is given
 * up and counted.
 *
 *     ip_input ─▶ fragments ─▶ fragments_input ─▶ datagrams ─▶ udp_input
 *
 * A datagram under way is found by its source and number; it has its time from its first fragment
 * on. When memory runs out the one that got nothing for longest gives way, of a source prefix (/24)
 * that has an eighth of all, if one has: a share binds only under want.
 * docs/decisions/0008-datagrams-in-fragments.md says why.
 *
 * Core: poller. Ownership: fragments are copied in their turn; a whole datagram lies in the turn's
 * memory here, as a packet does in the port's.
 * Sources: RFC 791, 815, 1122 3.3.2, 3128, 4963, 5722.
 */
#ifndef PENSTOCK_FRAGMENTS_H
#define PENSTOCK_FRAGMENTS_H

#include "dataplane/base/list.h"
#include "dataplane/base/siphash.h"
#include "dataplane/base/slab.h"
#include "dataplane/net/stack/assembly.h"
#include "dataplane/net/stack/udp.h"

enum {
	FRAGMENT_SOURCES = 4096, /* what is under way is counted in, by source prefix */
	/* Less, of one that is not the last, is no fragment that a link would make: the smallest
	 * MTU to be met is 576, and a header has 60 bytes at most. */
	FRAGMENT_BYTES_MIN = 512,
	/* Of memory, for each datagram that may be under way. */
	FRAGMENT_MEMORY_EACH = 16384,
	FRAGMENT_MEMORY_MIN = 1 << 20,
};

struct fragment_source {
	struct list unfinished; /* who got a fragment last is at the end */
	struct list large;      /* in the list of those with a large share */
	uint32_t count;
};

struct unfinished;

struct fragments_options {
	struct stats *stats;
	const struct udp *udp; /* who listens */
	uint64_t memory_bytes; /* at least FRAGMENT_MEMORY_MIN */
	uint32_t timeout_ms;
};

struct fragments {
	struct fragments_options options;
	struct siphash_key key;
	uint64_t now_ns;
	bool is_stopped;
	struct slab slab; /* struct unfinished */
	struct chunk_pool chunks;
	struct unfinished **table; /* chains, by hash */
	struct fragment_source *sources;
	struct list large;
	struct list by_age;
	struct list by_progress; /* those that hold bytes, as in their source's list */
	struct list refused;     /* those that do not any more, by age */
	uint8_t *whole;          /* datagrams of this turn */
	uint32_t whole_bytes;
};

/* Maps everything; -errno. fragments_fini() undoes what was done, of zeroes nothing. */
int fragments_init(struct fragments *f, const struct fragments_options *options);
void fragments_fini(struct fragments *f);

/* fragments_input() when there is something to do. */
void fragments_work(struct fragments *f, const struct pkt_vec *fragments,
		    struct pkt_vec *datagrams, uint64_t now_ns);

/* `fragments` begin with their IP header, which is good, and belong to UDP datagrams to our
 * address. Those that make one whole go on `datagrams` in its place, checksum verified. */
static inline void fragments_input(struct fragments *f, const struct pkt_vec *fragments,
				   struct pkt_vec *datagrams, uint64_t now_ns)
{
	if (unlikely(fragments->count > 0 || f->slab.in_use > 0))
		fragments_work(f, fragments, datagrams, now_ns);
}

/* Draining: what is under way is shed, and so is what comes. */
void fragments_stop(struct fragments *f);

/* Nanoseconds until the oldest one's time is over, at most `limit_ns`. */
uint64_t fragments_idle_ns(const struct fragments *f, uint64_t now_ns, uint64_t limit_ns);

#endif
