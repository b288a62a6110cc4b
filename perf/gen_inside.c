/* gen_inside.c - settings in, a gateway at the other end of two rings out; see gen_inside.h. */
#include "perf/gen_inside.h"
#include "control/gateway_boot.h"
#include "control/gateway_run.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"

#include <errno.h>
#include <pthread.h>
#include <rte_eth_ring.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum {
	RING_SLOTS = 4096,
	OWN_SETS = 2,
	STEPS_MAX = 32,
	SETTING_BYTES = 64,
	STATE_POLL_NS = 1000000,
	/* What ends the gateway: SIGINT and SIGTERM are the generator's. */
	END_SIGNAL = SIGUSR1,
};

struct gen_inside {
	struct gateway gateway;
	struct gateway_arguments arguments;
	const char *sets[OWN_SETS + GEN_SETS_MAX];
	char address[SETTING_BYTES];
	const struct gen_options *options;
	unsigned lcore_memory_mib;
	struct boot_step steps[STEPS_MAX];
	unsigned dpdk_step; /* index */
	pthread_t control;
};

static struct gen_inside *inside_of(void *gateway)
{
	return container_of((struct gateway *)gateway, struct gen_inside, gateway);
}

/* ---- our steps --------------------------------------------------------------------- */

/* In place of penstockd's: SIGINT ends the measurement, and only then the gateway. */
static int signals_step(void *gateway)
{
	struct gateway *g = gateway;
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, END_SIGNAL);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return -errno;
	g->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return g->signal_fd < 0 ? -errno : 0;
}

/* One port sends where the other receives. */
static int ports_create(void)
{
	unsigned flags = RING_F_SP_ENQ | RING_F_SC_DEQ;
	struct rte_ring *there = rte_ring_create("to_gateway", RING_SLOTS, 0, flags);
	struct rte_ring *back = rte_ring_create("to_generator", RING_SLOTS, 0, flags);
	if (there && back && rte_eth_from_rings("gateway", &there, 1, &back, 1, 0) >= 0 &&
	    rte_eth_from_rings("generator", &back, 1, &there, 1, 0) >= 0)
		return 0;
	fprintf(stderr, "penstock-perf: no memory for the rings between gateway and "
			"generator\n");
	return -ENOMEM;
}

/* One EAL for both: the gateway's cores and memory, and ours besides; ports are the two ends of
 * the rings instead of devices. */
static int dpdk_step(void *gateway)
{
	struct gen_inside *in = inside_of(gateway);
	const struct gen_options *own = in->options;
	struct eal_options o;
	gateway_eal_options(&in->gateway, &o);
	o.port_count = 0;
	o.memory_mib += in->lcore_memory_mib * own->lcore_count;
	for (unsigned i = 0; i < own->lcore_count; i++)
		o.worker_cpus[o.worker_count++] = own->cpus[i];
	int error = eal_start(&in->gateway.eal, &o);
	if (error)
		return error;
	error = ports_create();
	if (error) {
		eal_release_log(&in->gateway.eal, true);
		eal_stop(&in->gateway.eal);
	}
	return error;
}

/* Puts `init` in the place of a step of penstockd's; its index. */
static unsigned step_replace(struct gen_inside *in, const char *name, int (*init)(void *))
{
	for (unsigned i = 0; i < gateway_step_count; i++) {
		if (strcmp(in->steps[i].name, name) != 0)
			continue;
		in->steps[i].init = init;
		return i;
	}
	require(false);
	return 0;
}

/* ---- start and end ----------------------------------------------------------------- */

/* Ours first, so that the command line has the last word. */
static void settings_collect(struct gen_inside *in)
{
	const struct gen_options *o = in->options;
	const struct gen_net *net = &o->net;
	snprintf(in->address, sizeof in->address, "penstock.port.address=%u.%u.%u.%u/%u",
		 net->target >> 24, net->target >> 16 & 255, net->target >> 8 & 255,
		 net->target & 255, net->prefix_bits);
	in->sets[0] = "penstock.port=net_ring_gateway";
	in->sets[1] = in->address;
	memcpy(in->sets + OWN_SETS, o->sets, o->set_count * sizeof *o->sets);
	in->arguments = (struct gateway_arguments){
		.sets = in->sets,
		.set_count = OWN_SETS + o->set_count,
	};
	in->gateway.arguments = &in->arguments;
}

static void *control_loop(void *inside)
{
	struct gen_inside *in = inside;
	gateway_run(&in->gateway);
	return NULL;
}

/* Until its logs are read; false: they cannot be. */
static bool wait_until_running(const struct gen_inside *in)
{
	static const struct timespec pause = {.tv_nsec = STATE_POLL_NS};
	while (in->gateway.state == GATEWAY_STARTING)
		nanosleep(&pause, NULL);
	return in->gateway.state == GATEWAY_RUNNING;
}

/* Without a control socket there would be nobody to ask for the ledgers. */
static bool start(struct gen_inside *in)
{
	if (boot_up(in->steps, gateway_step_count, &in->gateway) != 0)
		return false;
	int error = pthread_create(&in->control, NULL, control_loop, in);
	require(error == 0);
	if (wait_until_running(in) && in->gateway.rpc)
		return true;
	if (!in->gateway.rpc)
		fprintf(stderr, "penstock-perf: --in-process wants the gateway to have a "
				"penstock.control.socket\n");
	gen_inside_stop(in);
	boot_down(in->steps, in->dpdk_step + 1, &in->gateway);
	return false;
}

struct gen_inside *gen_inside_start(const struct gen_options *options,
				    unsigned lcore_memory_mib)
{
	struct gen_inside *in = map_take(sizeof *in);
	if (!in)
		return NULL;
	require(gateway_step_count <= STEPS_MAX);
	in->options = options;
	in->lcore_memory_mib = lcore_memory_mib;
	memcpy(in->steps, gateway_steps, gateway_step_count * sizeof *in->steps);
	step_replace(in, "signals", signals_step);
	in->dpdk_step = step_replace(in, "DPDK", dpdk_step);
	settings_collect(in);
	if (start(in))
		return in;
	map_give(in, sizeof *in);
	return NULL;
}

const char *gen_inside_socket(const struct gen_inside *in)
{
	return in->gateway.settings.control_socket;
}

unsigned gen_inside_worker(const struct gen_inside *in)
{
	return in->gateway.plan.count;
}

/* Down to DPDK's step, and no further: the generator's ports and buffers are DPDK's, and go
 * first. */
bool gen_inside_stop(struct gen_inside *in)
{
	unsigned first = in->dpdk_step + 1;
	kill(getpid(), END_SIGNAL);
	pthread_join(in->control, NULL);
	boot_down(in->steps + first, gateway_step_count - first, &in->gateway);
	return in->gateway.is_clean && in->gateway.is_sound;
}

void gen_inside_end(struct gen_inside *in)
{
	boot_down(in->steps, in->dpdk_step + 1, &in->gateway);
	map_give(in, sizeof *in);
}
