/* gateway_boot.c - a command line in, a running gateway out: the table of steps and the short
 * ones among them; see gateway_boot.h. */
#include "control/gateway_boot.h"
#include "control/code_key.h"
#include "control/gateway_coordinator.h"
#include "control/gateway_data.h"
#include "control/gateway_dirs.h"
#include "control/gateway_files.h"
#include "control/gateway_run.h"
#include "control/heap.h"
#include "control/port_cause.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
	MESSAGE_BYTES = 512,
	/* Frames that may lie in the port's queue, and twice as many being built. */
	TX_BUFFERS_PER_DESCRIPTOR = 3,
};

/* ---- settings, signals, heap ------------------------------------------------------- */

/* Every fault of file and command line is told, not the first only: whoever mends one would
 * start again for each of the others. */
static int settings_step(void *gateway)
{
	struct gateway *g = gateway;
	const struct gateway_arguments *a = g->arguments;
	unsigned errors = 0;
	settings_init(&g->settings);
	if (a->config)
		errors += settings_load(&g->settings, a->config, stderr);
	for (unsigned i = 0; i < a->set_count; i++)
		errors += settings_assign(&g->settings, a->sets[i], stderr);
	errors += settings_finish(&g->settings, stderr);
	errors += code_key_read(g->settings.code_key_file, g->settings.poller.code_key,
				stderr) != 0;
	return errors ? BOOT_SAID : 0;
}

/* Before any thread starts, so that all of them leave these signals to control. */
static int signals_step(void *gateway)
{
	struct gateway *g = gateway;
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return -errno;
	g->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return g->signal_fd < 0 ? -errno : 0;
}

static void signals_undo(void *gateway)
{
	struct gateway *g = gateway;
	close(g->signal_fd);
}

static int heap_step(void *gateway)
{
	heap_start();
	return 0;
}

/* ---- cores, port ---------------------------------------------------- */

static int plan_step(void *gateway)
{
	struct gateway *g = gateway;
	return cores_plan(&g->settings, &g->plan) ? BOOT_SAID : 0;
}

void gateway_eal_options(const struct gateway *g, struct eal_options *ret)
{
	*ret = (struct eal_options){
		.ports = {g->settings.port},
		.port_count = 1,
		.hugepages = g->settings.hugepages,
		.memory_mib = g->settings.memory_mib,
		.worker_count = g->plan.count,
		.files_kept = gateway_files_kept(g),
	};
	for (unsigned i = 0; i < g->plan.count; i++)
		ret->worker_cpus[i] = g->plan.core[i].cpu;
}

static int eal_step(void *gateway)
{
	struct gateway *g = gateway;
	struct eal_options o;
	gateway_eal_options(g, &o);
	return eal_start(&g->eal, &o) ? BOOT_SAID : 0;
}

static void eal_undo(void *gateway)
{
	struct gateway *g = gateway;
	eal_stop(&g->eal);
}

/* A driver that could not make its port leaves none: what it lacked is found by doing what it
 * does. */
static int port_find(struct gateway *g, const char *name)
{
	char reason[MESSAGE_BYTES];
	if (eal_has_port(name))
		return 0;
	eal_release_log(&g->eal, true);
	port_cause(g->settings.port, reason, sizeof reason);
	fprintf(stderr, "penstockd: penstock.port=%s: %s\n", g->settings.port, reason);
	return BOOT_SAID;
}

static int port_step(void *gateway)
{
	struct gateway *g = gateway;
	const struct settings *s = &g->settings;
	char name[EAL_PORT_NAME_BYTES], line[MESSAGE_BYTES];
	struct nic_dpdk_options o = {
		.port = eal_port_name(s->port, name),
		.settings = s->nic,
		.tx_buffers = s->nic.transmit_descriptors * TX_BUFFERS_PER_DESCRIPTOR,
		.segmentation = true,
	};
	int error = port_find(g, name);
	if (error)
		return error;
	if (port_mtu_cause(s->port, s->nic.mtu, line, sizeof line)) {
		eal_release_log(&g->eal, false);
		fprintf(stderr, "penstockd: penstock.port=%s: %s\n", s->port, line);
		return BOOT_SAID;
	}
	g->nic = nic_dpdk_open(&o, &error);
	eal_release_log(&g->eal, !g->nic);
	if (!g->nic && error == -ENOMEM)
		fprintf(stderr, "penstockd: raise penstock.memory.mb, or lower "
				"penstock.port.receive.descriptors and "
				"penstock.port.transmit.descriptors\n");
	if (!g->nic)
		return BOOT_SAID;
	fprintf(stderr, "penstockd: port %s: %s\n", name,
		nic_dpdk_describe(g->nic, line, sizeof line));
	return 0;
}

static void port_undo(void *gateway)
{
	struct gateway *g = gateway;
	nic_dpdk_close(g->nic);
}

/* ---- topics, Kafka requests, control socket ---------------------------------------- */

static void say(void *owner, const char *line)
{
	fprintf(stderr, "penstockd: %s\n", line);
}

static int cleaner_step(void *gateway)
{
	struct gateway *g = gateway;
	const struct settings *s = &g->settings;
	double load = (double)s->log_cleaner_io_buffer_load_factor / SETTING_RATIO_ONE;
	if (!s->log_cleaner_enable)
		return 0;
	return cleaner_thread_start(&g->cleaner, &g->control_wake,
				    s->log_cleaner_dedupe_buffer_size, load);
}

static void cleaner_undo(void *gateway)
{
	struct gateway *g = gateway;
	if (g->settings.log_cleaner_enable)
		cleaner_thread_stop(&g->cleaner);
}

static int lists_step(void *gateway)
{
	struct gateway *g = gateway;
	char message[MESSAGE_BYTES];
	vehicle_files_init(&g->vehicle_files, &g->settings, g->rcu);
	if (vehicle_files_reload(&g->vehicle_files, message, sizeof message))
		return 0;
	fprintf(stderr, "penstockd: auth: %s\n", message);
	return BOOT_SAID;
}

static void lists_undo(void *gateway)
{
	struct gateway *g = gateway;
	vehicle_files_fini(&g->vehicle_files);
}

/* Reads the directory. Its logs are recovered, and the writers given them, in control's turns;
 * gateway_run() begins to serve when they have all. */
static int registry_step(void *gateway)
{
	struct gateway *g = gateway;
	struct registry_options o = {
		.settings = &g->settings,
		.dirs = g->log_dirs,
		.dir_count = g->log_dir_count,
		.writer_count = g->plan.writer_count,
		.marks = g->marks,
		.topics = &g->topics,
		.rcu = g->rcu,
		.cleaner = g->settings.log_cleaner_enable ? &g->cleaner.cleaner : NULL,
		.say = say,
	};
	char message[MESSAGE_BYTES] = "";
	for (unsigned w = 0; w < g->plan.writer_count; w++)
		o.writers[w] = &g->admin[w];
	g->registry = registry_open(&o, message, sizeof message);
	if (g->registry)
		return 0;
	fprintf(stderr, "penstockd: %s\n", message);
	return BOOT_SAID;
}

static void registry_undo(void *gateway)
{
	struct gateway *g = gateway;
	registry_close(g->registry);
}

static int kafka_step(void *gateway)
{
	struct gateway *g = gateway;
	const struct settings *s = &g->settings;
	struct kafka_api_options o = {
		.registry = g->registry,
		.poller_count = g->plan.poller_count,
		.auto_create_topics_rate = s->auto_create_topics_rate,
		.stats_page = &g->control_page,
		.wish = &g->wish,
		.ids = &g->ids,
		.offsets_topic_partitions = s->offsets_topic_partitions,
		.offsets_topic_segment_bytes = s->offsets_topic_segment_bytes,
		.say = say,
		.dir = &g->log_dirs[0],
	};
	for (unsigned p = 0; p < g->plan.poller_count; p++) {
		o.pollers[p] = &g->calls[p];
		o.outboxes[p] = &g->outboxes[SENDER_CONTROL][p];
	}
	for (unsigned i = 0; i < s->listener_count; i++) {
		struct kafka_api_listener *l = &o.listeners[i];
		settings_advertised_host(s, i, l->host, sizeof l->host);
		l->port = settings_advertised_port(s, i);
	}
	g->kafka_api = kafka_api_create(&o);
	return g->kafka_api ? 0 : -ENOMEM;
}

static void kafka_undo(void *gateway)
{
	struct gateway *g = gateway;
	kafka_api_destroy(g->kafka_api);
}

static void heap_share(void *owner, struct heap_share *ret)
{
	heap_read_share(ret);
}

static bool reload(void *owner, struct rpc_names names[LISTENERS_MAX], char *message, size_t size)
{
	struct gateway *g = owner;
	bool is_good = vehicle_files_reload(&g->vehicle_files, message, size);
	const struct vehicle_lists *lists = g->vehicle_files.lists;
	for (unsigned i = 0; is_good && i < LISTENERS_MAX; i++) {
		const struct vehicle_list *l = lists->of[i];
		if (l)
			names[i] = (struct rpc_names){.has_list = true,
						      .vehicles = l->count[NAME_VEHICLE],
						      .accounts = l->count[NAME_ACCOUNT]};
	}
	return is_good;
}

/* The pages are the gateway's, and read in place: a core that does not turn yet has counted
 * nothing. */
static void rpc_sources(struct gateway *g, struct rpc_options *o)
{
	for (unsigned i = 0; i < g->plan.count; i++) {
		int poller = g->plan.core[i].poller, writer = g->plan.core[i].writer;
		int cpu = g->plan.core[i].cpu;
		if (poller >= 0)
			o->sources[o->source_count++] =
				(struct rpc_source){"poller", (unsigned)poller, cpu,
						    &g->poller_pages[poller]};
		if (writer >= 0)
			o->sources[o->source_count++] =
				(struct rpc_source){"writer", (unsigned)writer, cpu,
						    &g->writer_pages[writer]};
		o->sources[o->source_count++] =
			(struct rpc_source){"core", i, cpu, &g->cores[i].page};
	}
	o->sources[o->source_count++] =
		(struct rpc_source){"coordinator", 0, g->plan.coordinator_cpu,
				    &g->coordinator_page};
	o->sources[o->source_count++] = (struct rpc_source){"control", 0, -1, &g->control_page};
}

static int rpc_step(void *gateway)
{
	struct gateway *g = gateway;
	const struct settings *s = &g->settings;
	struct rpc_options o = {
		.socket_path = s->control_socket,
		.mode = s->control_mode,
		.version = PENSTOCK_VERSION,
		.registry = g->registry,
		.poller_count = g->plan.poller_count,
		.listener_count = s->listener_count,
		.state = gateway_state_name,
		.reload = reload,
		.heap = heap_share,
		.owner = g,
	};
	char message[MESSAGE_BYTES] = "";
	if (s->control_socket[0] == '\0')
		return 0;
	rpc_sources(g, &o);
	for (unsigned p = 0; p < g->plan.poller_count; p++)
		o.bad_frames[p] = poller_bad_frames(g->pollers[p]);
	for (unsigned i = 0; i < s->listener_count; i++)
		o.listener_names[i] = s->listener[i].name;
	g->rpc = rpc_open(&o, message, sizeof message);
	if (g->rpc)
		return 0;
	fprintf(stderr, "penstockd: %s\n", message);
	return BOOT_SAID;
}

static void rpc_undo(void *gateway)
{
	struct gateway *g = gateway;
	if (g->rpc)
		rpc_close(g->rpc);
}

/* ---- the table --------------------------------------------------------------------- */

const struct boot_step gateway_steps[] = {
	{"settings", settings_step, NULL},
	{"signals", signals_step, signals_undo},
	{"heap", heap_step, NULL},
	{"log directories", gateway_dirs_lock, gateway_dirs_unlock},
	{"cores", plan_step, NULL},
	{"open files", gateway_files_raise, NULL},
	{"DPDK", eal_step, eal_undo},
	{"port", port_step, port_undo},
	{"rings", rings_init, rings_fini},
	{"writers", writers_init, writers_fini},
	{"cleaner", cleaner_step, cleaner_undo},
	{"topics", registry_step, registry_undo},
	{"lists of vehicles", lists_step, lists_undo},
	{"pollers", pollers_init, pollers_fini},
	{"Kafka requests", kafka_step, kafka_undo},
	{"control socket", rpc_step, rpc_undo},
	{"coordinator", coordinator_init, coordinator_fini},
	{"data cores", cores_init, cores_fini},
};
const unsigned gateway_step_count = array_len(gateway_steps);
