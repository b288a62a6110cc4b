/* tcp_limit.h - how often those are answered who have no connection: strangers, half-open and
 * TIME-WAIT peers (RFC 5961 7 and 10). A connection's challenges are counted in it (tcp_out.c).
 *
 *     one name:     ANSWERS_PER_SECOND of all kinds
 *     one address:  resets while it has had fewer than are left for all
 *     all:          resets, as many as this second's lot says
 *
 * A limit that many share tells each of them what the others have used up, and a stranger who
 * forges a segment learns from his own answers whether that connection exists (CVE-2016-5696).
 * So what is shared is drawn anew each second, and what one name can use of it is little. The
 * counters of names and addresses are found by a keyed hash, by another one each second: who meets
 * whom in one is not to be found out. An address that takes many leaves as many to the others;
 * while nobody else asks, half of them are its own, for a fleet may have one address.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_TCP_LIMIT_H
#define PENSTOCK_TCP_LIMIT_H

#include "dataplane/base/siphash.h"

enum {
	TCP_LIMIT_NAMES = 1 << 16,
	TCP_LIMIT_ADDRESSES = 1 << 8,
	TCP_ANSWERS_PER_SECOND = 5,   /* to one name */
	TCP_RESETS_PER_SECOND = 1000, /* to all, on average: from half to half as many again */
};

struct tcp_limit {
	struct siphash_key key;
	uint32_t second; /* the one that is counted */
	uint32_t resets_left;
	uint16_t resets_to[TCP_LIMIT_ADDRESSES];
	uint8_t answers_to[TCP_LIMIT_NAMES];
};

struct tcp_tuple;

/* Draws the key. */
void tcp_limit_init(struct tcp_limit *l);
/* Whether `peer` may be answered once more in the second `now_s`; true counts it. */
bool tcp_limit_answer(struct tcp_limit *l, const struct tcp_tuple *peer, uint32_t now_s);
/* The same of a reset. */
bool tcp_limit_reset(struct tcp_limit *l, const struct tcp_tuple *peer, uint32_t now_s);

#endif
