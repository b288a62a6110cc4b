/* ip_rig.h - one frame at a time for ip.c, over a port of two arrays.
 *
 *     build_udp(9) ─▶ f, changed by the test ─▶ deliver ─▶ what went up, nic.sent[], stats
 */
#ifndef PENSTOCK_IP_RIG_H
#define PENSTOCK_IP_RIG_H

#include "dataplane/net/stack/ip.h"
#include "dataplane/wire/net/arp.h"
#include "dataplane/wire/net/eth.h"
#include "dataplane/wire/net/icmp.h"
#include "dataplane/wire/net/ip4.h"
#include "dataplane/wire/net/udp_header.h"
#include "tests/unit/net/nic/fake_nic.h"

enum { OURS = 0x0a000002, PEER = 0x0a000001, BEYOND = 0xc0000209, ETH_PAYLOAD_MIN = 46 };

extern const uint8_t our_mac[6];
extern const uint8_t peer_mac[6];

extern struct nic nic;
extern struct stats stats;
extern struct ip ip;
extern struct pkt_vec segments, datagrams, fragments;
extern uint64_t now_ns;

/* One frame under construction; its parts point into `bytes`. */
struct frame {
	uint8_t bytes[2048];
	uint32_t size;
	struct eth_wire *eth;
	struct ip4_wire *ip;
	uint8_t *l4;
};
extern struct frame f;

void setup(void);
void build_eth(uint16_t type);
void build_ip(uint8_t protocol, uint16_t l4_bytes);
void build_tcp(uint16_t payload_bytes);
void build_udp(uint16_t payload_bytes);
void build_ping(uint16_t payload_bytes);
struct arp_wire *build_arp(void);
void seal_ip(void);
void seal_l4(uint32_t checksum_at, uint32_t l4_bytes);
/* Puts a tag between the frame's addresses and its type. */
void tag_frame(uint16_t control);

/* Delivers the frame with the port's verdict and returns what left ip_input upward. */
struct pkt *deliver_with(enum pkt_checksum ip_verdict, enum pkt_checksum l4_verdict);
struct pkt *deliver(void);
/* A turn without packets; how many frames it sent. */
unsigned turn(void);

#define assert_dropped(counter)                                                          \
	do {                                                                             \
		uint64_t before = stats.value[STAT_##counter];                           \
		cr_assert(deliver() == NULL);                                            \
		cr_assert(stats.value[STAT_##counter] == before + 1, #counter);          \
	} while (0)

#endif
