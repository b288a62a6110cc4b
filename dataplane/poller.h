/* poller.h - the receive core: one RX/TX queue pair and everything behind it.
 *
 *     nic ─▶ ip ─▶ tcp ─▶ session ─▶ ingest ─▶ batch ─▶ handoff ─▶ (writer)
 *     nic ◀──────── tcp ◀── session ◀── ack ◀───────── handoff ◀── (writer)
 *
 * poller_turn() is the table of contents of the data plane. Run to completion; no locks, no
 * malloc, no log line per packet. Core: its lcore, or a fused one.
 */
#ifndef PENSTOCK_POLLER_H
#define PENSTOCK_POLLER_H

#include "dataplane/batch/topics.h"
#include "dataplane/fleet/jt808_ask.h"
#include "dataplane/inbox.h"
#include "dataplane/net/stack/fragments.h"
#include "dataplane/net/stack/ip.h"
#include "dataplane/net/tcp/tcp.h"
#include "dataplane/session/session.h"

struct rte_rcu_qsbr;

struct poller_options {
	uint8_t index;
	struct nic *nic;
	struct address address;
	uint8_t prefix_bits;
	uint16_t vlan;
	uint32_t router_ip4; /* 0: none */
	const struct listener *listeners;
	unsigned listener_count;
	struct tcp_settings tcp;
	uint32_t receive_chunks;       /* residues and out-of-order data, all connections */
	uint64_t fragment_memory_bytes; /* datagrams of which fragments have come */
	uint64_t jt808_parts_memory_bytes; /* messages of which parts have come */
	uint32_t answers_max;          /* answers owed at a time */
	uint32_t answer_large_chunks;
	uint32_t request_chunks;       /* Kafka requests on their way to control */
	uint32_t coordinator_chunks;   /* and to the coordinator */
	uint32_t parts_chunks;         /* partitions of fetches */
	uint32_t fetch_session_places; /* 0: there are no fetch sessions */
	uint32_t sessions_max;
	struct poller_settings settings;
	struct handoff *writers[WRITERS_MAX];
	unsigned writer_count;
	struct handoff *control;
	struct handoff *coordinator;
	struct inbox inbox;            /* the senders' handoffs to this poller */
	struct wake *wake;
	struct stats_page *stats_page;
	struct topics *_Atomic *topics; /* where control publishes, as is the next one */
	struct vehicle_lists *_Atomic *vehicle_lists;
	struct news_page *news;         /* by partition slot, as writers publish them */
	struct rte_rcu_qsbr *rcu;       /* this poller is reader `index` in it */
	atomic_bool *drain;             /* control sets: stop accepting, flush, then idle */
};

struct poller;

/* Maps everything; null with *error = -errno. Core: control, before the lcore starts. */
struct poller *poller_create(const struct poller_options *options, int *error);
void poller_destroy(struct poller *p);

/* One turn; true when it found work. */
bool poller_turn(struct poller *p);

/* Every record stored or refused, every answer sent, no connection left. */
bool poller_is_drained(const struct poller *p);
/* Resets what is left: drain.timeout.ms is over. */
void poller_reset_connections(struct poller *p);

/* The idle ladder's questions: may it sleep (looks at the rings again), and for how long. */
bool poller_may_sleep(const struct poller *p);
uint64_t poller_idle_ns(struct poller *p, uint64_t limit_ns);
int poller_wait_fd(const struct poller *p);

struct bad_frames *poller_bad_frames(struct poller *p);
/* For checks: records in open batches and appends on their way. */
uint64_t poller_records_held(const struct poller *p);

#endif
