/* settings_finish.c - what only the whole of the settings can tell: listeners, cores,
 * addresses, and values that must fit each other. */
#include "config/settings_draft.h"
#include "config/settings_endpoint.h"
#include "config/settings_limits.h"
#include "config/settings_listeners.h"
#include "config/settings_log_dirs.h"
#include "config/settings_units.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/un.h>

enum { CPU_MAX = 1023 }; /* CPU_SETSIZE - 1 */

/* Null, or why no host on a network can have this address. */
static const char *address_fault(uint32_t ip4, unsigned bits)
{
	uint32_t hosts = bits == 32 ? 0 : UINT32_MAX >> bits;
	if (ip4 >> 24 == 0 || ip4 >> 24 == IN_LOOPBACKNET || ip4 >= INADDR_UNSPEC_GROUP)
		return "no host on a network can have this address";
	if (bits < 31 && (ip4 & hosts) == 0)
		return "this is the name of the network; take an address inside it";
	if (bits < 31 && (ip4 & hosts) == hosts)
		return "this is the broadcast address of the network; take another inside it";
	return NULL;
}

static void finish_address(struct settings *s, struct settings_report *report)
{
	const char *where = settings_where(s, "penstock.port.address");
	char host[SETTING_TEXT_BYTES];
	size_t size = strcspn(s->port_address, "/");
	snprintf(host, sizeof host, "%.*s", (int)size, s->port_address);
	struct in_addr ip4;
	unsigned long bits = 0;
	if (!s->port_address[0]) {
		settings_error(report, where,
			       "penstock.port.address is not set: the IPv4 address of "
			       "the port and its "
			       "prefix length, as 192.0.2.10/24");
		return;
	}
	if (inet_pton(AF_INET, host, &ip4) != 1 || !s->port_address[size] ||
	    !settings_number(s->port_address + size + 1, 32, &bits) || bits == 0) {
		settings_error(report, where,
			       "penstock.port.address=%s: expected a.b.c.d/bits",
			       s->port_address);
		return;
	}
	s->port_ip4 = ntohl(ip4.s_addr);
	s->port_prefix_bits = (uint8_t)bits;
	const char *fault = address_fault(s->port_ip4, s->port_prefix_bits);
	if (fault)
		settings_error(report, where, "penstock.port.address=%s: %s",
			       s->port_address, fault);
}

/* The router must be on the port's own network: ARP finds nobody elsewhere. */
static void finish_gateway(struct settings *s, struct settings_report *report)
{
	struct in_addr ip4;
	s->gateway_ip4 = 0;
	if (!s->port_gateway[0] || !s->port_ip4)
		return;
	uint32_t mask = UINT32_MAX << (32 - s->port_prefix_bits);
	bool is_address = inet_pton(AF_INET, s->port_gateway, &ip4) == 1;
	uint32_t router = is_address ? ntohl(ip4.s_addr) : 0;
	const char *fault = is_address ? address_fault(router, s->port_prefix_bits)
				       : "expected a.b.c.d";
	if (!fault && ((router ^ s->port_ip4) & mask) != 0)
		fault = "it is not on the network of penstock.port.address";
	if (!fault && router == s->port_ip4)
		fault = "this is the port's own address";
	if (fault)
		settings_error(report, settings_where(s, "penstock.port.gateway"),
			       "penstock.port.gateway=%s: %s", s->port_gateway, fault);
	else
		s->gateway_ip4 = router;
}

/* The port has one address: a listener is on it, whatever of these its host says. */
static void finish_listener_hosts(struct settings *s, struct settings_report *report)
{
	for (unsigned i = 0; i < s->listener_count; i++) {
		char *host = s->address[i].host;
		struct in_addr ip4;
		bool is_ours = !host[0] || strcmp(host, "0.0.0.0") == 0 ||
			       (inet_pton(AF_INET, host, &ip4) == 1 &&
				ntohl(ip4.s_addr) == s->port_ip4);
		if (!is_ours)
			settings_error(report, settings_where(s, "listeners"),
				       "listeners: %s: host %s is not the port's; leave "
				       "it empty, or "
				       "use the address of penstock.port.address",
				       s->listener[i].name, host);
		host[0] = '\0';
	}
}

static bool parse_core(const char *item, struct core_settings *ret)
{
	static const char *const roles[CORE_ROLES] = {"poller", "writer", "fused", "coordinator"};
	const char *colon = strchr(item, ':');
	for (unsigned i = 0; colon && i < array_len(roles); i++) {
		size_t size = strlen(roles[i]);
		unsigned long cpu;
		if ((size_t)(colon - item) != size || strncmp(item, roles[i], size) != 0)
			continue;
		if (!settings_number(colon + 1, CPU_MAX, &cpu))
			return false;
		*ret = (struct core_settings){.role = (uint8_t)i, .cpu = (uint16_t)cpu};
		return true;
	}
	return false;
}

static bool core_is_taken(const struct settings *s, uint16_t cpu)
{
	for (unsigned i = 0; i < s->core_count; i++) {
		if (s->core[i].cpu == cpu)
			return true;
	}
	return false;
}

/* A list of the coordinator alone is no plan: the data cores are then chosen as without one. */
static void check_roles(const struct settings *s, const char *where,
			struct settings_report *report)
{
	unsigned count[CORE_ROLES] = {0};
	for (unsigned i = 0; i < s->core_count; i++)
		count[s->core[i].role]++;
	unsigned pollers = count[CORE_POLLER] + count[CORE_FUSED];
	if (count[CORE_COORDINATOR] > 1)
		settings_error(report, where, "penstock.cores: %u coordinators: there is one",
			       count[CORE_COORDINATOR]);
	if (count[CORE_COORDINATOR] == s->core_count)
		return; /* the data cores are chosen as if nothing was named */
	if (pollers == 0)
		settings_error(report, where,
			       "penstock.cores: no poller: name a poller or fused core");
	if (pollers > 1)
		settings_error(report, where,
			       "penstock.cores: %u pollers: the port is driven with one "
			       "queue so far",
			       pollers);
	if (count[CORE_WRITER] + count[CORE_FUSED] == 0)
		settings_error(report, where,
			       "penstock.cores: no writer: name a writer or fused core");
	if (count[CORE_WRITER] + count[CORE_FUSED] > WRITERS_MAX)
		settings_error(report, where, "penstock.cores: more than %d writers",
			       WRITERS_MAX);
}

static void finish_cores(struct settings *s, struct settings_report *report)
{
	const char *where = settings_where(s, "penstock.cores");
	char list[SETTING_TEXT_BYTES], *save = NULL;
	memcpy(list, s->cores, sizeof list);
	s->core_count = 0;
	for (char *item = strtok_r(list, ", ", &save); item;
	     item = strtok_r(NULL, ", ", &save)) {
		struct core_settings core;
		if (!parse_core(item, &core))
			settings_error(report, where,
				       "penstock.cores: %s: expected poller:CPU, "
				       "writer:CPU, fused:CPU or coordinator:CPU",
				       item);
		else if (core_is_taken(s, core.cpu))
			settings_error(report, where,
				       "penstock.cores: CPU %u is there twice", core.cpu);
		else if (s->core_count < array_len(s->core))
			s->core[s->core_count++] = core;
	}
	if (s->core_count)
		check_roles(s, where, report);
}

static void finish_control(struct settings *s, struct settings_report *report)
{
	const char *text = s->control_socket_mode;
	unsigned long mode = strtoul(text, NULL, 8);
	if (!text[0] || text[strspn(text, "01234567")] || mode > 0777)
		settings_error(report, settings_where(s, "penstock.control.socket.mode"),
			       "penstock.control.socket.mode=%s: expected octal "
			       "permissions, as 0660",
			       text);
	s->control_mode = (unsigned)mode;
	if (strlen(s->control_socket) >= sizeof((struct sockaddr_un *)0)->sun_path)
		settings_error(report, settings_where(s, "penstock.control.socket"),
			       "penstock.control.socket: a socket's path has at most %zu "
			       "characters",
			       sizeof((struct sockaddr_un *)0)->sun_path - 1);
}

/* Of two values that do not fit, the one that was written down. */
static const char *where_of_pair(const struct settings *s, const char *a, const char *b)
{
	const char *where = settings_where(s, a);
	return strcmp(where, "default") == 0 ? settings_where(s, b) : where;
}

/* A frame is looked at in place: all of it must fit the window. */
static void check_windows(const struct settings *s, struct settings_report *report)
{
	for (unsigned i = 0; i < s->listener_count; i++) {
		const struct listener *l = &s->listener[i];
		if (l->protocol != PROTOCOL_GBT32960 ||
		    l->frame_bytes_max <= s->tcp.receive_buffer_bytes)
			continue;
		settings_error(report,
			       where_of_pair(s, "socket.receive.buffer.bytes", "listeners"),
			       "socket.receive.buffer.bytes %u is below the frame.max.bytes "
			       "%u of listener %s: such a frame would never be whole; raise "
			       "the one, or lower listener.name.%s.frame.max.bytes",
			       s->tcp.receive_buffer_bytes, l->frame_bytes_max, l->name,
			       l->name);
	}
}

/* 0 leaves them to the start; what is set must be of use. */
static void check_limits(const struct settings *s, struct settings_report *report)
{
	if (s->receive_memory_bytes && s->receive_memory_bytes < 1 << 20)
		settings_error(report, settings_where(s, "penstock.receive.memory.bytes"),
			       "penstock.receive.memory.bytes: 0, or 1048576 at least");
	if (s->nic.mtu && s->nic.mtu < PORT_MTU_MIN)
		settings_error(report, settings_where(s, "penstock.port.mtu"),
			       "penstock.port.mtu: 0, or %u at least", PORT_MTU_MIN);
	if (s->answers_max && s->answers_max < 64)
		settings_error(report, settings_where(s, "penstock.answers.max"),
			       "penstock.answers.max: 0, or 64 at least");
}

/* What one value allows and another makes impossible is refused here: under load it would be
 * hard to see why. */
static void check_relations(const struct settings *s, struct settings_report *report)
{
	if (!s->port[0])
		settings_error(report, settings_where(s, "penstock.port"),
			       "penstock.port is not set: the DPDK port, a PCI address "
			       "or a virtual "
			       "device as net_tap0,iface=penstock0");
	if (s->writer.buffer_bytes % DISK_BLOCK_BYTES)
		settings_error(report, settings_where(s, "penstock.writer.buffer.bytes"),
			       "penstock.writer.buffer.bytes: not a multiple of %d",
			       DISK_BLOCK_BYTES);
	if (s->poller.lane_credit_bytes > s->poller.writer_credit_bytes)
		settings_error(report,
			       where_of_pair(s, "penstock.partition.credit.bytes",
					     "penstock.writer.credit.bytes"),
			       "penstock.partition.credit.bytes is above "
			       "penstock.writer.credit.bytes");
	if (s->poller.request_bytes_max < s->poller.message_bytes_max)
		settings_error(report,
			       where_of_pair(s, "socket.request.max.bytes",
					     "message.max.bytes"),
			       "socket.request.max.bytes is below message.max.bytes: the "
			       "largest batch would cost its producer the connection");
	if (s->poller.lane_credit_bytes < s->poller.message_bytes_max)
		settings_error(report,
			       where_of_pair(s, "penstock.partition.credit.bytes",
					     "message.max.bytes"),
			       "penstock.partition.credit.bytes is below "
			       "message.max.bytes: the largest "
			       "batch would wait for ever");
}

static void check_groups(const struct settings *s, struct settings_report *report)
{
	if (s->group.session_timeout_min_ms > s->group.session_timeout_max_ms)
		settings_error(report,
			       where_of_pair(s, "group.min.session.timeout.ms",
					     "group.max.session.timeout.ms"),
			       "group.min.session.timeout.ms is above "
			       "group.max.session.timeout.ms: no member could join");
}

/* Listeners come first: later checks go through their table. */
unsigned settings_finish(struct settings *s, FILE *messages)
{
	struct settings_report report = {.messages = messages};
	settings_listeners(s, &report);
	finish_address(s, &report);
	finish_gateway(s, &report);
	finish_listener_hosts(s, &report);
	finish_cores(s, &report);
	finish_control(s, &report);
	settings_limits(s, &report);
	settings_units(s, &report);
	check_relations(s, &report);
	settings_log_dirs(s, &report);
	check_groups(s, &report);
	check_limits(s, &report);
	check_windows(s, &report);
	settings_draft_free(s);
	return report.errors;
}

uint16_t settings_advertised_port(const struct settings *s, unsigned listener)
{
	uint16_t told = s->address[listener].advertised_port;
	return told ? told : s->listener[listener].port;
}

const char *settings_advertised_host(const struct settings *s, unsigned listener,
				     char *out, size_t size)
{
	const char *host = s->address[listener].advertised_host;
	struct in_addr ip4 = {htonl(s->port_ip4)};
	if (host[0])
		snprintf(out, size, "%s", host);
	else
		inet_ntop(AF_INET, &ip4, out, (socklen_t)size);
	return out;
}
