/* tcp_rtt.c - times from a segment to its acknowledgement in, the retransmission timeout out
 * (RFC 6298). */
#include "dataplane/net/tcp/tcp_rtt.h"

/* RFC 6298 2.2, 2.3; srtt and rttvar keep 3 and 2 fraction bits. */
void tcp_rtt_sample(struct tcp_conn *c, uint32_t rtt_ms)
{
	rtt_ms = max_u32(rtt_ms, 1);
	if (c->srtt_ms_x8 == 0) {
		c->srtt_ms_x8 = rtt_ms * 8;
		c->rttvar_ms_x4 = rtt_ms * 2;
	} else {
		int32_t error = (int32_t)rtt_ms - (int32_t)(c->srtt_ms_x8 / 8);
		uint32_t deviation = (uint32_t)(error < 0 ? -error : error);
		c->rttvar_ms_x4 += deviation - c->rttvar_ms_x4 / 4;
		c->srtt_ms_x8 = (uint32_t)((int32_t)c->srtt_ms_x8 + error);
		c->srtt_ms_x8 = max_u32(c->srtt_ms_x8, 1);
	}
	c->backoff = 0;
}

uint32_t tcp_rto_ms(const struct tcp *t, const struct tcp_conn *c)
{
	if (c->srtt_ms_x8 == 0)
		return TCP_RTO_AFTER_SYN_MS;
	uint32_t rto_ms = c->srtt_ms_x8 / 8 + max_u32(c->rttvar_ms_x4, 1);
	return min_u32(max_u32(rto_ms, t->options.settings.rto_min_ms), TCP_RTO_MAX_MS);
}
