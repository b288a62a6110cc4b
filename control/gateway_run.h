/* gateway_run.h - turns control until a signal, or the loss of all logs, has ended the gateway.
 * Core: control. */
#ifndef PENSTOCK_GATEWAY_RUN_H
#define PENSTOCK_GATEWAY_RUN_H

#include "control/gateway.h"

/* Sets is_clean and has_lost_logs of the gateway. */
void gateway_run(struct gateway *g);
/* Of the state it is in, as the control socket says it. */
const char *gateway_state_name(void *gateway);

#endif
