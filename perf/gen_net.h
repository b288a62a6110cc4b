/* gen_net.h - the addresses the generator speaks from, by number: those of a net without its
 * first and last, and without the target's.
 *
 *     net 10.0.0.0/29, target .2:   index 0 1 2 3 4   host .1 .3 .4 .5 .6
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
};

/* How many sources the net has, and the `index`th. The way back: UINT32_MAX, not ours. */
uint32_t gen_net_hosts(const struct gen_net *net);
uint32_t gen_net_host(const struct gen_net *net, uint32_t index);
uint32_t gen_net_index(const struct gen_net *net, uint32_t host);

#endif
