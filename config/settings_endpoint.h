/* settings_endpoint.h - "NAME://host:port" and its parts as text. Private to config/. Core: any. */
#ifndef PENSTOCK_SETTINGS_ENDPOINT_H
#define PENSTOCK_SETTINGS_ENDPOINT_H

#include "config/settings.h"

struct endpoint_text {
	char name[LISTENER_NAME_BYTES];
	char host[SETTING_HOST_BYTES];
	uint16_t port;
};

/* Null, or what is wrong with it. */
const char *settings_endpoint(const char *item, struct endpoint_text *ret);
/* What is wrong with a host that clients are told, or null; takes the brackets of an IPv6
 * address away. */
const char *settings_host_fault(char *host);
/* Does it mean the machine of whoever reads it? */
bool settings_host_is_local(const char *host);
/* Digits and nothing else, up to `max`. */
bool settings_number(const char *text, unsigned long max, unsigned long *ret);

#endif
