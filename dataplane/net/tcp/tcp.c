/* tcp.c - settings in, a stack out: created, told where to listen, asked how long it has nothing to
 * do, drained, destroyed. What a turn does with it is in tcp_in.c, tcp_data.c and tcp_out.c. */
#include "dataplane/net/tcp/tcp.h"
#include "dataplane/base/entropy.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"
#include "dataplane/net/tcp/tcp_flight.h"
#include "dataplane/net/tcp/tcp_half_open.h"
#include "dataplane/net/tcp/tcp_quota.h"
#include "dataplane/net/tcp/tcp_reserve.h"
#include "dataplane/net/tcp/tcp_window.h"

/* The least with which the largest window can be told: what is told is rounded to its step. */
static uint8_t window_scale_for(uint32_t buffer_bytes)
{
	uint8_t scale = 0;
	while (scale < TCP_WINDOW_SCALE_MAX && buffer_bytes >> scale > UINT16_MAX)
		scale++;
	return scale;
}

/* One table for connections, half-open ones and TIME-WAIT: a segment is looked up once. */
static bool tcp_map(struct tcp *t)
{
	const struct tcp_settings *s = &t->options.settings;
	uint32_t conns = s->connections_max + TCP_CONNS_SPARE;
	uint32_t objects = conns + s->half_open_max + s->time_wait_max;
	return tcp_table_init(&t->table, objects) == 0 &&
	       slab_init(&t->conns, sizeof(struct tcp_conn), conns) == 0 &&
	       slab_init(&t->extras, sizeof(struct tcp_extra), conns) == 0 &&
	       slab_init(&t->half_open, sizeof(struct tcp_half_open), s->half_open_max) == 0 &&
	       tcp_quota_init(t, conns) &&
	       slab_init(&t->waits, sizeof(struct tcp_wait), s->time_wait_max) == 0 &&
	       tcp_flights_init(t) &&
	       tcp_line_init(&t->dirty, conns) == 0 &&
	       tcp_line_init(&t->output, conns) == 0 &&
	       delay_init(&t->ack_delay, conns, TCP_ACK_DELAY_MS) == 0 &&
	       delay_init(&t->rtx_delay, conns, s->rto_min_ms) == 0;
}

/* Keys are drawn anew at each start: nobody shall aim at one place of the table, nor guess the
 * numbers that connections begin with (RFC 6528). */
struct tcp *tcp_create(const struct tcp_options *options, uint64_t now_ns)
{
	const struct tcp_settings *s = &options->settings;
	require(s->connections_max + TCP_CONNS_SPARE <= TCP_REF_INDEX_MASK);
	require(s->half_open_max <= TCP_REF_INDEX_MASK);
	require(s->time_wait_max <= TCP_REF_INDEX_MASK && s->time_wait_max > 0);
	struct tcp *t = map_take(sizeof *t);
	if (!t)
		return NULL;
	t->options = *options;
	t->transport = (struct transport){&tcp_stream_ops, options->ready};
	if (!tcp_map(t)) {
		tcp_destroy(t);
		return NULL;
	}
	entropy_fill(&t->table_key, sizeof t->table_key);
	entropy_fill(&t->isn_key, sizeof t->isn_key);
	tcp_limit_init(&t->limit);
	t->local_mss = (uint16_t)(ip_l4_bytes_max(options->ip) - TCP_HEADER_BYTES);
	t->local_scale = window_scale_for(s->receive_buffer_bytes);
	t->window_first = tcp_window_first(t);
	tcp_reserve_init(t);
	list_init(&t->wait_list);
	wheel_init(&t->wheel, now_ns);
	tcp_half_open_init(t);
	tcp_clock(t, now_ns);
	return t;
}

void tcp_destroy(struct tcp *t)
{
	if (!t)
		return;
	tcp_table_fini(&t->table);
	slab_fini(&t->conns);
	slab_fini(&t->extras);
	slab_fini(&t->half_open);
	slab_fini(&t->waits);
	tcp_flights_fini(t);
	tcp_quota_fini(t);
	tcp_line_fini(&t->dirty);
	tcp_line_fini(&t->output);
	delay_fini(&t->ack_delay);
	delay_fini(&t->rtx_delay);
	map_give(t, sizeof *t);
}

struct stream *tcp_stream(struct tcp *t, uint64_t handle)
{
	uint8_t poller = (uint8_t)(handle >> TCP_HANDLE_POLLER_SHIFT);
	if (poller != t->options.poller)
		return NULL;
	handle &= ~((uint64_t)UINT8_MAX << TCP_HANDLE_POLLER_SHIFT);
	struct tcp_conn *c = slab_get(&t->conns, handle);
	return c ? &c->stream : NULL;
}

uint32_t tcp_connections(const struct tcp *t)
{
	return t->conns.in_use;
}

size_t tcp_connection_bytes(void)
{
	size_t slab_bookkeeping = 2 * sizeof(uint32_t);
	size_t in_lines = 2 * sizeof(uint32_t);
	return sizeof(struct tcp_conn) + 2 * sizeof(struct tcp_slot) + slab_bookkeeping + in_lines;
}

void tcp_listen(struct tcp *t, uint16_t port, uint8_t listener, uint32_t connections_max)
{
	require(t->listener_count < LISTENERS_MAX && listener < LISTENERS_MAX);
	t->conns_of_max[listener] = connections_max;
	t->listen_ports[t->listener_count] = port;
	t->listeners[t->listener_count++] = listener;
}

void tcp_refuse(struct tcp *t)
{
	t->is_refusing = true;
}

void tcp_reset_all(struct tcp *t)
{
	for (uint32_t at = 0; at <= t->table.mask;) {
		uint32_t ref = t->table.slots[at].ref;
		bool is_conn = ref >> TCP_REF_KIND_SHIFT == TCP_KIND_CONN;
		/* Losing it removes it, and another may shift into its slot. */
		if (is_conn)
			tcp_conn_lose(t, slab_at(&t->conns, ref & TCP_REF_INDEX_MASK), true);
		else
			at++;
	}
}

uint64_t tcp_idle_ns(const struct tcp *t, uint64_t now_ns, uint64_t limit_ns)
{
	bool is_busy = t->dirty.count > 0 || t->output.count > 0;
	if (is_busy || !list_is_empty(t->options.ready))
		return 0;
	uint32_t now_ms = (uint32_t)(now_ns / NS_PER_MS);
	uint32_t limit_ms = (uint32_t)min_u64(limit_ns / NS_PER_MS, INT32_MAX);
	uint32_t idle_ms = min_u32(delay_idle_ms(&t->ack_delay, now_ms, limit_ms + 1),
				   delay_idle_ms(&t->rtx_delay, now_ms, limit_ms + 1));
	idle_ms = tcp_half_open_idle_ms(t, now_ms, idle_ms);
	return wheel_idle_ns(&t->wheel, now_ns, min_u64(limit_ns, idle_ms * NS_PER_MS));
}
