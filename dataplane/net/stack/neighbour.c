/* neighbour.c - ARP packets and time in, answers and questions out; see neighbour.h. */
#include "dataplane/net/stack/neighbour.h"
#include "dataplane/base/clock.h"
#include "dataplane/wire/net/arp.h"

enum {
	HEARD_MS = 1000, /* a router that was heard, or is looked for, is asked again */
	ASKED_MS = 500,  /* one that was asked, and should have answered, is asked again */
	/* So many questions without an answer, and he is not there. */
	UNANSWERED_MAX = 3,
};

/* Sends `arp` with us as its sender; false without a buffer. */
static bool arp_send(struct ip *ip, const struct way *way, struct arp_wire *arp)
{
	uint32_t size = eth_bytes(way) + (uint32_t)sizeof *arp;
	uint8_t *frame = nic_tx_take(ip->nic, size);
	if (!frame)
		return false;
	memcpy(arp->sender_hardware, nic_caps(ip->nic)->mac.octets, sizeof arp->sender_hardware);
	arp->sender_protocol = be32_of(address_to_ip4(&ip->address));
	memcpy(eth_fill(ip, way, ETHERTYPE_ARP, frame), arp, sizeof *arp);
	nic_tx_push(ip->nic, size, &(struct nic_offload){0});
	return true;
}

static enum stat_id arp_answer(struct ip *ip, const struct pkt *p, const struct arp_wire *ask)
{
	struct way back = p->way;
	memcpy(back.mac.octets, ask->sender_hardware, sizeof back.mac.octets);
	struct arp_wire reply = *ask;
	reply.op = be16_of(ARP_OP_REPLY);
	memcpy(reply.target_hardware, ask->sender_hardware, sizeof reply.target_hardware);
	reply.target_protocol = ask->sender_protocol;
	return arp_send(ip, &back, &reply) ? STAT_packets_answered : STAT_packet_drop_answer;
}

/* The answer to a question that is open; while the router is known, only his own. Whoever says
 * unasked that he is the router now would have what is for everybody beyond the link. */
static bool router_answers(const struct ip *ip, const struct arp_wire *arp)
{
	const struct router *r = &ip->router;
	const uint8_t *ours = nic_caps(ip->nic)->mac.octets;
	bool is_his = !r->is_known ||
		      memcmp(arp->sender_hardware, r->way.mac.octets, sizeof r->way.mac) == 0;
	return be16_get(arp->op) == ARP_OP_REPLY && r->unanswered > 0 && is_his &&
	       be32_get(arp->sender_protocol) == r->ip4 &&
	       be32_get(arp->target_protocol) == address_to_ip4(&ip->address) &&
	       memcmp(arp->target_hardware, ours, sizeof arp->target_hardware) == 0;
}

static void router_heard(struct ip *ip, const struct pkt *p, const struct arp_wire *arp,
			 uint64_t now_ns)
{
	struct router *r = &ip->router;
	memcpy(r->way.mac.octets, arp->sender_hardware, sizeof r->way.mac.octets);
	r->way.is_tagged = p->way.is_tagged;
	r->is_known = true;
	r->unanswered = 0;
	r->ask_ns = now_ns + HEARD_MS * NS_PER_MS;
}

/* A sender with our own address is a conflict, not a question. */
enum stat_id arp_input(struct ip *ip, const struct pkt *p, uint64_t now_ns)
{
	if (p->size < sizeof(struct arp_wire))
		return STAT_packet_drop_runt;
	const struct arp_wire *arp = (const struct arp_wire *)p->data;
	uint32_t ours = address_to_ip4(&ip->address);
	if (!arp_is_ip4(arp) || be32_get(arp->sender_protocol) == ours ||
	    eth_is_group(arp->sender_hardware))
		return STAT_packet_drop_arp;
	if (arp_is_request(arp) && be32_get(arp->target_protocol) == ours)
		return arp_answer(ip, p, arp);
	if (!ip->router.ip4 || !router_answers(ip, arp))
		return STAT_packet_drop_arp;
	router_heard(ip, p, arp, now_ns);
	return STAT_packets_consumed;
}

/* Nobody knows where he is, or he no longer answers there: everybody is asked. */
static struct way router_asked_at(const struct ip *ip)
{
	struct way everybody = {.is_tagged = ip->vlan != 0};
	memset(everybody.mac.octets, 0xff, sizeof everybody.mac.octets);
	return ip->router.is_known ? ip->router.way : everybody;
}

void arp_ask_router(struct ip *ip, uint64_t now_ns)
{
	struct router *r = &ip->router;
	struct arp_wire ask = {
		.hardware = be16_of(ARP_HARDWARE_ETHERNET),
		.protocol = be16_of(ARP_PROTOCOL_IP4),
		.hardware_bytes = 6,
		.protocol_bytes = 4,
		.op = be16_of(ARP_OP_REQUEST),
		.target_protocol = be32_of(r->ip4),
	};
	if (r->unanswered >= UNANSWERED_MAX && r->is_known) {
		r->is_known = false;
		stats_add(ip->stats, STAT_router_losses, 1);
	}
	struct way way = router_asked_at(ip);
	arp_send(ip, &way, &ask);
	r->unanswered += r->unanswered < UNANSWERED_MAX;
	r->ask_ns = now_ns + (r->is_known ? ASKED_MS : HEARD_MS) * NS_PER_MS;
}
