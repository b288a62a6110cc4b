/* sim_clients.c - connecting, reconnecting, quitting: what all clients share; see
 * sim_clients.h. */
#include "tests/sim/sim_clients.h"
#include "dataplane/base/require.h"
#include "tests/sim/sim_history.h"

enum { FIRST_PORT = 20000, HOARDERS_MAX = 256, REFUSALS_MAX = 6 };

#define RECONNECT_NS (50 * NS_PER_MS)
#define DATAGRAM_NS  (3 * NS_PER_MS)

static uint64_t soon(uint64_t ns)
{
	return sim_world()->now_ns + rng_below(&sim_world()->rng, 2 * ns);
}

struct sim_client *sim_client_create(enum sim_client_kind kind, uint32_t id)
{
	struct sim_client *c;
	switch (kind) {
	case SIM_PRODUCER:
		c = sim_producer_create();
		c->port = SIM_PORT_KAFKA;
		break;
	case SIM_IDEMPOTENT:
		c = sim_idempotent_create();
		c->port = SIM_PORT_KAFKA;
		break;
	case SIM_CONSUMER:
		c = sim_consumer_create(id & 1 ? SIM_TOPIC_FLEETING : SIM_TOPIC_EVENTS);
		c->port = SIM_PORT_KAFKA;
		break;
	case SIM_ASKER:
		c = sim_asker_create(id);
		c->port = SIM_PORT_KAFKA;
		break;
	case SIM_DEVICE:
		c = sim_device_create(id & 1);
		c->port = id & 1 ? SIM_PORT_PLATFORM : SIM_PORT_TERMINAL;
		break;
	case SIM_ROGUE:
		c = sim_rogue_create();
		c->port = SIM_PORT_KAFKA;
		break;
	case SIM_EARLY:
		c = sim_early_create();
		c->port = id & 1 ? SIM_PORT_KAFKA : SIM_PORT_TERMINAL;
		break;
	case SIM_HOARDER:
		c = sim_hoarder_create();
		c->port = id & 1 ? SIM_PORT_KAFKA : SIM_PORT_TERMINAL;
		break;
	case SIM_UNREAD:
		c = sim_unread_create();
		c->port = SIM_PORT_KAFKA;
		break;
	case SIM_SENDER:
	default:
		c = calloc(1, sizeof *c);
		require(c);
		c->port = SIM_PORT_DATAGRAMS;
	}
	c->id = id;
	c->ip = SIM_CLIENT_IP + id;
	if (kind == SIM_HOARDER)
		c->ip = SIM_HOARDER_IP;
	else if (kind == SIM_UNREAD && (id & 1))
		c->ip = SIM_UNREAD_IP;
	bool is_shared = c->ip != SIM_CLIENT_IP + id;
	c->first_port = (uint16_t)(FIRST_PORT + (is_shared ? id : 0));
	c->port_step = is_shared ? HOARDERS_MAX : 1;
	c->next_ns = soon(RECONNECT_NS);
	return c;
}

void sim_client_destroy(struct sim_client *c)
{
	sim_tcp_free(&c->tcp);
	if (c->ops)
		c->ops->destroy(c);
	free(c);
}

bool sim_client_input(struct sim_client *c, const uint8_t *frame, uint32_t size)
{
	if (!c->is_connected || !sim_tcp_input(&c->tcp, frame, size))
		return false;
	c->rests_until_ns = 0;
	return true;
}

static void client_connect(struct sim_client *c)
{
	c->connection++;
	c->refusals++;
	uint16_t port = (uint16_t)(c->first_port + c->connection * c->port_step);
	sim_tcp_open(&c->tcp, c->ip, port, SIM_GATEWAY_IP, c->port);
	c->opened_ns = sim_world()->now_ns;
	c->may_be_closed = false;
	c->is_connected = true;
}

void sim_client_cut(struct sim_client *c)
{
	if (!c->is_connected) {
		c->refusals = 0;
		c->next_ns = min_u64(c->next_ns, soon(RECONNECT_NS));
		return;
	}
	c->ops->lost(c);
	sim_tcp_free(&c->tcp);
	c->is_connected = false;
	c->rests_until_ns = 0;
	c->held = 0;
	c->refusals = 0;
	c->next_ns = soon(RECONNECT_NS);
}

/* Who is not let in asks again after twice as long: a gateway that drains may wait a minute for a
 * FIN that was lost. */
static void connection_over(struct sim_client *c)
{
	uint32_t refusals = c->refusals;
	sim_client_cut(c);
	c->refusals = refusals;
	c->next_ns = soon(RECONNECT_NS << min_u32(refusals, REFUSALS_MAX));
}

static void send_datagram(struct sim_client *c)
{
	uint8_t value[SIM_DATAGRAM_BYTES_MAX];
	/* Each is a connection of its own: nothing is promised about their order. */
	uint32_t seq = history_sent(sim_world()->history, c->id, ++c->connection,
				    SIM_TOPIC_DATAGRAMS, -1);
	size_t size = sim_value(c->id, seq, value);
	sim_udp_send(&(struct sim_datagram){.from = SIM_CLIENT_IP + c->id,
					    .to = SIM_GATEWAY_IP,
					    .from_port = 4000,
					    .to_port = c->port,
					    .id = (uint16_t)c->connection,
					    .bytes = value,
					    .size = size});
	c->next_ns = soon(DATAGRAM_NS);
}

/* An answer that is lost on its way again and again, or that is held for long, comes when nothing
 * has been asked for so long that the connection is closed. */
static void note_silence(struct sim_client *c)
{
	uint64_t now_ns = sim_world()->now_ns, spoke_ns = max_u64(c->opened_ns, c->tcp.wrote_ns);
	if (now_ns - spoke_ns > (SIM_IDLE_MS - 100) * NS_PER_MS)
		c->may_be_closed = true;
}

static void connected_turn(struct sim_client *c)
{
	note_silence(c);
	if (c->tcp.state == SIM_TCP_OPEN || c->tcp.state == SIM_TCP_OPENING) {
		if (c->tcp.state == SIM_TCP_OPEN) {
			c->refusals = 0;
			c->ops->turn(c);
		}
		if (c->tcp.peer_has_ended || (c->is_quitting && c->ops->is_idle(c)))
			sim_tcp_close(&c->tcp);
		sim_tcp_turn(&c->tcp);
	}
	if (c->tcp.state == SIM_TCP_LOST || c->tcp.state == SIM_TCP_ENDED) {
		bool has_reason = !c->ops->asked_ns || c->tcp.is_aborted || c->may_be_closed ||
				  c->is_quitting;
		sim_say("client %u: connection %u %s%s", c->id, c->connection,
			c->tcp.state == SIM_TCP_LOST ? "lost" : "ended",
			has_reason ? "" : " without a reason");
		c->losses += !has_reason;
		connection_over(c);
	}
}

/* Dozens of connections of one kind would take most of a step's time. */
static void note_rest(struct sim_client *c)
{
	if (c->is_connected && !c->is_quitting && c->ops->rests_until_ns &&
	    sim_tcp_is_at_rest(&c->tcp))
		c->rests_until_ns = c->ops->rests_until_ns(c);
}

void sim_client_turn(struct sim_client *c)
{
	if (sim_world()->now_ns < c->rests_until_ns)
		return;
	bool is_due = sim_world()->now_ns >= c->next_ns;
	if (c->is_connected) {
		connected_turn(c);
		note_rest(c);
	} else if (is_due && !c->is_quitting && !c->ops) {
		send_datagram(c);
	} else if (is_due && !c->is_quitting) {
		client_connect(c);
	}
}

uint64_t sim_client_next_ns(const struct sim_client *c)
{
	if (!c->is_connected)
		return c->is_quitting ? UINT64_MAX : c->next_ns;
	uint64_t mine = c->is_quitting && !c->is_reader ? UINT64_MAX : c->next_ns;
	return min_u64(mine, sim_tcp_next_ns(&c->tcp));
}

uint64_t sim_client_waits_since_ns(const struct sim_client *c)
{
	if (!c->is_connected || !c->ops->asked_ns)
		return UINT64_MAX;
	return c->tcp.state == SIM_TCP_OPENING ? c->opened_ns : c->ops->asked_ns(c);
}

uint64_t sim_client_pause_ns(uint64_t mean_ns)
{
	uint64_t most_ns = 2 * mean_ns * sim_world()->load.pause / SIM_PAUSE_USUAL;
	return sim_world()->now_ns + rng_below(&sim_world()->rng, max_u64(most_ns, 1));
}

bool sim_client_gives_up(uint64_t pauses)
{
	uint64_t turns = pauses * SIM_PAUSE_USUAL / sim_world()->load.pause;
	return rng_one_in(&sim_world()->rng, max_u64(turns, 20));
}

bool sim_client_may_ask(struct sim_client *c, uint32_t due, uint32_t records)
{
	struct sim_load *l = &sim_world()->load;
	l->offered += records;
	if (due >= l->due_max || c->tcp.out.size >= l->unsent_max)
		return false;
	c->held += records;
	return true;
}

void sim_client_answered(struct sim_client *c, uint32_t records)
{
	require(c->held >= records);
	c->held -= records;
	sim_world()->load.answered += records;
}

void sim_client_quit(struct sim_client *c)
{
	c->is_quitting = true;
	c->rests_until_ns = 0;
}

bool sim_client_is_done(const struct sim_client *c)
{
	return c->is_quitting && !c->is_connected;
}
