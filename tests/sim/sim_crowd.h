/* sim_crowd.h - ten thousand connections that all wait for a topic at the same time.
 *
 *     parked    each asks for the Metadata of a topic that nobody makes yet, then for a coordinator
 *     lost      some reset their connection and come back; some are fenced or closed by the
 *               gateway, which is also told of connections there are none of
 *     answered  the topics are made: who is still there is told of his topic, then that there is no
 *               coordinator, and nobody else of anything
 *
 * What is counted comes out exactly: every parked request is answered once or finds its connection
 * gone, every connection that ends without a reason was fenced or closed.
 */
#ifndef PENSTOCK_SIM_CROWD_H
#define PENSTOCK_SIM_CROWD_H

#include "tests/sim/sim_run.h"

struct sim_crowd;

/* The frame, if it is for one of the crowd. */
bool sim_crowd_input(struct sim_crowd *c, const uint8_t *frame, uint32_t size);
void sim_crowd_turn(struct sim_crowd *c);

/* Returns how many lives the gateway had: one. */
unsigned crowd(struct run *r);

#endif
