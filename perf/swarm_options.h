/* swarm_options.h - group-swarm's command line in; what to do, as a struct, out.
 * Core: one thread. Memory: strings point into argv. */
#ifndef PENSTOCK_PERF_SWARM_OPTIONS_H
#define PENSTOCK_PERF_SWARM_OPTIONS_H

#include "dataplane/base/base.h"

enum { SWARM_MEMBERS_MAX = 15000, SWARM_OTHERS_MAX = 1000, SWARM_BUSY_MAX = 15000 };

struct swarm_options {
	const char *host;
	uint16_t port;
	const char *topic;   /* of at least as many partitions */
	unsigned partitions; /* of which are committed for, or waited at */
	unsigned members;    /* of one group; 0: there is none */
	unsigned others;     /* groups of one member each */
	unsigned committers; /* connections; 0: nothing is committed */
	unsigned waiters;    /* connections; 0: nobody waits */
	unsigned interval_ms, others_ms; /* of heartbeats */
	unsigned session_ms;
	double seconds;      /* of each phase that has a length of its own */
};

/* Says what is wrong, or what there is, on stderr; false: do not go on. */
bool swarm_options_read(struct swarm_options *ret, int argc, char **argv);

#endif
