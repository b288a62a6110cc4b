/* test_tcp_window.c - what a peer may send: first its share, more when it uses it, and no more
 * than there is. */
#include "tests/unit/net/tcp/tcp_rig.h"

#include <criterion/criterion.h>

enum { SHARE = 8192, LARGEST = 1 << 20, ROUND_MS = 10 };

static const uint8_t bytes[1460];

/* The rig's receive memory is 4 MiB. */
static struct tcp_options options(void)
{
	struct tcp_options o = rig_options();
	o.settings.receive_buffer_bytes = LARGEST;
	o.settings.connections_max = (4 << 20) / SHARE;
	return o;
}

static struct tcp_conn *open_scaled(struct rig *r)
{
	static const uint8_t mss_and_scale[] = {2, 4, 0x05, 0xb4, 1, 3, 3, 7};
	return rig_open_with(r, 5000, mss_and_scale, sizeof mss_and_scale);
}

static uint32_t window_of(const struct tcp_conn *c)
{
	return c->rcv_adv - c->rcv_nxt;
}

/* A round trip later, `size` bytes. */
static void round_of(struct rig *r, uint32_t size)
{
	rig_wait_ms(r, ROUND_MS);
	for (uint32_t at = 0; at < size; at += sizeof bytes) {
		uint32_t n = size - at < sizeof bytes ? size - at : sizeof bytes;
		rig_give(r, rig_data(r, bytes, n));
	}
}

Test(tcp_window, begins_with_its_share_of_the_receive_memory)
{
	struct rig *r = rig_new(options());
	struct tcp_conn *c = open_scaled(r);
	cr_assert(window_of(c) == SHARE, "%u", window_of(c));
	rig_free(r);
}

Test(tcp_window, two_segments_at_least_however_many_share_the_memory)
{
	struct tcp_options o = options();
	o.settings.connections_max = 1 << 20;
	struct rig *r = rig_new(o);
	struct tcp_conn *c = open_scaled(r);
	cr_assert(window_of(c) == 2u * r->t->local_mss);
	rig_free(r);
}

Test(tcp_window, a_vehicle_that_reports_now_and_then_keeps_its_share)
{
	struct rig *r = rig_new(options());
	struct tcp_conn *c = open_scaled(r);
	for (unsigned i = 0; i < 100; i++) {
		rig_wait_ms(r, 600);
		rig_give(r, rig_data(r, bytes, 450));
		cr_assert(window_of(c) <= SHARE);
	}
	rig_free(r);
}

Test(tcp_window, a_peer_that_uses_it_has_the_largest_after_a_few_round_trips)
{
	struct rig *r = rig_new(options());
	struct tcp_conn *c = open_scaled(r);
	unsigned rounds = 0;
	while (window_of(c) < LARGEST / 2 && rounds++ < 20)
		round_of(r, min_u32(window_of(c), 128 << 10));
	cr_assert(rounds <= 6, "%u", rounds);
	rig_free(r);
}

Test(tcp_window, does_not_grow_for_a_session_that_does_not_read)
{
	struct rig *r = rig_new(options());
	struct tcp_conn *c = open_scaled(r);
	r->consumes = false;
	for (unsigned i = 0; i < 20; i++)
		round_of(r, min_u32(window_of(c), SHARE / 2 + 1000));
	/* An edge that is no multiple of the scale is rounded up, once a segment. */
	uint32_t rounding = 20u << c->rcv_scale;
	cr_assert(tcp_conn_unread(c) + window_of(c) <= SHARE + rounding, "%u unread, window %u",
		  tcp_conn_unread(c), window_of(c));
	cr_assert(c->rcv_growths == 0);
	r->consumes = true;
	stream_wake(&c->stream, STREAM_READABLE);
	rig_turn(r);
	cr_assert(window_of(c) == SHARE, "and opens again when it has read");
	rig_free(r);
}

Test(tcp_window, the_share_is_offered_though_little_is_free)
{
	struct rig *r = rig_new(options());
	struct tcp_conn *c = open_scaled(r);
	struct chain taken = {0};
	rig_take_chunks(&r->receive, 8, &taken);
	for (unsigned i = 0; i < 40; i++)
		round_of(r, 450);
	cr_assert(window_of(c) > SHARE - 2u * r->t->local_mss, "%u", window_of(c));
	chain_give(&taken);
	rig_free(r);
}

Test(tcp_window, what_one_is_offered_is_an_eighth_of_what_is_free)
{
	struct rig *r = rig_new(options());
	struct tcp_conn *c = open_scaled(r);
	struct chain taken = {0};
	rig_take_chunks(&r->receive, 512, &taken);
	for (unsigned i = 0; i < 20; i++)
		round_of(r, min_u32(window_of(c), 32 << 10));
	uint32_t eighth = 512 * CHUNK_RECEIVE_BYTES / 8;
	cr_assert(window_of(c) <= eighth && window_of(c) > eighth / 2, "%u", window_of(c));
	chain_give(&taken);
	rig_free(r);
}

/* `size` bytes in steps, as far as the window lets them; how many have come. */
static uint32_t come_unread(struct rig *r, const struct tcp_conn *c, uint32_t size, uint32_t step)
{
	for (uint32_t come = 0; (come = tcp_conn_unread(c)) < size;) {
		round_of(r, min_u32(min_u32(window_of(c), step), size - come));
		if (tcp_conn_unread(c) == come)
			return come;
	}
	return size;
}

/* A frame cannot be read before its end has come: its window must not close before. */
Test(tcp_window, what_the_session_needs_at_once_comes_however_small_the_share)
{
	static const uint32_t sizes[] = {1300, 2000, 2920, 3034, 8000, 65560};
	for (unsigned i = 0; i < array_len(sizes); i++)
		for (unsigned scaled = 0; scaled < 2; scaled++) {
			struct tcp_options o = options();
			o.settings.connections_max = 1 << 20;
			struct rig *r = rig_new(o);
			struct tcp_conn *c = scaled ? open_scaled(r) : rig_open(r);
			r->consumes = false;
			round_of(r, 25);
			stream_need(&c->stream, sizes[i]);
			uint32_t come = come_unread(r, c, sizes[i], 450);
			cr_assert(come == sizes[i], "%u of %u", come, sizes[i]);
			rig_free(r);
		}
}

Test(tcp_window, what_is_needed_no_more_is_not_offered)
{
	struct rig *r = rig_new(options());
	struct tcp_conn *c = open_scaled(r);
	stream_need(&c->stream, 65560);
	round_of(r, 450);
	cr_assert(window_of(c) > 65560);
	stream_need(&c->stream, 0);
	round_of(r, 65560);
	cr_assert(window_of(c) <= SHARE << 2, "%u", window_of(c));
	rig_free(r);
}
