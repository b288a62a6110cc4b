/* port_cause.h - why DPDK has made no port of what penstock.port names.
 *
 * A driver that fails leaves no port and a line in its own words. What it needs is asked for
 * here in the same way, one thing after the other, and the first that is refused is the cause:
 * said with its mend. Core: control, at start.
 */
#ifndef PENSTOCK_PORT_CAUSE_H
#define PENSTOCK_PORT_CAUSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `port` as penstock.port has it. */
void port_cause(const char *port, char *out, size_t size);

/* Asked before the port is opened: what stands in the way of packets of `mtu` bytes (0: of those
 * it has anyway)? A driver that does not know drops them, or cuts them short. False: nothing. */
bool port_mtu_cause(const char *port, uint32_t mtu, char *out, size_t size);

#endif
