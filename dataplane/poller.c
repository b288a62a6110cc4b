/* poller.c - one turn of the receive core, and what it owns; see poller.h. */
#include "dataplane/poller.h"
#include "dataplane/base/lap.h"
#include "dataplane/base/map.h"
#include "dataplane/base/own_clock.h"
#include "dataplane/batch/ingest.h"
#include "dataplane/kafka/fetch_sessions.h"
#include "dataplane/kafka/kafka_fetch.h"
#include "dataplane/quiescent.h"
#include "dataplane/session/ack.h"
#include "dataplane/session/ingest_parts.h"
#include "dataplane/session/unread_turn.h"
#include "dataplane/session/waiting_admit.h"

#include <errno.h>

enum {
	/* Bytes of one turn that straddle packets or chunks and must be contiguous. */
	SCRATCH_BYTES = 1 << 20,
	PUBLISH_INTERVAL_NS = 1000000,
	/* When the port's queue is asked again whether it has room. */
	UNSENT_RETRY_NS = 20000,
	/* Regions for answers beside the common one, in parts of that (answer_room.h). */
	REGIONS_PART = 8,
};
static_assert((int)SCRATCH_BYTES >= (int)GBT32960_FRAME_BYTES_MAX,
	      "the longest frame can be gathered");

/* The vectors between the stages of one turn. */
struct turn {
	struct pkt_vec packets;
	struct pkt_vec segments;
	struct pkt_vec datagram_packets;
	struct pkt_vec fragments;
	struct datagram_vec datagrams;
	struct frame_vec frames;
	struct record_vec records;
	struct laps laps;
};

/* Packets of the turn that another poller has passed on. */
struct passed {
	struct list taken; /* struct inbox_msg.node: given back when the turn ends */
	struct pkt packets[PACKETS_PER_TURN];
};

struct poller {
	struct ingest ingest;
	struct turn turn;
	struct ip ip;
	struct udp udp;
	struct fragments fragments;
	struct tcp *tcp;
	struct chunk_pool receive;
	struct fetch_sessions fetch_sessions;
	struct jt808_parts jt808_parts;
	uint8_t *scratch;
	struct passed passed;
	struct own_clock clock;
	uint64_t published_ns;
	struct poller_options options;
};

static void turn_begin(struct poller *p)
{
	struct ingest *in = &p->ingest;
	struct turn *t = &p->turn;
	uint64_t machine_ns = clock_now_ns();
	uint64_t away_ns = own_clock_turn(&p->clock, machine_ns);
	if (unlikely(away_ns > 0)) {
		stats_add(&in->stats, STAT_absences, 1);
		stats_add(&in->stats, STAT_absences_ns, away_ns);
	}
	in->now.ns = own_clock_ns(&p->clock, machine_ns);
	in->now.wall_ms = clock_wall_ms();
	/* Acquire: pairs with control's release when it publishes a snapshot. */
	in->topics = atomic_load_explicit(p->options.topics, memory_order_acquire);
	in->vehicle_lists = atomic_load_explicit(p->options.vehicle_lists, memory_order_acquire);
	t->packets.count = t->segments.count = 0;
	t->datagram_packets.count = t->fragments.count = 0;
	t->datagrams.count = 0;
	t->frames.count = 0;
	in->reading.steps_left = FETCH_STEPS_PER_TURN;
	t->records.count = 0;
	if (unlikely(!in->sessions.is_draining &&
		     atomic_load_explicit(p->options.drain, memory_order_relaxed))) {
		tcp_refuse(p->tcp);
		fragments_stop(&p->fragments);
		sessions_drain(&in->sessions);
	}
}

/* Publishes the counters of a turn boundary, and tells control that no snapshot older than
 * the one of the next turn is in use here. */
static void turn_end(struct poller *p, bool busy)
{
	struct ingest *in = &p->ingest;
	bool is_waiting = in->waits.blocked > 0 || nic_has_unsent(p->options.nic);
	laps_end(&p->turn.laps, &in->stats, busy, is_waiting);
	if (busy)
		stats_add(&in->stats, STAT_cycles_nic, laps_aside(&p->turn.laps));
	if (in->now.ns - p->published_ns >= PUBLISH_INTERVAL_NS) {
		nic_count_losses(p->options.nic, &in->stats);
		stats_publish(p->options.stats_page, &in->stats);
		p->published_ns = in->now.ns;
	}
	quiescent_pass(p->options.rcu, p->options.index);
}

/* PACKETs behind what the port had, as the turn has room; they lie in their senders' memory. */
static void passed_take(struct poller *p)
{
	struct ingest *in = &p->ingest;
	struct pkt_vec *v = &p->turn.packets;
	while (unlikely(!list_is_empty(&in->delivery.packets)) &&
	       v->count < PACKETS_PER_TURN) {
		struct list *node = list_take_first(&in->delivery.packets);
		const struct bytes b = list_entry(node, struct inbox_msg, node)->bytes;
		struct pkt *packet = &p->passed.packets[v->count];
		*packet = (struct pkt){.data = (uint8_t *)(uintptr_t)b.data,
				       .size = (uint32_t)b.size};
		list_append(&p->passed.taken, node);
		pkt_vec_push(v, packet);
		stats_add(&in->stats, STAT_packets_received, 1);
		stats_add(&in->stats, STAT_bytes_received, b.size);
	}
}

static void passed_give(struct poller *p)
{
	for (struct list *node; (node = list_take_first(&p->passed.taken));)
		delivery_give(&p->ingest.delivery, list_entry(node, struct inbox_msg, node),
			      INBOX_DONE);
}

/* The cycles since the last call were this stage's, but for the driver's. */
static void spent(struct poller *p, enum stat_id stage)
{
	lap(&p->turn.laps, stage, nic_cycles(p->options.nic));
}

bool poller_turn(struct poller *p)
{
	struct ingest *in = &p->ingest;
	struct turn *t = &p->turn;
	laps_begin(&t->laps, nic_cycles(p->options.nic));
	turn_begin(p);

	bool acked = ack_input(in); /* completions first: they free memory */
	bool told = delivery_input(in);
	unread_turn(in);
	waiting_admit(in);
	spent(p, STAT_cycles_ack);

	nic_rx(p->options.nic, &t->packets);
	passed_take(p);
	ip_input(&p->ip, &t->packets, &t->segments, &t->datagram_packets, &t->fragments,
		 in->now.ns);
	fragments_input(&p->fragments, &t->fragments, &t->datagram_packets, in->now.ns);
	udp_input(&p->udp, &t->datagram_packets, &t->datagrams);
	spent(p, STAT_cycles_ip);
	tcp_input(p->tcp, &t->segments, in->now.ns);
	spent(p, STAT_cycles_tcp_in);
	session_timers(in);
	jt808_ask_work(in);
	bool ready = !list_is_empty(&in->sessions.ready);
	session_input(in, &t->frames);
	spent(p, STAT_cycles_session);
	ingest_input(in, &t->frames, &t->datagrams, &t->records);
	spent(p, STAT_cycles_ingest);
	batch_input(&in->batching, &in->answers, &t->records);
	batch_flush(&in->batching, in->sessions.is_draining);
	spent(p, STAT_cycles_batch);
	handoff_submit(&in->batching, in->writers);
	spent(p, STAT_cycles_handoff);

	tcp_settle(p->tcp);
	tcp_output(p->tcp, in->now.ns);
	nic_tx_flush(p->options.nic);
	nic_release(p->options.nic);
	passed_give(p);
	spent(p, STAT_cycles_tcp_out);

	bool busy = acked || told || ready || t->packets.count > 0;
	turn_end(p, busy);
	return busy;
}

/* Messages by the budgets of their rings: where a ring has room there is one. */
static int slabs_init(struct ingest *in, const struct poller_options *o)
{
	uint32_t reads = HANDOFF_READS_MAX * o->writer_count;
	/* Who gave way to another in this turn still has its session. */
	uint32_t sessions = o->sessions_max + PACKETS_PER_TURN;
	int error = sessions_init(&in->sessions, sessions, &in->stats, &in->now);
	in->sessions.idle_ms = o->settings.connections_max_idle_ms;
	error = error ? error : kept_init(&in->kept);
	error = error ? error
		      : jt808_parts_init(in->jt808_parts, o->jt808_parts_memory_bytes,
					 &in->stats, &in->now);
	error = error ? error : slab_init(&in->reading.reads, sizeof(struct read_msg), reads);
	error = error ? error : slab_init(&in->reading.lists, sizeof(struct read_list), reads);
	error = error ? error
		      : slab_init(&in->reading.fetches, sizeof(struct fetch), o->sessions_max);
	return error;
}

static int fetch_sessions_of(struct poller *p, const struct poller_options *o)
{
	struct ingest *in = &p->ingest;
	struct fetch_sessions_bounds bounds = {
		.poller = o->index,
		.places = o->fetch_session_places,
		.eviction_ms = o->settings.fetch_session_eviction_ms};
	if (bounds.places > 0)
		in->reading.sessions = &p->fetch_sessions;
	return fetch_sessions_init(&p->fetch_sessions, &bounds, &in->stats);
}

/* Requests to control and to the coordinator have chunks apart: a control that blocks holds none
 * of the coordinator's. */
static int pools_init(struct poller *p, const struct poller_options *o)
{
	const struct poller_settings *s = &o->settings;
	struct ingest *in = &p->ingest;
	uint32_t connections = max_u32(o->sessions_max, o->tcp.connections_max);
	struct answers_bounds answers = {.answers = o->answers_max,
					 .waiters = o->answers_max,
					 .small_chunks = o->answers_max,
					 .large_chunks = o->answer_large_chunks,
					 .region_chunks = o->answer_large_chunks / REGIONS_PART,
					 .connections = connections + PACKETS_PER_TURN};
	struct batching_bounds batching = {.poller = o->index,
					   .writers = o->writer_count,
					   .appends = HANDOFF_APPENDS_MAX * o->writer_count,
					   .writer_credit_bytes = s->writer_credit_bytes,
					   .lane_credit_bytes = s->lane_credit_bytes,
					   .message_bytes_max = s->message_bytes_max};
	int error = slabs_init(in, o);
	error = error ? error : answers_init(&in->answers, &answers, &in->stats, &in->now);
	error = error ? error : batching_init(&in->batching, &batching, &in->stats, &in->now);
	error = error ? error
		      : call_server_init(&in->servers[CALL_CONTROL], HANDOFF_CALLS_MAX,
					 o->request_chunks);
	error = error ? error
		      : call_server_init(&in->servers[CALL_COORDINATOR], HANDOFF_CALLS_MAX,
					 o->coordinator_chunks);
	error = error ? error
		      : chunk_pool_init(&p->receive, CHUNK_RECEIVE_BYTES, o->receive_chunks);
	error = error ? error
		      : chunk_pool_init(&in->reading.parts, CHUNK_PARTS_BYTES, o->parts_chunks);
	in->reading.marks = map_take(FETCH_MARKS_BYTES);
	error = error ? error : fetch_sessions_of(p, o);
	p->scratch = map_take(SCRATCH_BYTES);
	return error ? error : p->scratch && in->reading.marks ? 0 : -ENOMEM;
}

static void ingest_init(struct ingest *in, const struct poller_options *o)
{
	in->now.ns = clock_now_ns();
	in->now.wall_ms = clock_wall_ms();
	in->poller = o->index;
	memcpy(in->listeners, o->listeners, o->listener_count * sizeof *o->listeners);
	in->listener_count = o->listener_count;
	routes_init(&in->batching.routes, in->listeners, in->listener_count, o->index);
	waiting_init(&in->waits, &in->sessions, &in->stats);
	memcpy(in->writers, o->writers, sizeof in->writers);
	in->writer_count = o->writer_count;
	in->reading.poller = o->index;
	in->reading.writers = in->writers;
	in->reading.writer_count = o->writer_count;
	in->reading.news = o->news;
	reading_init(&in->reading);
	in->servers[CALL_CONTROL].handoff = o->control;
	in->servers[CALL_COORDINATOR].handoff = o->coordinator;
	in->delivery.inbox = o->inbox;
	delivery_init(&in->delivery, &in->stats);
	in->settings = o->settings;
}

static struct stream *stream_of(void *tcp, uint64_t handle)
{
	return tcp_stream(tcp, handle);
}

/* The port is attached first: whatever comes after it may count. */
static int net_init(struct poller *p, const struct poller_options *o)
{
	struct ingest *in = &p->ingest;
	struct ip_options ip = {.nic = o->nic,
				.stats = &in->stats,
				.address = o->address,
				.prefix_bits = o->prefix_bits,
				.vlan = o->vlan,
				.router_ip4 = o->router_ip4};
	nic_attach(o->nic, &in->stats);
	ip_init(&p->ip, &ip);
	udp_init(&p->udp, &in->stats);
	struct fragments_options fragments = {.stats = &in->stats,
					      .udp = &p->udp,
					      .memory_bytes = o->fragment_memory_bytes,
					      .timeout_ms = o->settings.fragment_timeout_ms};
	int error = fragments_init(&p->fragments, &fragments);
	if (error)
		return error;
	struct tcp_options tcp = {.ip = &p->ip,
				  .stats = &in->stats,
				  .ready = &in->sessions.ready,
				  .receive = &p->receive,
				  .scratch = p->scratch,
				  .scratch_size = SCRATCH_BYTES,
				  .poller = o->index,
				  .settings = o->tcp};
	p->tcp = tcp_create(&tcp, in->now.ns);
	if (!p->tcp)
		return -ENOMEM;
	in->delivery.stream_find = stream_of;
	in->delivery.transport = p->tcp;
	for (unsigned i = 0; i < o->listener_count; i++) {
		const struct listener *l = &o->listeners[i];
		if (l->protocol == PROTOCOL_UDP)
			udp_listen(&p->udp, l->port, (uint8_t)i);
		else
			tcp_listen(p->tcp, l->port, (uint8_t)i, l->max_connections);
	}
	return 0;
}

struct poller *poller_create(const struct poller_options *options, int *error)
{
	struct poller *p = map_take(sizeof *p);
	if (!p) {
		*error = -ENOMEM;
		return NULL;
	}
	p->options = *options;
	list_init(&p->passed.taken);
	p->ingest.jt808_parts = &p->jt808_parts;
	ingest_init(&p->ingest, options);
	*error = pools_init(p, options);
	if (!*error)
		*error = net_init(p, options);
	if (!*error)
		return p;
	poller_destroy(p);
	return NULL;
}

/* What was never made is all zeroes, and costs nothing to give back: poller_create() ends here,
 * too. */
void poller_destroy(struct poller *p)
{
	struct ingest *in = &p->ingest;
	if (p->tcp)
		tcp_destroy(p->tcp);
	fragments_fini(&p->fragments);
	sessions_fini(&in->sessions);
	answers_fini(&in->answers);
	batching_fini(&in->batching);
	slab_fini(&in->reading.reads);
	slab_fini(&in->reading.lists);
	slab_fini(&in->reading.fetches);
	chunk_pool_fini(&in->reading.parts);
	map_give(in->reading.marks, FETCH_MARKS_BYTES);
	fetch_sessions_fini(&p->fetch_sessions);
	kept_fini(&in->kept);
	jt808_parts_fini(&p->jt808_parts);
	for (unsigned i = 0; i < CALL_SERVERS; i++) {
		slab_fini(&in->servers[i].calls);
		chunk_pool_fini(&in->servers[i].requests);
	}
	chunk_pool_fini(&p->receive);
	map_give(p->scratch, SCRATCH_BYTES);
	map_give(p, sizeof *p);
}

/* Connections alone do not tell: one that was reset leaves appends that its writer still has. */
bool poller_is_drained(const struct poller *p)
{
	const struct ingest *in = &p->ingest;
	uint32_t calls = 0;
	for (unsigned i = 0; i < CALL_SERVERS; i++)
		calls += in->servers[i].calls.in_use;
	return tcp_connections(p->tcp) == 0 && in->batching.appends.in_use == 0 &&
	       in->answers.slab.in_use == 0 && calls == 0 &&
	       list_is_empty(&in->sessions.ready);
}

void poller_reset_connections(struct poller *p)
{
	tcp_reset_all(p->tcp);
}

bool poller_may_sleep(const struct poller *p)
{
	const struct ingest *in = &p->ingest;
	if (!list_is_empty(&in->sessions.ready) || !list_is_empty(&in->reading.waking) ||
	    waiting_can_admit(in))
		return false;
	for (unsigned w = 0; w < in->writer_count; w++)
		if (handoff_has_up(in->writers[w]))
			return false;
	for (unsigned i = 0; i < CALL_SERVERS; i++)
		if (handoff_has_up(in->servers[i].handoff))
			return false;
	return delivery_is_idle(&in->delivery);
}

/* The least of what anybody waits for; with nothing due a core sleeps until it is woken, or
 * for `limit_ns`. */
uint64_t poller_idle_ns(struct poller *p, uint64_t limit_ns)
{
	const struct ingest *in = &p->ingest;
	uint64_t machine_ns = clock_now_ns(), now_ns = own_clock_ns(&p->clock, machine_ns);
	if (nic_has_unsent(p->options.nic))
		limit_ns = min_u64(limit_ns, UNSENT_RETRY_NS);
	limit_ns = tcp_idle_ns(p->tcp, now_ns, limit_ns);
	limit_ns = fragments_idle_ns(&p->fragments, now_ns, limit_ns);
	limit_ns = wheel_idle_ns(&in->sessions.wheel, now_ns, limit_ns);
	limit_ns = jt808_parts_idle_ns(&p->jt808_parts, in->listeners, now_ns, limit_ns);
	limit_ns = unread_idle_ns(in, now_ns, limit_ns);
	limit_ns = batch_idle_ns(&in->batching, now_ns, limit_ns);
	own_clock_rest(&p->clock, machine_ns + limit_ns);
	return limit_ns;
}

int poller_wait_fd(const struct poller *p)
{
	return nic_wait_fd(p->options.nic);
}

struct bad_frames *poller_bad_frames(struct poller *p)
{
	return &p->ingest.bad_frames;
}

/* Records in open batches, in batches that wait for the handoff, and at writers. */
uint64_t poller_records_held(const struct poller *p)
{
	const struct slab *appends = &p->ingest.batching.appends;
	uint64_t held = 0;
	uint32_t index = 0;
	for (const struct append_msg *a; (a = slab_next(appends, &index));)
		held += a->records;
	return held;
}
