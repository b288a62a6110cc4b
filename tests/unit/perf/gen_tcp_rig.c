/* gen_tcp_rig.c - see gen_tcp_rig.h. */
#include "tests/unit/perf/gen_tcp_rig.h"
#include "dataplane/wire/net/ip4.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { TURN_MS = 20 };

static struct gen_tcp_rig *rig_of(const struct gen_load *l)
{
	return (struct gen_tcp_rig *)(uintptr_t)container_of(l, struct gen_tcp_rig, load);
}

/* ---- the load ---------------------------------------------------------------------- */

static uint32_t rig_size(const struct gen_load *l, uint32_t conn, uint32_t message)
{
	return rig_of(l)->message_bytes;
}

static void rig_fill(const struct gen_load *l, uint32_t conn, uint32_t message,
		     uint32_t at, uint32_t size, uint8_t *out)
{
	cr_assert(at + size <= rig_of(l)->message_bytes);
	for (uint32_t i = 0; i < size; i++)
		out[i] = (uint8_t)(conn + 7 * message + at + i);
}

static uint32_t rig_cut(const struct gen_load *l, uint32_t conn, uint32_t message,
			bool *is_reversed)
{
	*is_reversed = rig_of(l)->is_reversed;
	return rig_of(l)->cut_at;
}

static uint32_t rig_answer_bytes(const struct gen_load *l, struct bytes at)
{
	return at.size < 4 ? 0 : RIG_ANSWER_BYTES;
}

static enum gen_verdict rig_check(const struct gen_load *l, uint32_t conn,
				  uint32_t message, struct bytes answer)
{
	if (answer.size != RIG_ANSWER_BYTES || be32_load(answer.data) != message)
		return GEN_STRANGE;
	return (enum gen_verdict)be32_load(answer.data + 4);
}

static void on_done(void *owner, uint32_t conn, uint32_t message, enum gen_verdict v)
{
	struct gen_tcp_rig *r = owner;
	cr_assert(r->done_count < RIG_DONE_MAX);
	r->done[r->done_count].conn = conn;
	r->done[r->done_count].message = message;
	r->done[r->done_count++].verdict = v;
}

/* ---- the rig ----------------------------------------------------------------------- */

struct gen_tcp_rig *rig_create(uint32_t isn)
{
	struct gen_tcp_rig *r = calloc(1, sizeof *r);
	cr_assert(r);
	fake_gen_port_init(&r->fake);
	r->message_bytes = RIG_MESSAGE_BYTES;
	r->load = (struct gen_load){
		.is_answered = true,
		.records = 1,
		.message_bytes = RIG_MESSAGE_BYTES,
		.size = rig_size,
		.fill = rig_fill,
		.answer_bytes = rig_answer_bytes,
		.check = rig_check,
	};
	struct gen_tcp_options o = {
		.port = &r->fake.port,
		.load = &r->load,
		.events = {.owner = r, .done = on_done},
		.connections = RIG_CONNECTIONS,
		.target_port = RIG_TARGET_PORT,
	};
	cr_assert(gen_tcp_init(&r->tcp, &o) == 0);
	/* The first number follows the clock: have it say what is wanted. */
	uint32_t clock = isn - (uint32_t)gen_hash(0, r->tcp.seed) / 16;
	uint64_t now_ns = ((uint64_t)clock << 12) + (1ull << 44);
	r->now_ms = now_ns / 1000000;
	gen_tcp_set_time(&r->tcp, now_ns);
	r->theirs = 0xfffffffa; /* wraps within the first answer */
	return r;
}

void rig_destroy(struct gen_tcp_rig *r)
{
	gen_tcp_fini(&r->tcp);
	free(r);
}

void rig_open(struct gen_tcp_rig *r)
{
	if (r->cut_at)
		r->load.cut = rig_cut;
	gen_tcp_connect(&r->tcp, 0);
	cr_assert(r->fake.count == 1);
	r->ours = rig_sent(r, 0).seq + 1;
	struct tcp_header h = {
		.seq = r->theirs++,
		.ack = r->ours,
		.window = RIG_WINDOW,
		.flags = TCP_FLAG_SYN | TCP_FLAG_ACK,
		.has_mss = true,
		.mss = RIG_MSS,
	};
	rig_input(r, &h, (struct bytes){NULL, 0});
	gen_tcp_turn(&r->tcp);
	cr_assert(r->fake.count == 2 && r->tcp.conns[0].state == GEN_OPEN);
	rig_forget(r);
}

struct tcp_header rig_sent(const struct gen_tcp_rig *r, unsigned i)
{
	struct tcp_header h;
	cr_assert(i < r->fake.count);
	const struct fake_segment *s = &r->fake.sent[i];
	cr_assert(tcp_header_parse((struct bytes){s->bytes, s->size}, &h));
	return h;
}

struct bytes rig_sent_data(const struct gen_tcp_rig *r, unsigned i)
{
	struct tcp_header h = rig_sent(r, i);
	const struct fake_segment *s = &r->fake.sent[i];
	return (struct bytes){s->bytes + h.header_bytes, s->size - h.header_bytes};
}

void rig_forget(struct gen_tcp_rig *r)
{
	r->fake.count = 0;
	r->fake.room = FAKE_SEGMENTS;
}

void rig_input(struct gen_tcp_rig *r, const struct tcp_header *h, struct bytes data)
{
	uint8_t l4[FAKE_SEGMENT_BYTES];
	struct tcp_header header = *h;
	header.source_port = RIG_TARGET_PORT;
	header.destination_port = GEN_FIRST_PORT;
	unsigned size = tcp_header_emit(&header, l4);
	cr_assert(size + data.size <= sizeof l4);
	if (data.size)
		memcpy(l4 + size, data.data, data.size);
	struct gen_packet p = {
		.to = gen_net_host(&r->fake.port.net, 0),
		.protocol = IP_PROTOCOL_TCP,
		.l4 = l4,
		.size = size + (uint32_t)data.size,
	};
	gen_tcp_input(&r->tcp, &p);
}

void rig_ack(struct gen_tcp_rig *r, uint32_t bytes, struct bytes data)
{
	struct tcp_header h = {
		.seq = r->theirs,
		.ack = r->ours + bytes,
		.window = RIG_WINDOW,
		.flags = TCP_FLAG_ACK,
	};
	r->theirs += (uint32_t)data.size;
	rig_input(r, &h, data);
}

void rig_answer(struct gen_tcp_rig *r, uint32_t acked, uint32_t message,
		enum gen_verdict verdict)
{
	uint8_t answer[RIG_ANSWER_BYTES];
	be32_store(answer, message);
	be32_store(answer + 4, verdict);
	rig_ack(r, acked, (struct bytes){answer, sizeof answer});
}

void rig_wait(struct gen_tcp_rig *r, unsigned ms)
{
	for (unsigned passed = 0; passed < ms; passed += TURN_MS) {
		r->now_ms += TURN_MS;
		gen_tcp_set_time(&r->tcp, r->now_ms * 1000000);
		gen_tcp_turn(&r->tcp);
	}
}
