/* settings_endpoint.c - "NAME://host:port" in, its parts out, or a phrase: what is wrong. */
#include "config/settings_endpoint.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>

enum { LABEL_BYTES_MAX = 63, HOST_BYTES_MAX = 253 }; /* RFC 1035 2.3.4 */

/* strtoul() alone takes blanks, a plus, and -1 as the largest number there is. */
bool settings_number(const char *text, unsigned long max, unsigned long *ret)
{
	char *end;
	if (!isdigit((unsigned char)*text))
		return false;
	*ret = strtoul(text, &end, 10);
	return !*end && *ret <= max;
}

static bool is_name(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (!isalnum((unsigned char)text[i]) && text[i] != '_' && text[i] != '-')
			return false;
	}
	return size > 0 && size < LISTENER_NAME_BYTES;
}

/* The port is behind the last colon: an IPv6 host has colons of its own. */
const char *settings_endpoint(const char *item, struct endpoint_text *ret)
{
	const char *scheme = strstr(item, "://");
	const char *colon = strrchr(item, ':');
	unsigned long port;
	if (!scheme || colon == scheme)
		return "there is no name, no :// or no port";
	if (!is_name(item, (size_t)(scheme - item)))
		return "a name is 1 to 63 letters, digits, _ or -";
	if (!settings_number(colon + 1, UINT16_MAX, &port) || port == 0)
		return "a port is a number from 1 to 65535";
	size_t host_size = (size_t)(colon - (scheme + 3));
	if (host_size > HOST_BYTES_MAX)
		return "a host has at most 253 characters";
	snprintf(ret->name, sizeof ret->name, "%.*s", (int)(scheme - item), item);
	snprintf(ret->host, sizeof ret->host, "%.*s", (int)host_size, scheme + 3);
	ret->port = (uint16_t)port;
	return NULL;
}

/* ---- hosts that clients are told ------------------------------------------------------ */

static const char *ip4_fault(struct in_addr address)
{
	uint32_t ip4 = ntohl(address.s_addr);
	if (ip4 == INADDR_ANY)
		return "0.0.0.0 is no address to come back to: name the one clients reach";
	if (ip4 >= INADDR_UNSPEC_GROUP)
		return "that is no address of one host: name the one clients reach";
	return NULL;
}

/* In brackets, which the clients are not told. */
static const char *ip6_fault(char *host)
{
	size_t size = strlen(host);
	struct in6_addr ip6;
	if (host[0] != '[' || host[size - 1] != ']')
		return "an IPv6 address is written in brackets, as [2001:db8::1]";
	host[size - 1] = '\0';
	memmove(host, host + 1, size - 1);
	if (inet_pton(AF_INET6, host, &ip6) != 1)
		return "in the brackets is no IPv6 address";
	if (IN6_IS_ADDR_UNSPECIFIED(&ip6))
		return "[::] is no address to come back to: name the one clients reach";
	return IN6_IS_ADDR_MULTICAST(&ip6) ? "that is no address of one host" : NULL;
}

static const char *label_fault(const char *label, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (!isalnum((unsigned char)label[i]) && label[i] != '-' && label[i] != '_')
			return "a host name is of ASCII letters, digits, - and . only";
	}
	if (size == 0 || size > LABEL_BYTES_MAX)
		return "between the dots of a host name are 1 to 63 characters";
	if (label[0] == '-' || label[size - 1] == '-')
		return "no part of a host name begins or ends with -";
	return NULL;
}

static const char *name_fault(const char *host)
{
	const char *fault = NULL, *label = host;
	while (!fault) {
		size_t size = strcspn(label, ".");
		fault = label_fault(label, size);
		if (!label[size] || !label[size + 1]) /* it may end with a dot */
			break;
		label += size + 1;
	}
	/* Such a name is taken for an address wherever it is looked up. */
	if (!fault && isdigit((unsigned char)*label) &&
	    label[strspn(label, "0123456789.")] == '\0')
		return "that is neither an IPv4 address, as 192.0.2.10, nor a host name";
	return fault;
}

/* An address first: what is none is a name, unless it has colons, as only IPv6 has. */
const char *settings_host_fault(char *host)
{
	struct in_addr ip4;
	if (!host[0])
		return "there is no host: name the one clients reach";
	if (inet_pton(AF_INET, host, &ip4) == 1)
		return ip4_fault(ip4);
	if (strstr(host, "://"))
		return "there are two ://; the listener's name stands before the one";
	return strchr(host, ':') ? ip6_fault(host) : name_fault(host);
}

/* Such a host is every client's own machine. */
bool settings_host_is_local(const char *host)
{
	struct in_addr ip4;
	if (inet_pton(AF_INET, host, &ip4) == 1)
		return ntohl(ip4.s_addr) >> 24 == IN_LOOPBACKNET;
	return strcasecmp(host, "localhost") == 0 || strcmp(host, "::1") == 0;
}
