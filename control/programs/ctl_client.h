/* ctl_client.h - one request to the gateway's control socket and its answer; may wait. */
#ifndef PENSTOCK_CTL_CLIENT_H
#define PENSTOCK_CTL_CLIENT_H

#include <jansson.h>
#include <stdio.h>

struct ctl_client {
	FILE *in;
	FILE *out;
	const char *path;
	unsigned patience_s;
	int error;
};

/* Waits so many seconds for a place at the gateway, and later for an answer; 0: for ever. -errno;
 * -EAGAIN: nobody answers. */
int ctl_connect(struct ctl_client *c, const char *path, unsigned patience_s);
/* Waits so long for answers from now on. */
void ctl_wait_for(struct ctl_client *c, unsigned patience_s);
void ctl_close(struct ctl_client *c);

/* The answer object; null with -errno in c->error when nobody answers (-EAGAIN), or the gateway has
 * hung up. Takes `params` (may be null). */
json_t *ctl_call(struct ctl_client *c, const char *method, json_t *params);

#endif
