/* rpc_private.h - what the files of the control socket share.
 *
 *     rpc.c          clients: bytes in, lines out to rpc_call.c, answers back
 *     rpc_call.c     one line ─▶ envelope checked, method found, parameters checked ─▶ answer
 *     rpc_methods.c  the table of methods, system.*, rpc.methods
 *     rpc_topics.c   topic.*        rpc_stats.c   stats.get      rpc_frames.c   frames.bad
 *     rpc_config.c   config.*       rpc_records.c records.delete
 *     rpc_reopen.c   partition.reopen, logdir.reopen
 *     rpc_listeners.c listener.reload
 *     rpc_change.c   what changes something, and waits for it
 *
 * Core: control.
 */
#ifndef PENSTOCK_RPC_PRIVATE_H
#define PENSTOCK_RPC_PRIVATE_H

#include "control/rpc/rpc.h"
#include "control/rpc/rpc_socket.h"
#include "dataplane/base/list.h"

#include <jansson.h>

enum rpc_error {
	RPC_PARSE_ERROR = -32700,
	RPC_INVALID_REQUEST = -32600,
	RPC_METHOD_NOT_FOUND = -32601,
	RPC_INVALID_PARAMS = -32602,
	RPC_REFUSED = -32000,       /* the gateway says no; data.kafka_error says how Kafka would */
	RPC_NOT_PERMITTED = -32001, /* the caller is neither root nor the gateway's user */
};

struct rpc_client {
	int fd; /* -1: slot is free */
	uint32_t generation;
	bool is_admin;
	bool is_ended;   /* it will send no more */
	bool is_waiting; /* for a job of the registry: nothing more is read */
	bool closes;     /* once the answer is out */
	uint32_t events; /* epoll's, as set last */
	uint64_t since_ns; /* it has finished nothing, or begun its line */
	char *in;
	size_t in_size;
	size_t in_room;
	char *out;
	size_t out_size;
	size_t out_sent;
};

struct rpc {
	struct rpc_options options;
	struct rpc_socket socket;
	int epoll;
	bool accepts;    /* else somebody waits for a place */
	unsigned next;   /* client whose turn it is */
	uint64_t now_ns; /* of this turn */
	struct rpc_client clients[RPC_CLIENTS_MAX];
	struct list waits; /* struct rpc_wait */
};

struct rpc_call;

/* Answers with what came of a job that went well. */
typedef void rpc_show(struct rpc_call *call, const struct registry_result *result);

/* An answer that a job of the registry will give; outlives its client and the rpc. */
struct rpc_wait {
	struct list node;
	struct rpc *rpc; /* null: closed meanwhile */
	unsigned client;
	uint32_t generation;
	json_t *id; /* null: a notification */
	rpc_show *show;
};

/* One request while its method runs. */
struct rpc_call {
	struct rpc *rpc;
	struct rpc_client *client;
	json_t *id;     /* null: a notification, nobody waits for the answer */
	json_t *params; /* checked against the method's table */
	bool is_waiting;
	/* Answer */
	json_t *result;
	int error;
	const char *kafka_error;
	char message[512];
};

struct rpc_param {
	const char *name;
	json_type type; /* JSON_TRUE stands for both booleans */
	bool is_required;
	const char *help;
};

struct rpc_method {
	const char *name;
	bool is_for_admins;
	bool needs_topics; /* of what they are nothing is known before logs are recovered */
	const char *help;
	void (*run)(struct rpc_call *call);
	struct rpc_param params[6];
};

extern const struct rpc_method rpc_method_table[];
extern const unsigned rpc_method_count;

#endif
