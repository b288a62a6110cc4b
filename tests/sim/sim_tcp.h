/* sim_tcp.h - the clients' TCP: a small, stubborn peer, written apart from the one under
 * test. Sends segments of random sizes, goes back to the first unacknowledged byte when
 * nothing is heard; what is not eaten closes its window. Options are offered or not, by chance.
 * Some keep what comes behind a gap and say so, and what came twice (sim_ahead.h); the others take
 * only what is in order. */
#ifndef PENSTOCK_SIM_TCP_H
#define PENSTOCK_SIM_TCP_H

#include "tests/sim/sim_ahead.h"

/* Then what is not acknowledged is sent again, and after twice as long once more. */
#define SIM_TCP_RESEND_NS (150 * NS_PER_MS)

enum { TCP_BYTES = 20, FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, URG = 32 };

enum sim_tcp_state { SIM_TCP_OPENING, SIM_TCP_OPEN, SIM_TCP_ENDED, SIM_TCP_LOST };

/* Bytes that grow at the end and are eaten at the front. */
struct sim_buffer {
	uint8_t *bytes;
	size_t size;
	size_t capacity;
};

void sim_buffer_put(struct sim_buffer *b, const void *bytes, size_t n);
void sim_buffer_eat(struct sim_buffer *b, size_t n);
void sim_buffer_free(struct sim_buffer *b);

struct sim_tcp {
	uint8_t state; /* enum sim_tcp_state */
	uint32_t local_ip, remote_ip;
	uint16_t local_port, remote_port;
	uint32_t iss, snd_una, snd_nxt, snd_max;
	uint32_t rcv_nxt;
	uint32_t snd_wnd;
	uint32_t window;      /* what is not eaten closes it */
	uint32_t open_window; /* as last told */
	uint16_t mss;
	uint8_t our_shift, peer_shift;
	bool offers_scale, offers_timestamps, uses_timestamps, offers_sack, sends_sack;
	uint32_t ts_recent;
	bool wants_fin, peer_has_ended;
	bool sends_early; /* has sent behind what it sends next */
	bool is_aborted; /* by us */
	unsigned duplicate_acks, tries;
	uint64_t resend_ns;
	uint64_t wrote_ns; /* something new to be sent */
	bool owes_ack;
	struct sim_buffer out; /* from snd_una on */
	struct sim_buffer in;  /* received, not eaten */
	struct sim_ahead ahead; /* sends_sack: received behind a gap */
};

void sim_tcp_open(struct sim_tcp *t, uint32_t local_ip, uint16_t local_port,
		  uint32_t remote_ip, uint16_t remote_port);
void sim_tcp_free(struct sim_tcp *t);

void sim_tcp_write(struct sim_tcp *t, const void *bytes, size_t n);
/* Bytes that begin `ahead` behind what was sent last, once, and a FIN behind them. */
void sim_tcp_send_early(struct sim_tcp *t, uint32_t ahead, const void *bytes, size_t n,
			bool has_fin);
/* FIN after what was written. */
void sim_tcp_close(struct sim_tcp *t);
/* RST now. */
void sim_tcp_abort(struct sim_tcp *t);

/* A frame from the wire; true when it was this connection's. */
bool sim_tcp_input(struct sim_tcp *t, const uint8_t *frame, uint32_t size);
/* A frame from the wire for a connection that has gone: reset, by a host that is up. */
void sim_tcp_refuse(const uint8_t *frame, uint32_t size);
/* Sends what may be sent, again what must be. */
void sim_tcp_turn(struct sim_tcp *t);
/* When sim_tcp_turn() has something to do by itself; UINT64_MAX: never. */
uint64_t sim_tcp_next_ns(const struct sim_tcp *t);

/* Nothing waits to be sent, acknowledged or told. */
bool sim_tcp_is_at_rest(const struct sim_tcp *t);

/* What its next timestamp would be, were it used. */
uint32_t sim_tcp_clock(void);
/* Its options, behind a header; their size. */
size_t sim_tcp_options(const struct sim_tcp *t, uint8_t *p, bool is_syn);

/* A UDP datagram to the gateway; one that does not fit a frame goes in fragments. `id` is its
 * own among those under way. */
struct sim_datagram {
	uint32_t from, to;
	uint16_t from_port, to_port, id;
	const void *bytes;
	size_t size;
};

enum {
	SIM_DATAGRAM_BYTES_MAX = 3000,
	SIM_FRAGMENT_BYTES_MIN = 512, /* less is not taken, unless it is the last */
	SIM_FRAGMENTS_MAX = SIM_DATAGRAM_BYTES_MAX / SIM_FRAGMENT_BYTES_MIN + 2,
};

void sim_udp_send(const struct sim_datagram *d);

/* A fragment of one, which may be anything. */
struct sim_fragment {
	uint32_t from, to;
	uint16_t id;
	uint32_t offset; /* a multiple of 8 */
	const uint8_t *bytes;
	size_t size;
	bool is_last;
};

void sim_fragment_send(const struct sim_fragment *f);

#endif
