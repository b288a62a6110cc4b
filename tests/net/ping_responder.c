/* ping_responder.c - a port and ip.c, nothing above: answers ARP and ping on any DPDK port
 * until SIGTERM, then prints its ledger.
 *
 *     ping_responder PORT ADDRESS/BITS [none]      none: all checksums in software
 *
 * tests/net/ping.sh runs it against the kernel's ping.
 */
#include "control/eal.h"
#include "dataplane/base/clock.h"
#include "dataplane/net/nic/nic_dpdk.h"
#include "dataplane/net/stack/ip.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static atomic_bool stop;

static void on_signal(int number)
{
	atomic_store(&stop, true);
}

static void run(struct nic *nic, struct address address, uint8_t prefix_bits)
{
	static struct stats stats;
	struct ip ip;
	ip_init(&ip, &(struct ip_options){.nic = nic,
					  .stats = &stats,
					  .address = address,
					  .prefix_bits = prefix_bits});
	nic_attach(nic, &stats);
	while (!atomic_load(&stop)) {
		struct pkt_vec packets, segments, datagrams, fragments;
		nic_rx(nic, &packets);
		ip_input(&ip, &packets, &segments, &datagrams, &fragments, clock_now_ns());
		/* Nothing listens. */
		stats_add(&stats, STAT_packet_drop_no_listener,
			  segments.count + datagrams.count + fragments.count);
		nic_release(nic);
		nic_tx_flush(nic);
	}
	for (unsigned i = 0; i < STAT_COUNT; i++)
		if (stats.value[i])
			printf("%s %lu\n", stat_infos[i].name, stats.value[i]);
	printf("in flight %ld\n", ledger_in_flight(&stats, LEDGER_packet));
}

int main(int argc, char **argv)
{
	struct in_addr in;
	unsigned bits;
	char text[16], name[EAL_PORT_NAME_BYTES], line[160];
	if (argc < 3 || sscanf(argv[2], "%15[0-9.]/%u", text, &bits) != 2 ||
	    inet_aton(text, &in) == 0) {
		fprintf(stderr, "usage: ping_responder PORT ADDRESS/BITS [none]\n");
		return 2;
	}
	struct eal eal;
	struct eal_options eal_options = {
		.ports = {argv[1]},
		.port_count = 1,
		.hugepages = HUGEPAGES_NONE,
		.memory_mib = 64,
	};
	struct nic_dpdk_options options = {
		.port = eal_port_name(argv[1], name),
		.settings = {.receive_descriptors = 256, .transmit_descriptors = 256,
			     .offload = argc < 4 ? OFFLOAD_AUTO : OFFLOAD_NONE},
		.tx_buffers = 1024,
		.segmentation = argc < 4,
	};
	int error;
	if (eal_start(&eal, &eal_options) != 0)
		return 1;
	struct nic *nic = nic_dpdk_open(&options, &error);
	eal_release_log(&eal, !nic);
	if (!nic)
		return 1;
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	printf("ready: %s\n", nic_dpdk_describe(nic, line, sizeof line));
	fflush(stdout);
	run(nic, address_of_ip4(ntohl(in.s_addr)), (uint8_t)bits);
	nic_dpdk_close(nic);
	eal_stop(&eal);
	return 0;
}
