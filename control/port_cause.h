/* port_cause.h - why DPDK has made no port of what penstock.port names.
 *
 * A driver that fails leaves no port and a line in its own words. What it needs is asked for
 * here in the same way, one thing after the other, and the first that is refused is the cause:
 * said with its mend. Core: control, at start, after the failure.
 */
#ifndef PENSTOCK_PORT_CAUSE_H
#define PENSTOCK_PORT_CAUSE_H

#include <stddef.h>

/* `port` as penstock.port has it. */
void port_cause(const char *port, char *out, size_t size);

#endif
