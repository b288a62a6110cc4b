/* test_udp.c - UDP packets in, datagrams for listeners out. */
#include "dataplane/net/stack/udp.h"
#include "dataplane/wire/net/udp_header.h"

#include <criterion/criterion.h>

enum { HEADER = sizeof(struct udp_wire) };

static struct stats stats;
static struct udp udp;
static struct datagram_vec datagrams;
static uint8_t bytes[64];

static void setup(void)
{
	memset(&stats, 0, sizeof stats);
	udp_init(&udp, &stats);
	udp_listen(&udp, 5140, 3);
	for (unsigned i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)i;
	*(struct udp_wire *)bytes = (struct udp_wire){.source = be16_of(999),
						      .destination = be16_of(5140),
						      .length = be16_of(20)};
}

TestSuite(udp, .init = setup);

static void deliver(uint32_t size)
{
	struct pkt p = {.data = bytes, .size = size};
	p.from.address.octets[15] = 7;
	struct pkt_vec packets = {.count = 1, .pkts = {&p}};
	udp_input(&udp, &packets, &datagrams);
}

Test(udp, a_datagram_reaches_its_listener_cut_to_its_length)
{
	deliver(30);
	cr_assert(datagrams.count == 1);
	const struct datagram *d = &datagrams.datagrams[0];
	cr_assert(d->bytes.data == bytes + HEADER && d->bytes.size == 20 - HEADER);
	cr_assert(d->listener == 3 && d->from.port == 999);
	cr_assert(d->from.address.octets[15] == 7);
}

Test(udp, an_empty_datagram_is_one)
{
	((struct udp_wire *)bytes)->length = be16_of(HEADER);
	deliver(HEADER);
	cr_assert(datagrams.count == 1 && datagrams.datagrams[0].bytes.size == 0);
}

Test(udp, nonsense_is_counted_by_its_reason)
{
	deliver(HEADER - 1);
	cr_assert(stats.value[STAT_packet_drop_runt] == 1);
	deliver(19);
	cr_assert(stats.value[STAT_packet_drop_udp_header] == 1);
	((struct udp_wire *)bytes)->length = be16_of(HEADER - 1);
	deliver(30);
	cr_assert(stats.value[STAT_packet_drop_udp_header] == 2);
	cr_assert(datagrams.count == 0);
}

Test(udp, a_port_nobody_listens_on_is_counted)
{
	((struct udp_wire *)bytes)->destination = be16_of(5141);
	deliver(20);
	((struct udp_wire *)bytes)->destination = be16_of(0);
	deliver(20);
	cr_assert(datagrams.count == 0 && stats.value[STAT_packet_drop_no_listener] == 2);
}
