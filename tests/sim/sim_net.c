/* sim_net.c - a wire with faults, and the simulated port; see sim_net.h. */
#include "tests/sim/sim_net.h"
#include "dataplane/base/be.h"
#include "dataplane/base/require.h"

/* To the gateway each frame has the lane of the widest port's queue it is steered to; a
 * narrower port has several lanes to a queue. */
enum { TO_CLIENTS, TO_GATEWAY, LANES = TO_GATEWAY + SIM_NIC_QUEUES_MAX };
enum {
	NIC_BUFFERS = PACKETS_PER_TURN,
	LATE_FACTOR = 20,
	ETH_BYTES = 14,
	GROUP = 1, /* in the first octet of a MAC address */
	TAG_AT = 12, /* in front of the type */
	TAG_BYTES = 4,
	IP_SOURCE_AT = 26,
	IP_DESTINATION_AT = 30,
	TYPE_IP4 = 0x0800,
	TYPE_ARP = 0x0806,
	ARP_BYTES = 28,
	ARP_OP_AT = 6, /* 1: a question, 2: an answer */
	ARP_SENDER_AT = 8, /* MAC, then IP address */
	ARP_TARGET_AT = 18, /* likewise */
	MAC_BYTES = 6,
	TYPE_VLAN = 0x8100,
	URGENT = 5 << 13,
	PORTS_BYTES = 4,
	PROTOCOL_NUMBER_ICMP = 1,
	PROTOCOL_NUMBER_TCP = 6,
	IP_BYTES = 20,
	QUOTED_BYTES = IP_BYTES + 8, /* of a packet for which there is no room */
	ICMP_BYTES = 8,
	PATHS_PER_NARROW = 3,
	PROTOCOL_NUMBER_UDP = 17,
};

enum { ROUTERS = 2 };
static const uint8_t router_macs[ROUTERS][MAC_BYTES] = {{2, 0, 0, 0, 0, 2}, {2, 0, 0, 0, 0, 4}};
const uint8_t sim_router_mac[MAC_BYTES] = {2, 0, 0, 0, 0, 2};

struct wire_frame {
	struct wire_frame *next;
	uint64_t due_ns;
	uint32_t size;
	uint8_t bytes[];
};

struct sim_net {
	struct sim_net_faults faults;
	unsigned router;          /* at work, of router_macs */
	uint64_t fails_over_ns;   /* when; UINT64_MAX: not any more */
	struct wire_frame *lanes[LANES]; /* by due_ns */
};

struct nic {
	struct sim_net *net;
	unsigned queue, queues;
	struct nic_caps caps;
	struct stats *stats;
	struct pkt pkts[NIC_BUFFERS];
	struct wire_frame *frames[NIC_BUFFERS];
	unsigned held;
	uint8_t tx[SIM_FRAME_BYTES_MAX + TAG_BYTES];
	uint32_t tx_taken; /* bytes; 0: none */
};

struct sim_net *sim_net_create(const struct sim_net_faults *faults)
{
	struct sim_net *n = calloc(1, sizeof *n);
	require(n);
	sim_net_set_faults(n, faults);
	return n;
}

void sim_net_destroy(struct sim_net *n)
{
	for (unsigned l = 0; l < LANES; l++)
		for (struct wire_frame *f = n->lanes[l]; f;) {
			struct wire_frame *next = f->next;
			free(f);
			f = next;
		}
	free(n);
}

void sim_net_set_faults(struct sim_net *n, const struct sim_net_faults *faults)
{
	n->faults = *faults;
	n->fails_over_ns = faults->failover_ns ? sim_world()->now_ns + faults->failover_ns
					       : UINT64_MAX;
}

/* The MAC address of the router that is at work now. */
static const uint8_t *router_mac(struct sim_net *n)
{
	if (sim_world()->now_ns >= n->fails_over_ns) {
		n->fails_over_ns = UINT64_MAX;
		n->router = (n->router + 1) % ROUTERS;
		sim_say("the router fails over");
	}
	return router_macs[n->router];
}

static unsigned steer(const uint8_t *frame, uint32_t size)
{
	const uint8_t *ip = frame + ETH_BYTES;
	uint32_t header_bytes = size > ETH_BYTES ? (uint32_t)(ip[0] & 15) * 4 : 0;
	if (header_bytes < 20 || size < ETH_BYTES + header_bytes ||
	    be16_load(frame + TAG_AT) != TYPE_IP4 ||
	    (ip[9] != PROTOCOL_NUMBER_TCP && ip[9] != PROTOCOL_NUMBER_UDP))
		return TO_GATEWAY;
	bool is_fragment = be16_load(ip + 6) & 0x3fff;
	if (!is_fragment && size < ETH_BYTES + header_bytes + PORTS_BYTES)
		return TO_GATEWAY;
	struct rng hash = {be64_load(ip + 12)};
	hash.state = rng_next(&hash) ^ (is_fragment ? 0 : be32_load(ip + header_bytes));
	return TO_GATEWAY + (unsigned)rng_below(&hash, SIM_NIC_QUEUES_MAX);
}

enum tagging { UNTAGGED, TAGGED_BY_PRIORITY, TAGGED, TAGGINGS };

/* How the frames of the client are that an IPv4 frame names at `address_at`; others have no tag.
 * Behind a router that the gateway is told of all are like his. */
static enum tagging tagging_of(const uint8_t *frame, uint32_t size, uint32_t address_at)
{
	if (sim_world()->has_router && size >= ETH_BYTES)
		return TAGGED;
	if (size < ETH_BYTES + 20 || be16_load(frame + TAG_AT) != TYPE_IP4)
		return UNTAGGED;
	return be32_load(frame + address_at) % TAGGINGS;
}

/* What router and switch make of a client's frame. */
static void switch_in(struct sim_net *n, struct wire_frame *f)
{
	if (memcmp(f->bytes + MAC_BYTES, sim_router_mac, MAC_BYTES) == 0)
		memcpy(f->bytes + MAC_BYTES, router_mac(n), MAC_BYTES);
	enum tagging tagging = tagging_of(f->bytes, f->size, IP_SOURCE_AT);
	if (tagging == UNTAGGED)
		return;
	memmove(f->bytes + TAG_AT + TAG_BYTES, f->bytes + TAG_AT, f->size - TAG_AT);
	be16_store(f->bytes + TAG_AT, TYPE_VLAN);
	be16_store(f->bytes + TAG_AT + 2, URGENT | (tagging == TAGGED ? SIM_VLAN : 0));
	f->size += TAG_BYTES;
}

/* Takes the tag off a frame for a client; false when it is none for this client. */
static bool switch_out(struct sim_net *n, uint8_t *frame, uint32_t *size)
{
	if (!(frame[0] & GROUP) && memcmp(frame, router_mac(n), MAC_BYTES) != 0)
		return false;
	bool is_tagged = be16_load(frame + TAG_AT) == TYPE_VLAN;
	bool is_ours = is_tagged && be16_load(frame + TAG_AT + 2) == SIM_VLAN;
	if (is_tagged) {
		*size -= TAG_BYTES;
		memmove(frame + TAG_AT, frame + TAG_AT + TAG_BYTES, *size - TAG_AT);
	}
	bool is_right = tagging_of(frame, *size, IP_DESTINATION_AT) == TAGGED;
	return is_tagged == is_right && is_ours == is_right;
}

static void lane_put(struct sim_net *n, unsigned lane, const uint8_t *bytes, uint32_t size)
{
	struct rng *rng = &sim_world()->rng;
	struct wire_frame *f = malloc(sizeof *f + size + TAG_BYTES);
	require(f);
	memcpy(f->bytes, bytes, size);
	f->size = size;
	if (lane != TO_CLIENTS)
		switch_in(n, f);
	uint64_t jitter = n->faults.jitter_ns;
	if (rng_one_in(rng, n->faults.late))
		jitter *= LATE_FACTOR;
	f->due_ns = sim_world()->now_ns + n->faults.delay_ns + rng_below(rng, jitter + 1);
	if (rng_one_in(rng, n->faults.corrupt))
		f->bytes[rng_below(rng, f->size)] ^= (uint8_t)(1 + rng_below(rng, 255));
	struct wire_frame **at = &n->lanes[lane];
	while (*at && (*at)->due_ns <= f->due_ns)
		at = &(*at)->next;
	f->next = *at;
	*at = f;
}

static void wire_put(struct sim_net *n, bool to_gateway, const uint8_t *bytes, uint32_t size)
{
	lane_put(n, to_gateway ? steer(bytes, size) : TO_CLIENTS, bytes, size);
}

static uint16_t sum_of(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < n; i += 2)
		sum += be16_load(p + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* RFC 1191, by the router that had no room for the packet at `ip` in `frame`. */
static void router_says(struct sim_net *n, const uint8_t *frame, const uint8_t *ip)
{
	uint8_t say[ETH_BYTES + IP_BYTES + ICMP_BYTES + QUOTED_BYTES] = {0};
	uint8_t *header = say + ETH_BYTES, *icmp = header + IP_BYTES;
	memcpy(say, frame + 6, 6);
	memcpy(say + 6, frame, 6);
	be16_store(say + TAG_AT, TYPE_IP4);
	header[0] = 0x45;
	be16_store(header + 2, sizeof say - ETH_BYTES);
	header[8] = 64;
	header[9] = PROTOCOL_NUMBER_ICMP;
	memcpy(header + 12, ip + 16, 4);
	memcpy(header + 16, ip + 12, 4);
	be16_store(header + 10, sum_of(header, IP_BYTES));
	icmp[0] = 3;
	icmp[1] = 4;
	be16_store(icmp + 6, (uint16_t)n->faults.path_mtu);
	memcpy(icmp + ICMP_BYTES, ip, QUOTED_BYTES);
	be16_store(icmp + 2, sum_of(icmp, ICMP_BYTES + QUOTED_BYTES));
	wire_put(n, true, say, sizeof say);
}

/* RFC 826: whether this is a question for the router's address; he answers it. Every queue has the
 * answer: a port that has several must see to that, for each poller asks for itself. */
static bool router_is_asked(struct sim_net *n, const uint8_t *frame)
{
	bool is_tagged = be16_load(frame + TAG_AT) == TYPE_VLAN;
	const uint8_t *ask = frame + ETH_BYTES + (is_tagged ? TAG_BYTES : 0);
	const uint8_t *mac = router_mac(n);
	if (be16_load(ask - 2) != TYPE_ARP || be16_load(ask + ARP_OP_AT) != 1 ||
	    be32_load(ask + ARP_TARGET_AT + MAC_BYTES) != SIM_ROUTER_IP)
		return false;
	if (!(frame[0] & GROUP) && memcmp(frame, mac, MAC_BYTES) != 0)
		return true; /* the other one does not hear it */
	uint8_t say[ETH_BYTES + ARP_BYTES];
	memcpy(say, frame + MAC_BYTES, MAC_BYTES);
	memcpy(say + MAC_BYTES, sim_router_mac, MAC_BYTES);
	be16_store(say + TAG_AT, TYPE_ARP);
	uint8_t *arp = say + ETH_BYTES;
	memcpy(arp, ask, ARP_BYTES);
	be16_store(arp + ARP_OP_AT, 2);
	memcpy(arp + ARP_TARGET_AT, ask + ARP_SENDER_AT, MAC_BYTES + 4);
	memcpy(arp + ARP_SENDER_AT, mac, MAC_BYTES);
	be32_store(arp + ARP_SENDER_AT + MAC_BYTES, SIM_ROUTER_IP);
	for (unsigned lane = TO_GATEWAY; lane < LANES; lane++)
		lane_put(n, lane, say, sizeof say);
	return true;
}

/* Whether a frame from the gateway fits the path to its client. */
static bool path_holds(struct sim_net *n, const uint8_t *frame)
{
	bool is_tagged = be16_load(frame + TAG_AT) == TYPE_VLAN;
	const uint8_t *ip = frame + ETH_BYTES + (is_tagged ? TAG_BYTES : 0);
	bool is_ip = be16_load(ip - 2) == TYPE_IP4;
	if (!n->faults.path_mtu || !is_ip || be16_load(ip + 2) <= n->faults.path_mtu ||
	    be32_load(ip + 16) % PATHS_PER_NARROW != 0)
		return true;
	if (n->faults.path_is_told)
		router_says(n, frame, ip);
	return false;
}

static void wire_send(struct sim_net *n, bool to_gateway, const uint8_t *bytes, uint32_t size)
{
	struct rng *rng = &sim_world()->rng;
	if (rng_one_in(rng, n->faults.lose))
		return;
	if (!to_gateway && (router_is_asked(n, bytes) || !path_holds(n, bytes)))
		return;
	wire_put(n, to_gateway, bytes, size);
	if (rng_one_in(rng, n->faults.twice))
		wire_put(n, to_gateway, bytes, size);
}

static struct wire_frame *wire_take(struct sim_net *n, unsigned lane)
{
	struct wire_frame *f = n->lanes[lane];
	if (!f || f->due_ns > sim_world()->now_ns)
		return NULL;
	n->lanes[lane] = f->next;
	return f;
}

void sim_net_send(struct sim_net *n, const uint8_t *frame, uint32_t size)
{
	wire_send(n, true, frame, size);
}

bool sim_net_has_stranger(struct sim_net *n)
{
	return rng_one_in(&sim_world()->rng, n->faults.forge);
}

uint32_t sim_net_receive(struct sim_net *n, uint8_t *ret)
{
	for (struct wire_frame *f; (f = wire_take(n, TO_CLIENTS));) {
		uint32_t size = f->size;
		bool is_right = switch_out(n, f->bytes, &size);
		if (is_right)
			memcpy(ret, f->bytes, size);
		free(f);
		if (is_right)
			return size;
	}
	return 0;
}

uint64_t sim_net_next_ns(const struct sim_net *n)
{
	uint64_t next = UINT64_MAX;
	for (unsigned l = 0; l < LANES; l++)
		if (n->lanes[l])
			next = min_u64(next, n->lanes[l]->due_ns);
	return next;
}

struct nic *sim_nic_create(struct sim_net *n, unsigned queue, unsigned queues)
{
	struct nic *nic = calloc(1, sizeof *nic);
	require(nic && queue < queues && queues <= SIM_NIC_QUEUES_MAX);
	nic->net = n;
	nic->queue = queue;
	nic->queues = queues;
	nic->caps.mac = (struct mac){{2, 0, 0, 0, 0, 1}};
	nic->caps.mtu = 1500;
	nic->caps.tx_segment_bytes = 1460;
	return nic;
}

void sim_nic_destroy(struct nic *nic)
{
	nic_release(nic);
	free(nic);
}

void nic_attach(struct nic *n, struct stats *stats)
{
	n->stats = stats;
}

const struct nic_caps *nic_caps(const struct nic *n)
{
	return &n->caps;
}

/* The next frame of the queue, from the lane where it is due first. */
static struct wire_frame *queue_take(struct nic *n)
{
	unsigned first = TO_GATEWAY + n->queue;
	for (unsigned l = first; l < LANES; l += n->queues) {
		const struct wire_frame *f = n->net->lanes[l], *best = n->net->lanes[first];
		if (f && (!best || f->due_ns < best->due_ns))
			first = l;
	}
	return wire_take(n->net, first);
}

void nic_rx(struct nic *n, struct pkt_vec *ret)
{
	ret->count = 0;
	while (n->held < NIC_BUFFERS) {
		struct wire_frame *f = queue_take(n);
		if (!f)
			break;
		n->frames[n->held] = f;
		n->pkts[n->held] = (struct pkt){.data = f->bytes, .size = f->size};
		pkt_vec_push(ret, &n->pkts[n->held++]);
		stats_add(n->stats, STAT_packets_received, 1);
		stats_add(n->stats, STAT_bytes_received, f->size);
	}
}

void nic_release(struct nic *n)
{
	for (unsigned i = 0; i < n->held; i++) {
		/* Whoever kept a packet beyond the turn reads this. */
		memset(n->frames[i]->bytes, 0xdd, n->frames[i]->size);
		free(n->frames[i]);
	}
	n->held = 0;
}

uint8_t *nic_tx_take(struct nic *n, uint32_t size)
{
	require(!n->tx_taken && size > 0 && size <= sizeof n->tx);
	if (rng_one_in(&sim_world()->rng, 200))
		return NULL; /* out of buffers for a moment */
	n->tx_taken = size;
	memset(n->tx, 0xee, size);
	return n->tx;
}

void nic_tx_push(struct nic *n, uint32_t size, const struct nic_offload *offload)
{
	require(size <= n->tx_taken && !offload->ip_checksum && !offload->l4_checksum);
	n->tx_taken = 0;
	stats_add(n->stats, STAT_packets_sent, 1);
	stats_add(n->stats, STAT_bytes_sent, size);
	wire_send(n->net, false, n->tx, size);
}

void nic_tx_flush(struct nic *n)
{
}

bool nic_has_unsent(const struct nic *n)
{
	return false;
}

uint64_t nic_cycles(const struct nic *n)
{
	return 0;
}

int nic_wait_fd(const struct nic *n)
{
	return -1;
}

void nic_count_losses(struct nic *n, struct stats *stats)
{
}
