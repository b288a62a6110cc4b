/* penstock_perf.c - a command line in; a load on a gateway and a measurement of it out.
 *
 * Main keeps the terminal and the gateway's control socket; one lcore does all the rest
 * (gen_run.h). Exit status: 0; 1 when a ledger does not balance or the run failed; 64
 * when the command line is wrong.
 */
#include "control/eal.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/map.h"
#include "perf/gen_fleet.h"
#include "perf/gen_kafka.h"
#include "perf/gen_report.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	EXIT_USAGE = 64,
	MEMORY_MIB = 128,
	DESCRIPTORS = 2048,
	WATCH_MS = 20,
	SAMPLE_WATCHES = 200 / WATCH_MS,
	PROGRESS_SAMPLES = 5,
	SETTLE_MS = 10000,
	FRAME_BYTES_DEFAULT = 450,
	DATAGRAM_BYTES_DEFAULT = 64,
	CPUS_MAX = 1024,
};

static const char usage[] =
	"usage: penstock-perf fleet|kafka|udp --port DPDKPORT --target IP:PORT\n"
	"                     --source-net A.B.C.D/BITS [options]\n"
	"\n"
	"  fleet   vehicles: login, then GB/T 32960 frames\n"
	"  kafka   producers: pre-built Produce requests\n"
	"  udp     datagrams; never answered, flat out without --rate\n"
	"\n"
	"  --target-mac MAC    of a target that does not answer ARP\n"
	"  --connections N     connections, or senders of datagrams (default 1000)\n"
	"  --rate R            open loop: messages per second, all connections together\n"
	"  --in-flight K       closed loop: messages under way per connection (default "
	"1)\n"
	"  --burst S           open loop: everything due within S seconds is due at "
	"once\n"
	"  --warmup S --seconds S      before and while measuring (default 1 and 5)\n"
	"  --record-size BYTES fleet: of a frame (default 450, 0: a recorded mix);\n"
	"                      kafka: of a value (default 100); udp: of a payload "
	"(default 64)\n"
	"  --link LINK         fleet: platform (every frame answered, default) or "
	"terminal\n"
	"  --chaos P           fleet: a share of the frames goes wrong; the gateway must "
	"count\n"
	"                      them as foretold (its frame.timeout.ms longer than the "
	"run)\n"
	"  --topic NAME --partitions P    kafka (default perf, 1)\n"
	"  --batch RECORDS     kafka: records of a batch (default 140)\n"
	"  --codec NAME        kafka: none (default), gzip, snappy, lz4 or zstd\n"
	"  --acks -1|0|1       kafka (default -1)\n"
	"  --cpu N             where the generator runs (default: the last)\n"
	"  --socket PATH       the gateway's control socket: its ledgers must balance, "
	"too\n"
	"  --json FILE         the figures\n";

struct command {
	const char *mode, *port, *socket, *json;
	struct gen_net net;
	struct mac target_mac;
	struct gen_run_options run;
	struct gen_kafka_options kafka;
	uint32_t record_bytes;
	double chaos;
	bool has_target_mac, has_record_bytes, is_terminal;
	uint16_t cpu;
};

/* ---- the command line -------------------------------------------------------------- */

static bool read_target(const char *text, struct command *c)
{
	char host[INET_ADDRSTRLEN];
	struct in_addr address;
	unsigned port;
	if (sscanf(text, "%15[0-9.]:%u", host, &port) != 2 || port == 0 ||
	    port > UINT16_MAX || inet_pton(AF_INET, host, &address) != 1)
		return false;
	c->net.target = ntohl(address.s_addr);
	c->run.target_port = (uint16_t)port;
	return true;
}

static bool read_net(const char *text, struct command *c)
{
	char host[INET_ADDRSTRLEN];
	struct in_addr address;
	unsigned bits;
	if (sscanf(text, "%15[0-9.]/%u", host, &bits) != 2 || bits < 1 || bits > 29 ||
	    inet_pton(AF_INET, host, &address) != 1)
		return false;
	c->net.base = ntohl(address.s_addr) & (UINT32_MAX << (32 - bits));
	c->net.prefix_bits = (uint8_t)bits;
	return true;
}

static bool read_mac(const char *text, struct command *c)
{
	uint8_t *m = c->target_mac.octets;
	int size = 0;
	c->has_target_mac = sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &m[0],
				   &m[1], &m[2], &m[3], &m[4], &m[5], &size) == 6;
	return c->has_target_mac && text[size] == '\0';
}

static bool read_number(const char *text, double min, double max, double *ret)
{
	char *end;
	*ret = strtod(text, &end);
	return end != text && *end == '\0' && *ret >= min && *ret <= max;
}

static bool read_count(const char *text, uint32_t max, uint32_t *ret)
{
	double value;
	if (!read_number(text, 0, max, &value))
		return false;
	*ret = (uint32_t)value;
	return true;
}

static bool read_acks(const char *text, struct command *c)
{
	double value;
	if (!read_number(text, -1, 1, &value))
		return false;
	c->kafka.acks = (int)value;
	return true;
}

static bool read_link(const char *text, struct command *c)
{
	c->is_terminal = strcmp(text, "terminal") == 0;
	return c->is_terminal || strcmp(text, "platform") == 0;
}

static bool read_cpu(const char *text, struct command *c)
{
	uint32_t cpu;
	if (!read_count(text, UINT16_MAX, &cpu))
		return false;
	c->cpu = (uint16_t)cpu;
	return true;
}

static const struct option options[] = {
	{"port", required_argument, NULL, 'p'},
	{"target", required_argument, NULL, 't'},
	{"target-mac", required_argument, NULL, 'm'},
	{"source-net", required_argument, NULL, 'n'},
	{"connections", required_argument, NULL, 'c'},
	{"rate", required_argument, NULL, 'r'},
	{"in-flight", required_argument, NULL, 'k'},
	{"burst", required_argument, NULL, 'u'},
	{"warmup", required_argument, NULL, 'w'},
	{"seconds", required_argument, NULL, 's'},
	{"record-size", required_argument, NULL, 'z'},
	{"link", required_argument, NULL, 'l'},
	{"topic", required_argument, NULL, 'o'},
	{"partitions", required_argument, NULL, 'a'},
	{"chaos", required_argument, NULL, 'x'},
	{"batch", required_argument, NULL, 'b'},
	{"codec", required_argument, NULL, 'd'},
	{"acks", required_argument, NULL, 'A'},
	{"cpu", required_argument, NULL, 'C'},
	{"socket", required_argument, NULL, 'S'},
	{"json", required_argument, NULL, 'j'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static bool read_text(int option, const char *text, struct command *c)
{
	switch (option) {
	case 'p':
		c->port = text;
		return true;
	case 't':
		return read_target(text, c);
	case 'm':
		return read_mac(text, c);
	case 'n':
		return read_net(text, c);
	case 'l':
		return read_link(text, c);
	case 'o':
		c->kafka.topic = text;
		return true;
	case 'd':
		return record_codec_of_name(text, &c->kafka.codec);
	case 'A':
		return read_acks(text, c);
	case 'C':
		return read_cpu(text, c);
	case 'S':
		c->socket = text;
		return true;
	case 'j':
		c->json = text;
		return true;
	default:
		return false;
	}
}

static bool read_option(int option, const char *text, struct command *c)
{
	switch (option) {
	case 'c':
		return read_count(text, 1 << 24, &c->run.connections) &&
		       c->run.connections;
	case 'r':
		return read_number(text, 0, 1e9, &c->run.rate);
	case 'k':
		return read_count(text, 1 << 12, &c->run.in_flight) && c->run.in_flight;
	case 'u':
		return read_number(text, 0, 3600, &c->run.burst_s);
	case 'x':
		return read_number(text, 0, 1, &c->chaos);
	case 'w':
		return read_number(text, 0, 3600, &c->run.warmup_s);
	case 's':
		return read_number(text, 0.1, 86400, &c->run.seconds);
	case 'z':
		c->has_record_bytes = true;
		return read_count(text, 1 << 20, &c->record_bytes);
	case 'a':
		return read_count(text, 1 << 20, &c->kafka.partitions) &&
		       c->kafka.partitions;
	case 'b':
		return read_count(text, 1 << 20, &c->kafka.records) && c->kafka.records;
	default:
		return read_text(option, text, c);
	}
}

static bool check_sizes(struct command *c)
{
	if (strcmp(c->mode, "fleet") == 0) {
		if (!c->has_record_bytes)
			c->record_bytes = FRAME_BYTES_DEFAULT;
		return c->record_bytes == 0 ||
		       (c->record_bytes >= GBT32960_FRAME_BYTES_MIN &&
			c->record_bytes <= GEN_FLEET_FRAME_BYTES_MAX);
	}
	if (strcmp(c->mode, "udp") == 0) {
		c->run.datagram_bytes =
			c->has_record_bytes ? c->record_bytes : DATAGRAM_BYTES_DEFAULT;
		/* A minimal Ethernet frame is not padded here, and ARP's size is asked
		 * for. */
		return c->run.datagram_bytes >= 1 && c->run.datagram_bytes <= 1472;
	}
	if (c->has_record_bytes)
		c->kafka.record_bytes = c->record_bytes;
	return strcmp(c->mode, "kafka") == 0;
}

static bool read_command(int argc, char **argv, struct command *c)
{
	uint16_t cpus[CPUS_MAX];
	unsigned cpu_count = eal_cpus(cpus, CPUS_MAX);
	*c = (struct command){
		.run = {.connections = 1000, .in_flight = 1, .warmup_s = 1, .seconds = 5},
		.kafka = {.topic = "perf",
			  .partitions = 1,
			  .record_bytes = 100,
			  .records = 140,
			  .acks = -1},
		.cpu = cpu_count ? cpus[cpu_count - 1] : 0,
	};
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
		if (!read_option(option, optarg, c))
			return false;
	c->mode = optind < argc ? argv[optind] : "";
	if (optind + 1 != argc || !c->port || !c->net.target || !c->net.prefix_bits ||
	    !check_sizes(c))
		return false;
	return strcmp(c->mode, "udp") != 0 ||
	       c->run.connections <= gen_net_hosts(&c->net);
}

/* ---- the run ----------------------------------------------------------------------- */

struct program {
	struct command command;
	struct eal eal;
	struct gen_port port;
	struct gen_fleet fleet;
	struct gen_chaos chaos;
	struct gen_kafka kafka;
	struct gen_run run;
	struct gen_gateway gateway;
	sigset_t signals;
	json_t *samples; /* the rate over time */
	uint64_t begin_ns, sampled_ns, sampled_done;
};

static bool is_interrupted(const struct program *p, unsigned ms)
{
	struct timespec wait = {.tv_nsec = ms * (long)NS_PER_MS};
	return sigtimedwait(&p->signals, NULL, &wait) > 0;
}

/* What was done since the last sample, per second. */
static void take_sample(struct program *p, unsigned number)
{
	const struct gen_run *r = &p->run;
	uint64_t begun = atomic_load(&r->shown_begun), now = clock_now_ns();
	uint64_t done = r->options.load ? atomic_load(&r->shown_done) : begun;
	double rate = (double)(done - p->sampled_done) * (double)NS_PER_S /
		      (double)(now - p->sampled_ns);
	const char *phase = gen_phase_names[atomic_load(&r->phase)];
	p->sampled_done = done;
	p->sampled_ns = now;
	json_array_append_new(p->samples,
			      json_pack("{s:f, s:s, s:f, s:i}", "second",
					(double)(now - p->begin_ns) / (double)NS_PER_S,
					"phase", phase, "done_per_s", rate, "connections",
					(int)atomic_load(&r->shown_open)));
	if (number % PROGRESS_SAMPLES == 0)
		fprintf(stderr,
			"%-8s %8u connections %12.0f done/s %14lu sent %14lu done\n",
			phase, atomic_load(&r->shown_open), rate, begun, done);
}

/* Until the lcore is done: progress, and the gateway's counters as phases change. */
static void watch(struct program *p)
{
	p->begin_ns = p->sampled_ns = clock_now_ns();
	int seen = GEN_RESOLVE, phase;
	for (unsigned i = 1; (phase = atomic_load(&p->run.phase)) != GEN_DONE; i++) {
		if (phase >= GEN_STEADY && seen < GEN_STEADY)
			gen_gateway_take(&p->gateway, GEN_AT_STEADY);
		if (phase >= GEN_DRAIN && seen < GEN_DRAIN)
			gen_gateway_take(&p->gateway, GEN_AT_DRAIN);
		seen = phase;
		if (is_interrupted(p, WATCH_MS))
			atomic_store(&p->run.is_stopped, true);
		if (i % SAMPLE_WATCHES == 0)
			take_sample(p, i / SAMPLE_WATCHES);
	}
	if (seen < GEN_DRAIN)
		gen_gateway_take(&p->gateway, GEN_AT_DRAIN);
}

static int load_init(struct program *p)
{
	const struct command *c = &p->command;
	struct gen_run_options o = c->run;
	o.port = &p->port;
	if (strcmp(c->mode, "fleet") == 0) {
		gen_fleet_init(&p->fleet, &(struct gen_fleet_options){
						  .frame_bytes = c->record_bytes,
						  .is_terminal = c->is_terminal});
		o.load = &p->fleet.load;
		if (c->chaos > 0) {
			gen_chaos_init(&p->chaos, &p->fleet, c->chaos);
			o.load = &p->chaos.load;
			o.chaos = &p->chaos;
		}
	} else if (strcmp(c->mode, "kafka") == 0) {
		struct gen_kafka_options kafka = c->kafka;
		kafka.connections = o.connections;
		gen_kafka_init(&p->kafka, &kafka);
		o.load = &p->kafka.load;
	}
	return gen_run_init(&p->run, &o);
}

static bool report(struct program *p)
{
	gen_gateway_settle(&p->gateway, SETTLE_MS);
	json_t *figures = gen_report(&p->run, &p->gateway);
	json_object_set(figures, "samples", p->samples);
	gen_report_print(figures);
	bool is_even = gen_report_is_even(figures);
	if (p->command.json &&
	    json_dump_file(figures, p->command.json, JSON_INDENT(1)) != 0) {
		fprintf(stderr, "penstock-perf: cannot write %s\n", p->command.json);
		is_even = false;
	}
	json_decref(figures);
	return is_even;
}

static int measure(struct program *p)
{
	int error = load_init(p);
	if (!error)
		error = gen_gateway_connect(&p->gateway, p->command.socket);
	if (error) {
		fprintf(stderr, "penstock-perf: %s\n", strerror(-error));
		return EXIT_FAILURE;
	}
	gen_gateway_take(&p->gateway, GEN_AT_BEGIN);
	error = eal_launch(0, gen_run_loop, &p->run);
	if (error) {
		fprintf(stderr, "penstock-perf: the core does not start: %s\n",
			strerror(-error));
		return EXIT_FAILURE;
	}
	p->samples = json_array();
	watch(p);
	eal_join(0);
	bool is_even = report(p);
	json_decref(p->samples);
	gen_gateway_close(&p->gateway);
	gen_run_fini(&p->run);
	gen_kafka_fini(&p->kafka);
	return is_even ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run(struct program *p)
{
	struct eal_options eal = {
		.port = p->command.port,
		.hugepages = EAL_HUGEPAGES_AUTO,
		.memory_mib = MEMORY_MIB,
		.worker_cpus = {p->command.cpu},
		.worker_count = 1,
	};
	char name[EAL_PORT_NAME_BYTES];
	sigemptyset(&p->signals);
	sigaddset(&p->signals, SIGINT);
	sigaddset(&p->signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &p->signals, NULL);
	signal(SIGPIPE, SIG_IGN); /* a gateway that died is a result, too */
	if (eal_start(&p->eal, &eal) != 0)
		return EXIT_FAILURE;
	struct gen_port_options port = {
		.name = eal_port_name(p->command.port, name),
		.descriptors = DESCRIPTORS,
		.net = p->command.net,
		.target_mac = p->command.has_target_mac ? &p->command.target_mac : NULL,
	};
	int error = gen_port_open(&p->port, &port);
	eal_release_log(&p->eal, error);
	int status = error ? EXIT_FAILURE : measure(p);
	if (!error)
		gen_port_close(&p->port);
	eal_stop(&p->eal);
	return status;
}

int main(int argc, char **argv)
{
	struct program *p = map_take(sizeof *p);
	if (!p)
		return EXIT_FAILURE;
	if (!read_command(argc, argv, &p->command)) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	int status = run(p);
	map_give(p, sizeof *p);
	return status;
}
