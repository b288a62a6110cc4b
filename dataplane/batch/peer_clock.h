/* peer_clock.h - how long a peer could have sent: the time in which its session had read all that
 * came and asked for more. Time in which we kept it waiting does not count, so that whom we hold
 * back is never slow.
 *
 * Core: poller. Milliseconds; they wrap.
 */
#ifndef PENSTOCK_PEER_CLOCK_H
#define PENSTOCK_PEER_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct peer_clock {
	uint32_t ms;       /* without the time it runs now, */
	uint32_t since_ms; /* which began here */
	bool runs;
};

static inline void peer_clock_run(struct peer_clock *c, uint32_t now_ms)
{
	c->since_ms = now_ms;
	c->runs = true;
}

static inline void peer_clock_stop(struct peer_clock *c, uint32_t now_ms)
{
	c->ms += c->runs ? now_ms - c->since_ms : 0;
	c->runs = false;
}

static inline uint32_t peer_clock_ms(const struct peer_clock *c, uint32_t now_ms)
{
	return c->ms + (c->runs ? now_ms - c->since_ms : 0);
}

#endif
