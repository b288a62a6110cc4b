/* test_tcp_known.c - what other stacks are known for: CVEs and bugs of theirs, each by its name.
 * Those that a rule's own test covers are listed in docs/TCP.md. */
#include "dataplane/net/tcp/tcp_flight.h"
#include "tests/unit/net/tcp/tcp_rig.h"

#include <criterion/criterion.h>

enum { MSS = 1460, URGENT_AT = 18, OFFSET_AT = 12, SYN_ACK = TCP_FLAG_SYN | TCP_FLAG_ACK };

/* As rig_give(), urgent. */
static void give_urgent(struct rig *r, struct seg s, uint16_t pointer)
{
	s.flags |= TCP_FLAG_URG;
	rig_put(r, s);
	be16_store(r->pkts[0].data + URGENT_AT, pointer);
	rig_turn(r);
}

static void cr_assert_alive(struct rig *r)
{
	size_t before = r->received_bytes;
	rig_give(r, rig_data(r, "alive", 5));
	cr_assert(tcp_connections(r->t) == 1 && r->received_bytes == before + 5);
}

/* ---- URGENT/11 (VxWorks) and the like ------------------------------------------------- */

Test(tcp_known, cve_2019_12255_an_urgent_pointer_of_zero)
{
	struct rig *r = rig_new(rig_options());
	rig_open(r);
	give_urgent(r, rig_data(r, "abc", 3), 0);
	cr_assert(r->received_bytes == 3, "no length is made of it");
	give_urgent(r, rig_ack(r), 0);
	cr_assert_alive(r);
	rig_free(r);
}

Test(tcp_known, cve_2019_12260_an_urgent_pointer_behind_a_broken_option)
{
	static const uint8_t options[] = {29, 1, 0, 0, 1, 1, 29, 40};
	struct rig *r = rig_new(rig_options());
	rig_open(r);
	struct seg s = rig_data(r, "abc", 3);
	s.options = options;
	s.options_bytes = sizeof options;
	give_urgent(r, s, 0xffff);
	cr_assert(r->received_bytes == 3);
	cr_assert_alive(r);
	rig_free(r);
}

Test(tcp_known, cve_2019_12261_an_urgent_pointer_on_a_syn)
{
	struct rig *r = rig_new(rig_options());
	give_urgent(r, (struct seg){.flags = TCP_FLAG_SYN, .seq = 7, .window = 100}, 0xffff);
	cr_assert(rig_last(r)->h.flags == SYN_ACK && rig_last(r)->h.ack == 8);
	r->peer_nxt = 8;
	r->our_nxt = rig_last(r)->h.seq + 1;
	give_urgent(r, rig_data(r, "abc", 3), 1);
	cr_assert(r->received_bytes == 3);
	cr_assert_alive(r);
	rig_free(r);
}

Test(tcp_known, cve_2019_12263_urgent_pointers_of_what_comes_out_of_order)
{
	struct rig *r = rig_new(rig_options());
	rig_open(r);
	struct seg first = rig_data(r, "aaaa", 4), second = rig_data(r, "bbbb", 4);
	give_urgent(r, second, 2);
	give_urgent(r, second, 60000);
	give_urgent(r, first, 8);
	cr_assert(r->received_bytes == 8 && memcmp(r->received, "aaaabbbb", 8) == 0);
	cr_assert_alive(r);
	rig_free(r);
}

/* The probe that tells VxWorks: a window scale without its length, and any number. */
Test(tcp_known, cve_2019_12258_a_broken_option_does_not_end_a_connection)
{
	static const uint8_t options[] = {1, 1, 1, 3};
	static const uint8_t kinds[] = {TCP_FLAG_SYN, TCP_FLAG_ACK, TCP_FLAG_PSH, TCP_FLAG_RST};
	struct rig *r = rig_new(rig_options());
	rig_open(r);
	for (unsigned i = 0; i < array_len(kinds); i++) {
		rig_give(r, (struct seg){.flags = kinds[i],
					 .seq = 0x12345678,
					 .options = options,
					 .options_bytes = sizeof options});
		cr_assert(r->sent_count == 0 || rig_last(r)->h.flags == TCP_FLAG_ACK);
	}
	cr_assert_alive(r);
	rig_free(r);
}

Test(tcp_known, cve_2020_17437_an_urgent_pointer_beyond_the_segment)
{
	struct rig *r = rig_new(rig_options());
	rig_open(r);
	for (uint32_t pointer = 0; pointer < 0x10000; pointer += 4369)
		give_urgent(r, rig_data(r, "ab", 2), (uint16_t)pointer);
	cr_assert(r->received_bytes == 32);
	cr_assert_alive(r);
	rig_free(r);
}

Test(tcp_known, cve_2021_31400_urgent_bytes_that_never_come)
{
	struct rig *r = rig_new(rig_options());
	rig_open(r);
	for (unsigned i = 0; i < 100; i++)
		give_urgent(r, rig_ack(r), 0xffff);
	cr_assert(r->received_bytes == 0);
	cr_assert_alive(r);
	rig_free(r);
}

/* ---- lengths --------------------------------------------------------------------------- */

Test(tcp_known, cve_2020_24337_an_option_of_length_zero)
{
	static const uint8_t options[] = {2, 4, 0x05, 0xb4, 8, 0, 3, 3, 7, 0, 0, 0};
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open_with(r, 7, options, sizeof options);
	cr_assert(c->mss == MSS && c->snd_scale == 0, "what is behind it is not believed");
	struct seg s = rig_data(r, "abc", 3);
	s.options = options + 4;
	s.options_bytes = 8;
	rig_give(r, s);
	cr_assert(r->received_bytes == 3);
	rig_free(r);
}

Test(tcp_known, cve_2020_24341_a_data_offset_beyond_the_segment)
{
	struct rig *r = rig_new(rig_options());
	rig_open(r);
	for (unsigned words = 0; words < 16; words++) {
		rig_put(r, rig_ack(r));
		r->pkts[0].data[OFFSET_AT] = (uint8_t)(words << 4);
		rig_turn(r);
	}
	cr_assert(rig_stat(r, STAT_packet_drop_tcp_header) == 15, "all but five words");
	cr_assert_alive(r);
	rig_free(r);
}

/* ---- SACK blocks that are not true; test_tcp_rack.c has more ------------------------------ */

static struct tcp_conn *open_and_send(struct rig *r, const uint8_t *options, uint8_t options_bytes)
{
	struct tcp_conn *c = rig_open_with(r, 5000, options, options_bytes);
	rig_send(r, &c->stream, 30000, 0);
	rig_turn(r);
	return c;
}

static void give_sack(struct rig *r, uint32_t from, uint32_t to)
{
	uint8_t options[20] = {1, 1, 5, 18};
	be32_store(options + 4, from);
	be32_store(options + 8, to);
	be32_store(options + 12, to + 1);
	be32_store(options + 16, from - 1);
	struct seg s = rig_ack(r);
	s.options = options;
	s.options_bytes = sizeof options;
	rig_give(r, s);
}

/* SACK Panic: 17 segments of 48 bytes to a buffer overflowed a 16-bit count of them. */
Test(tcp_known, cve_2019_11477_sacked_segments_of_the_smallest_mss)
{
	static const uint8_t options[] = {2, 4, 0, 48, 4, 2, 1, 1};
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = open_and_send(r, options, sizeof options);
	cr_assert(c->mss == TCP_MSS_MIN);
	for (uint32_t at = 0; at < 30000; at += 48)
		give_sack(r, r->our_nxt + at + 8, r->our_nxt + at + 48);
	cr_assert(c->snd_una == r->our_nxt && tcp_send_bytes(c) == 30000);
	r->our_nxt += c->snd_max - c->snd_una;
	rig_give(r, rig_ack(r));
	cr_assert_alive(r);
	rig_free(r);
}

/* SACK Slowness, and FreeBSD's CVE-2019-5599: blocks of no order, each of which cost a walk. */
Test(tcp_known, cve_2019_11478_sack_blocks_leave_no_more_state_than_a_flight)
{
	static const uint8_t options[] = {2, 4, 0x05, 0xb4, 4, 2, 1, 1};
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = open_and_send(r, options, sizeof options);
	uint32_t in_use = r->answers.in_use, flight = c->snd_max - c->snd_una;
	for (uint32_t i = 0; i < 2000; i++) {
		uint32_t at = i * 7919 % 30000;
		give_sack(r, r->our_nxt + at, r->our_nxt + at + 1);
	}
	cr_assert(r->answers.in_use == in_use && r->receive.in_use == 0);
	cr_assert(c->snd_max - c->snd_una <= 2 * flight);
	cr_assert(r->t->flights.in_use == 1 && tcp_flight_of(r->t, c)->count <= TCP_RUNS_MAX);
	cr_assert(rig_stat(r, STAT_tcp_retransmits) <= 2 * TCP_RUNS_MAX);
	rig_free(r);
}

/* ---- floods of small things ------------------------------------------------------------- */

/* SegmentSmack, FreeBSD's is CVE-2018-6922: every segment walked a queue of all before it. */
Test(tcp_known, cve_2018_5390_tiny_segments_out_of_order)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	uint32_t chunks_max = r->options.settings.out_of_order_bytes / CHUNK_RECEIVE_BYTES;
	struct seg s = rig_ack(r);
	s.data = "x";
	s.size = 1;
	for (uint32_t i = 30000; i > 0; i--) {
		s.seq = r->peer_nxt + 2 * i;
		rig_give(r, s);
		cr_assert(tcp_extra(c)->ooo_chunks <= max_u32(chunks_max, 1),
			  "a walk is no longer than this");
	}
	cr_assert(r->receive.in_use <= max_u32(chunks_max, 1));
	cr_assert_alive(r);
	rig_free(r);
}

Test(tcp_known, a_flood_of_fins)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	struct seg fin = rig_ack(r);
	fin.flags |= TCP_FLAG_FIN;
	for (unsigned i = 0; i < 1000; i++) {
		rig_give(r, fin);
		cr_assert(r->sent_count <= 1 && c->state == TCP_STATE_CLOSE_WAIT);
		cr_assert(rig_last(r) == NULL || rig_last(r)->h.ack == r->peer_nxt + 1);
	}
	rig_free(r);
}

/* ---- bugs of other stacks --------------------------------------------------------------- */

Test(tcp_known, vpp_a_fin_is_sent_again_though_the_port_was_full)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	r->buffers_left = 0;
	stream_close(&c->stream, STREAM_CLOSE_FLUSH);
	rig_turn(r);
	cr_assert(r->sent_count == 0);
	r->buffers_left = 1;
	rig_turn(r);
	cr_assert(r->sent_count == 1 && (rig_last(r)->h.flags & TCP_FLAG_FIN));
	rig_wait_ms(r, 210);
	cr_assert(r->sent_count == 0 && c->state == TCP_STATE_FIN_WAIT_1, "no buffer again");
	r->buffers_left = UINT32_MAX;
	rig_turn(r);
	cr_assert(r->sent_count == 1 && (rig_last(r)->h.flags & TCP_FLAG_FIN));
	rig_free(r);
}

Test(tcp_known, vpp_several_syns_in_time_wait)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	struct seg fin = rig_to_time_wait(r, c);
	struct seg syn = {.flags = TCP_FLAG_SYN, .seq = fin.seq + 1000, .window = 99};
	for (unsigned i = 0; i < 3; i++)
		rig_put(r, syn);
	rig_turn(r);
	cr_assert(r->t->waits.in_use == 0 && r->t->half_open.in_use == 1);
	cr_assert(r->sent_count == 3 && r->sent[0].h.seq == r->sent[2].h.seq);
	rig_free(r);
}

Test(tcp_known, picotcp_147_what_is_sent_again_with_timestamps_is_the_same)
{
	static const uint8_t options[12] = {1, 1, 8, 10, 0, 0, 0, 1};
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open_with(r, 5000, options, sizeof options);
	rig_send(r, &c->stream, 300, 0);
	rig_turn(r);
	struct sent first = *rig_last(r);
	rig_wait_ms(r, 205);
	const struct sent *again = rig_last(r);
	cr_assert(r->sent_count == 1 && again->size == 300 && again->h.seq == first.h.seq);
	cr_assert(memcmp(again->payload, first.payload, 300) == 0);
	cr_assert(again->h.has_timestamps && again->h.ts_value - first.h.ts_value >= 200);
	rig_free(r);
}

Test(tcp_known, mtcp_148_the_last_step_of_a_handshake_twice_opens_once)
{
	struct rig *r = rig_new(rig_options());
	rig_open(r);
	r->events = 0;
	rig_put(r, rig_ack(r));
	rig_put(r, rig_ack(r));
	rig_turn(r);
	cr_assert(r->events == 0 && tcp_connections(r->t) == 1);
	cr_assert(rig_stat(r, STAT_tcp_accepted) == 1);
	rig_free(r);
}

/* ---- what the check list asks for, and no other test does ----------------------------------- */

Test(tcp_known, our_numbers_wrap_while_data_is_in_flight)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	r->our_nxt = 0u - 5000;
	c->snd_una = c->snd_nxt = c->snd_max = r->our_nxt;
	rig_send(r, &c->stream, 10 * MSS, 0);
	rig_turn(r);
	cr_assert(r->sent_count == 10 && c->snd_max == 10u * MSS - 5000);
	struct seg beyond = rig_ack(r);
	beyond.ack = c->snd_max + 1;
	rig_give(r, beyond);
	cr_assert(c->snd_una == 0u - 5000);
	r->our_nxt += 10 * MSS;
	rig_give(r, rig_ack(r));
	cr_assert(c->snd_una == c->snd_max && tcp_send_bytes(c) == 0);
	rig_free(r);
}

Test(tcp_known, a_timestamp_that_was_not_agreed_on_is_not_read)
{
	static const uint8_t options[12] = {1, 1, 8, 10, 0, 0, 0, 9};
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open(r);
	c->ts_recent = 1000;
	struct seg s = rig_data(r, "abc", 3);
	s.options = options;
	s.options_bytes = sizeof options;
	rig_give(r, s);
	cr_assert(r->received_bytes == 3 && c->ts_recent == 1000);
	cr_assert(!rig_last(r)->h.has_timestamps);
	rig_free(r);
}
