/* ctl_client.h - one request to the gateway's control socket and its answer; may wait. */
#ifndef PENSTOCK_CTL_CLIENT_H
#define PENSTOCK_CTL_CLIENT_H

#include <jansson.h>
#include <stdio.h>

struct ctl_client {
	FILE *in;
	FILE *out;
	const char *path;
};

/* -errno. */
int ctl_connect(struct ctl_client *c, const char *path);
void ctl_close(struct ctl_client *c);

/* The answer object, or null when the gateway has hung up. Takes `params` (may be null). */
json_t *ctl_call(struct ctl_client *c, const char *method, json_t *params);

#endif
