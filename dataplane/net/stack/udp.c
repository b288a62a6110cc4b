/* udp.c - UDP packets in, datagrams for listeners out. */
#include "dataplane/net/stack/udp.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/net/udp_header.h"

enum { NO_LISTENER = LISTENERS_MAX };

/* Places without a listener have port 0, which a datagram may name. */
static unsigned find_listener(const struct udp *u, uint16_t port)
{
	for (unsigned i = 0; i < LISTENERS_MAX; i++)
		if (u->ports[i] == port && port != 0)
			return i;
	return NO_LISTENER;
}

/* What lies behind its length is padding, of a frame that would be too short without. */
static void datagram_input(struct udp *u, struct pkt *p, struct datagram_vec *ret)
{
	const struct udp_wire *header = (const struct udp_wire *)p->data;
	if (p->size < sizeof *header) {
		stats_add(u->stats, STAT_packet_drop_runt, 1);
		return;
	}
	uint32_t length = be16_get(header->length);
	if (length < sizeof *header || length > p->size) {
		stats_add(u->stats, STAT_packet_drop_udp_header, 1);
		return;
	}
	p->from.port = be16_get(header->source);
	p->to.port = be16_get(header->destination);
	unsigned listener = find_listener(u, p->to.port);
	if (listener == NO_LISTENER) {
		stats_add(u->stats, STAT_packet_drop_no_listener, 1);
		return;
	}
	p->size = length;
	pkt_pull(p, sizeof *header);
	ret->datagrams[ret->count++] = (struct datagram){
		.bytes = {p->data, p->size},
		.from = p->from,
		.listener = (uint8_t)listener,
	};
}

void udp_input(struct udp *u, const struct pkt_vec *packets, struct datagram_vec *ret)
{
	ret->count = 0;
	for (unsigned i = 0; i < packets->count; i++)
		datagram_input(u, packets->pkts[i], ret);
}

void udp_init(struct udp *u, struct stats *stats)
{
	*u = (struct udp){.stats = stats};
}

void udp_listen(struct udp *u, uint16_t port, uint8_t listener)
{
	require(port != 0 && listener < LISTENERS_MAX);
	u->listeners += u->ports[listener] == 0;
	u->ports[listener] = port;
}

bool udp_listens(const struct udp *u, uint16_t port)
{
	return find_listener(u, port) != NO_LISTENER;
}
