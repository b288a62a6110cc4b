/* gateway_coordinator.h - a step: the thread beside control. Core: control. */
#ifndef PENSTOCK_GATEWAY_COORDINATOR_H
#define PENSTOCK_GATEWAY_COORDINATOR_H

int coordinator_init(void *gateway);
void coordinator_fini(void *gateway);

#endif
