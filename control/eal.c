/* eal.c - settings in, a running DPDK environment out; see eal.h. */
#include "control/eal.h"
#include "control/eal_memory.h"
#include "dataplane/base/require.h"

#include <errno.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	ARGUMENTS_MAX = 20,
	ARGUMENT_BYTES = 512,
	LCORES_BYTES = 8192, /* a list of CPU_SETSIZE numbers */
	MAIN_LCORE = 0,      /* worker i is lcore i + 1 */
};

struct arguments {
	int count;
	char *values[ARGUMENTS_MAX + 1];
	char texts[ARGUMENTS_MAX][ARGUMENT_BYTES];
	char lcores[LCORES_BYTES];
};

__attribute__((format(printf, 2, 3))) static void push(struct arguments *a,
						       const char *format, ...)
{
	require(a->count < ARGUMENTS_MAX);
	char *text = a->texts[a->count];
	va_list list;
	va_start(list, format);
	vsnprintf(text, ARGUMENT_BYTES, format, list);
	va_end(list);
	a->values[a->count++] = text;
}

/* ---- what the machine has ---------------------------------------------------------- */

/* Those of this process: taskset, a service's CPUAffinity= or a container may leave it fewer
 * than the machine has. */
unsigned eal_cpus(uint16_t *ret, unsigned max)
{
	cpu_set_t set;
	unsigned count = 0;
	if (sched_getaffinity(0, sizeof set, &set) != 0)
		return 0;
	for (unsigned cpu = 0; cpu < CPU_SETSIZE && count < max; cpu++)
		if (CPU_ISSET(cpu, &set))
			ret[count++] = (uint16_t)cpu;
	return count;
}

/* ---- the arguments ----------------------------------------------------------------- */

/* "domain:bus:device.function"; virtual devices have no colon before their arguments. */
static bool port_is_pci(const char *port)
{
	return strcspn(port, ":") < strcspn(port, ",");
}

const char *eal_port_name(const char *port, char out[EAL_PORT_NAME_BYTES])
{
	snprintf(out, EAL_PORT_NAME_BYTES, "%.*s", (int)strcspn(port, ","), port);
	return out;
}

/* "0@(0,1),1@0,2@1": the main lcore on every CPU, each worker on its own. */
static void push_lcores(struct arguments *a, const struct eal_options *o)
{
	uint16_t cpus[CPU_SETSIZE];
	unsigned count = eal_cpus(cpus, CPU_SETSIZE);
	int at = snprintf(a->lcores, LCORES_BYTES, "--lcores=%d@(", MAIN_LCORE);
	for (unsigned i = 0; i < count; i++)
		at += snprintf(a->lcores + at, (size_t)(LCORES_BYTES - at), "%s%u",
			       i ? "," : "", cpus[i]);
	at += snprintf(a->lcores + at, (size_t)(LCORES_BYTES - at), ")");
	for (unsigned i = 0; i < o->worker_count; i++)
		at += snprintf(a->lcores + at, (size_t)(LCORES_BYTES - at), ",%u@%u",
			       i + 1, o->worker_cpus[i]);
	a->values[a->count++] = a->lcores;
}

/* EAL takes --in-memory only with huge pages; without them --no-shconf leaves no files. */
static int push_memory(struct arguments *a, const struct eal_options *o)
{
	char reason[ARGUMENT_BYTES];
	push(a, "-m");
	push(a, "%u", o->memory_mib);
	if (o->hugepages != HUGEPAGES_NONE &&
	    eal_huge_pages_try(o->memory_mib, o->files_kept, reason, sizeof reason)) {
		push(a, "--in-memory");
		return 0;
	}
	if (o->hugepages == HUGEPAGES_REQUIRE) {
		fprintf(stderr, "penstockd: penstock.hugepages=require, but %s\n", reason);
		return -ENOMEM;
	}
	if (o->hugepages == HUGEPAGES_AUTO)
		fprintf(stderr,
			"penstockd: warning: packet buffers lie on ordinary pages, the port is "
			"slower: %s\n",
			reason);
	push(a, "--no-huge");
	push(a, "--no-shconf");
	return 0;
}

/* DPDK left alone takes every card that is bound to a driver of its own: a gateway on a virtual
 * device says that it wants none. */
static void push_ports(struct arguments *a, const struct eal_options *o)
{
	bool has_pci = false;
	for (unsigned i = 0; i < o->port_count; i++) {
		bool is_pci = port_is_pci(o->ports[i]);
		push(a, is_pci ? "--allow=%s" : "--vdev=%s", o->ports[i]);
		has_pci |= is_pci;
	}
	if (!has_pci)
		push(a, "--no-pci");
}

/* Asked before DPDK is, which would name an lcore and not the setting. */
static int check_workers(const struct eal_options *o)
{
	uint16_t cpus[CPU_SETSIZE];
	unsigned count = eal_cpus(cpus, CPU_SETSIZE);
	for (unsigned i = 0; i < o->worker_count; i++) {
		bool is_ours = false;
		for (unsigned k = 0; k < count; k++)
			is_ours |= cpus[k] == o->worker_cpus[i];
		if (is_ours)
			continue;
		fprintf(stderr,
			"penstockd: penstock.cores: CPU %u is not among the %u this "
			"process may use\n",
			o->worker_cpus[i], count);
		return -EINVAL;
	}
	return 0;
}

/* ---- start and stop ---------------------------------------------------------------- */

void eal_release_log(struct eal *e, bool is_said)
{
	rte_openlog_stream(stderr);
	fflush(e->log);
	if (is_said)
		fwrite(e->text, 1, e->text_bytes, stderr);
}

static int fail(struct eal *e, struct arguments *a, int error)
{
	fclose(e->log);
	free(e->text);
	free(a);
	return error;
}

/* Until the port is open, what DPDK says is kept, and shown only when something has failed. */
int eal_start(struct eal *e, const struct eal_options *options)
{
	require(options->worker_count <= EAL_WORKERS_MAX &&
		options->port_count <= EAL_PORTS_MAX);
	int error = check_workers(options);
	if (error)
		return error;
	*e = (struct eal){0};
	e->log = open_memstream(&e->text, &e->text_bytes);
	if (!e->log)
		return -errno;
	/* EAL keeps pointers into its arguments. */
	struct arguments *a = calloc(1, sizeof *a);
	if (!a)
		return fail(e, a, -ENOMEM);
	push(a, "penstockd");
	push_lcores(a, options);
	error = push_memory(a, options);
	if (error)
		return fail(e, a, error);
	push(a, "--no-telemetry");
	push(a, "--log-level=error");
	push_ports(a, options);
	rte_openlog_stream(e->log);
	if (rte_eal_init(a->count, a->values) >= 0)
		return 0;
	error = rte_errno ? -rte_errno : -EIO;
	eal_release_log(e, true);
	fprintf(stderr, "penstockd: DPDK does not start with port %s: %s; %s\n",
		options->port_count ? options->ports[0] : "none", strerror(-error),
		error == -ENODEV ? "is its name right? A card has its PCI address, a virtual "
				   "device is named as net_tap0,iface=penstock0"
				 : "penstock.hugepages=none goes without huge pages");
	return fail(e, a, error);
}

bool eal_has_port(const char *name)
{
	uint16_t port;
	return rte_eth_dev_get_port_by_name(name, &port) == 0;
}

void eal_stop(struct eal *e)
{
	rte_eal_cleanup();
	/* A thread of DPDK's could have held the stream until here. */
	fclose(e->log);
	free(e->text);
}

int eal_launch(unsigned index, int (*loop)(void *), void *argument)
{
	return rte_eal_remote_launch(loop, argument, index + 1);
}

void eal_join(unsigned index)
{
	rte_eal_wait_lcore(index + 1);
}
