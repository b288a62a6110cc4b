/* sim_pools.h - how much memory a simulated poller has: little in a storm, plenty for a crowd. */
#ifndef PENSTOCK_SIM_POOLS_H
#define PENSTOCK_SIM_POOLS_H

#include "dataplane/poller.h"

void sim_pools_small(struct poller_options *o);
void sim_pools_large(struct poller_options *o);

#endif
