/* creation_quota.h - how many topics each source may have created by naming them: so many a second,
 * and a burst of them at once.
 *
 *     Metadata names a topic that is not there ─▶ creation_quota_take ─ granted ─▶ registry
 *                                                        └─ not now: counted, said, UNKNOWN_TOPIC
 *
 * A topic is files and directories, and a place in a table that is everybody's. Who asks again
 * later, as clients do, has the others then.
 *
 * Core: control. Limits: the last CREATION_SOURCES that asked are known apart; who comes back after
 * them begins anew.
 */
#ifndef PENSTOCK_CREATION_QUOTA_H
#define PENSTOCK_CREATION_QUOTA_H

#include "dataplane/base/stats.h"

enum {
	CREATION_SOURCES = 256,
	CREATION_SOURCE_BYTES = 16, /* an address */
	/* At once, if the rate is no larger: what one request may have created. */
	CREATION_BURST = 64,
	CREATION_SAY_S = 10, /* between two lines for the operator */
};

struct creation_source {
	uint8_t address[CREATION_SOURCE_BYTES];
	uint64_t left_ns; /* time that has been saved up; a topic costs NS_PER_S / rate */
	uint64_t at_ns;   /* as of then; 0: nobody's */
};

struct creation_quota {
	uint32_t rate; /* topics a second; 0: as many as are asked for */
	struct creation_source sources[CREATION_SOURCES];
	struct stats *stats;
	/* A line for the operator, now and then; null: nobody hears it. */
	void (*say)(void *owner, const char *line);
	void *owner;
	uint64_t said_ns;
	uint64_t unsaid; /* refused since the last line */
};

/* False: not now. */
bool creation_quota_take(struct creation_quota *q, const uint8_t source[CREATION_SOURCE_BYTES],
			 uint64_t now_ns);
/* One that was granted came to nothing, for the table is full but for what operators may use. */
void creation_quota_table_full(struct creation_quota *q, uint64_t now_ns);

#endif
