/* gen_net.h - the addresses the generator speaks from, by number: those of a net without its
 * first and last, and without the target's; or a share of them.
 *
 *     net 10.0.0.0/29, target .2:   index 0 1 2 3 4   host .1 .3 .4 .5 .6
 *     the second of two shares:     index 0 1         host .5 .6
 *
 * All in host order. Core: any; no state.
 */
#ifndef PENSTOCK_GEN_NET_H
#define PENSTOCK_GEN_NET_H

#include "dataplane/base/base.h"

struct gen_net {
	uint32_t base;
	uint8_t prefix_bits;
	uint32_t target;
	uint32_t first; /* of the net's sources */
	uint32_t hosts; /* how many are ours */
};

/* All sources of a net; `base` may be any address of it. */
struct gen_net gen_net_of(uint32_t base, uint8_t prefix_bits, uint32_t target);
/* Share `index` of `count` of them. */
struct gen_net gen_net_share(const struct gen_net *net, unsigned index, unsigned count);

/* The `index`th source. The way back: UINT32_MAX, not ours. */
uint32_t gen_net_host(const struct gen_net *net, uint32_t index);
uint32_t gen_net_index(const struct gen_net *net, uint32_t host);

/* How much of `total` falls to share `index` of `count`; shares differ by one at most. */
static inline uint32_t gen_share(uint32_t total, unsigned index, unsigned count)
{
	return total / count + (index < total % count);
}

#endif
