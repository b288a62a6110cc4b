/* gateway_boot.h - the table of a gateway's steps; boot.h goes through it. Core: control. */
#ifndef PENSTOCK_GATEWAY_BOOT_H
#define PENSTOCK_GATEWAY_BOOT_H

#include "control/gateway.h"

/* The first GATEWAY_SETTINGS_STEPS only read the settings. */
enum { GATEWAY_SETTINGS_STEPS = 1 };
extern const struct boot_step gateway_steps[];
extern const unsigned gateway_step_count;
/* What the step "DPDK" starts: for a program that has lcores beside the gateway's. */
void gateway_eal_options(const struct gateway *g, struct eal_options *ret);

#endif
