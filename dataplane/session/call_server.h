/* call_server.h - those who answer what a poller passes on as bytes, and what is on its way to
 * them.
 *
 * Core: poller. Control may block: what the coordinator's calls need is kept apart from what
 * control's have.
 */
#ifndef PENSTOCK_CALL_SERVER_H
#define PENSTOCK_CALL_SERVER_H

#include "dataplane/base/chunk.h"
#include "dataplane/base/slab.h"
#include "dataplane/handoff.h"
#include "dataplane/session/halves.h"

enum call_server_id { CALL_CONTROL, CALL_COORDINATOR, CALL_SERVERS };

struct call_server {
	struct handoff *handoff;
	struct slab calls;          /* struct call_msg */
	struct chunk_pool requests; /* CHUNK_BYTES: on their way; a quarter is the small ones' */
	struct halves halves;       /* large ones kept in part */
};

/* -errno. A zeroed one may be given back. */
static inline int call_server_init(struct call_server *s, uint32_t calls, uint32_t chunks)
{
	halves_init(&s->halves);
	int error = slab_init(&s->calls, sizeof(struct call_msg), calls);
	return error ? error : chunk_pool_init(&s->requests, CHUNK_BYTES, chunks);
}

#endif
