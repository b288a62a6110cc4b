/* sim_operator.h - whoever makes, alters and deletes topics while they are in use. */
#ifndef PENSTOCK_SIM_OPERATOR_H
#define PENSTOCK_SIM_OPERATOR_H

#include "control/catalog/registry.h"

struct sim_operator;

/* For one life of the gateway; the caller frees it. */
struct sim_operator *sim_operator_create(struct registry *registry);
/* Now and then asks for something; one thing at a time. */
void sim_operator_turn(struct sim_operator *o);

/* The gateway has started: every topic is there as it was promised, or whole as it was asked
 * for, and none that was deleted. */
void sim_operator_check(const struct registry *registry);

#endif
