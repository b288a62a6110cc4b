/* tcp_quota.c - connections counted by listener and address; see tcp_quota.h. */
#include "dataplane/net/tcp/tcp_quota.h"
#include "dataplane/base/require.h"

enum { IP4_AT = 12 }; /* ::ffff:a.b.c.d */

struct tcp_host {
	struct address address;
	uint32_t connections;
};

/* Without a limit of an address no address is counted, and a connection pays nothing for it. */
static bool hosts_have_limits(const struct tcp_settings *s)
{
	return s->max_connections_per_ip < INT32_MAX || s->address_limits > 0;
}

bool tcp_quota_init(struct tcp *t, uint32_t connections)
{
	if (!hosts_have_limits(&t->options.settings))
		return true;
	return tcp_table_init(&t->host_table, connections) == 0 &&
	       slab_init(&t->hosts, sizeof(struct tcp_host), connections) == 0;
}

void tcp_quota_fini(struct tcp *t)
{
	if (!hosts_have_limits(&t->options.settings))
		return;
	tcp_table_fini(&t->host_table);
	slab_fini(&t->hosts);
}

static uint32_t host_hash(const struct tcp *t, const struct address *address)
{
	return (uint32_t)siphash_table(t->table_key, address, sizeof *address);
}

static uint32_t host_ref(const struct tcp *t, const struct tcp_host *host)
{
	return slab_index(&t->hosts, host) + 1;
}

static struct tcp_host *host_find(const struct tcp *t, const struct address *address)
{
	uint32_t probe = 0, hash = host_hash(t, address);
	for (uint32_t ref; (ref = tcp_table_find(&t->host_table, hash, &probe));) {
		struct tcp_host *host = slab_at(&t->hosts, ref - 1);
		if (memcmp(&host->address, address, sizeof *address) == 0)
			return host;
	}
	return NULL;
}

/* Asked once for a newcomer, of ADDRESS_LIMITS_MAX at most: a walk will do. */
static uint32_t host_limit(const struct tcp_settings *s, const struct address *address)
{
	for (unsigned i = 0; i < s->address_limits; i++) {
		if (s->address_limit[i].ip4 == be32_load(address->octets + IP4_AT))
			return s->address_limit[i].connections;
	}
	return s->max_connections_per_ip;
}

static bool host_is_at_limit(const struct tcp *t, const struct address *from)
{
	if (!hosts_have_limits(&t->options.settings))
		return false;
	const struct tcp_host *host = host_find(t, from);
	return (host ? host->connections : 0) >= host_limit(&t->options.settings, from);
}

/* 0 sets none: who makes settings by hand need not know of it. */
static bool is_at(uint32_t connections, uint32_t limit)
{
	return limit > 0 && connections >= limit;
}

enum tcp_quota tcp_quota_reached(const struct tcp *t, uint8_t listener,
				  const struct address *from)
{
	const struct tcp_settings *s = &t->options.settings;
	if (host_is_at_limit(t, from))
		return TCP_QUOTA_ADDRESS;
	if (is_at(t->conns_live, min_u32(s->connections_max, s->max_connections)))
		return TCP_QUOTA_ALL;
	if (is_at(t->conns_of[listener], t->conns_of_max[listener]))
		return TCP_QUOTA_LISTENER;
	return TCP_QUOTA_NONE;
}

void tcp_quota_take(struct tcp *t, const struct tcp_conn *c)
{
	const struct address *from = &c->stream.peer.address;
	t->conns_live++;
	t->conns_of[c->stream.listener]++;
	if (!hosts_have_limits(&t->options.settings))
		return;
	struct tcp_host *host = host_find(t, from);
	if (!host) {
		host = slab_take(&t->hosts);
		require(host); /* as many as connections */
		host->address = *from;
		tcp_table_insert(&t->host_table, host_hash(t, from), host_ref(t, host));
	}
	host->connections++;
}

/* An address without a connection has no entry, so that there are never more of them than
 * connections. */
void tcp_quota_give(struct tcp *t, const struct tcp_conn *c)
{
	const struct address *from = &c->stream.peer.address;
	t->conns_live--;
	t->conns_of[c->stream.listener]--;
	if (!hosts_have_limits(&t->options.settings))
		return;
	struct tcp_host *host = host_find(t, from);
	require(host && host->connections > 0);
	if (--host->connections > 0)
		return;
	tcp_table_remove(&t->host_table, host_hash(t, from), host_ref(t, host));
	slab_give(&t->hosts, host);
}
