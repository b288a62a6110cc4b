/* sim_operator.h - whoever makes, alters and deletes topics while they are in use, and has those
 * partitions served again that have failed. */
#ifndef PENSTOCK_SIM_OPERATOR_H
#define PENSTOCK_SIM_OPERATOR_H

#include "control/catalog/registry.h"

struct sim_operator;

/* For one life of the gateway; the caller frees it. */
struct sim_operator *sim_operator_create(struct registry *registry);
/* Now and then asks for something; one thing at a time. */
void sim_operator_turn(struct sim_operator *o);
/* Asks for nothing more. Of nobody: nothing, like the next. */
void sim_operator_stop(struct sim_operator *o);
/* When its turn asks for something; UINT64_MAX: what it has asked for is not done, or never. */
uint64_t sim_operator_next_ns(const struct sim_operator *o);

/* The gateway has started: every topic is there as it was promised, or whole as it was asked
 * for, and none that was deleted. */
void sim_operator_check(const struct registry *registry);

#endif
