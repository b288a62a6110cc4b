/* swarm_link.h - one Kafka client's connection over a kernel socket: a request out, its answer in.
 *
 *     swarm_link_ask ─▶ on its way ... swarm_link_receive: true ─▶ swarm_link_answer ─▶ decoded
 *
 * One request at a time, as a consumer's coordinator connection has it. Requests are written from
 * the gateway's own field tables, in versions that are not flexible.
 *
 * Core: one thread, epoll. Memory: the link's own, as large as its largest request and answer.
 */
#ifndef PENSTOCK_PERF_SWARM_LINK_H
#define PENSTOCK_PERF_SWARM_LINK_H

#include "dataplane/wire/kafka/kafka_apis.h"
#include "dataplane/wire/kafka/kafka_schema.h"

#include <netinet/in.h>

struct swarm_buffer {
	uint8_t *data;
	size_t size, room;
};

struct swarm_link {
	int fd;
	uint32_t correlation; /* of the request under way, or of the last */
	bool is_asking;
	uint64_t asked_ns;
	struct swarm_buffer out, in;
	size_t sent; /* of `out` */
};

/* 0 or -errno; blocks until it is connected. */
int swarm_link_open(struct swarm_link *l, const struct sockaddr_in *to);
void swarm_link_close(struct swarm_link *l);

/* A request whose body, of so many bytes, goes into the emitter; then its end. What the kernel does
 * not take swarm_link_flush() sends later. 0 or -errno. */
struct emitter swarm_link_begin(struct swarm_link *l, int key, int version, size_t body_bytes);
int swarm_link_end(struct swarm_link *l, const struct emitter *e, uint64_t now_ns);
/* Both, of a message of the tables. */
int swarm_link_ask(struct swarm_link *l, int key, int version, const struct kafka_message *m,
		   const void *request, uint64_t now_ns);
int swarm_link_flush(struct swarm_link *l);

/* Reads what there is. 1: the answer is whole; 0; -errno; -EPROTO: it answers another request. */
int swarm_link_receive(struct swarm_link *l);
/* What follows its correlation id; another request may be sent once it was read. */
struct cursor swarm_link_answer(struct swarm_link *l);

#endif
