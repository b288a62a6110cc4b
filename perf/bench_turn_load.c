/* bench_turn_load.c - vehicles' frames, Produce requests, datagrams; see bench_turn_load.h. */
#include "perf/bench_turn_load.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/fleet/gbt32960.h"
#include "dataplane/wire/net/tcp_header.h"
#include "perf/bench_parts.h"
#include "perf/bench_wire.h"
#include "perf/produce_request.h"

#include <stdlib.h>

enum {
	DATAGRAM_BYTES = 64,
	KAFKA_PARTITIONS = 8,
	STRIDE = 389, /* coprime to the connections: no neighbour follows its neighbour */
};

static unsigned next_peer(struct load_state *s, unsigned connections)
{
	return s->next = (s->next + STRIDE) % connections;
}

static void begin_plain(struct load_state *s)
{
	*s = (struct load_state){0};
}

static void end_plain(struct load_state *s)
{
}

/* ---- frames ------------------------------------------------------------------------------ */

/* One segment a frame, and each from a peer far from the last: with many of them nothing is in a
 * cache by neighbourhood. */
static void put_frames(struct load_state *s, struct nic *nic, unsigned connections, unsigned n)
{
	uint8_t frame[BENCH_FRAME_BYTES];
	for (unsigned i = 0; i < n; i++) {
		unsigned peer = next_peer(s, connections);
		bench_frame_make(frame, peer);
		wire_put_segment(nic, &(struct wire_segment){.peer = peer,
							     .port = 32960,
							     .flags = TCP_FLAG_ACK | TCP_FLAG_PSH,
							     .data = frame,
							     .size = BENCH_FRAME_BYTES});
	}
}

/* The same; each report has a serial that none has which may wait for its answer. */
static void put_reports(struct load_state *s, struct nic *nic, unsigned connections, unsigned n)
{
	uint8_t frame[BENCH_REPORT_BYTES];
	for (unsigned i = 0; i < n; i++) {
		unsigned peer = next_peer(s, connections);
		bench_report_make(frame, peer, (uint16_t)(s->number++ / connections));
		wire_put_segment(nic, &(struct wire_segment){.peer = peer,
							     .port = 808,
							     .flags = TCP_FLAG_ACK | TCP_FLAG_PSH,
							     .data = frame,
							     .size = BENCH_REPORT_BYTES});
	}
}

/* Senders take turns as connections do: UDP has no state of theirs, but each is another
 * address. */
static void put_datagrams(struct load_state *s, struct nic *nic, unsigned connections,
			  unsigned n)
{
	uint8_t payload[DATAGRAM_BYTES];
	for (unsigned i = 0; i < n; i++) {
		memset(payload, (int)i, sizeof payload);
		wire_put_datagram(nic, &(struct wire_segment){.peer = next_peer(s, connections),
							      .port = 5140,
							      .data = payload,
							      .size = DATAGRAM_BYTES});
	}
}

/* ---- produce requests -------------------------------------------------------------------- */

/* All bodies are built before anything is timed: of a request only its head is made anew. */
static void begin_kafka(struct load_state *s)
{
	*s = (struct load_state){.bodies = calloc(KAFKA_PARTITIONS, sizeof *s->bodies)};
	require(s->bodies);
	for (unsigned p = 0; p < KAFKA_PARTITIONS; p++) {
		struct produce_shape shape = {.topic = LOAD_TOPIC,
					      .partition = p,
					      .acks = -1,
					      .record_bytes = 100,
					      .records = 140,
					      .now_ms = clock_wall_ms()};
		s->bodies[p] = produce_body_build(&shape);
	}
}

static void end_kafka(struct load_state *s)
{
	for (unsigned p = 0; p < KAFKA_PARTITIONS; p++)
		free(s->bodies[p].data);
	free(s->bodies);
}

/* The bytes of a request from `at` on, one segment at most; how many. */
static uint32_t request_piece(const struct produce_body *body, uint32_t number, uint32_t at,
			      uint8_t *out)
{
	uint8_t head[PRODUCE_HEAD_BYTES];
	uint32_t size = 0;
	produce_head_set(head, body, number);
	for (; at + size < PRODUCE_HEAD_BYTES; size++)
		out[size] = head[at + size];
	uint32_t from = at + size - PRODUCE_HEAD_BYTES;
	uint32_t left = (uint32_t)body->size - from;
	uint32_t n = min_u32(left, WIRE_PAYLOAD_BYTES_MAX - size);
	memcpy(out + size, body->data + from, n);
	return size + n;
}

/* A peer sends its request to the end before the next one begins: its segments follow each other
 * as they do on a wire. */
static void put_requests(struct load_state *s, struct nic *nic, unsigned connections,
			 unsigned n)
{
	uint8_t piece[WIRE_PAYLOAD_BYTES_MAX];
	for (unsigned i = 0; i < n; i++) {
		const struct produce_body *body = &s->bodies[s->number % KAFKA_PARTITIONS];
		uint32_t size = request_piece(body, s->number, s->at, piece);
		bool is_last = s->at + size == PRODUCE_HEAD_BYTES + body->size;
		uint8_t flags = TCP_FLAG_ACK | (is_last ? TCP_FLAG_PSH : 0);
		wire_put_segment(nic, &(struct wire_segment){.peer = s->next,
							     .port = 9092,
							     .flags = flags,
							     .data = piece,
							     .size = size});
		s->at = is_last ? 0 : s->at + size;
		s->number += is_last;
		if (is_last)
			next_peer(s, connections);
	}
}

#define FLEET {.name = "FLEET", .protocol = PROTOCOL_GBT32960, .link = LINK_PLATFORM,      \
	       .answer_level = ACK_DURABLE, .port = 32960, .topic = LOAD_TOPIC,           \
	       .frame_bytes_max = GBT32960_FRAME_BYTES_MAX, .frame_timeout_ms = 30000}

#define REPORTS {.name = "JT808", .protocol = PROTOCOL_JT808,                                \
		 .authentication = AUTHENTICATION_ANY, .answer_level = ACK_DURABLE,          \
		 .port = 808, .topic = LOAD_TOPIC, .frame_bytes_max = GBT32960_FRAME_BYTES_MAX, \
		 .frame_timeout_ms = 30000, .parts_retry_ms = 10000}

const struct load loads[] = {
	{"kafka", "record of 100 B in batches of 16 KiB, CRC verified, handed over", 64,
	 {.name = "KAFKA", .protocol = PROTOCOL_KAFKA, .port = 9092}, begin_kafka, put_requests,
	 end_kafka},
	{"fleet hot", "frame of 450 B, one per segment, answered once stored", 512, FLEET,
	 begin_plain, put_frames, end_plain},
	{"fleet cold", "the same, each connection's state out of the caches", 200000, FLEET,
	 begin_plain, put_frames, end_plain},
	{"jt808 hot", "report of 112 B, one per segment, answered once stored", 512, REPORTS,
	 begin_plain, put_reports, end_plain},
	{"jt808 cold", "the same, each connection's state out of the caches", 200000, REPORTS,
	 begin_plain, put_reports, end_plain},
	{"udp", "datagram of 64 B", 1024,
	 {.name = "UDP", .protocol = PROTOCOL_UDP, .port = 5140, .topic = LOAD_TOPIC,
	  .answer_level = ACK_WRITTEN, .key = RECORD_KEY_ADDRESS},
	 begin_plain, put_datagrams, end_plain},
	{0},
};
