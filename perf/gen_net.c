/* gen_net.c - an index in, an address out, and back; see gen_net.h. */
#include "perf/gen_net.h"

static uint32_t net_size(const struct gen_net *net)
{
	return net->prefix_bits ? 1u << (32 - net->prefix_bits) : UINT32_MAX;
}

/* The target's place in the net; UINT32_MAX when it lies elsewhere. */
static uint32_t target_place(const struct gen_net *net)
{
	uint32_t place = net->target - net->base;
	return place < net_size(net) ? place : UINT32_MAX;
}

uint32_t gen_net_hosts(const struct gen_net *net)
{
	return net_size(net) - 2 - (target_place(net) != UINT32_MAX);
}

uint32_t gen_net_host(const struct gen_net *net, uint32_t index)
{
	uint32_t place = index + 1;
	return net->base + place + (place >= target_place(net));
}

uint32_t gen_net_index(const struct gen_net *net, uint32_t host)
{
	uint32_t place = host - net->base, target = target_place(net);
	if (place == 0 || place >= net_size(net) - 1 || place == target)
		return UINT32_MAX;
	return place - 1 - (place > target);
}
