/* gateway_refused.c - counters in, a line now and then out; see gateway_refused.h. */
#include "control/gateway_refused.h"
#include "dataplane/base/clock.h"

enum { LOOK_S = 1, SAY_S = 60 };

static void say(struct refused *r, const struct stats *s)
{
	const uint64_t *v = s->value;
	fprintf(r->to,
		"penstockd: newcomers found no connection: %llu while all were taken "
		"(penstock.connections.max, max.connections), %llu of an address that has "
		"all it may (max.connections.per.ip); %llu silent ones gave way\n",
		(unsigned long long)(v[STAT_packet_drop_tcp_connections] - r->taken),
		(unsigned long long)(v[STAT_packet_drop_tcp_per_ip] - r->per_ip),
		(unsigned long long)(v[STAT_tcp_evicted] - r->evicted));
	fflush(r->to);
	r->taken = v[STAT_packet_drop_tcp_connections];
	r->per_ip = v[STAT_packet_drop_tcp_per_ip];
	r->evicted = v[STAT_tcp_evicted];
}

static bool is_news(const struct refused *r, const struct stats *s)
{
	return s->value[STAT_packet_drop_tcp_connections] != r->taken ||
	       s->value[STAT_packet_drop_tcp_per_ip] != r->per_ip ||
	       s->value[STAT_tcp_evicted] != r->evicted;
}

/* Within a minute of the last line nothing is told and nothing lost: counters only grow, and
 * the next line says by how much since. */
void refused_turn(struct refused *r, struct stats_page *pages, unsigned count, uint64_t now_ns)
{
	struct stats sum = {0};
	if (now_ns - r->looked_ns < LOOK_S * NS_PER_S)
		return;
	r->looked_ns = now_ns;
	if (r->said_ns && now_ns - r->said_ns < SAY_S * NS_PER_S)
		return;
	for (unsigned i = 0; i < count; i++) {
		struct stats one;
		stats_read(&pages[i], &one);
		stats_sum(&sum, &one);
	}
	if (!is_news(r, &sum))
		return;
	say(r, &sum);
	r->said_ns = now_ns;
}
