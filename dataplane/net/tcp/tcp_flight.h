/* tcp_flight.h - what is in flight, of a connection that sends much to a peer that speaks SACK.
 *
 *     snd_una ─▶ [ again ][ sacked ][ lost ][ sacked ][ sent, 3 ms later ] ◀─ snd_max
 *
 * Bytes that fared alike are one run: sent in the same millisecond, sacked, taken as lost, sent
 * again. All that RFC 6675 and 8985 ask is read off the runs; the sums are kept as they change.
 *
 * A connection has a flight from the first time that more than a segment of it is on its way, until
 * another needs the place, and nothing of its own is in flight. Who finds none recovers by
 * duplicates (RFC 6582). A vehicle, to which short answers go, never has one.
 *
 * Bounds: TCP_FLIGHTS of a poller, TCP_RUNS_MAX runs each. Blocks that would cut more runs are not
 * believed (the peer's word, which it may take back anyway); data sent while there is no place for
 * a run lengthens the last one. Of such a run nothing is lost before its youngest byte is, nothing
 * is overtaken by more than its oldest, and no round trip is measured. Whatever a peer says, an
 * acknowledgement costs a few walks over the runs.
 *
 * Core: poller. Memory: a slab, touched as far as it was used.
 */
#ifndef PENSTOCK_TCP_FLIGHT_H
#define PENSTOCK_TCP_FLIGHT_H

#include "dataplane/net/tcp/tcp_conn.h"
#include "dataplane/net/tcp/tcp_cubic.h"
#include "dataplane/net/tcp/tcp_slow_start.h"

enum {
	TCP_FLIGHTS = 1024, /* of a poller */
	TCP_RUNS_MAX = 512, /* of a flight */
	/* Runs that are sent in a round trip; with what losses cut: less than TCP_RUNS_MAX. */
	TCP_SPANS_PER_ROUND = 16,
};

enum tcp_run_flag {
	RUN_AGAIN = 1 << 0,  /* sent more than once */
	RUN_LOST = 1 << 1,   /* is to be sent again: not in flight */
	RUN_SACKED = 1 << 2, /* has come: not in flight */
};

struct tcp_run {
	uint32_t end;     /* behind its last byte; it begins where the one before it ends */
	uint32_t sent_ms; /* last: its youngest byte, */
	uint16_t span_ms; /* and its oldest so long before */
	uint16_t flags;   /* enum tcp_run_flag */
};

enum tcp_flight_mode {
	FLIGHT_OPEN,
	FLIGHT_RECOVERY, /* until `recover` is acknowledged, by RFC 6937 */
	FLIGHT_TIMEOUT,  /* likewise, by slow start */
};

/* What rtx_at_ms is the time of. */
enum tcp_flight_timer {
	FLIGHT_TIMER_RTO,
	FLIGHT_TIMER_TAIL,    /* nothing was heard of the last bytes (RFC 8985 7) */
	FLIGHT_TIMER_REORDER, /* what others overtook is lost now (RFC 8985 6) */
};

struct tcp_flight {
	struct list node;   /* of t->flights_idle while nothing is in flight */
	uint32_t conn;      /* its index */
	uint32_t begin;     /* snd_una */
	uint32_t lost;      /* bytes */
	uint32_t sacked;
	uint32_t count;     /* runs */
	uint32_t sent_ms;   /* when something was sent last */
	uint32_t span_ms;   /* when the last run began to be sent */
	uint32_t idle_ms;   /* since then nothing is in flight */
	uint32_t recover;   /* snd_max when the mode was entered */
	uint8_t mode;       /* enum tcp_flight_mode */
	uint8_t timer;      /* enum tcp_flight_timer */
	bool is_window_used; /* as of when something was sent last */
	struct tcp_rack {
		uint32_t sent_ms; /* of what was sent last of all that has come, */
		uint32_t end;     /* and where it ends */
		uint32_t rtt_ms;  /* its round trip */
		uint32_t rtt_min_ms;
		uint32_t foremost;  /* of what has come */
		uint32_t round_end; /* duplicates are heard of once until this is acknowledged */
		uint32_t due_ms;    /* is_due: what others overtook is lost then */
		uint8_t quarters;   /* of rtt_min_ms that are waited for what others overtook */
		uint8_t patience;   /* recoveries until that is one again */
		bool has_come;      /* sent_ms and the like are known */
		bool is_reordered;  /* the path has let segments overtake others */
		bool is_in_round;
		bool is_due;
	} rack;
	struct tcp_tail {
		uint32_t end;    /* snd_max when it was probed */
		bool is_due;     /* a probe is to be sent */
		bool is_out;     /* `end` counts */
		bool was_again;  /* what was sent had been sent before */
	} tail;
	struct tcp_reduction { /* RFC 6937, and what it was before */
		uint32_t flight;    /* at the loss */
		uint32_t delivered; /* since */
		uint32_t sent;
		uint32_t cwnd, ssthresh; /* before */
		struct tcp_cubic cubic;
		uint32_t again; /* bytes sent again since, and not said to have come twice */
		uint32_t again_ms; /* has_again: when the first of them was */
		bool has_again;
		bool may_undo;  /* it is taken back when it turns out that nothing was lost */
	} reduction;
	struct tcp_slow_start slow_start;
	struct tcp_cubic cubic;
	struct chain_place sent_last; /* in the connection's `send` (tcp_send.c) */
	struct tcp_run runs[TCP_RUNS_MAX];
};

/* What one acknowledgement tells of the flight. */
struct tcp_news {
	uint32_t now_ms;
	uint32_t foremost;  /* of what had come before it */
	uint32_t delivered; /* bytes that have come */
	uint32_t rtt_ms;    /* has_rtt: the shortest of what was sent once */
	uint32_t twice;     /* bytes that came twice (RFC 2883) */
	uint32_t echo_ms;   /* has_echo: when what the peer answers was sent (RFC 7323) */
	bool has_rtt;
	bool has_echo;
	bool is_reordered;  /* something came behind what was sent after it */
};

bool tcp_flights_init(struct tcp *t);
void tcp_flights_fini(struct tcp *t);

/* Of a connection with CONN_FLIGHT. */
struct tcp_flight *tcp_flight_of(const struct tcp *t, const struct tcp_conn *c);
/* All from snd_una to snd_max is in flight, as of now. Without a place nothing changes. */
void tcp_flight_begin(struct tcp *t, struct tcp_conn *c);
/* What is in flight is known by sequence numbers alone again. */
void tcp_flight_end(struct tcp *t, struct tcp_conn *c);

/* [seq, end) has been sent, some of it perhaps again. */
void tcp_flight_sent(struct tcp *t, struct tcp_flight *f, uint32_t seq, uint32_t end);
/* What lies before `ack` has come. */
void tcp_flight_acked(struct tcp *t, struct tcp_flight *f, uint32_t ack, struct tcp_news *news);
/* So has [from, to), which is in flight. False: there is no place to note it. */
bool tcp_flight_sacked(struct tcp_flight *f, uint32_t from, uint32_t to, struct tcp_news *news);
/* The run is taken as lost. Afterwards: tcp_flight_join(). */
void tcp_flight_lose(struct tcp_flight *f, unsigned run);
/* What has not come is lost, all of it; that something had when its first bytes are sacked: the
 * peer has taken back what it said (RFC 2018 8). */
void tcp_flight_lose_all(struct tcp_flight *f);
/* Runs that have become alike are one. */
void tcp_flight_join(struct tcp_flight *f);
/* The first bytes that are lost; false: none. */
bool tcp_flight_first_lost(const struct tcp_flight *f, uint32_t *from, uint32_t *to);

static inline uint32_t tcp_run_begin(const struct tcp_flight *f, unsigned run)
{
	return run > 0 ? f->runs[run - 1].end : f->begin;
}

static inline uint32_t tcp_flight_end_seq(const struct tcp_flight *f)
{
	return tcp_run_begin(f, f->count);
}

/* What is sent within so long, and a millisecond, is one run. */
static inline uint32_t tcp_flight_span_ms(const struct tcp_flight *f)
{
	return f->rack.rtt_ms / TCP_SPANS_PER_ROUND;
}

/* Bytes that are on their way, as far as is known (RFC 6675's pipe). */
static inline uint32_t tcp_flight_bytes(const struct tcp_flight *f)
{
	return tcp_flight_end_seq(f) - f->begin - f->lost - f->sacked;
}

#endif
