/* tcp_rig.h - the stack on a wire of which the test holds the other end.
 *
 *     test: rig_put(segment) ... rig_turn() ─▶ tcp_input, session, settle, output ─▶
 * sent[]
 *
 * Packets lie in heap blocks of their exact size that die with their turn, so that a
 * sanitizer sees a read beyond a segment or after its turn. After every turn the packet
 * ledger must balance. ip.c is replaced: the rig's ip_tx_take() and ip_tx_push() keep
 * what is sent. */
#ifndef PENSTOCK_TCP_RIG_H
#define PENSTOCK_TCP_RIG_H

#include "dataplane/base/clock.h"
#include "dataplane/net/tcp/tcp_conn.h"

enum {
	RIG_SENT_MAX = 256,
	RIG_FRAME_BYTES = 1600,
	RIG_RECEIVED_MAX = 1 << 20,
	RIG_PORT = 9092,
	RIG_PEER_PORT = 40000,
	RIG_MTU = 1500,
};

/* A segment as the test writes it; ports 0 mean the rig's own. */
struct seg {
	uint8_t flags;
	uint32_t seq;
	uint32_t ack;
	uint16_t window;
	const void *data;
	uint32_t size;
	const uint8_t *options;
	uint8_t options_bytes; /* a multiple of 4 */
	uint16_t peer_port;
	uint16_t local_port;
};

/* A segment as the stack sent it. */
struct sent {
	struct tcp_header h;
	struct address to;
	struct way way;
	uint16_t segment_bytes;
	uint8_t sack_count;
	struct tcp_sack sack[TCP_SACKS_MAX];
	uint32_t size;
	uint8_t payload[RIG_FRAME_BYTES];
};

struct nic {
	struct nic_caps caps;
};

struct rig {
	struct nic nic;
	struct ip ip;
	struct stats stats;
	struct list ready;
	struct chunk_pool receive;
	struct chunk_pool answers;
	struct tcp_options options;
	struct tcp *t;
	uint64_t now_ns;
	uint64_t packets_put;

	struct pkt pkts[PACKETS_PER_TURN];
	struct pkt_vec queued;

	struct sent sent[RIG_SENT_MAX];
	unsigned sent_count;   /* since the last rig_input() */
	unsigned buffers_left; /* of the port */
	unsigned buffers_refused;
	uint8_t frame[RIG_FRAME_BYTES * 64];
	uint32_t frame_bytes;

	bool consumes;         /* the session reads all it is shown */
	struct stream *stream; /* the last that was opened */
	uint8_t events;        /* all events of all streams since the test cleared them */
	uint8_t received[RIG_RECEIVED_MAX];
	size_t received_bytes;

	struct way way;     /* that segments come by */
	uint16_t peer_port; /* where segments come from that do not say */
	uint32_t peer_nxt; /* the peer's next sequence number */
	uint32_t our_nxt;  /* ours, as the peer acknowledges it */
	uint8_t scratch[1 << 16];
};

/* Options the tests start from: small limits, no keepalive. */
struct tcp_options rig_options(void);
struct rig *rig_new(struct tcp_options options);
/* Also checks that every pool has everything back. */
void rig_free(struct rig *r);

void rig_put(struct rig *r, struct seg s);
void rig_input(struct rig *r);   /* tcp_input with what was put */
void rig_session(struct rig *r); /* sees the ready streams */
void rig_finish(struct rig *r);  /* settle, output, ledger */
void rig_turn(struct rig *r);
/* One segment in a turn of its own. */
void rig_give(struct rig *r, struct seg s);
void rig_wait_ms(struct rig *r, uint64_t ms); /* time passes in steps, a turn each */

/* Handshake of RIG_PEER_PORT with `isn`; the connection, established. */
struct tcp_conn *rig_open_with(struct rig *r, uint32_t isn, const uint8_t *options,
			       uint8_t options_bytes);
struct tcp_conn *rig_open(struct rig *r);
/* All chunks of a pool but `left` are somebody else's, until chain_give(others). */
void rig_take_chunks(struct chunk_pool *pool, uint32_t left, struct chain *others);
/* Data of the peer, in order, and what it has acknowledged of ours. */
struct seg rig_data(struct rig *r, const void *data, uint32_t size);
struct seg rig_ack(struct rig *r);
/* The gateway closes first, then the peer: his FIN, for which the connection waits. */
struct seg rig_to_time_wait(struct rig *r, struct tcp_conn *c);
/* In a turn of its own, an acknowledgement of `bytes` of ours more, with `window`. */
void rig_give_ack(struct rig *r, uint32_t bytes, uint16_t window);
/* Of the `i`th segment sent: how far behind what the peer has acknowledged; that it has the pattern
 * from `from` on. */
uint32_t rig_offset(const struct rig *r, unsigned i);
void rig_check_payload(const struct sent *s, uint32_t from);
/* The session sends `size` bytes of a running pattern, `from` its first number. */
void rig_send(struct rig *r, struct stream *s, uint32_t size, uint32_t from);
uint8_t rig_pattern(uint32_t at);
/* rig_open(), and a turn in which the session sends `bytes` of the pattern, from 0 on. */
struct tcp_conn *rig_open_and_send(struct rig *r, uint32_t bytes);

static inline const struct sent *rig_last(const struct rig *r)
{
	return r->sent_count ? &r->sent[r->sent_count - 1] : NULL;
}

static inline uint64_t rig_stat(const struct rig *r, enum stat_id id)
{
	return r->stats.value[id];
}

#endif
