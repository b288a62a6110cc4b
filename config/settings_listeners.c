/* settings_listeners.c - `listeners`, the protocol maps, advertised.listeners and the
 * listener.name.* lines into the table of listeners. */
#include "config/settings_listeners.h"
#include "config/settings_endpoint.h"
#include "config/settings_routing.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

/* What a listener may speak, by the names Kafka and we use. */
static const struct {
	const char *name;
	enum protocol_id protocol;
} protocols_known[] = {
	{"KAFKA", PROTOCOL_KAFKA},
	{"PLAINTEXT", PROTOCOL_KAFKA},
	{"GBT32960", PROTOCOL_GBT32960},
	{"JT808", PROTOCOL_JT808},
	{"UDP", PROTOCOL_UDP},
};

#define PROTOCOLS_TEXT "KAFKA, GBT32960, JT808, UDP (PLAINTEXT means KAFKA)"

static int protocol_of(const char *name)
{
	for (unsigned i = 0; i < array_len(protocols_known); i++) {
		if (strcasecmp(protocols_known[i].name, name) == 0)
			return (int)protocols_known[i].protocol;
	}
	return -1;
}

/* Ours, where there are two. */
static const char *protocol_name(unsigned protocol)
{
	unsigned i = 0;
	while (protocols_known[i].protocol != protocol)
		i++;
	return protocols_known[i].name;
}

/* Copies the next item of a comma-separated list, trimmed; null at its end. */
static const char *next_item(const char *at, char *out, size_t size)
{
	while (*at == ',' || isspace((unsigned char)*at))
		at++;
	if (!*at)
		return NULL;
	size_t n = strcspn(at, ",");
	const char *next = at + n;
	while (n && isspace((unsigned char)at[n - 1]))
		n--;
	snprintf(out, size, "%.*s", (int)n, at);
	return next;
}

/* "NAME:PROTOCOL" taken apart in place, trimmed; false when it is not of that form. */
static bool split_pair(char *item, const char **name, const char **protocol)
{
	char *colon = strchr(item, ':');
	if (!colon || strchr(colon + 1, ':'))
		return false;
	char *end = colon;
	while (end > item && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	*name = item;
	*protocol = colon + 1 + strspn(colon + 1, " \t");
	return **name && **protocol;
}

/* The protocol a map gives `name`, -1 when it has no entry, -2 when the entry's protocol is
 * not spoken here. */
static int protocol_in_map(const char *map, const char *wanted)
{
	char item[SETTING_TEXT_BYTES];
	const char *name, *text;
	while ((map = next_item(map, item, sizeof item))) {
		if (!split_pair(item, &name, &text) || strcasecmp(name, wanted) != 0)
			continue;
		int protocol = protocol_of(text);
		return protocol < 0 ? -2 : protocol;
	}
	return -1;
}

static bool is_in_map_before(const char *map, const char *end, const char *wanted)
{
	char item[SETTING_TEXT_BYTES];
	const char *name, *text;
	while ((map = next_item(map, item, sizeof item)) && map < end)
		if (split_pair(item, &name, &text) && strcasecmp(name, wanted) == 0)
			return true;
	return false;
}

/* Kafka's own map may name protocols that we do not speak; ours may not. */
static void check_map(const struct settings *s, const char *key, const char *map,
		      struct settings_report *report)
{
	bool is_ours = map == s->listener_protocol_map;
	const char *where = settings_where(s, key), *name, *text;
	char item[SETTING_TEXT_BYTES], whole[SETTING_TEXT_BYTES];
	for (const char *at = map; (at = next_item(at, item, sizeof item));) {
		memcpy(whole, item, sizeof whole);
		if (!split_pair(item, &name, &text))
			settings_error(report, where, "%s: %s: expected NAME:PROTOCOL", key,
				       whole);
		else if (is_in_map_before(map, at, name))
			settings_error(report, where, "%s: %s is there twice; leave one", key,
				       name);
		else if (is_ours && protocol_of(text) < 0)
			settings_error(report, where,
				       "%s: %s: no such protocol; known are " PROTOCOLS_TEXT, key,
				       whole);
	}
}

/* Ours goes before Kafka's map, and a listener that stands in neither is called as its
 * protocol. */
static int listener_protocol(const struct settings *s, const char *name)
{
	int protocol = protocol_in_map(s->listener_protocol_map, name);
	if (protocol == -1)
		protocol = protocol_in_map(s->listener_security_protocol_map, name);
	return protocol == -1 ? protocol_of(name) : protocol;
}

/* Whatever the case of its letters: Kafka, too, compares these names in upper case. */
static struct listener *find_listener(struct settings *s, const char *name)
{
	for (unsigned i = 0; i < s->listener_count; i++) {
		if (strcasecmp(s->listener[i].name, name) == 0)
			return &s->listener[i];
	}
	return NULL;
}

/* TCP and UDP have ports of their own. */
static bool port_is_taken(const struct settings *s, uint16_t port, bool is_udp)
{
	for (unsigned i = 0; i < s->listener_count; i++) {
		const struct listener *other = &s->listener[i];
		if (other->port == port && (other->protocol == PROTOCOL_UDP) == is_udp)
			return true;
	}
	return false;
}

/* A T-Box or datagram listener writes to the topic of its own name unless a line says
 * otherwise: a line of listener.name is applied later. */
static void listener_append(struct settings *s, const struct endpoint_text *text, int protocol)
{
	struct listener *l = &s->listener[s->listener_count];
	struct listener_address *address = &s->address[s->listener_count++];
	memset(l, 0, sizeof *l);
	memset(address, 0, sizeof *address);
	struct setting_rows rows = setting_rows_listener();
	for (unsigned i = 0; i < rows.count; i++)
		setting_set_default(&rows.rows[i], l);
	memcpy(l->name, text->name, sizeof l->name);
	memcpy(address->host, text->host, sizeof address->host);
	l->port = text->port;
	address->advertised_port = text->port;
	l->protocol = (uint8_t)protocol;
	for (size_t i = 0; l->name[i]; i++)
		l->topic[i] = (char)tolower((unsigned char)l->name[i]);
}

/* One item of `listeners`; what is wrong is said in place. */
static void add_listener(struct settings *s, const char *item, const char *where,
			 struct settings_report *report)
{
	struct endpoint_text text;
	const char *fault = settings_endpoint(item, &text);
	if (fault) {
		settings_error(report, where,
			       "listeners: %s: %s; expected NAME://[host]:port", item, fault);
		return;
	}
	int protocol = listener_protocol(s, text.name);
	if (protocol < 0)
		settings_error(
			report, where,
			"listeners: %s: no protocol of that name; known "
			"are " PROTOCOLS_TEXT
			"; give the name one with listener.protocol.map=%s:PROTOCOL",
			text.name, text.name);
	else if (find_listener(s, text.name))
		settings_error(report, where, "listeners: %s is there twice", text.name);
	else if (port_is_taken(s, text.port, protocol == PROTOCOL_UDP))
		settings_error(report, where,
			       "listeners: %s: port %u is taken by another listener",
			       text.name, text.port);
	else if (s->listener_count == LISTENERS_MAX)
		settings_error(report, where, "listeners: more than %d", LISTENERS_MAX);
	else
		listener_append(s, &text, protocol);
}

/* NAME://host:port of a file that a broker shares with a controller. */
static bool is_for_controllers(const struct settings *s, const char *item)
{
	char name[SETTING_TEXT_BYTES];
	size_t size = strcspn(item, ":");
	for (const char *at = s->controller_listener_names;
	     (at = next_item(at, name, sizeof name));)
		if (strlen(name) == size && strncasecmp(name, item, size) == 0)
			return true;
	return false;
}

static void say_left_out(const char *where, const char *item, struct settings_report *report)
{
	fprintf(report->messages,
		"%s: listeners: %s is left out: controller.listener.names has it, and there are no "
		"controllers: one gateway, one node\n",
		where, item);
}

/* The listener before `l` whose clients are told the same place, or null: of two listeners
 * one would get the clients of both. */
static const struct listener *told_before(const struct settings *s,
						   const struct endpoint_text *text)
{
	for (unsigned i = 0; i < s->listener_count; i++) {
		const struct listener_address *other = &s->address[i];
		if (other->advertised_port == text->port &&
		    strcasecmp(other->advertised_host, text->host) == 0)
			return &s->listener[i];
	}
	return NULL;
}

/* What is wrong with an item beyond its form, said; else the listener it is about. */
static struct listener *advertised_of(struct settings *s, struct endpoint_text *text,
					       const char *where,
					       struct settings_report *report)
{
	struct listener *l = find_listener(s, text->name);
	const struct listener *other = told_before(s, text);
	if (!l)
		settings_error(report, where,
			       "advertised.listeners: %s is not in listeners; add it there, "
			       "or take it away here",
			       text->name);
	else if (s->address[l - s->listener].advertised_host[0])
		settings_error(report, where,
			       "advertised.listeners: %s is there twice; leave one", l->name);
	else if (l->protocol != PROTOCOL_KAFKA)
		settings_error(report, where,
			       "advertised.listeners: %s speaks %s, and only Kafka's clients "
			       "are told where to come back to; take it away here",
			       l->name, protocol_name(l->protocol));
	else if (other)
		settings_error(report, where,
			       "advertised.listeners: %s and %s are both %s:%u; give each a "
			       "place of its own",
			       other->name, l->name, text->host, text->port);
	else
		return l;
	return NULL;
}

/* A place that only this machine reaches is a warning: on a developer's machine it is what is
 * meant. */
static void add_advertised(struct settings *s, const char *item, const char *where,
			   struct settings_report *report)
{
	struct endpoint_text text;
	const char *fault = settings_endpoint(item, &text);
	if (!fault)
		fault = settings_host_fault(text.host);
	if (fault) {
		settings_error(report, where,
			       "advertised.listeners: %s: %s; expected NAME://host:port", item,
			       fault);
		return;
	}
	struct listener *l = advertised_of(s, &text, where, report);
	if (!l)
		return;
	if (settings_host_is_local(text.host))
		fprintf(report->messages,
			"%s: warning: advertised.listeners: %s: clients elsewhere come back "
			"to their own machine; name an address they reach\n",
			where, item);
	struct listener_address *told = &s->address[l - s->listener];
	memcpy(told->advertised_host, text.host, sizeof told->advertised_host);
	told->advertised_port = text.port;
}

/* Has a listener of its protocol the setting at all? What is taken and does nothing would be
 * believed to do something. */
static bool has_setting(const struct listener *l, const struct listener_line *line,
			struct settings_report *report)
{
	char names[64] = "";
	if (line->row->protocols >> l->protocol & 1)
		return true;
	for (unsigned p = 0; p < PROTOCOLS; p++) {
		size_t used = strlen(names);
		unsigned from_here = line->row->protocols >> p;
		const char *before = from_here == 1 ? " and " : ", ";
		if (from_here & 1)
			snprintf(names + used, sizeof names - used, "%s%s", used ? before : "",
				 protocol_name(p));
	}
	settings_error(report, line->where,
		       "listener.name.%s.%s: listener %s speaks %s, and this is of %s only; "
		       "take the line away",
		       line->name, line->row->key, l->name, protocol_name(l->protocol), names);
	return false;
}

/* Values were checked when their lines came; what is left to be wrong is the listener. */
static void apply_lines(struct settings *s, struct settings_report *report)
{
	for (unsigned i = 0; s->draft && i < s->draft->line_count; i++) {
		const struct listener_line *line = &s->draft->lines[i];
		struct listener *l = find_listener(s, line->name);
		char expected[256];
		if (!l)
			settings_error(report, line->where,
				       "listener.name.%s.%s: no listener %s in listeners",
				       line->name, line->row->key, line->name);
		else if (has_setting(l, line, report))
			setting_parse(line->row, l, line->value, expected, sizeof expected);
	}
}

/* A name has a protocol before it is a listener, and is one before it is advertised or told
 * anything. */
void settings_listeners(struct settings *s, struct settings_report *report)
{
	char item[SETTING_TEXT_BYTES];
	const char *where = settings_where(s, "listeners");
	const char *at = s->listeners;
	s->listener_count = 0;
	check_map(s, "listener.protocol.map", s->listener_protocol_map, report);
	check_map(s, "listener.security.protocol.map", s->listener_security_protocol_map,
		  report);
	while ((at = next_item(at, item, sizeof item)))
		if (is_for_controllers(s, item))
			say_left_out(where, item, report);
		else
			add_listener(s, item, where, report);
	where = settings_where(s, "advertised.listeners");
	at = s->advertised_listeners;
	while ((at = next_item(at, item, sizeof item)))
		if (!is_for_controllers(s, item))
			add_advertised(s, item, where, report);
	apply_lines(s, report);
	for (unsigned i = 0; i < s->listener_count; i++)
		if (s->listener[i].protocol != PROTOCOL_KAFKA)
			settings_routing(s, &s->listener[i], report);
}
