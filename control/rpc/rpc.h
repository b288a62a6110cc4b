/* rpc.h - the control socket: JSON-RPC 2.0, one value per line, on a UNIX stream socket.
 *
 *     penstockctl ─▶ line ─▶ method table ─▶ registry, stats, bad frames ─▶ line
 *
 * docs/CONTROL.md is the manual of the methods. A caller is known by SO_PEERCRED: root and
 * the gateway's own user may change things, anyone else whom the socket's mode lets in may
 * read. Before binding, <socket>.lock is flocked, so that a second instance neither unlinks
 * nor shadows the socket of the first; the mode is set before the socket has a name.
 *
 * Core: control; never waits. Limits: RPC_CLIENTS_MAX clients, RPC_LINE_BYTES_MAX per
 * request, RPC_DEPTH_MAX levels; a client that does not read its answers is not read from, and
 * one request runs in a turn: control serves Kafka's clients between any two.
 * A request that has begun has RPC_LINE_MS to come whole. While somebody waits for a place,
 * whoever has held one for RPC_GRACE_MS without a request that was run, or an answer that was
 * read, gives his, the longest first: places are for those who finish.
 */
#ifndef PENSTOCK_RPC_H
#define PENSTOCK_RPC_H

#include "control/catalog/registry.h"
#include "dataplane/base/stats.h"
#include "dataplane/session/bad_frames.h"

enum {
	RPC_CLIENTS_MAX = 64,
	RPC_LINE_BYTES_MAX = 1 << 20,
	RPC_DEPTH_MAX = 16,
	RPC_LINE_MS = 5000,
	RPC_GRACE_MS = 100,
	RPC_SOURCES_MAX = 2 * (POLLERS_MAX + WRITERS_MAX) + 2,
};

/* One block of statistics: a poller's, a writer's, or that of the loop around them (pauses,
 * sleeps, allocations). */
struct rpc_source {
	const char *role; /* "poller", "writer", "core", "coordinator", "control" */
	unsigned index;
	int cpu; /* -1: the coordinator's, when it has none of its own */
	struct stats_page *page;
};

/* Where memory lies; filled by control/heap.c. */
struct heap_share {
	uint64_t heap_bytes;            /* control: resident */
	uint64_t heap_huge_bytes;       /* of these on huge pages */
	uint64_t connection_bytes;      /* slabs, pools and lanes of the pollers: resident */
	uint64_t connection_huge_bytes;
};

/* Who may speak to a listener: how many of each. */
struct rpc_names {
	bool has_list; /* else anybody may */
	uint32_t vehicles;
	uint32_t accounts;
};

struct rpc_options {
	const char *socket_path;
	unsigned mode;
	const char *version;
	struct registry *registry;
	struct rpc_source sources[RPC_SOURCES_MAX];
	unsigned source_count;
	struct bad_frames *bad_frames[POLLERS_MAX];
	unsigned poller_count;
	const char *listener_names[LISTENERS_MAX]; /* by index, for frames.bad */
	unsigned listener_count;
	/* "recovering", "starting", "running", "draining"; asked at each system.state. */
	const char *(*state)(void *owner);
	/* Null: heap shares are not in stats.get. */
	void (*heap)(void *owner, struct heap_share *ret);
	/* Reads the lists of all listeners again (vehicle_files.h). */
	bool (*reload)(void *owner, struct rpc_names names[LISTENERS_MAX], char *message,
		       size_t message_size);
	void *owner; /* of the three above */
};

struct rpc;

/* Binds and listens. Null with a sentence in `message`. */
struct rpc *rpc_open(const struct rpc_options *options, char *message, size_t message_size);
/* Accepts, reads, executes, answers; true when it found work. */
bool rpc_turn(struct rpc *r, uint64_t now_ns);
/* Somebody waits for a place: turn again soon. */
bool rpc_is_full(const struct rpc *r);
/* Readable when rpc_turn() has something to do: for poll() or wake_wait(). */
int rpc_wait_fd(const struct rpc *r);
void rpc_close(struct rpc *r);

#endif
