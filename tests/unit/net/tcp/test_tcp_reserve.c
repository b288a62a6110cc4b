/* test_tcp_reserve.c - receive memory that is out, and frames longer than a segment: one after the
 * other is whole. */
#include "tests/unit/net/tcp/tcp_rig.h"

#include <criterion/criterion.h>

enum { PEERS = 6, FRAME_BYTES = 30000, SEGMENT_BYTES = 1460 };

/* A peer that sends one long frame, and again what is not acknowledged. */
static struct sender {
	struct tcp_conn *c;
	struct stream *stream;
	uint32_t acked; /* bytes of its frame */
	uint32_t our_nxt;
	bool is_whole;
} senders[PEERS];

static struct rig *r;
static struct chain others;
static uint8_t frame[FRAME_BYTES];

static void begin(uint32_t left)
{
	r = rig_new(rig_options());
	r->consumes = false;
	for (uint16_t i = 0; i < PEERS; i++) {
		r->peer_port = RIG_PEER_PORT + i;
		senders[i] = (struct sender){.c = rig_open(r), .our_nxt = r->our_nxt};
		senders[i].stream = r->stream;
		stream_need(r->stream, FRAME_BYTES);
	}
	rig_turn(r);
	rig_take_chunks(&r->receive, left, &others);
}

static void end(void)
{
	chain_give(&others);
	rig_free(r);
}

/* The next segment of the frame; the session reads it when it is whole. */
static void send_next(unsigned i)
{
	struct sender *s = &senders[i];
	uint32_t size = min_u32(FRAME_BYTES - s->acked, SEGMENT_BYTES);
	if (s->is_whole)
		return;
	rig_put(r, (struct seg){.flags = TCP_FLAG_ACK | TCP_FLAG_PSH, .seq = 5001 + s->acked,
				.ack = s->our_nxt, .window = 65535, .data = frame, .size = size,
				.peer_port = (uint16_t)(RIG_PEER_PORT + i)});
	rig_input(r);
	rig_session(r);
	s->is_whole = stream_readable(s->stream) == FRAME_BYTES;
	if (s->is_whole) {
		stream_consume(s->stream, FRAME_BYTES);
		stream_need(s->stream, 0);
	}
	rig_finish(r);
	s->acked = s->c->rcv_nxt - 5001;
}

static unsigned whole(void)
{
	unsigned count = 0;
	for (unsigned i = 0; i < PEERS; i++)
		count += senders[i].is_whole;
	return count;
}

/* A third of each frame is there, and as good as no chunk is left for the rest of any. */
Test(tcp_reserve, frames_that_fill_the_memory_with_their_parts_are_whole_one_after_the_other)
{
	begin(PEERS * FRAME_BYTES / 3 / CHUNK_RECEIVE_BYTES + 192);
	for (unsigned round = 0; round < 200; round++)
		for (unsigned i = 0; i < PEERS; i++)
			send_next(i);
	cr_assert(rig_stat(r, STAT_packet_drop_tcp_memory) > 0);
	cr_assert(whole() == PEERS, "%u", whole());
	end();
}

Test(tcp_reserve, who_is_first_in_the_line_keeps_his_place_until_his_frame_is_whole)
{
	begin(192);
	for (unsigned i = 0; i < PEERS; i++)
		send_next(i);
	for (unsigned round = 0; round < 200 && whole() < PEERS; round++)
		for (unsigned i = PEERS; i-- > 0;) {
			send_next(i);
			for (unsigned k = 0; k < i; k++)
				cr_assert(!senders[i].is_whole || senders[k].is_whole, "%u", i);
		}
	cr_assert(whole() == PEERS, "%u", whole());
	end();
}

Test(tcp_reserve, a_lost_connection_leaves_it_to_the_next)
{
	begin(192);
	for (unsigned i = 0; i < PEERS; i++)
		send_next(i);
	for (unsigned i = 0; i < PEERS - 1; i++) {
		for (unsigned k = 0; k < 4; k++)
			send_next(i);
		cr_assert(senders[i].acked == 4 * SEGMENT_BYTES + (i == 0) * SEGMENT_BYTES);
		stream_close(senders[i].stream, STREAM_CLOSE_RESET);
		rig_turn(r);
	}
	for (unsigned k = 0; k <= FRAME_BYTES / SEGMENT_BYTES; k++)
		send_next(PEERS - 1);
	cr_assert(whole() == 1);
	end();
}

/* What it leaves does not wait for more: another's frame does. */
Test(tcp_reserve, who_does_not_read_has_none_of_it)
{
	begin(192);
	stream_need(senders[0].stream, 0);
	send_next(0);
	cr_assert(senders[0].acked == 0 && r->receive.count - r->receive.in_use == 192);
	send_next(1);
	cr_assert(senders[1].acked == SEGMENT_BYTES);
	end();
}
