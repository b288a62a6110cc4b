/* blaster_link.h - one connection of the blaster: requests due in, latencies out.
 *
 *     allowed ──▶ begun (on its way to the kernel) ──▶ answered
 *     counted by the blaster's schedule      never more than `in_flight` apart
 *
 * A request's latency runs from the time it was due, not from the time it was sent: what
 * waits for a full pipe waits on the server's account. Requests carry their number as
 * correlation id; answers must come in that order, with offsets that grow.
 *
 * Core: one thread. Memory: the link's own; bodies are shared and the caller's.
 */
#ifndef PENSTOCK_PERF_BLASTER_LINK_H
#define PENSTOCK_PERF_BLASTER_LINK_H

#include "perf/histogram.h"
#include "perf/produce_request.h"

enum { LINK_IN_FLIGHT_MAX = 1024, LINK_ERROR_CODES = 160, LINK_RECEIVE_BYTES = 65536 };

/* What all links add to. Times are of clock.h. */
struct tally {
	uint64_t steady_ns, stop_ns; /* requests due in between are measured */
	uint64_t answers;            /* good ones that arrived in between */
	uint64_t answers_all;        /* good ones of the whole run */
	uint64_t errors;             /* answers with an error, of the whole run */
	uint64_t error_codes[LINK_ERROR_CODES];
	struct histogram latency, lag; /* lag: from due to given to the kernel */
};

struct link {
	int fd;
	const char *topic;
	unsigned partition;
	const struct produce_body *body;
	unsigned in_flight;
	uint64_t allowed, begun, sent, answered;
	size_t sent_bytes; /* of request number `sent` */
	int64_t last_offset;
	size_t received;
	uint64_t due_ns[LINK_IN_FLIGHT_MAX];
	uint8_t heads[LINK_IN_FLIGHT_MAX][PRODUCE_HEAD_BYTES];
	uint8_t receive[LINK_RECEIVE_BYTES];
};

static inline bool link_may_begin(const struct link *l)
{
	return l->begun < l->allowed && l->begun - l->answered < l->in_flight;
}

/* The next request, due at `due_ns`. Needs link_may_begin(); link_flush() sends it. */
void link_begin(struct link *l, uint64_t due_ns);

/* Gives the kernel what it takes. 0 or -errno. */
int link_flush(struct link *l, struct tally *t);

/* Reads what is there and checks it. 0; -errno; -EPROTO: no answer to what we asked, or
 * out of order; -ECONNRESET: the server closed the connection. */
int link_receive(struct link *l, struct tally *t);

/* Counts what was never answered with the time it has waited so far; how many those are.
 */
uint64_t link_give_up(const struct link *l, struct tally *t);

#endif
