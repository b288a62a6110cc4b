/* settings_limits.c - max.connections.per.ip.overrides in, a table of addresses out. */
#include "config/settings_limits.h"
#include "config/settings_endpoint.h"

#include <arpa/inet.h>

/* Null, or what is wrong with a.b.c.d:count. */
static const char *limit_read(char *item, struct address_limit *ret)
{
	char *colon = strrchr(item, ':');
	struct in_addr ip4;
	unsigned long connections;
	if (!colon || !settings_number(colon + 1, INT32_MAX, &connections))
		return "expected address:count";
	*colon = '\0';
	bool is_address = inet_pton(AF_INET, item, &ip4) == 1;
	/* Messages show the item as it was written. */
	*colon = ':';
	if (!is_address)
		return "no IPv4 address; names are not looked up";
	*ret = (struct address_limit){ntohl(ip4.s_addr), (uint32_t)connections};
	return NULL;
}

/* Of two entries for one address either may be meant. */
static bool address_is_taken(const struct tcp_settings *s, uint32_t ip4)
{
	for (unsigned i = 0; i < s->address_limits; i++)
		if (s->address_limit[i].ip4 == ip4)
			return true;
	return false;
}

/* Null, or what is wrong with it. */
static const char *limit_add(struct tcp_settings *s, char *item)
{
	struct address_limit limit;
	const char *fault = limit_read(item, &limit);
	if (fault)
		return fault;
	if (address_is_taken(s, limit.ip4))
		return "the address is there twice";
	if (s->address_limits == ADDRESS_LIMITS_MAX)
		return "more than 64 addresses";
	s->address_limit[s->address_limits++] = limit;
	return NULL;
}

void settings_limits(struct settings *s, struct settings_report *report)
{
	const char *key = "max.connections.per.ip.overrides";
	char list[SETTING_TEXT_BYTES], *save = NULL;
	memcpy(list, s->max_connections_per_ip_overrides, sizeof list);
	s->tcp.address_limits = 0;
	for (char *item = strtok_r(list, ", ", &save); item;
	     item = strtok_r(NULL, ", ", &save)) {
		const char *fault = limit_add(&s->tcp, item);
		if (fault)
			settings_error(report, settings_where(s, key), "%s: %s: %s", key, item,
				       fault);
	}
}
