/* sim_forgery.h - segments and packets that no honest stack sends: by strangers under the name of
 * others' connections, and by a rogue on his own. */
#ifndef PENSTOCK_SIM_FORGERY_H
#define PENSTOCK_SIM_FORGERY_H

#include "tests/sim/sim_tcp.h"

/* Under the name of `t`, which sends `seq` just now, by one who is not on its path: whatever it is,
 * the connection keeps its bytes, its life and its way. */
void sim_stranger_send(const struct sim_tcp *t, uint32_t seq);

/* On the connection itself, by its own client: acknowledgements again and again or of what was
 * never sent, windows that shrink, flags that make no sense, bytes that are others later. */
void sim_rogue_forge(struct sim_tcp *t);

#endif
