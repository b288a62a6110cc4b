/* test_tcp_data.c - receiving: order, overlaps, the early FIN, memory that runs out, and
 * the window. */
#include "tests/unit/net/tcp/tcp_rig.h"
#include "dataplane/base/require.h"

#include <criterion/criterion.h>

/* Bytes [from, from + size) of the peer's stream, the pattern, at sequence number
 * `isn`+1. */
static struct seg piece(struct rig *r, uint32_t isn, uint32_t from, uint32_t size)
{
	static uint8_t pattern[8192];
	struct seg s = rig_ack(r);
	for (uint32_t i = 0; i < sizeof pattern; i++)
		pattern[i] = rig_pattern(i);
	require(from + size <= sizeof pattern);
	s.seq = isn + 1 + from;
	s.data = pattern + from;
	s.size = size;
	return s;
}

static void check_received(const struct rig *r, size_t size)
{
	cr_assert(r->received_bytes == size, "%zu bytes", r->received_bytes);
	for (size_t i = 0; i < size; i++)
		cr_assert(r->received[i] == rig_pattern((uint32_t)i), "byte %zu", i);
}

struct span {
	uint32_t from;
	uint32_t size;
};

struct order_case {
	const char *what;
	struct span spans[6];
	unsigned count;
	uint32_t size;
};

static const struct order_case orders[] = {
	{"swapped", {{100, 100}, {0, 100}}, 2, 200},
	{"backwards", {{300, 100}, {200, 100}, {100, 100}, {0, 100}}, 4, 400},
	{"gap filled by more than it needs", {{100, 100}, {0, 250}}, 2, 250},
	{"gap filled by part of what waits behind it", {{100, 100}, {0, 150}}, 2, 200},
	{"overlap on the left", {{100, 100}, {50, 100}, {0, 50}}, 3, 200},
	{"overlap on the right", {{100, 100}, {150, 100}, {0, 100}}, 3, 250},
	{"one inside another", {{100, 300}, {200, 50}, {0, 100}}, 3, 400},
	{"one around another", {{200, 50}, {100, 300}, {0, 100}}, 3, 400},
	{"one across two", {{100, 50}, {300, 50}, {120, 210}, {0, 100}}, 4, 350},
	{"old and new bytes", {{0, 100}, {50, 100}, {0, 150}, {140, 20}}, 4, 160},
	{"twice the same", {{100, 100}, {100, 100}, {0, 100}, {0, 100}}, 4, 200},
	{"larger than a chunk",
	 {{1400, 1400}, {2800, 1400}, {4200, 1400}, {0, 1400}},
	 4,
	 5600},
};

Test(tcp_data, bytes_are_delivered_in_order_however_they_arrive)
{
	static const uint32_t isns[] = {5000, 0xffffffff - 120, 0x7fffffff - 120};
	for (unsigned i = 0; i < array_len(orders) * array_len(isns) * 2; i++) {
		const struct order_case *o = &orders[i / 2 % array_len(orders)];
		uint32_t isn = isns[i / 2 / array_len(orders)];
		bool one_turn = i % 2;
		struct rig *r = rig_new(rig_options());
		rig_open_with(r, isn, NULL, 0);
		for (unsigned k = 0; k < o->count; k++) {
			rig_put(r, piece(r, isn, o->spans[k].from, o->spans[k].size));
			if (!one_turn)
				rig_turn(r);
		}
		if (one_turn)
			rig_turn(r);
		check_received(r, o->size);
		cr_assert(rig_last(r)->h.ack == isn + 1 + o->size, "%s", o->what);
		cr_assert(r->receive.in_use == 0, "%s: chunks kept", o->what);
		rig_free(r);
	}
}

Test(tcp_data, each_segment_out_of_order_is_acknowledged_at_once)
{
	struct rig *r = rig_new(rig_options());
	rig_open(r);
	for (uint32_t i = 1; i < 4; i++) {
		rig_give(r, piece(r, 5000, i * 100, 100));
		cr_assert(r->sent_count == 1 && rig_last(r)->h.ack == 5001);
	}
	cr_assert(rig_stat(r, STAT_tcp_out_of_order) == 3 && r->receive.in_use == 1);
	rig_free(r);
}

Test(tcp_data, a_fin_on_an_early_segment_is_remembered)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	struct seg fin = piece(r, 5000, 100, 50);
	fin.flags |= TCP_FLAG_FIN;
	rig_give(r, fin);
	cr_assert(c->state == TCP_STATE_ESTABLISHED);
	rig_give(r, piece(r, 5000, 0, 100));
	rig_turn(r);
	check_received(r, 150);
	cr_assert(c->state == TCP_STATE_CLOSE_WAIT && (r->events & STREAM_ENDED));
	rig_free(r);
}

/* RFC 9293 3.10.7.4: the window of a segment sent earlier, though it comes later, is old. */
Test(tcp_data, the_window_of_a_segment_that_comes_too_late_is_not_believed)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	struct seg early = piece(r, 5000, 0, 100), later = piece(r, 5000, 100, 100);
	early.window = 60000;
	later.window = 50;
	rig_give(r, later);
	cr_assert(c->snd_wnd == 50);
	rig_give(r, early);
	cr_assert(c->snd_wnd == 50);
	check_received(r, 200);
	rig_free(r);
}

Test(tcp_data, nothing_behind_the_fin_is_taken)
{
	struct rig *r = rig_new(rig_options());
	rig_open(r);
	struct seg fin = piece(r, 5000, 100, 50);
	fin.flags |= TCP_FLAG_FIN;
	rig_give(r, fin);
	rig_give(r, piece(r, 5000, 0, 400));
	rig_turn(r);
	check_received(r, 150);
	rig_free(r);
}

Test(tcp_data, early_data_is_bounded_per_connection)
{
	struct tcp_options o = rig_options();
	o.settings.out_of_order_bytes = 2 * CHUNK_RECEIVE_BYTES;
	struct rig *r = rig_new(o);
	rig_open(r);
	for (uint32_t i = 1; i <= 8; i++)
		rig_give(r, piece(r, 5000, i * 10, 1));
	cr_assert(r->receive.in_use == 2);
	cr_assert(rig_stat(r, STAT_packet_drop_tcp_memory) == 6);
	rig_give(r, piece(r, 5000, 0, 30));
	check_received(r, 30);
	cr_assert(rig_last(r)->h.ack == 5031);
	rig_free(r);
}

Test(tcp_data, what_the_session_leaves_is_kept_and_comes_first)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	r->consumes = false;
	rig_give(r, piece(r, 5000, 0, 100));
	cr_assert(stream_readable(&c->stream) == 100 && r->receive.in_use == 1);
	cr_assert(rig_last(r)->h.ack == 5101 && rig_last(r)->h.window == 65535 - 100);
	rig_put(r, piece(r, 5000, 100, 100));
	rig_input(r);
	stream_consume(&c->stream, 50);
	struct bytes across = stream_peek(&c->stream, 0, 100);
	cr_assert(across.size == 100, "gathered from chunk and packet");
	for (uint32_t i = 0; i < 100; i++)
		cr_assert(across.data[i] == rig_pattern(50 + i));
	rig_session(r);
	rig_finish(r);
	cr_assert(stream_readable(&c->stream) == 150);
	r->consumes = true;
	stream_wake(&c->stream, STREAM_READABLE);
	rig_turn(r);
	cr_assert(r->received_bytes == 150 && r->received[0] == rig_pattern(50));
	cr_assert(r->receive.in_use == 0);
	rig_free(r);
}

Test(tcp_data, peeked_bytes_live_until_the_end_of_the_turn_though_consumed)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	r->consumes = false;
	rig_give(r, piece(r, 5000, 0, 100));
	rig_put(r, piece(r, 5000, 100, 100));
	rig_input(r);
	struct bytes kept = stream_peek(&c->stream, 0, 100);
	stream_consume(&c->stream, 100);
	struct bytes fresh = stream_peek(&c->stream, 0, 100);
	stream_consume(&c->stream, 100);
	for (uint32_t i = 0; i < 100; i++) {
		cr_assert(kept.data[i] == rig_pattern(i));
		cr_assert(fresh.data[i] == rig_pattern(100 + i));
	}
	cr_assert(stream_readable(&c->stream) == 0);
	rig_session(r);
	rig_finish(r);
	rig_free(r);
}

Test(tcp_data, a_full_scratch_gives_fewer_bytes)
{
	struct tcp_options o = rig_options();
	struct rig *r = rig_new(o);
	struct tcp_conn *c = rig_open(r);
	r->t->options.scratch_size = 150;
	r->consumes = false;
	rig_put(r, piece(r, 5000, 0, 100));
	rig_put(r, piece(r, 5000, 100, 100));
	rig_input(r);
	cr_assert(stream_peek(&c->stream, 0, 120).size == 120);
	struct bytes b = stream_peek(&c->stream, 50, 60);
	cr_assert(b.size == 50 && b.data[0] == rig_pattern(50));
	cr_assert(stream_peek(&c->stream, 100, 100).size == 100,
		  "contiguous needs no scratch");
	cr_assert(stream_peek(&c->stream, 200, 1).size == 0);
	rig_session(r);
	rig_finish(r);
	rig_free(r);
}

Test(tcp_data, without_receive_memory_unread_bytes_are_taken_back_unacknowledged)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	struct chain others = {0};
	rig_take_chunks(&r->receive, 0, &others);
	r->consumes = false;
	for (uint32_t i = 0; i < 3; i++)
		rig_put(r, piece(r, 5000, i * 100, 100));
	rig_input(r);
	cr_assert(stream_readable(&c->stream) == 300);
	stream_consume(&c->stream, 150);
	rig_session(r);
	rig_finish(r);
	cr_assert(rig_last(r)->h.ack == 5001 + 150 && stream_readable(&c->stream) == 0);
	cr_assert(rig_stat(r, STAT_packet_drop_tcp_memory) == 1);
	chain_give(&others);
	r->consumes = true;
	rig_give(r, piece(r, 5000, 150, 150));
	cr_assert(rig_last(r)->h.ack == 5301 && r->received_bytes == 150);
	cr_assert(r->received[0] == rig_pattern(150));
	rig_free(r);
}

Test(tcp_data, what_fills_a_gap_finds_memory_that_early_bytes_cannot_take)
{
	struct rig *r = rig_new(rig_options());
	rig_open(r);
	struct chain others = {0};
	uint32_t reserve = r->receive.count / 8;
	rig_take_chunks(&r->receive, reserve + 1, &others);
	rig_give(r, piece(r, 5000, 10, 10));
	rig_give(r, piece(r, 5000, 30, 10));
	cr_assert(chunk_pool_left(&r->receive) == reserve, "one chunk, then no more");
	cr_assert(rig_stat(r, STAT_packet_drop_tcp_memory) == 1);
	rig_give(r, piece(r, 5000, 0, 10));
	cr_assert(rig_last(r)->h.ack == 5021);
	check_received(r, 20);
	chain_give(&others);
	rig_free(r);
}

Test(tcp_data, without_any_memory_early_bytes_make_room_for_those_due)
{
	struct rig *r = rig_new(rig_options());
	rig_open(r);
	struct chain others = {0};
	rig_give(r, piece(r, 5000, 10, 10));
	rig_take_chunks(&r->receive, 0, &others);
	rig_give(r, piece(r, 5000, 0, 10));
	cr_assert(rig_last(r)->h.ack == 5011, "the early bytes are to be sent again");
	check_received(r, 10);
	rig_give(r, piece(r, 5000, 10, 10));
	check_received(r, 20);
	chain_give(&others);
	rig_free(r);
}

Test(tcp_data, the_fin_behind_bytes_taken_back_is_taken_back_too)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	struct chain others = {0};
	rig_take_chunks(&r->receive, 0, &others);
	r->consumes = false;
	struct seg fin = piece(r, 5000, 0, 100);
	fin.flags |= TCP_FLAG_FIN;
	rig_give(r, fin);
	cr_assert(c->state == TCP_STATE_ESTABLISHED && rig_last(r)->h.ack == 5001);
	cr_assert(!(r->events & STREAM_ENDED));
	chain_give(&others);
	r->consumes = true;
	rig_give(r, fin);
	rig_turn(r);
	check_received(r, 100);
	cr_assert(c->state == TCP_STATE_CLOSE_WAIT && (r->events & STREAM_ENDED));
	rig_free(r);
}

Test(tcp_data, a_session_that_stops_reading_closes_the_window_and_reopens_it)
{
	struct tcp_options o = rig_options();
	o.settings.receive_buffer_bytes = 4000;
	struct rig *r = rig_new(o);
	struct tcp_conn *c = rig_open(r);
	r->consumes = false;
	rig_give(r, piece(r, 5000, 0, 1400));
	rig_give(r, piece(r, 5000, 1400, 1400));
	rig_give(r, piece(r, 5000, 2800, 1400));
	cr_assert(rig_last(r)->h.ack == 5001 + 4000 && rig_last(r)->h.window == 0);
	cr_assert(rig_stat(r, STAT_tcp_zero_windows) == 1);
	struct seg probe = piece(r, 5000, 4000, 1);
	rig_give(r, probe);
	cr_assert(rig_last(r)->h.ack == 5001 + 4000 && rig_last(r)->h.window == 0);
	cr_assert(rig_stat(r, STAT_tcp_zero_windows) == 1, "closed once");
	stream_consume(&c->stream, 1000);
	rig_turn(r);
	cr_assert(r->sent_count == 0, "less than a segment is not offered (SWS)");
	rig_give(r, probe);
	cr_assert(rig_last(r)->h.window == 0, "nor on an acknowledgement");
	stream_consume(&c->stream, 600);
	rig_turn(r);
	cr_assert(r->sent_count == 1 && rig_last(r)->h.window == 1600);
	rig_free(r);
}

/* Its sequence number is behind the bytes that had no room: neither it nor the end of what was
 * kept may be taken for the end of the stream. */
Test(tcp_data, a_fin_beyond_the_right_edge_is_left_to_be_sent_again)
{
	for (uint32_t gap = 0; gap <= 100; gap += 100) {
		struct tcp_options o = rig_options();
		o.settings.receive_buffer_bytes = 1000;
		struct rig *r = rig_new(o);
		struct tcp_conn *c = rig_open(r);
		r->consumes = false;
		struct seg fin = piece(r, 5000, gap, 1200);
		fin.flags |= TCP_FLAG_FIN;
		rig_give(r, fin);
		if (gap > 0)
			rig_give(r, piece(r, 5000, 0, gap));
		cr_assert(rig_last(r)->h.ack == 5001 + 1000 && rig_last(r)->h.window == 0);
		cr_assert(c->state == TCP_STATE_ESTABLISHED && !(r->events & STREAM_ENDED));
		r->consumes = true;
		stream_wake(&c->stream, STREAM_READABLE);
		rig_turn(r);
		rig_give(r, fin);
		rig_turn(r);
		check_received(r, gap + 1200);
		cr_assert(c->state == TCP_STATE_CLOSE_WAIT && (r->events & STREAM_ENDED));
		rig_free(r);
	}
}

Test(tcp_data, behind_a_closed_window_acknowledgements_and_resets_get_through)
{
	struct tcp_options o = rig_options();
	o.settings.receive_buffer_bytes = 1000;
	struct rig *r = rig_new(o);
	struct tcp_conn *c = rig_open(r);
	r->consumes = false;
	rig_send(r, &c->stream, 50, 0);
	rig_give(r, piece(r, 5000, 0, 1000));
	cr_assert(rig_last(r)->h.window == 0);
	struct seg ack = piece(r, 5000, 1000, 0);
	ack.ack = r->our_nxt + 50;
	rig_give(r, ack);
	cr_assert(c->snd_una == r->our_nxt + 50);
	struct seg fin = piece(r, 5000, 1000, 0);
	fin.flags |= TCP_FLAG_FIN;
	rig_give(r, fin);
	cr_assert(c->state == TCP_STATE_CLOSE_WAIT, "a FIN needs no buffer");
	rig_give(r, (struct seg){.flags = TCP_FLAG_RST, .seq = 5001 + 1001});
	cr_assert(tcp_connections(r->t) == 0 && (r->events & STREAM_LOST));
	rig_free(r);
}

Test(tcp_data, with_window_scaling_the_right_edge_never_moves_left)
{
	struct tcp_options o = rig_options();
	o.settings.receive_buffer_bytes = 1 << 20;
	struct rig *r = rig_new(o);
	static const uint8_t scale[] = {1, 3, 3, 0};
	struct tcp_conn *c = rig_open_with(r, 5000, scale, sizeof scale);
	r->consumes = false;
	uint32_t edge = 0;
	for (uint32_t i = 0; i < 200; i++) {
		rig_give(r, piece(r, 5000, i * 7, 7));
		uint32_t now = rig_last(r)->h.ack +
			       ((uint32_t)rig_last(r)->h.window << c->rcv_scale);
		cr_assert(i == 0 || seq_le(edge, now));
		edge = now;
	}
	rig_free(r);
}

Test(tcp_data, two_connections_in_one_burst_do_not_mix)
{
	struct rig *r = rig_new(rig_options());
	r->consumes = false;
	struct tcp_conn *a = rig_open(r);
	uint32_t a_ack = r->our_nxt;
	rig_give(r, (struct seg){.flags = TCP_FLAG_SYN,
				 .seq = 9000,
				 .window = 100,
				 .peer_port = 7});
	uint32_t b_ack = rig_last(r)->h.seq + 1;
	rig_give(r, (struct seg){.flags = TCP_FLAG_ACK,
				 .seq = 9001,
				 .ack = b_ack,
				 .window = 100,
				 .peer_port = 7});
	struct tcp_conn *b = tcp_conn_of(r->stream);
	for (uint32_t i = 0; i < 8; i++) {
		rig_put(r, (struct seg){.flags = TCP_FLAG_ACK,
					.seq = 5001 + i,
					.ack = a_ack,
					.window = 100,
					.data = "a",
					.size = 1});
		rig_put(r, (struct seg){.flags = TCP_FLAG_ACK,
					.seq = 9001 + i,
					.ack = b_ack,
					.window = 100,
					.data = "b",
					.size = 1,
					.peer_port = 7});
	}
	rig_input(r);
	cr_assert(memcmp(stream_peek(&a->stream, 0, 8).data, "aaaaaaaa", 8) == 0);
	cr_assert(memcmp(stream_peek(&b->stream, 0, 8).data, "bbbbbbbb", 8) == 0);
	rig_session(r);
	rig_finish(r);
	cr_assert(r->sent_count == 2, "one acknowledgement each");
	rig_free(r);
}
