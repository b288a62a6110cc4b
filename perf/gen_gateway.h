/* gen_gateway.h - what the gateway says of itself (stats.get), at four moments of a run,
 * and whether its ledgers agree with ours.
 *
 *     gen_gateway_connect ─▶ gen_gateway_take(BEGIN, STEADY, DRAIN, END) ─▶ report,
 * balance
 *
 * Core: main; every call waits for the control socket.
 */
#ifndef PENSTOCK_GEN_GATEWAY_H
#define PENSTOCK_GEN_GATEWAY_H

#include "control/programs/ctl_client.h"
#include "dataplane/base/base.h"

enum gen_moment { GEN_AT_BEGIN, GEN_AT_STEADY, GEN_AT_DRAIN, GEN_AT_END, GEN_MOMENTS };

enum { GEN_WATCHED_MAX = 128 };

struct gen_gateway {
	struct ctl_client client;
	bool is_connected;
	json_t *at[GEN_MOMENTS];
	/* What it said between STEADY and DRAIN, and when. */
	unsigned watched_count;
	json_t *watched[GEN_WATCHED_MAX];
	double watched_s[GEN_WATCHED_MAX];
};

/* 0 or -errno with the reason printed; a null path connects to nothing, and all is quiet.
 */
int gen_gateway_connect(struct gen_gateway *g, const char *path);
/* A topic that is there already is left alone. 0 or -errno with the reason printed. */
int gen_gateway_create_topic(struct gen_gateway *g, const char *name, uint32_t partitions);
void gen_gateway_close(struct gen_gateway *g);
void gen_gateway_take(struct gen_gateway *g, enum gen_moment moment);
/* One more look, `second` after the STEADY. */
void gen_gateway_watch(struct gen_gateway *g, double second);
/* The END: waits up to `limit_ms` until nothing is in flight. */
void gen_gateway_settle(struct gen_gateway *g, unsigned limit_ms);

/* How much a counter has grown between two moments; 0 when it is not known. */
int64_t gen_gateway_grown(const struct gen_gateway *g, const char *counter,
			  enum gen_moment from, enum gen_moment to);
/* Null when every ledger is even at the END: in = sum of ends, nothing in flight.
 * Otherwise what is wrong, in a buffer of the caller's. */
const char *gen_gateway_imbalance(const struct gen_gateway *g, char *out, size_t size);
/* Per core: role, cycles busy and idle of the steady phase, per record stored, or per record
 * read when any was; ledgers; memory per connection. JSON's null without a gateway. */
json_t *gen_gateway_report(const struct gen_gateway *g, uint32_t connections,
			   uint64_t records_read);
/* Between each look and the next: time, growth of counters, cycles of each core by stage. */
json_t *gen_gateway_watched(const struct gen_gateway *g);

#endif
