/* tcp.h - TCP (RFC 9293), passive side: segments in, ordered streams out, and back.
 *
 *     segments ─▶ tcp_input ─▶ ready streams ─▶ sessions peek, consume, send, close
 *                                                        │
 *     nic ◀──────────────── tcp_output ◀── tcp_settle ◀──┘
 *
 * In-order payload is shown to sessions where it lies, in the packet. tcp_settle() copies
 * what they left into chunks, or, when receive memory is out, takes it back: it was not
 * acknowledged yet and the peer sends it again. Only tcp_output() acknowledges, once per
 * connection and turn, and only bytes that were consumed or kept.
 *
 * Core: poller. Memory: connections and half-open entries from slabs, payload from the two
 * pools given; nothing else is allocated. An idle connection is its struct alone.
 * Limits: connections, half-open entries and TIME-WAIT entries by options; out-of-order data
 * per connection; send memory per connection.
 * Sources: RFC 9293 (functions are named after its steps), 6298, 5681, 6582, 7323, 6528,
 * 5961, 4987; deviations in docs/TCP.md.
 */
#ifndef PENSTOCK_TCP_H
#define PENSTOCK_TCP_H

#include "config/settings_parts.h"
#include "dataplane/base/siphash.h"
#include "dataplane/base/slab.h"
#include "dataplane/base/wheel.h"
#include "dataplane/net/stack/ip.h"
#include "dataplane/net/stream.h"

struct tcp_options {
	struct ip *ip;
	struct stats *stats;
	struct list *ready;             /* the poller's list of ready streams */
	struct chunk_pool *receive;     /* residues and out-of-order data */
	uint8_t *scratch;               /* gathered bytes of one turn */
	size_t scratch_size;
	uint8_t poller;                 /* for handles */
	struct tcp_settings settings;
};

struct tcp;

/* Mapped at start; null when there is no memory. */
struct tcp *tcp_create(const struct tcp_options *options, uint64_t now_ns);
void tcp_destroy(struct tcp *t);

/* Of the listener there may be so many connections; 0: as many as there may be in all. */
void tcp_listen(struct tcp *t, uint16_t port, uint8_t listener, uint32_t connections_max);
/* Draining: SYNs are answered by RST from now on. */
void tcp_refuse(struct tcp *t);

/* Processes the segments and the timers that are due; streams with news go on the ready
 * list. */
void tcp_input(struct tcp *t, const struct pkt_vec *segments, uint64_t now_ns);
/* After the sessions: keeps what they left, frees what they closed. */
void tcp_settle(struct tcp *t);
/* Acknowledgements, data, window updates, what the timers asked for. */
void tcp_output(struct tcp *t, uint64_t now_ns);

/* The stream the handle names, or null when it is gone. */
struct stream *tcp_stream(struct tcp *t, uint64_t handle);
/* Connections not yet in TIME-WAIT. */
uint32_t tcp_connections(const struct tcp *t);
/* Resets every connection: the end of a drain that took too long. */
void tcp_reset_all(struct tcp *t);
/* Nanoseconds until a timer may be due, at most `limit_ns`. */
uint64_t tcp_idle_ns(const struct tcp *t, uint64_t now_ns, uint64_t limit_ns);
/* Bytes of connection memory per idle connection, index tables included. */
size_t tcp_connection_bytes(void);

#endif
