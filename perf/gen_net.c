/* gen_net.c - an index in, an address out, and back; see gen_net.h. */
#include "perf/gen_net.h"

static uint32_t net_size(const struct gen_net *net)
{
	return 1u << (32 - net->prefix_bits);
}

/* The target's place in the net; UINT32_MAX when it lies elsewhere. */
static uint32_t target_place(const struct gen_net *net)
{
	uint32_t place = net->target - net->base;
	return place < net_size(net) ? place : UINT32_MAX;
}

struct gen_net gen_net_of(uint32_t base, uint8_t prefix_bits, uint32_t target)
{
	struct gen_net net = {
		.base = base & (UINT32_MAX << (32 - prefix_bits)),
		.prefix_bits = prefix_bits,
		.target = target,
	};
	net.hosts = net_size(&net) - 2 - (target_place(&net) != UINT32_MAX);
	return net;
}

/* Shares are of one size or one apart, side by side: each begins where those before it end. */
struct gen_net gen_net_share(const struct gen_net *net, unsigned index, unsigned count)
{
	struct gen_net share = *net;
	share.hosts = gen_share(net->hosts, index, count);
	for (unsigned i = 0; i < index; i++)
		share.first += gen_share(net->hosts, i, count);
	return share;
}

/* The first and the last address of the net are no host's, and the target's is taken. */
uint32_t gen_net_host(const struct gen_net *net, uint32_t index)
{
	uint32_t place = net->first + index + 1;
	return net->base + place + (place >= target_place(net));
}

uint32_t gen_net_index(const struct gen_net *net, uint32_t host)
{
	uint32_t place = host - net->base, target = target_place(net);
	if (place == 0 || place >= net_size(net) - 1 || place == target)
		return UINT32_MAX;
	uint32_t index = place - 1 - (place > target) - net->first;
	return index < net->hosts ? index : UINT32_MAX;
}
