/* tcp_conn.h - the state the tcp_*.c files share: connections, half-open and TIME-WAIT
 * entries, the table over all three, and the segment being processed.
 *
 *     tcp_in.c      a turn's segments; RFC 9293 3.10.7.4, one function per step
 *     tcp_listen.c  LISTEN, SYN-RECEIVED
 *     tcp_half_open.c  entries of handshakes     tcp_cookie.c  handshakes without one
 *     tcp_evict.c   who gives way to a new one   tcp_quota.c  how many there may be
 *     tcp_ack.c     its fifth step: what an acknowledgement means
 *     tcp_data.c    its seventh: spans, FIN; settle
 *     tcp_wait.c    TIME-WAIT            tcp_reserve.c the last receive memory
 *     tcp_out.c     segments, acknowledgements
 *     tcp_timer.c   the one timer of a connection
 *     tcp_path.c    segments that fit the path
 *     tcp_recovery.c  losses of a flight repaired      tcp_rack.c  found by time
 *     tcp_sack.c    and by what the peer says         tcp_flight.c  what is in flight
 *     tcp_window.c  what a peer may send
 *     tcp_conn.c    opens, finds, loses, frees
 *     tcp_cwnd.c    how much the path may hold          tcp_rtt.c  how long it takes
 *     tcp_cubic.c   likewise, of a flight
 *     tcp_ooo.c     what came out of order       tcp_extra.c  what is kept at times
 *     tcp_send.c    what is to be sent, until it is acknowledged
 *     tcp_limit.c   how often those are answered who have no connection
 *
 * Each calls only those below it: what is to go on elsewhere is returned to tcp_in.c, or marked
 * in the connection. Beside them: tcp_stream.c, what sessions see; tcp.c creates and destroys.
 *
 * Who owns what: docs/TCP.md. Core: the poller's.
 */
#ifndef PENSTOCK_TCP_CONN_H
#define PENSTOCK_TCP_CONN_H

#include "dataplane/base/clock.h"
#include "dataplane/base/delay.h"
#include "dataplane/net/tcp/tcp.h"
#include "dataplane/net/tcp/tcp_limit.h"
#include "dataplane/net/tcp/tcp_line.h"
#include "dataplane/net/tcp/tcp_table.h"
#include "dataplane/wire/net/tcp_header.h"

enum {
	TCP_MSS_DEFAULT = 536, /* RFC 9293 MUST-15 */
	TCP_MSS_MIN = 88,      /* smaller offers are raised to it (CVE-2019-11479) */
	TCP_RTO_INITIAL_MS = 1000,   /* RFC 6298 2.1 */
	/* Of a handshake by cookie no time is kept: what makes that timeout of a first sample. */
	TCP_RTT_UNKNOWN_MS = TCP_RTO_INITIAL_MS / 3,
	TCP_RTO_AFTER_SYN_MS = 3000, /* RFC 6298 5.7: the SYN-ACK had been lost */
	TCP_RTO_MAX_MS = 60000,
	TCP_SYN_ACK_RETRIES = 4, /* 31 s in all */
	TCP_SOURCE_SLOTS = 4096, /* half-open entries are counted in, by source */
	TCP_SPENT_PLACES = 4096, /* where cookies that have opened are remembered, 15 in each */
	TCP_SCALE_NONE = 15,     /* RFC 7323 2.3: 14 is the largest */
	TCP_FIN_WAIT_2_MS = 60000,
	TCP_CHALLENGES_PER_SECOND = 5, /* per connection (RFC 5961 7) */
	TCP_REPEATS_PER_SECOND = 15,   /* answers to data that is not in the window, likewise */
	TCP_REUSE_SYNS = 3,            /* a rebooted device insists this often, */
	TCP_REUSE_GAP_MS = 500,        /* with so much between two of them, */
	TCP_REUSE_MS = 3000,           /* over this time, and is believed */
	TCP_PAWS_UNIT_S = 1024,
	TCP_PAWS_IDLE = 24 * 86400 / TCP_PAWS_UNIT_S, /* RFC 7323 5.5 */
	TCP_ACK_DELAY_MS = 20, /* an acknowledgement waits so long for an answer to ride on, */
	TCP_ACK_DELAY_SEGMENTS = 2, /* and for less than so many full segments (RFC 5681 4.2) */
	TCP_TIMERS_PER_TURN = 64,
	TCP_SEGMENTS_PER_TURN = 64, /* of one connection */
	TCP_DUPACKS = 3,            /* RFC 5681 3.2: the next one is no reordering */
	TCP_DUPACKS_MAX = 7,        /* counted no further */
	TCP_PATHS = 1024, /* connections at a time that are made to send smaller segments */
	TCP_SPAN_NONE = 0xff,
	TCP_SAMPLE = 64, /* connections looked at to find the one that gives way */
	TCP_CONNS_SPARE = PACKETS_PER_TURN, /* who gave way in this turn is still there */
	TCP_RESERVE_LINE = 64, /* connections that wait for the last receive memory */
	TCP_GAPS_LINE = 16384, /* connections with early bytes, by age */
	TCP_REF_KIND_SHIFT = 30,
	TCP_HANDLE_POLLER_SHIFT = 24,
	TCP_REF_INDEX_MASK = (1 << TCP_HANDLE_POLLER_SHIFT) - 1,
};

static_assert((int)PACKETS_PER_TURN < (int)TCP_SPAN_NONE, "one span per packet");

/* What the table refers to; 0 would be an empty slot. */
enum tcp_kind { TCP_KIND_CONN = 1, TCP_KIND_HALF_OPEN, TCP_KIND_WAIT };

/* LISTEN, SYN-RECEIVED and TIME-WAIT have no connection. */
enum tcp_state {
	TCP_STATE_CLOSED, /* not in the table any more: waits to be freed */
	TCP_STATE_ESTABLISHED,
	TCP_STATE_FIN_WAIT_1,
	TCP_STATE_FIN_WAIT_2,
	TCP_STATE_CLOSE_WAIT,
	TCP_STATE_CLOSING,
	TCP_STATE_LAST_ACK,
};

enum tcp_conn_flag {
	CONN_DIRTY = 1 << 0, /* on the turn's list: tcp_settle() looks at it */
	CONN_ACK_DUE = 1 << 1,
	CONN_RST_DUE = 1 << 2,
	CONN_RETRANSMIT_DUE = 1 << 3, /* one segment from snd_una */
	CONN_PROBE_DUE = 1 << 4,      /* past a closed or small window */
	CONN_KEEPALIVE_DUE = 1 << 5,
	CONN_RTX_ARMED = 1 << 6,   /* rtx_at_ms counts */
	CONN_PERSIST = 1 << 7,     /* rtx_at_ms is the persist timer */
	CONN_RTT_RUNNING = 1 << 8, /* rtt_seq is being timed (Karn) */
	CONN_RECOVERY = 1 << 9,    /* NewReno, until `recover` is acknowledged */
	CONN_TIMESTAMPS = 1 << 10,
	CONN_FIN_KNOWN = 1 << 11, /* the peer's FIN is at fin_seq, ahead */
	CONN_ACK_NOW = 1 << 12,   /* what CONN_ACK_DUE says is not to wait for an answer */
	CONN_OUTPUT = 1 << 13,    /* in the line of those that want to send */
	CONN_RESERVE = 1 << 14,   /* in the line for the last receive memory */
	/* What is not in the lines that every segment touches is there, and is to be looked at: */
	CONN_SEND = 1 << 15,     /* `send` is not empty */
	CONN_RESIDUE = 1 << 16,  /* `residue` is not empty */
	CONN_GAP = 1 << 17,      /* `ooo` is not empty */
	CONN_NEED = 1 << 18,     /* needed_chunks is not 0 */
	CONN_IN_DOUBT = 1 << 19, /* syn_count or keepalives_sent is not 0 */
	CONN_SSTHRESH = 1 << 20, /* ssthresh has been set */
	CONN_WATCHED = 1 << 21,  /* the timer fires no later than silence is acted upon */
	CONN_PATH = 1 << 22,       /* `mss` is the path's; what it was: tcp->paths, or trials */
	CONN_PATH_TRIED = 1 << 23, /* it is in tcp->paths */
	CONN_RECOVER_AHEAD = 1 << 24, /* snd_una has not passed `recover` */
	CONN_SACK = 1 << 25,          /* both sides tell what came behind a gap */
	CONN_EXTRA = 1 << 26,         /* it has a tcp_extra */
	CONN_RTT_FULL = 1 << 27,      /* CONN_PATH_TRIED: what is timed is a segment of full size */
	CONN_TWICE = 1 << 28,         /* what came last had come before: tcp->twice */
	CONN_FLIGHT = 1 << 29,        /* what is in flight is known in detail: tcp_flight.h */
};

/* A connection as the peer's segments name it. The port has one address. */
struct tcp_tuple {
	struct endpoint peer;
	uint16_t local_port;
};
static_assert(sizeof(struct tcp_tuple) == 20, "hashed as bytes: no padding");

/* A segment on its way through the steps. */
struct tcp_segment {
	struct tcp_header h;
	struct tcp_tuple tuple;
	struct bytes payload;
	const struct pkt *pkt;
	uint32_t hash;
	bool is_news; /* its acknowledgement or window told us something */
};

/* What is needed to answer a peer that has no connection (any more). */
struct tcp_reply {
	const struct way *way;
	const struct tcp_tuple *tuple;
	struct tcp_header *h; /* ports are filled in */
};

/* A line is 64 bytes. Of a million connections each line that a frame touches comes from memory,
 * as the frame comes and again as its answer leaves. All that a frame in order, its answer and the
 * acknowledgement of that need lies in the first three; what is rarely wanted lies behind them, and
 * a flag says when it is to be looked at (CONN_RESIDUE and the like).
 *
 *     0 │ stream: transport, ready, handle, session, peer, events   │ who it is, for whom
 *     1 │ sequence numbers, flags, times                            │ where it is
 *     2 │ text, cwnd, RTT, mac, state                               │ what is sent, and how
 *     3 │ send, timer, ssthresh, challenges                         │ long answers, silence
 *
 *    tcp_extra │ residue, out of order, recovery, SYNs │ what is kept at times, of few
 */
struct tcp_conn {
	struct stream stream;

	uint32_t rcv_nxt;
	uint32_t rcv_adv;  /* right edge of the window as advertised: never moves left */
	uint32_t last_ack; /* acknowledgement number last sent */
	uint32_t ts_recent;
	uint32_t snd_una;
	uint32_t snd_nxt;
	uint32_t snd_max; /* highest ever sent; snd_nxt falls back after a timeout */
	uint32_t snd_wnd;
	uint32_t snd_wl1;
	uint32_t flags;       /* enum tcp_conn_flag */
	uint32_t rtx_at_ms;
	uint32_t progress_ms; /* snd_una last moved, or sending began */
	uint32_t heard_ms;    /* last acceptable segment */
	uint32_t ts_offset;
	uint32_t round_seq;   /* rcv_nxt when the round trip began that tcp_window.c looks at */
	uint16_t round_ms;    /* when it began */
	uint16_t ack_at_ms;   /* CONN_ACK_DUE waits no longer */

	uint8_t text[31];   /* from snd_una on, `send` behind it: sent and unsent (tcp_send.c) */
	uint8_t text_bytes;
	uint32_t cwnd;
	uint32_t rtt_seq;
	uint32_t srtt_ms_x8;   /* 0: no sample yet, the SYN had been lost */
	uint32_t rttvar_ms_x4;
	uint16_t rtt_at_ms;
	uint16_t ts_recent_at; /* when it was set, in TCP_PAWS_UNIT_S */
	uint16_t mss;          /* payload per segment, options deducted */
	struct mac mac;
	uint8_t span_first;    /* in tcp->spans, TCP_SPAN_NONE when empty */
	uint8_t rcv_scale : 4;
	uint8_t snd_scale : 4;
	uint8_t backoff : 5;     /* doublings of the RTO, until an RTT sample (Karn) */
	uint8_t rcv_growths : 3; /* of the window, since the connection opened */
	uint8_t state : 3;       /* enum tcp_state */
	uint8_t dupacks : 3;
	uint8_t is_tagged : 1;   /* with `mac` the way to the peer, see tcp_conn_way() */

	struct chain send;       /* CONN_SEND: not empty */
	struct timer timer;
	uint32_t ssthresh;       /* CONN_SSTHRESH: else without bound */
	uint32_t snd_wnd_max;
	uint32_t extra;          /* CONN_EXTRA: its place among tcp->extras */
	uint8_t syn_count;       /* CONN_IN_DOUBT, like the next: else 0 */
	uint8_t keepalives_sent;
	uint8_t challenge_s;     /* the second that the next two count in */
	uint8_t challenge_count : 4;
	uint8_t repeat_count : 4;
};

static_assert(offsetof(struct tcp_conn, rcv_nxt) == 1 * CACHE_LINE_BYTES, "line 1");
static_assert(offsetof(struct tcp_conn, text) == 2 * CACHE_LINE_BYTES, "line 2");
static_assert(offsetof(struct tcp_conn, send) == STREAM_FETCH_BYTES, "a frame ends here");
static_assert(sizeof(struct tcp_conn) <= 256, "idle cost; see tcp_connection_bytes()");

/* What a connection has only while one of CONN_EXTRA_USES says so; see tcp_extra.h. Times are low
 * bits: none is looked at after a minute. */
struct tcp_extra {
	struct chain residue;    /* CONN_RESIDUE: in order, not consumed in its turn */
	struct chunk *ooo;       /* CONN_GAP: out of order, the last of them; see tcp_data.c */
	uint32_t taken;          /* CONN_RESIDUE: see tcp_conn_taken() */
	uint32_t recover;        /* CONN_RECOVER_AHEAD: losses before it are known */
	union {
		uint32_t resent_end; /* CONN_RECOVERY: behind what was sent again last */
		uint32_t flight;     /* CONN_FLIGHT, without the former: its place */
	};
	uint32_t fin_seq;        /* CONN_FIN_KNOWN */
	uint32_t ooo_recent;     /* CONN_GAP: where what came last begins */
	uint32_t syn_seq;        /* CONN_IN_DOUBT: of the SYNs that insist on a new connection, */
	uint16_t syn_ms;         /* and when they began to */
	uint16_t gap_ms;         /* CONN_GAP: since when */
	uint16_t ooo_chunks;
	uint16_t needed_chunks;  /* CONN_NEED: that the session must see at once (stream_need) */
};
static_assert(sizeof(struct tcp_extra) <= CACHE_LINE_BYTES, "of many that wait in a storm");

enum {
	CONN_EXTRA_USES = CONN_RESIDUE | CONN_GAP | CONN_NEED | CONN_FIN_KNOWN | CONN_RECOVERY |
			  CONN_RECOVER_AHEAD | CONN_IN_DOUBT | CONN_FLIGHT,
};

/* A handshake under way, in one cache line: strangers make as many as they like. What can be
 * computed again is not kept (ts_offset), nor what the last step brings anyway (the window). */
struct tcp_half_open {
	struct list node; /* tcp->half_open_lines[retries] */
	struct tcp_tuple tuple;
	uint32_t irs;
	uint32_t iss;
	uint32_t ts_recent;
	uint32_t sent_ms; /* the SYN-ACK, last */
	uint16_t peer_mss;
	struct way way;
	uint8_t listener;
	uint8_t snd_scale : 4; /* TCP_SCALE_NONE: neither side scales */
	uint8_t retries : 3;
	bool has_timestamps : 1;
	bool has_sack : 1;
	bool is_cookie : 1; /* in no slab: it was made of the numbers that came back */
};
static_assert(sizeof(struct tcp_half_open) <= 64, "SYN floods pile up");

/* 2 MSL of it cost one cache line. */
struct tcp_wait {
	struct list node; /* tcp->waits, soonest end first */
	struct tcp_tuple tuple;
	struct way way;
	bool has_timestamps;
	uint32_t snd_nxt;
	uint32_t rcv_nxt;
	uint32_t ts_recent;
	uint32_t ts_offset;
	uint32_t end_ms;
};
static_assert(sizeof(struct tcp_wait) <= 64, "TIME-WAIT piles up");

/* In-order payload in a packet of this turn. */
struct tcp_span {
	const uint8_t *data;
	uint32_t size;
	uint8_t next;
	uint8_t last;   /* of a connection's first span: its last, */
	uint32_t bytes; /* what all of them hold, */
	uint32_t taken; /* and how much of it is; see tcp_conn_taken() */
};

/* A connection with a gap, while its gap_ms is this one. */
struct tcp_gap {
	uint32_t index;
	uint16_t since_ms;
};

/* What was read last: a connection's bytes of a turn are read in order. */
struct tcp_cursor {
	const struct tcp_conn *conn; /* null: none */
	const struct chunk *chunk;   /* of its residue; null: none yet */
	uint32_t chunk_before;       /* bytes of its residue before this one */
	uint8_t span;
	uint32_t before; /* bytes of its spans before this one */
};

/* A connection whose path holds less than the port, and what it sends again when that is over. */
struct tcp_path {
	uint64_t handle;
	uint32_t begin_ms;
	uint32_t end_ms;
	uint16_t mss;
};

struct tcp_paths {
	unsigned first, count;
	struct tcp_path ring[TCP_PATHS];
};

/* Cookies that have opened, by a hash of all their numbers: the last of one place, in turns. */
struct tcp_spent {
	uint32_t marks[CACHE_LINE_BYTES / sizeof(uint32_t) - 1]; /* 0: none */
	uint32_t next;
};
static_assert(sizeof(struct tcp_spent) == CACHE_LINE_BYTES, "one line is looked at");

/* Connections that tcp_evict.c has looked at. */
struct tcp_sample {
	unsigned count;
	bool is_whole; /* these are all there are */
	struct tcp_seen {
		struct tcp_conn *conn;
		uint32_t source; /* tcp_source() */
		uint32_t silent_ms;
		unsigned of_source; /* so many of these are its source's */
	} seen[TCP_SAMPLE];
};

struct tcp {
	struct transport transport;
	struct tcp_options options;
	uint64_t now_ns;
	uint64_t now_tick; /* of the wheels */
	uint32_t now_ms; /* wraps: compared by difference */
	uint32_t now_s;
	uint16_t local_mss;
	uint8_t local_scale;
	bool is_refusing;
	uint32_t window_first; /* that a connection is offered when it opens */
	struct siphash_key table_key;
	struct siphash_key isn_key;
	struct tcp_table table;
	struct slab conns;
	struct slab extras; /* struct tcp_extra */
	uint32_t conns_live; /* of these, not CLOSED; of each listener, and how many may be: */
	uint32_t conns_of[LISTENERS_MAX];
	uint32_t conns_of_max[LISTENERS_MAX];
	struct tcp_table host_table; /* see tcp_quota.h */
	struct slab hosts;
	struct slab half_open;
	struct list half_open_lines[TCP_SYN_ACK_RETRIES + 1]; /* see tcp_half_open.h */
	uint32_t half_open_of[TCP_SOURCE_SLOTS];
	uint32_t cookies_until_s; /* cookies are looked for; see tcp_cookie.h */
	struct tcp_spent cookies_spent[TCP_SPENT_PLACES];
	uint32_t sample_place;    /* where tcp_evict.c looked last, */
	uint32_t sample_ms;       /* when it did so for a SYN, */
	int sample_listener;      /* of which listener, */
	struct tcp_sample sample; /* and what it saw */
	struct slab waits;
	struct list wait_list;
	struct slab flights;
	struct list flights_idle; /* with nothing in flight, for longest first */
	struct tcp_line dirty;  /* touched in this turn */
	struct tcp_line output; /* want to send; when the port is full, from earlier turns, too */
	bool is_port_full;      /* a segment found no buffer in this turn */
	struct tcp_span spans[PACKETS_PER_TURN];
	unsigned span_count;
	struct tcp_cursor cursor;
	uint32_t reserve_chunks; /* of receive memory, for the first in this line */
	unsigned reserve_first, reserve_count;
	uint64_t reserve_line[TCP_RESERVE_LINE]; /* handles */
	struct tcp_sack twice; /* the last bytes that came a second time, */
	uint32_t twice_conn;   /* and whose */
	unsigned gap_first, gap_count;
	struct tcp_gap gaps[TCP_GAPS_LINE]; /* oldest first; some are over, see tcp_ooo.c */
	size_t scratch_used;
	struct tcp_paths trials;
	struct tcp_paths paths;
	struct tcp_limit limit;
	unsigned listener_count;
	uint16_t listen_ports[LISTENERS_MAX];
	uint8_t listeners[LISTENERS_MAX];
	/* What nearly always comes before its time: an answer to carry the acknowledgement, and
	 * the acknowledgement of what was sent. Longer times are the wheel's. */
	struct delay ack_delay;
	struct delay rtx_delay;
	struct wheel wheel;
};

/* Sequence numbers and wrapping times: only differences have a sign. */
static inline bool seq_lt(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static inline bool seq_le(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) <= 0;
}

static inline void tcp_count(struct tcp *t, enum stat_id id)
{
	stats_add(t->options.stats, id, 1);
}

static inline struct tcp_conn *tcp_conn_of(const struct stream *s)
{
	return container_of(s, struct tcp_conn, stream);
}

static inline uint32_t tcp_conn_window(const struct tcp_conn *c)
{
	return c->rcv_adv - c->rcv_nxt;
}

/* Given to be sent, and not acknowledged. */
static inline uint32_t tcp_send_bytes(const struct tcp_conn *c)
{
	return c->text_bytes + (c->flags & CONN_SEND ? (uint32_t)c->send.size : 0);
}

/* Sequence number behind the last byte given to be sent; our FIN has it. */
static inline uint32_t tcp_conn_send_end(const struct tcp_conn *c)
{
	return c->snd_una + tcp_send_bytes(c);
}

static inline struct tcp *tcp_of(const struct tcp_conn *c)
{
	return container_of(c->stream.transport, struct tcp, transport);
}

/* The one it has. */
static inline struct tcp_extra *tcp_extra(const struct tcp_conn *c)
{
	return slab_at(&tcp_of(c)->extras, c->extra);
}

static inline uint32_t tcp_conn_residue_bytes(const struct tcp_conn *c)
{
	return c->flags & CONN_RESIDUE ? (uint32_t)tcp_extra(c)->residue.size : 0;
}

/* Consumed in this turn, and still readable: kept where the first of these bytes are. Null: there
 * are none. */
static inline uint32_t *tcp_conn_taken(const struct tcp_conn *c)
{
	if (c->flags & CONN_RESIDUE)
		return &tcp_extra(c)->taken;
	return c->span_first == TCP_SPAN_NONE ? NULL : &tcp_of(c)->spans[c->span_first].taken;
}

/* Bytes (and FIN) in order that the session has not consumed. */
static inline uint32_t tcp_conn_unread(const struct tcp_conn *c)
{
	uint32_t kept = 0;
	if (c->flags & CONN_RESIDUE)
		kept = (uint32_t)tcp_extra(c)->residue.size - tcp_extra(c)->taken;
	if (c->span_first == TCP_SPAN_NONE)
		return kept;
	const struct tcp_span *first = &tcp_of(c)->spans[c->span_first];
	return kept + first->bytes - first->taken;
}

static inline struct way tcp_conn_way(const struct tcp_conn *c)
{
	return (struct way){c->mac, c->is_tagged};
}

static inline void tcp_conn_way_set(struct tcp_conn *c, const struct way *way)
{
	c->mac = way->mac;
	c->is_tagged = way->is_tagged;
}

/* Sets or clears `flag` as `is_set` says. */
static inline void tcp_conn_flag(struct tcp_conn *c, enum tcp_conn_flag flag, bool is_set)
{
	c->flags = (c->flags & ~(uint32_t)flag) | (is_set ? flag : 0);
}

/* Its index in the slab. */
static inline uint32_t tcp_conn_index(const struct tcp_conn *c)
{
	return (uint32_t)c->stream.handle & ((1u << TCP_HANDLE_POLLER_SHIFT) - 1);
}

static inline struct tcp_conn *tcp_conn_at(const struct tcp *t, uint32_t index)
{
	return slab_at(&t->conns, index);
}

/* tcp_stream.c */
extern const struct stream_ops tcp_stream_ops;

void tcp_clock(struct tcp *t, uint64_t now_ns);
/* RFC 6528: a keyed hash of the connection's name. Half of it is its initial number's, the other
 * hides our uptime from the peer's timestamps. */
uint64_t tcp_name_hash(const struct tcp *t, const struct tcp_tuple *tuple);
static inline uint32_t tcp_ts_offset(const struct tcp *t, const struct tcp_tuple *tuple)
{
	return (uint32_t)(tcp_name_hash(t, tuple) >> 32);
}
uint32_t tcp_hash(const struct tcp *t, const struct tcp_tuple *tuple);
/* Who asks, as far as shares go: its address' prefix (/24, of IPv6 /64), hashed. */
uint32_t tcp_source(const struct tcp *t, const struct address *from);
/* The object of the tuple, and its kind; null when there is none. */
void *tcp_find(struct tcp *t, uint32_t hash, const struct tcp_tuple *tuple,
	       enum tcp_kind *kind);
/* Fetches the connection that is likely meant, null when there is none; then, once it has
 * arrived, what it points to: its session only for a segment that has text. */
const struct tcp_conn *tcp_prefetch(const struct tcp *t, uint32_t hash);
void tcp_prefetch_behind(const struct tcp_conn *c, bool has_text);
uint32_t tcp_ref(enum tcp_kind kind, const struct slab *slab, const void *object);
/* Puts it on the turn's list: it is settled, and then wants to send. */
void tcp_conn_mark(struct tcp_conn *c);
struct tcp_tuple tcp_conn_tuple(const struct tcp_conn *c);
/* The handshake of `half` is complete; null when there is no memory for one more. */
struct tcp_conn *tcp_conn_open(struct tcp *t, const struct tcp_half_open *half);
/* CLOSED: out of the table, the session is told unless it closed; tcp_output() frees. */
void tcp_conn_lose(struct tcp *t, struct tcp_conn *c, bool with_reset);
void tcp_conn_free(struct tcp *t, struct tcp_conn *c);

#endif
