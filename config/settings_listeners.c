/* settings_listeners.c - `listeners`, the protocol maps, advertised.listeners and the
 * listener.name.* lines into the table of listeners. */
#include "config/settings_draft.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

/* What a listener may speak, by the names Kafka and we use. */
static const struct {
	const char *name;
	enum listener_protocol protocol;
} protocols_known[] = {
	{"KAFKA", LISTENER_KAFKA},
	{"PLAINTEXT", LISTENER_KAFKA},
	{"GBT32960", LISTENER_GBT32960},
	{"UDP", LISTENER_UDP},
};

#define PROTOCOLS_TEXT "KAFKA, GBT32960, UDP (PLAINTEXT means KAFKA)"

static int protocol_of(const char *name)
{
	for (unsigned i = 0; i < array_len(protocols_known); i++) {
		if (strcasecmp(protocols_known[i].name, name) == 0)
			return (int)protocols_known[i].protocol;
	}
	return -1;
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

/* "NAME:PROTOCOL": the protocol a map gives `name`, -1 when it has no entry, -2 when the
 * entry's protocol is not spoken here. */
static int protocol_in_map(const char *map, const char *name)
{
	char item[SETTING_TEXT_BYTES];
	while ((map = next_item(map, item, sizeof item))) {
		char *colon = strchr(item, ':');
		if (!colon)
			continue;
		*colon = '\0';
		if (strcasecmp(item, name) != 0)
			continue;
		int protocol = protocol_of(colon + 1);
		return protocol < 0 ? -2 : protocol;
	}
	return -1;
}

static int listener_protocol(const struct settings *s, const char *name)
{
	int protocol = protocol_in_map(s->listener_protocol_map, name);
	if (protocol == -1)
		protocol = protocol_in_map(s->listener_security_protocol_map, name);
	return protocol == -1 ? protocol_of(name) : protocol;
}

/* "NAME://host:port" taken apart. */
struct endpoint_text {
	char name[LISTENER_NAME_BYTES];
	char host[SETTING_HOST_BYTES];
	uint16_t port;
};

static bool is_name(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (!isalnum((unsigned char)text[i]) && text[i] != '_' && text[i] != '-')
			return false;
	}
	return size > 0 && size < LISTENER_NAME_BYTES;
}

static bool split_endpoint(const char *item, struct endpoint_text *ret)
{
	const char *scheme = strstr(item, "://");
	const char *colon = strrchr(item, ':');
	if (!scheme || colon == scheme || !is_name(item, (size_t)(scheme - item)))
		return false;
	char *end;
	long port = strtol(colon + 1, &end, 10);
	size_t host_size = (size_t)(colon - (scheme + 3));
	if (end == colon + 1 || *end || port < 1 || port > 65535 ||
	    host_size >= SETTING_HOST_BYTES)
		return false;
	snprintf(ret->name, sizeof ret->name, "%.*s", (int)(scheme - item), item);
	snprintf(ret->host, sizeof ret->host, "%.*s", (int)host_size, scheme + 3);
	ret->port = (uint16_t)port;
	return true;
}

static struct listener_settings *find_listener(struct settings *s, const char *name)
{
	for (unsigned i = 0; i < s->listener_count; i++) {
		if (strcasecmp(s->listener[i].name, name) == 0)
			return &s->listener[i];
	}
	return NULL;
}

static bool port_is_taken(const struct settings *s, uint16_t port, bool is_udp)
{
	for (unsigned i = 0; i < s->listener_count; i++) {
		const struct listener_settings *other = &s->listener[i];
		if (other->port == port && (other->protocol == LISTENER_UDP) == is_udp)
			return true;
	}
	return false;
}

static void listener_init(struct listener_settings *l, const struct endpoint_text *text,
			  int protocol)
{
	memset(l, 0, sizeof *l);
	struct setting_rows rows = setting_rows_listener();
	for (unsigned i = 0; i < rows.count; i++)
		setting_set_default(&rows.rows[i], l);
	memcpy(l->name, text->name, sizeof l->name);
	memcpy(l->host, text->host, sizeof l->host);
	l->port = text->port;
	l->advertised_port = text->port;
	l->protocol = (uint8_t)protocol;
	for (size_t i = 0; l->name[i]; i++)
		l->topic[i] = (char)tolower((unsigned char)l->name[i]);
}

/* One item of `listeners`; what is wrong is said in place. */
static void add_listener(struct settings *s, const char *item, const char *where,
			 struct settings_report *report)
{
	struct endpoint_text text;
	if (!split_endpoint(item, &text)) {
		settings_error(report, where,
			       "listeners: %s: expected NAME://[host]:port", item);
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
	else if (port_is_taken(s, text.port, protocol == LISTENER_UDP))
		settings_error(report, where,
			       "listeners: %s: port %u is taken by another listener",
			       text.name, text.port);
	else if (s->listener_count == LISTENERS_MAX)
		settings_error(report, where, "listeners: more than %d", LISTENERS_MAX);
	else
		listener_init(&s->listener[s->listener_count++], &text, protocol);
}

static void add_advertised(struct settings *s, const char *item, const char *where,
			   struct settings_report *report)
{
	struct endpoint_text text;
	if (!split_endpoint(item, &text) || !text.host[0]) {
		settings_error(report, where,
			       "advertised.listeners: %s: expected NAME://host:port",
			       item);
		return;
	}
	struct listener_settings *l = find_listener(s, text.name);
	if (!l) {
		settings_error(report, where,
			       "advertised.listeners: %s is not in listeners", text.name);
		return;
	}
	memcpy(l->advertised_host, text.host, sizeof l->advertised_host);
	l->advertised_port = text.port;
}

static void apply_lines(struct settings *s, struct settings_report *report)
{
	for (unsigned i = 0; s->draft && i < s->draft->line_count; i++) {
		const struct listener_line *line = &s->draft->lines[i];
		struct listener_settings *l = find_listener(s, line->name);
		char expected[256];
		if (!l)
			settings_error(report, line->where,
				       "listener.name.%s.%s: no listener %s in listeners",
				       line->name, line->row->key, line->name);
		else
			setting_parse(line->row, l, line->value, expected,
				      sizeof expected);
	}
}

void settings_listeners(struct settings *s, struct settings_report *report)
{
	char item[SETTING_TEXT_BYTES];
	const char *where = settings_where(s, "listeners");
	const char *at = s->listeners;
	s->listener_count = 0;
	while ((at = next_item(at, item, sizeof item)))
		add_listener(s, item, where, report);
	where = settings_where(s, "advertised.listeners");
	at = s->advertised_listeners;
	while ((at = next_item(at, item, sizeof item)))
		add_advertised(s, item, where, report);
	apply_lines(s, report);
}
