/* tcp_cubic.h - how a congestion window grows and is cut, by RFC 9438.
 *
 *     window
 *       │ before ┐          ╭── beyond: looks for more, faster and faster
 *       │        │    ╭─────╯
 *       │   cut: ╰─╭──╯  flat where the loss was
 *       └──────────┴──────────────▶ time since the cut
 *
 * Where a window of RFC 5681 would be larger by now (short round trips, small windows) that is
 * what holds. Times are milliseconds of one clock. Core: any.
 */
#ifndef PENSTOCK_TCP_CUBIC_H
#define PENSTOCK_TCP_CUBIC_H

#include "dataplane/base/base.h"

struct tcp_cubic {
	uint32_t before;   /* the window at the last cut, or less: see tcp_cubic_cut() */
	uint32_t cut_from; /* as it was */
	uint32_t begun_ms; /* has_begun: growth since the cut */
	uint32_t flat_ms;  /* from then to where it is flat, */
	uint32_t flat;     /* at this window */
	uint32_t reno;     /* what RFC 5681 would have */
	bool has_begun;
};

/* What is acknowledged, in one acknowledgement. */
struct tcp_cubic_ack {
	uint32_t bytes;
	uint32_t now_ms;
	uint32_t rtt_ms;
	uint32_t mss;
};

/* After a loss; the window, which is the threshold of slow start, too. */
uint32_t tcp_cubic_cut(struct tcp_cubic *k, uint32_t cwnd, uint32_t mss);
/* The window after slow start. */
uint32_t tcp_cubic_grow(struct tcp_cubic *k, uint32_t cwnd, const struct tcp_cubic_ack *ack);
/* Nothing was sent for a while: that was no time to grow in (5.8). */
void tcp_cubic_rested(struct tcp_cubic *k, uint32_t rest_ms);

#endif
