/* gen_options.c - a command line in, what to do out; see gen_options.h. */
#include "perf/gen_options.h"
#include "control/eal.h"
#include "dataplane/wire/fleet/gbt32960.h"
#include "perf/gen_commit.h"
#include "perf/gen_inside.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	FRAME_BYTES_DEFAULT = 450,
	REPORT_BYTES_DEFAULT = 112,
	DATAGRAM_BYTES_DEFAULT = 64,
	DATAGRAM_BYTES_MAX = 1472,
	CPUS_MAX = 1024,
	STEPS_OUTSTANDING = 64,
	TO_END_SECONDS = 600,
};

static const char usage[] =
	"usage: penstock-perf fleet|kafka|consume|commit|udp\n"
	"                     --port DPDKPORT [--cpu N] [--port ...]\n"
	"                     --target IP:PORT --source-net A.B.C.D/BITS [options]\n"
	"       penstock-perf ... --in-process --set KEY=VALUE... instead of --port and --socket\n"
	"\n"
	"  fleet   vehicles: login, then GB/T 32960 frames; or JT/T 808 reports\n"
	"  kafka   producers: pre-built Produce requests\n"
	"  consume consumers: Fetch after Fetch, every batch checked; producers beside them\n"
	"  commit  consumers: a commit of one partition a request, a group a connection\n"
	"  udp     datagrams; never answered, flat out without --rate\n"
	"\n"
	"  --target-mac MAC    of a target that does not answer ARP\n"
	"  --connections N     connections, or senders of datagrams (default 1000)\n"
	"  --rate R            open loop: messages per second, all connections together\n"
	"  --in-flight K       closed loop: messages under way per connection (default "
	"1)\n"
	"  --burst S           open loop: everything due within S seconds is due at "
	"once\n"
	"  --steps R:S,R:S...  open loop: rate R for S whole seconds, then the next, "
	"instead of\n"
	"                      --rate and --seconds; each second is reported\n"
	"  --outstanding K     open loop: of a connection K messages at most are due and "
	"not\n"
	"                      answered (default: as many as come; 64 with --steps)\n"
	"  --warmup S --seconds S      before and while measuring (default 1 and 5)\n"
	"  --record-size BYTES fleet: of a frame (default 450, 0: a recorded mix);\n"
	"                      kafka: of a value (default 100); udp: of a payload "
	"(default 64)\n"
	"  --protocol NAME     fleet: gbt32960 (default) or jt808, frames of 112 bytes by "
	"default\n"
	"  --code-key HEX      jt808: the gateway's penstock.code.key.file, 32 digits\n"
	"  --link LINK         fleet: platform (every frame answered, default) or "
	"terminal\n"
	"  --chaos P           fleet: a share of the frames goes wrong; the gateway must "
	"count\n"
	"                      them as foretold (its frame.timeout.ms longer than the "
	"run)\n"
	"  --topic NAME --partitions P    kafka, consume, commit (default perf, 1)\n"
	"  --batch RECORDS     kafka: records of a batch (default 140)\n"
	"  --codec NAME        kafka: none (default), gzip, snappy, lz4 or zstd\n"
	"  --acks -1|0|1       kafka (default -1)\n"
	"  --cpu N             where the generator runs (default: the last); several ports\n"
	"                      each want one, and share connections, rate and addresses\n"
	"  --socket PATH       the gateway's control socket: its ledgers must balance, "
	"too\n"
	"  --in-process        a gateway of our own, at the other end of two rings: "
	"nearly no\n"
	"                      driver is left; --set as for penstockd, its port's address "
	"is the\n"
	"                      target in the source net\n"
	"  --json FILE         the figures\n";

/* What was read, before it is known to fit together. */
struct command {
	struct gen_options o;
	const char *mode;
	unsigned cpu_count;
	bool has_connections, has_warmup, has_seconds;
	uint32_t net_base, record_bytes;
	uint8_t prefix_bits;
	bool has_record_bytes;
};

/* ---- words ------------------------------------------------------------------------- */

/* Kept in host order, as all addresses of the generator. */
static bool read_target(const char *text, struct command *c)
{
	char host[INET_ADDRSTRLEN];
	struct in_addr address;
	unsigned port;
	if (sscanf(text, "%15[0-9.]:%u", host, &port) != 2 || port == 0 ||
	    port > UINT16_MAX || inet_pton(AF_INET, host, &address) != 1)
		return false;
	c->o.net.target = ntohl(address.s_addr);
	c->o.run.target_port = (uint16_t)port;
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
	c->net_base = ntohl(address.s_addr);
	c->prefix_bits = (uint8_t)bits;
	return true;
}

static bool read_mac(const char *text, struct command *c)
{
	uint8_t *m = c->o.target_mac.octets;
	int size = 0;
	c->o.has_target_mac = sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &m[0],
				   &m[1], &m[2], &m[3], &m[4], &m[5], &size) == 6;
	return c->o.has_target_mac && text[size] == '\0';
}

static bool read_number(const char *text, double min, double max, double *ret)
{
	char *end;
	*ret = strtod(text, &end);
	return end != text && *end == '\0' && *ret >= min && *ret <= max;
}

/* Read as a real number, so that 1e6 is a count. */
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
	c->o.kafka.acks = (int)value;
	return true;
}

/* A terminal's reports are not answered, a platform's are (docs/GBT32960.md). */
static bool read_link(const char *text, struct command *c)
{
	c->o.fleet.is_terminal = strcmp(text, "terminal") == 0;
	return c->o.fleet.is_terminal || strcmp(text, "platform") == 0;
}

static bool read_protocol(const char *text, struct command *c)
{
	c->o.is_jt808 = strcmp(text, "jt808") == 0;
	return c->o.is_jt808 || strcmp(text, "gbt32960") == 0;
}

/* As docs/JT808.md has the key: two halves of 16 digits. */
static bool read_code_key(const char *text, struct command *c)
{
	uint64_t *key = c->o.terminals.code_key;
	int size = 0;
	return strlen(text) == 32 &&
	       sscanf(text, "%16lx%16lx%n", &key[0], &key[1], &size) == 2 && size == 32;
}

static bool read_port(const char *text, struct command *c)
{
	if (c->o.lcore_count == GEN_LCORES_MAX)
		return false;
	c->o.ports[c->o.lcore_count++] = text;
	return true;
}

static bool read_set(const char *text, struct command *c)
{
	if (c->o.set_count == GEN_SETS_MAX)
		return false;
	c->o.sets[c->o.set_count++] = text;
	return true;
}

static bool read_cpu(const char *text, struct command *c)
{
	uint32_t cpu;
	if (c->cpu_count == GEN_LCORES_MAX || !read_count(text, UINT16_MAX, &cpu))
		return false;
	c->o.cpus[c->cpu_count++] = (uint16_t)cpu;
	return true;
}

/* The first step's rate is the warm-up's, too, and the seconds of all are those of the run. */
static bool read_steps(const char *text, struct command *c)
{
	struct gen_run_options *run = &c->o.run;
	double second = 0;
	while (*text && run->step_count < GEN_STEPS_MAX) {
		struct gen_step *step = &run->steps[run->step_count++];
		unsigned seconds;
		int size = 0;
		if (sscanf(text, "%lf:%u%n", &step->rate, &seconds, &size) != 2 ||
		    step->rate < 1 || step->rate > 1e9 || seconds == 0)
			return false;
		step->seconds = seconds;
		second += seconds;
		text += size;
		if (*text && *text++ != ',')
			return false;
	}
	run->rate = run->steps[0].rate;
	run->seconds = second;
	return *text == '\0' && run->step_count && second <= GEN_SECONDS_MAX;
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
	{"steps", required_argument, NULL, 'g'},
	{"outstanding", required_argument, NULL, 'O'},
	{"warmup", required_argument, NULL, 'w'},
	{"seconds", required_argument, NULL, 's'},
	{"record-size", required_argument, NULL, 'z'},
	{"link", required_argument, NULL, 'l'},
	{"protocol", required_argument, NULL, 'P'},
	{"code-key", required_argument, NULL, 'K'},
	{"topic", required_argument, NULL, 'o'},
	{"partitions", required_argument, NULL, 'a'},
	{"chaos", required_argument, NULL, 'x'},
	{"batch", required_argument, NULL, 'b'},
	{"codec", required_argument, NULL, 'd'},
	{"acks", required_argument, NULL, 'A'},
	{"cpu", required_argument, NULL, 'C'},
	{"socket", required_argument, NULL, 'S'},
	{"json", required_argument, NULL, 'j'},
	{"in-process", no_argument, NULL, 'i'},
	{"set", required_argument, NULL, 'e'},
	{"consumers", required_argument, NULL, GEN_WORD_CONSUMERS},
	{"groups", required_argument, NULL, GEN_WORD_GROUPS},
	{"from", required_argument, NULL, GEN_WORD_FROM},
	{"to-end", no_argument, NULL, GEN_WORD_TO_END},
	{"no-sessions", no_argument, NULL, GEN_WORD_NO_SESSIONS},
	{"fetch-bytes", required_argument, NULL, GEN_WORD_FETCH_BYTES},
	{"partition-bytes", required_argument, NULL, GEN_WORD_PARTITION_BYTES},
	{"min-bytes", required_argument, NULL, GEN_WORD_MIN_BYTES},
	{"max-wait", required_argument, NULL, GEN_WORD_MAX_WAIT},
	{"produce-topic", required_argument, NULL, GEN_WORD_PRODUCE_TOPIC},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static bool read_text(int option, const char *text, struct command *c)
{
	switch (option) {
	case 'p':
		return read_port(text, c);
	case 't':
		return read_target(text, c);
	case 'm':
		return read_mac(text, c);
	case 'n':
		return read_net(text, c);
	case 'l':
		return read_link(text, c);
	case 'P':
		return read_protocol(text, c);
	case 'K':
		return read_code_key(text, c);
	case 'o':
		c->o.kafka.topic = text;
		return true;
	case 'd':
		return record_codec_of_name(text, &c->o.kafka.codec);
	case 'A':
		return read_acks(text, c);
	case 'C':
		return read_cpu(text, c);
	case 'S':
		c->o.socket = text;
		return true;
	case 'j':
		c->o.json = text;
		return true;
	case 'i':
		c->o.is_inside = true;
		return true;
	case 'e':
		return read_set(text, c);
	default:
		return gen_consume_word(&c->o.consume, option, text);
	}
}

static bool read_option(int option, const char *text, struct command *c)
{
	switch (option) {
	case 'c':
		c->has_connections = true;
		return read_count(text, 1 << 24, &c->o.run.connections) &&
		       c->o.run.connections;
	case 'r':
		return read_number(text, 0, 1e9, &c->o.run.rate);
	case 'k':
		return read_count(text, 1 << 12, &c->o.run.in_flight) && c->o.run.in_flight;
	case 'u':
		return read_number(text, 0, 3600, &c->o.run.burst_s);
	case 'g':
		return read_steps(text, c);
	case 'O':
		return read_count(text, 1 << 16, &c->o.run.outstanding) &&
		       c->o.run.outstanding;
	case 'x':
		return read_number(text, 0, 1, &c->o.chaos);
	case 'w':
		c->has_warmup = true;
		return read_number(text, 0, 3600, &c->o.run.warmup_s);
	case 's':
		c->has_seconds = true;
		return read_number(text, 0.1, 86400, &c->o.run.seconds);
	case 'z':
		c->has_record_bytes = true;
		return read_count(text, 1 << 20, &c->record_bytes);
	case 'a':
		return read_count(text, 1 << 20, &c->o.kafka.partitions) &&
		       c->o.kafka.partitions;
	case 'b':
		return read_count(text, 1 << 20, &c->o.kafka.records) && c->o.kafka.records;
	default:
		return read_text(option, text, c);
	}
}

/* ---- what fits together ------------------------------------------------------------ */

static bool check_mode(struct command *c)
{
	static const char *const modes[] = {
		[GEN_MODE_FLEET] = "fleet",
		[GEN_MODE_KAFKA] = "kafka",
		[GEN_MODE_CONSUME] = "consume",
		[GEN_MODE_COMMIT] = "commit",
		[GEN_MODE_UDP] = "udp",
	};
	for (unsigned i = 0; i < array_len(modes); i++) {
		if (strcmp(c->mode, modes[i]) != 0)
			continue;
		c->o.mode = (enum gen_mode)i;
		return true;
	}
	return false;
}

/* Of a run its connections are producers and consumers together; the latter's records have a
 * number in them, and the answers of the former tell how far to read. To the end nothing is
 * left out, and there is time enough. */
static bool check_consume(struct command *c)
{
	struct gen_consume_options *o = &c->o.consume;
	o->topic = c->o.kafka.topic;
	o->partitions = c->o.kafka.partitions;
	o->producers = c->has_connections ? c->o.run.connections : 0;
	c->o.run.connections = o->producers + gen_consume_readers(o);
	if (o->is_to_end && !c->has_seconds)
		c->o.run.seconds = TO_END_SECONDS;
	if (o->is_to_end && !c->has_warmup)
		c->o.run.warmup_s = 0;
	return gen_consume_check(o) && !(o->is_to_end && c->o.run.warmup_s > 0) &&
	       !(c->o.run.rate > 0 && o->producers == 0) &&
	       c->o.kafka.codec == RECORD_CODEC_NONE && c->o.kafka.acks != 0 &&
	       c->o.kafka.record_bytes >= PRODUCE_STAMP_BYTES && c->o.lcore_count <= 1;
}

/* Terminals have no link of another kind, and no recorded mix. */
static bool check_reports(struct command *c)
{
	uint32_t size = c->has_record_bytes ? c->record_bytes : REPORT_BYTES_DEFAULT;
	c->o.terminals.frame_bytes = size;
	return !c->o.fleet.is_terminal && size >= GEN_TERMINAL_FRAME_BYTES_MIN &&
	       size <= GEN_TERMINAL_FRAME_BYTES_MAX;
}

/* --record-size is read before it is known what a record is: frame, value or payload, each with
 * a size and bounds of its own. */
static bool check_sizes(struct command *c)
{
	uint32_t given = c->record_bytes;
	switch (c->o.mode) {
	case GEN_MODE_FLEET:
		if (c->o.is_jt808)
			return check_reports(c);
		c->o.fleet.frame_bytes = c->has_record_bytes ? given : FRAME_BYTES_DEFAULT;
		return !c->has_record_bytes || given == 0 ||
		       (given >= GBT32960_FRAME_BYTES_MIN &&
			given <= GEN_FLEET_FRAME_BYTES_MAX);
	case GEN_MODE_UDP:
		c->o.run.datagram_bytes =
			c->has_record_bytes ? given : DATAGRAM_BYTES_DEFAULT;
		return c->o.run.datagram_bytes >= 1 &&
		       c->o.run.datagram_bytes <= DATAGRAM_BYTES_MAX;
	case GEN_MODE_KAFKA:
		if (c->has_record_bytes)
			c->o.kafka.record_bytes = given;
		c->o.kafka.connections = c->o.run.connections;
		return true;
	case GEN_MODE_CONSUME:
		if (c->has_record_bytes)
			c->o.kafka.record_bytes = given;
		return check_consume(c);
	case GEN_MODE_COMMIT:
		c->o.kafka.connections = c->o.run.connections;
		return strlen(c->o.kafka.topic) <= GEN_COMMIT_TOPIC_BYTES_MAX;
	}
	return false;
}

/* Steps are not bursts; and who forgets a storm's backlog keeps its times. */
static bool check_steps(struct command *c)
{
	struct gen_run_options *run = &c->o.run;
	if (run->step_count && run->outstanding == 0)
		run->outstanding = STEPS_OUTSTANDING;
	return run->outstanding == 0 || (run->rate > 0 && run->burst_s <= 0);
}

/* One port may do without a CPU of its own choice. */
static bool check_lcores(struct command *c)
{
	uint16_t cpus[CPUS_MAX];
	unsigned count = eal_cpus(cpus, CPUS_MAX);
	if (c->cpu_count == 0 && c->o.lcore_count == 1 && count)
		c->o.cpus[c->cpu_count++] = cpus[count - 1];
	return c->o.lcore_count && c->o.lcore_count == c->cpu_count &&
	       c->o.run.connections >= c->o.lcore_count;
}

/* The rings have one end for us, and the settings name the socket. */
static bool check_inside(struct command *c)
{
	if (!c->o.is_inside)
		return c->o.set_count == 0;
	return c->o.lcore_count == 0 && !c->o.socket && read_port(GEN_INSIDE_PORT, c);
}

/* Connections share addresses, with ports of their own; a sender of datagrams is known by its
 * address alone. */
static bool check_net(struct command *c)
{
	if (!c->o.net.target || !c->prefix_bits)
		return false;
	c->o.net = gen_net_of(c->net_base, c->prefix_bits, c->o.net.target);
	return c->o.net.hosts >= c->o.lcore_count &&
	       (c->o.mode != GEN_MODE_UDP || c->o.run.connections <= c->o.net.hosts);
}

/* Each check rests on those before it: sizes on the mode, CPUs on the ports, of which a gateway
 * inside brings one, and addresses on how many share them. */
static bool read_command(int argc, char **argv, struct command *c)
{
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
		if (!read_option(option, optarg, c))
			return false;
	c->mode = optind < argc ? argv[optind] : "";
	return optind + 1 == argc && check_mode(c) && check_sizes(c) && check_steps(c) &&
	       check_inside(c) && check_lcores(c) && check_net(c);
}

bool gen_options_read(int argc, char **argv, struct gen_options *ret)
{
	struct command c = {.o = {
		.run = {.connections = 1000, .in_flight = 1, .warmup_s = 1, .seconds = 5},
		.kafka = {.topic = "perf",
			  .partitions = 1,
			  .record_bytes = 100,
			  .records = 140,
			  .acks = -1},
		.consume = gen_consume_defaults(),
	}};
	bool is_good = read_command(argc, argv, &c);
	if (!is_good) {
		fputs(usage, stderr);
		fputs(gen_consume_usage, stderr);
	}
	*ret = c.o;
	return is_good;
}
