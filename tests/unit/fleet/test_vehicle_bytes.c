/* test_vehicle_bytes.c - what an idle vehicle costs: every table that has a row for it, of a
 * million. Chunks, answers, credit, tcp_extra and session_place are not among these: who is silent
 * holds none. */
#include "dataplane/net/tcp/tcp_conn.h"
#include "dataplane/session/session.h"
#include "tests/unit/net/nic/fake_nic.h"

#include <criterion/criterion.h>

enum { VEHICLES = 1000000 };

/* Of each protocol; its vehicles cost so much, less 8 bytes at most. */
static const size_t bounds[PROTOCOLS] = {[PROTOCOL_GBT32960] = 375, [PROTOCOL_JT808] = 439};

static size_t slab_bytes(const struct slab *s)
{
	return (size_t)s->count * (s->object_size + sizeof *s->generations);
}

static size_t delay_bytes(const struct delay *d)
{
	size_t words = d->names / DELAY_NAMES_PER_WORD + 1;
	return d->entries * sizeof *d->ring + words * sizeof *d->states;
}

static size_t line_bytes(const struct tcp_line *l)
{
	return l->size * sizeof *l->indexes;
}

static size_t connections_bytes(const struct tcp *t)
{
	size_t table = ((size_t)t->table.mask + 1) * sizeof *t->table.slots;
	return slab_bytes(&t->conns) + table + line_bytes(&t->dirty) + line_bytes(&t->output) +
	       delay_bytes(&t->ack_delay) + delay_bytes(&t->rtx_delay);
}

/* A change that needs more finds room elsewhere first; one that needs less lowers the bound. */
Test(vehicle_bytes, an_idle_vehicle_costs_no_more_than_its_bound)
{
	static struct nic nic = {.caps.mtu = 1500};
	static struct ip ip = {.nic = &nic};
	static struct chunk_pool receive;
	cr_assert(chunk_pool_init(&receive, CHUNK_RECEIVE_BYTES, 8192) == 0);
	struct tcp_options o = {.ip = &ip,
				.receive = &receive,
				.settings = {.connections_max = VEHICLES,
					     .half_open_max = 16384,
					     .time_wait_max = 65536,
					     .receive_buffer_bytes = 262144,
					     .rto_min_ms = 200,
					     .max_connections = INT32_MAX,
					     .max_connections_per_ip = INT32_MAX}};
	struct tcp *t = tcp_create(&o, NS_PER_S);
	cr_assert(t);
	for (unsigned p = 0; p < PROTOCOLS; p++) {
		struct slab sessions;
		if (!bounds[p])
			continue;
		cr_assert(slab_init(&sessions, protocols[p]->session_bytes, VEHICLES) == 0);
		size_t all = connections_bytes(t) + slab_bytes(&sessions);
		size_t each = (all + VEHICLES - 1) / VEHICLES;
		cr_assert(each <= bounds[p], "%s: %zu bytes", protocols[p]->name, each);
		cr_assert(each > bounds[p] - 8, "%s: %zu bytes: lower the bound",
			  protocols[p]->name, each);
		slab_fini(&sessions);
	}
	tcp_destroy(t);
	chunk_pool_fini(&receive);
}
