/* tcp_limit.h - how often those are answered who have no connection: strangers, half-open and
 * TIME-WAIT peers (RFC 5961 7 and 10). A connection counts its own answers (tcp_out.c).
 *
 *     one name:     ANSWERS_PER_SECOND of all kinds ─┐ on average: from half to half as many again,
 *     one address:  RESETS_PER_SECOND ───────────────┘ as this counter's lot says for this second
 *
 * A limit that many share tells each of them what the others have used up, and a stranger who
 * forges a segment learns from his own answers whether that connection exists (CVE-2016-5696).
 * So nothing is shared by all. The counter of a name or of an address is found by a keyed hash,
 * another one each second, and how much it holds is a lot drawn for it alone: who meets whom in
 * one is not to be found out, and whoever uses one up does not learn whether he did so alone.
 *
 * Resets of all together are bounded by the number of counters for addresses. A fleet that lost
 * its connections, behind one address, has that address's in each second.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_TCP_LIMIT_H
#define PENSTOCK_TCP_LIMIT_H

#include "dataplane/base/siphash.h"

enum {
	TCP_LIMIT_NAMES = 1 << 16,
	TCP_LIMIT_ADDRESSES = 1 << 8,
	TCP_ANSWERS_PER_SECOND = 6,
	TCP_RESETS_PER_SECOND = 500,
};

struct tcp_limit {
	struct siphash_key key;
	uint32_t second; /* the one that is counted */
	uint16_t answered[TCP_LIMIT_NAMES + TCP_LIMIT_ADDRESSES];
};

struct tcp_tuple;

/* Draws the key. */
void tcp_limit_init(struct tcp_limit *l);
/* Whether `peer` may be answered once more in the second `now_s`; true counts it. */
bool tcp_limit_answer(struct tcp_limit *l, const struct tcp_tuple *peer, uint32_t now_s);
/* The same of a reset. */
bool tcp_limit_reset(struct tcp_limit *l, const struct tcp_tuple *peer, uint32_t now_s);

#endif
