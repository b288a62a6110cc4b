/* rpc_frames.c - frames.bad: the last broken frames and requests of all pollers, newest first. */
#include "control/rpc/rpc_frames.h"
#include "control/rpc/rpc_call.h"
#include "dataplane/base/require.h"

#include <arpa/inet.h>
#include <stdlib.h>

/* By the wall clock, the only order that the frames of several pollers have in common. */
static int newest_first(const void *a, const void *b)
{
	int64_t x = ((const struct bad_frame *)a)->wall_ms;
	int64_t y = ((const struct bad_frame *)b)->wall_ms;
	return (x < y) - (x > y);
}

/* Of a long frame only the beginning was kept. */
static char *hex_of(const struct bad_frame *f, char out[2 * BAD_FRAME_BYTES + 1])
{
	size_t kept = min_size(f->size, BAD_FRAME_BYTES);
	for (size_t i = 0; i < kept; i++)
		snprintf(out + 2 * i, 3, "%02x", f->bytes[i]);
	out[2 * kept] = '\0';
	return out;
}

/* Addresses are IPv4 so far, in the last four of their sixteen octets. */
static char *peer_of(const struct endpoint *e, char *out, size_t size)
{
	char host[INET_ADDRSTRLEN];
	inet_ntop(AF_INET, e->address.octets + 12, host, sizeof host);
	snprintf(out, size, "%s:%u", host, e->port);
	return out;
}

static json_t *frame_json(const struct rpc_options *o, const struct bad_frame *f)
{
	char peer[48], when[RPC_TIME_BYTES], hex[2 * BAD_FRAME_BYTES + 1];
	const char *listener =
		f->listener < o->listener_count ? o->listener_names[f->listener] : "";
	const char *reason = f->reason < STAT_COUNT ? stat_infos[f->reason].name : "";
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:s}", "time",
			 rpc_time(f->wall_ms, when), "listener", listener,
			 "peer", peer_of(&f->peer, peer, sizeof peer), "offset",
			 (json_int_t)f->stream_offset, "size", (json_int_t)f->size,
			 "reason", reason, "bytes", hex_of(f, hex));
}

/* What a Kafka request has beside: whose it is as it says itself, -1 where it does not, and what
 * is wrong with it. */
static void add_request(json_t *frame, const struct bad_frame *f)
{
	static const char *const faults[BAD_REQUESTS] = {
		[BAD_REQUEST_SIZE] = "no request has this size, or it is above "
				     "socket.request.max.bytes",
		[BAD_REQUEST_API] = "the API is not served",
		[BAD_REQUEST_VERSION] = "the version is not served",
		[BAD_REQUEST_LARGE] = "longer than a request of this API may be",
		[BAD_REQUEST_FORM] = "here it is not of its version's form",
		[BAD_REQUEST_BODY] = "it is not of its version's form",
	};
	if (f->fault == BAD_REQUEST_NONE || f->fault >= BAD_REQUESTS)
		return;
	json_object_set_new(frame, "api", json_integer(f->api_key));
	json_object_set_new(frame, "version", json_integer(f->api_version));
	json_object_set_new(frame, "fault", json_string(faults[f->fault]));
}

/* All are read whatever the limit: which are the newest is known only then. */
void rpc_frames_bad(struct rpc_call *call)
{
	const struct rpc_options *o = &call->rpc->options;
	json_t *limit = json_object_get(call->params, "limit");
	json_int_t max =
		limit ? json_integer_value(limit) : POLLERS_MAX * BAD_FRAMES_KEPT;
	if (max < 1) {
		rpc_fail(call, RPC_INVALID_PARAMS, "limit is %lld: expected 1 or more",
			 (long long)max);
		return;
	}
	struct bad_frame *all = calloc(POLLERS_MAX * BAD_FRAMES_KEPT, sizeof *all);
	require(all);
	unsigned count = 0;
	for (unsigned i = 0; i < o->poller_count; i++)
		count += bad_frames_read(o->bad_frames[i], all + count, BAD_FRAMES_KEPT);
	qsort(all, count, sizeof *all, newest_first);
	json_t *frames = json_array();
	for (unsigned i = 0; i < count && i < max; i++) {
		json_t *frame = frame_json(o, &all[i]);
		add_request(frame, &all[i]);
		json_array_append_new(frames, frame);
	}
	call->result = json_pack("{s:o}", "frames", frames);
	free(all);
}
