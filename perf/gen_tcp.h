/* gen_tcp.h - the clients' side of TCP, one cache line per connection: segments of the
 * target in; requests, acknowledgements and verdicts out.
 *
 *     gen_tcp_connect ─▶ OPENING ─▶ OPEN ─ owed messages sent, answers read ─▶
 * gen_tcp_finish └──────────┴─▶ LOST (reason)                 FINISHING ─▶ CLOSED
 *
 * Connection i is (host i mod hosts, port FIRST + i / hosts): found by arithmetic, no
 * table. Sends what the peer's window takes, without congestion control; a loss is made
 * good from the first byte not acknowledged (go-back-N: three duplicates, or the
 * timeout). Answers are read where they lie; one that straddles segments borrows a
 * buffer. Those of a load's readers go to the load as they come. A sweep over the table
 * finds timeouts: no timers. Knows MSS and window scale (RFC 9293, RFC 7323), nothing else.
 *
 * Core: the generator's. Memory: struct gen_conn and 8 bytes per connection.
 */
#ifndef PENSTOCK_GEN_TCP_H
#define PENSTOCK_GEN_TCP_H

#include "dataplane/base/slab.h"
#include "perf/gen_load.h"
#include "perf/gen_port.h"

enum {
	GEN_FIRST_PORT = 1024,
	GEN_PORTS = 64512,
	GEN_PARTIALS_MAX = 65536,
	GEN_PATIENT = 255,
};

enum gen_state {
	GEN_UNUSED,
	GEN_OPENING,
	GEN_OPEN,
	GEN_FINISHING,
	GEN_CLOSED,
	GEN_LOST,
};

/* Why a connection was lost. */
enum gen_loss {
	GEN_LOSS_REFUSED, /* reset while opening */
	GEN_LOSS_RESET,
	GEN_LOSS_TIMEOUT, /* nothing heard of what was sent again and again */
	GEN_LOSS_HUNG_UP, /* the target closed */
	GEN_LOSS_STRANGE, /* an answer that is none */
	GEN_LOSS_GIVEN_UP, /* by us: its answers had not come when the run ended */
	GEN_LOSSES,
};

extern const char *const gen_loss_names[GEN_LOSSES];

struct gen_conn {
	uint32_t unacked;  /* sequence numbers: first byte not acknowledged, */
	uint32_t next;     /* next to send, */
	uint32_t top;      /* and behind all that was ever sent */
	uint32_t expected; /* of the target's bytes */
	uint32_t window;
	uint32_t acked_message; /* message and place in it where `unacked` lies */
	uint32_t acked_at;
	uint32_t sent_message; /* the same of `next` */
	uint32_t sent_at;
	uint32_t begun;    /* messages of which a byte was sent */
	uint32_t owed;     /* messages below this number may be sent */
	uint32_t answered; /* messages below this number are done */
	uint32_t moved_ms; /* last progress, or last try */
	uint32_t partial;  /* buffer of an answer not whole, + 1 */
	uint16_t segment_bytes;
	uint8_t state;
	uint8_t window_shift;
	uint8_t tries;
	uint8_t duplicates;
	uint8_t patience; /* segments that may be under way; GEN_PATIENT: what the window
			     takes */
	bool must_ack : 1;
	bool is_touched : 1; /* in the line of those that want to send, */
	bool is_acking : 1;  /* of those that acknowledge */
};

static_assert(sizeof(struct gen_conn) <= CACHE_LINE_BYTES, "one line per connection");

/* Connections in a row, each once. */
struct gen_line {
	uint32_t *conns; /* ring of as many as there are */
	uint32_t first, count;
};

struct gen_tcp_events {
	void *owner;
	/* Message `message` is done: answered, or acknowledged where nothing is answered.
	 */
	void (*done)(void *owner, uint32_t conn, uint32_t message, enum gen_verdict v);
	/* A reader was given the batch of message `number` (gen_load.h). */
	void (*arrived)(void *owner, uint64_t number);
};

struct gen_tcp_options {
	struct gen_port *port;
	const struct gen_load *load;
	struct gen_tcp_events events;
	uint32_t connections;
	uint32_t first; /* number of the first of them, to the load */
	uint16_t target_port;
};

struct gen_tcp {
	struct gen_tcp_options options;
	uint64_t now_ns;
	uint32_t now_ms;
	uint32_t hosts;
	uint32_t seed;
	struct gen_conn *conns;
	struct slab partials;
	/* A target that is told nothing sends its answers again: acknowledgements go before
	 * messages, however many of these wait for the port. */
	struct gen_line acking;
	struct gen_line touched; /* want to send */
	uint32_t swept;    /* next connection of the sweep */
	uint64_t sweep_ns; /* up to when the sweep has been done */
	/* Figures */
	uint32_t opening, open, finished; /* connections */
	uint32_t lost[GEN_LOSSES];
	uint64_t messages_lost[GEN_LOSSES]; /* sent, and never done */
	uint64_t messages_sent;             /* begun, once each */
	uint64_t answers[GEN_STRANGE + 1];
	uint64_t retransmits, duplicates, out_of_order, acks_sent;
};

/* 0 or -errno. */
int gen_tcp_init(struct gen_tcp *t, const struct gen_tcp_options *options);
void gen_tcp_fini(struct gen_tcp *t);

void gen_tcp_connect(struct gen_tcp *t, uint32_t conn);
/* One more message may be sent; it is sent at once when the window allows. */
void gen_tcp_owe(struct gen_tcp *t, uint32_t conn);
/* Forgets the messages of which no byte was sent; how many. */
uint32_t gen_tcp_disown(struct gen_tcp *t, uint32_t conn);
/* Closes an OPEN connection behind what it sent. */
void gen_tcp_finish(struct gen_tcp *t, uint32_t conn);

/* Fetches the connection's line ahead of its input. */
void gen_tcp_prefetch(const struct gen_tcp *t, const struct gen_packet *packet);
void gen_tcp_input(struct gen_tcp *t, const struct gen_packet *packet);
/* Ends a turn: answers and acknowledgements of the connections it touched, and a share of
 * the sweep. */
void gen_tcp_turn(struct gen_tcp *t);

static inline void gen_tcp_set_time(struct gen_tcp *t, uint64_t now_ns)
{
	t->now_ns = now_ns;
	t->now_ms = (uint32_t)(now_ns / 1000000);
}

#endif
