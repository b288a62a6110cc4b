/* nic_dpdk.h - opening a port that DPDK can name; behind nic.h afterwards.
 *
 *     eal_start(... port ...) ─▶ nic_dpdk_open ─▶ struct nic ─▶ poller ... nic_dpdk_close
 *
 * One receive and one transmit queue. Two pools of buffers: what the port receives into, and
 * a reserve only transmit takes from, so that a flood cannot keep us from answering.
 *
 * Core: control opens and closes; between the two the port belongs to one poller.
 */
#ifndef PENSTOCK_NIC_DPDK_H
#define PENSTOCK_NIC_DPDK_H

#include "config/settings_parts.h"
#include "dataplane/net/nic/nic.h"

struct nic_dpdk_options {
	const char *port;        /* PCI address or vdev name, without its arguments */
	struct nic_settings settings; /* the driver may round the descriptors */
	uint32_t tx_buffers; /* frames that may wait for the port to send them */
	bool segmentation;   /* TSO where the port has it; needs offloads */
};

/* Null with *error = -errno; the reason is printed. */
struct nic *nic_dpdk_open(const struct nic_dpdk_options *options, int *error);
void nic_dpdk_close(struct nic *n);

/* One line for the start message: driver, MAC, MTU, link, what the port does for us. */
char *nic_dpdk_describe(const struct nic *n, char *out, size_t size);

#endif
