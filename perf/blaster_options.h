/* blaster_options.h - the blaster's command line in; what to do, as a struct, out.
 * Core: one thread. Memory: strings point into argv. */
#ifndef PENSTOCK_PERF_BLASTER_OPTIONS_H
#define PENSTOCK_PERF_BLASTER_OPTIONS_H

#include "perf/record_deflate.h"

struct blaster_options {
	const char *host;
	uint16_t port;
	const char *topic;
	unsigned partitions; /* connection i writes to partition i modulo this */
	unsigned connections;
	unsigned in_flight; /* requests of a connection without an answer, at most */
	unsigned record_bytes;
	unsigned records; /* per request: one batch */
	enum record_codec codec;
	int acks;         /* 1 or -1 */
	unsigned rate;    /* open loop: requests a second, all connections; 0: closed */
	double warmup_s, seconds;
};

/* Says what is wrong, or what there is, on stderr; false: do not go on. */
bool blaster_options_read(struct blaster_options *ret, int argc, char **argv);

#endif
