/* eal.h - DPDK's environment: memory, the port's device, one thread per data core.
 *
 *     eal_start ─▶ port probed, lcores parked ─▶ eal_launch(worker, loop) ... eal_join
 *                                                                        ─▶ eal_stop
 *
 * The main thread floats over every CPU the process may use; workers are pinned. Nothing is
 * left on disk: huge pages are anonymous (--in-memory), and without them ordinary memory does
 * (--no-huge), with a warning. Only this file and the port know what an lcore is.
 *
 * Core: control. Limits: one environment per process, and only once (DPDK's own).
 */
#ifndef PENSTOCK_EAL_H
#define PENSTOCK_EAL_H

#include "config/settings_parts.h"
#include "dataplane/base/base.h"

#include <stdio.h>

enum {
	EAL_PORTS_MAX = 8,
	/* A gateway's cores, and those of a load generator beside them. */
	EAL_WORKERS_MAX = POLLERS_MAX + WRITERS_MAX + EAL_PORTS_MAX,
	EAL_PORT_NAME_BYTES = 64,
};

struct eal_options {
	/* "0000:3b:00.0" or "net_tap0,iface=x": arguments after a comma */
	const char *ports[EAL_PORTS_MAX];
	unsigned port_count; /* none: the caller makes its own */
	enum hugepages_kind hugepages;
	unsigned memory_mib;
	unsigned files_kept; /* descriptors that huge pages leave to the caller */
	uint16_t worker_cpus[EAL_WORKERS_MAX];
	unsigned worker_count;
};

/* What DPDK says at start is kept back: drivers complain of much that does not matter (net_tap
 * without a multi-queue kernel), and that would bury our own line. */
struct eal {
	FILE *log;
	char *text;
	size_t text_bytes;
};

/* 0, or -errno with the reason printed, and what DPDK said. */
int eal_start(struct eal *e, const struct eal_options *options);
/* The port is open, or is not: then what DPDK said is printed. Later lines go to stderr. */
void eal_release_log(struct eal *e, bool is_said);
void eal_stop(struct eal *e);

/* The name nic_dpdk_open() takes: `port` without its arguments. Returns `out`. */
const char *eal_port_name(const char *port, char out[EAL_PORT_NAME_BYTES]);

/* Has a driver made it? */
bool eal_has_port(const char *name);

/* Runs `loop` on the thread of worker `index`; join waits for its end. */
int eal_launch(unsigned index, int (*loop)(void *), void *argument);
void eal_join(unsigned index);

/* The CPUs this process may use, ascending; how many were written. */
unsigned eal_cpus(uint16_t *ret, unsigned max);

#endif
