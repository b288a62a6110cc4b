/* tcp_slow_start.h - how a congestion window grows before a loss has said what the path holds: by
 * what has come, until round trips take longer (HyStart++, RFC 9406).
 *
 *     window
 *       │              ╭─── congestion avoidance (tcp_cubic.h), after two careful round trips
 *       │          ╭───╯  careful: a quarter as fast; as before when round trips are short again
 *       │        ╱
 *       │     ╱    twice as much in each round trip
 *       └───┴──────┴───────▶ time
 *                  eight in a row took an eighth longer than in the round before: a queue grows
 *
 * Without it the first loss is that of a queue's worth of segments at once, every second one. So
 * that a queue of one round trip does not overflow it differs from the RFC in two points: the last
 * few segments are looked at, not the whole round, whose first ones found no queue yet; and it is
 * careful for two rounds, not for five, with a quarter more in each. Where round trips take less
 * than a millisecond nothing is learnt from them. Core: any.
 */
#ifndef PENSTOCK_TCP_SLOW_START_H
#define PENSTOCK_TCP_SLOW_START_H

#include "dataplane/base/base.h"

struct tcp_slow_start {
	uint32_t round_end;     /* has_begun: the round is over when this is acknowledged */
	uint32_t shortest_ms;   /* of this round; 0: none yet */
	uint32_t last_ms;       /* the shortest of the last `samples` */
	uint32_t before_ms;     /* of the round before; 0: unknown */
	uint32_t careful_ms;    /* is_careful: while rounds take so long */
	uint32_t samples;
	uint8_t careful_rounds; /* begun, and over */
	bool is_careful;
	bool has_begun;
};

/* What one acknowledgement tells. */
struct tcp_slow_ack {
	uint32_t una, max; /* acknowledged up to, sent up to */
	uint32_t rtt_ms;   /* has_rtt */
	bool has_rtt;
};

void tcp_slow_start_learn(struct tcp_slow_start *s, const struct tcp_slow_ack *ack);
/* What the window grows by when so many bytes have come. */
uint32_t tcp_slow_start_step(const struct tcp_slow_start *s, uint32_t bytes, uint32_t mss);
/* The path holds no more: what the window is now is the threshold. */
bool tcp_slow_start_is_over(const struct tcp_slow_start *s);

#endif
