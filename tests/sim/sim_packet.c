/* sim_packet.c - packets put together and sent; see sim_packet.h. */
#include "tests/sim/sim_packet.h"

static const uint8_t gateway_mac[6] = {2, 0, 0, 0, 0, 1}, stray_mac[6] = {2, 0, 0, 0, 0, 3};

static uint32_t sum_words(uint32_t sum, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	if (n & 1)
		sum += (uint32_t)p[n - 1] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static size_t header_bytes(const uint8_t *ip)
{
	return (size_t)(ip[0] & 15) * 4;
}

uint16_t sim_ip_checksum(const uint8_t *ip)
{
	return fold(sum_words(0, ip, header_bytes(ip)));
}

uint16_t sim_l4_checksum(const uint8_t *ip, size_t l4_bytes)
{
	uint32_t sum = sum_words(0, ip + 12, 8) + ip[9] + (uint32_t)l4_bytes;
	return fold(sum_words(sum, ip + header_bytes(ip), l4_bytes));
}

void sim_packet_headers(uint8_t *frame, uint32_t from, uint32_t to, uint8_t protocol,
			uint32_t fragment, size_t l4_bytes)
{
	uint8_t *ip = frame + ETH_BYTES;
	memcpy(frame, gateway_mac, 6);
	memcpy(frame + 6, sim_router_mac, 6);
	be16_store(frame + 12, 0x0800);
	memset(ip, 0, IP_BYTES);
	ip[0] = 0x45;
	be16_store(ip + 2, (uint16_t)(IP_BYTES + l4_bytes));
	be32_store(ip + 4, fragment);
	ip[8] = 64;
	ip[9] = protocol;
	be32_store(ip + 12, from);
	be32_store(ip + 16, to);
	be16_store(ip + 10, sim_ip_checksum(ip));
}

static uint16_t icmp_checksum(const uint8_t *ip, size_t l4_bytes)
{
	return fold(sum_words(0, ip + IP_BYTES, l4_bytes));
}

static void put_sum(uint8_t *ip, const struct sim_packet *p)
{
	static const uint8_t places[256] = {[PROTOCOL_NUMBER_ICMP] = 2,
					    [PROTOCOL_NUMBER_TCP] = 16,
					    [PROTOCOL_NUMBER_UDP] = 6};
	uint8_t *field = ip + IP_BYTES + places[p->protocol];
	be16_store(field, 0);
	be16_store(field, p->protocol == PROTOCOL_NUMBER_ICMP ? icmp_checksum(ip, p->l4_bytes)
							      : sim_l4_checksum(ip, p->l4_bytes));
}

/* One hop, which was passed already: we are the last. */
static void insert_route(uint8_t *ip, const struct sim_packet *p)
{
	enum { BYTES = 7, BEHIND_IT = 8, END = 0 };
	uint8_t *option = ip + IP_BYTES;
	memmove(option + SIM_ROUTE_BYTES, option, p->l4_bytes);
	memcpy(option, (uint8_t[]){p->route, BYTES, BEHIND_IT, 10, 0, 9, 9, END},
	       SIM_ROUTE_BYTES);
	ip[0] += SIM_ROUTE_BYTES / 4;
	be16_store(ip + 2, (uint16_t)(IP_BYTES + SIM_ROUTE_BYTES + p->l4_bytes));
	be16_store(ip + 10, 0);
	be16_store(ip + 10, sim_ip_checksum(ip));
}

void sim_packet_send(uint8_t *frame, const struct sim_packet *p)
{
	uint8_t *ip = frame + ETH_BYTES;
	sim_packet_headers(frame, p->from, p->to, p->protocol, 0, p->l4_bytes);
	put_sum(ip, p);
	if (p->route)
		insert_route(ip, p);
	if (p->is_astray)
		memcpy(frame + 6, stray_mac, 6);
	size_t size = SIM_L4_AT + p->l4_bytes + (p->route ? SIM_ROUTE_BYTES : 0);
	sim_net_send(sim_world()->net, frame, (uint32_t)size);
}
