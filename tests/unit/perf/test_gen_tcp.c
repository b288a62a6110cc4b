/* test_gen_tcp.c - the generator's TCP: how connections begin and end. */
#include "tests/unit/perf/gen_tcp_rig.h"

#include <criterion/criterion.h>

static const struct bytes nothing = {NULL, 0};

/* All tries of a segment together: 400 ms, doubled eight times. */
enum { GIVEN_UP_MS = 400 * 511 + 2000 };

Test(gen_tcp, a_syn_says_who_and_how_large_and_its_answer_is_acknowledged)
{
	struct gen_tcp_rig *r = rig_create(1000);
	gen_tcp_connect(&r->tcp, 0);
	cr_assert(r->fake.count == 1 && r->fake.sent[0].source == 0x0a000001);
	struct tcp_header syn = rig_sent(r, 0);
	cr_assert(syn.flags == TCP_FLAG_SYN && syn.seq == 1000);
	cr_assert(syn.source_port == GEN_FIRST_PORT &&
		  syn.destination_port == RIG_TARGET_PORT);
	cr_assert(syn.has_mss && syn.mss == FAKE_SEGMENT_BYTES - 40);
	cr_assert(syn.has_window_scale && syn.window_scale == 0);
	struct tcp_header h = {.seq = 77,
			       .ack = 1001,
			       .window = 10,
			       .flags = TCP_FLAG_SYN | TCP_FLAG_ACK,
			       .has_window_scale = true,
			       .window_scale = 3};
	rig_input(r, &h, nothing);
	gen_tcp_turn(&r->tcp);
	cr_assert(r->tcp.open == 1 && r->tcp.opening == 0 && r->fake.count == 2);
	struct tcp_header ack = rig_sent(r, 1);
	cr_assert(ack.flags == TCP_FLAG_ACK && ack.seq == 1001 && ack.ack == 78);
	cr_assert(r->tcp.conns[0].window == 10, "not scaled in a SYN");
	cr_assert(r->tcp.conns[0].segment_bytes == 536, "RFC 9293 MUST-15");
	rig_destroy(r);
}

Test(gen_tcp, connections_lie_beside_the_target_and_then_at_the_next_port)
{
	struct gen_tcp_rig *r = rig_create(1);
	r->tcp.hosts = 2;
	for (uint32_t i = 0; i < RIG_CONNECTIONS; i++)
		gen_tcp_connect(&r->tcp, i);
	static const uint32_t hosts[] = {0x0a000001, 0x0a000003, 0x0a000001, 0x0a000003};
	for (unsigned i = 0; i < RIG_CONNECTIONS; i++) {
		cr_assert(r->fake.sent[i].source == hosts[i], "%u", i);
		cr_assert(rig_sent(r, i).source_port == GEN_FIRST_PORT + i / 2);
	}
	rig_destroy(r);
}

Test(gen_tcp, a_syn_answered_with_another_number_opens_nothing)
{
	struct gen_tcp_rig *r = rig_create(1000);
	gen_tcp_connect(&r->tcp, 0);
	struct tcp_header h = {.ack = 1002, .flags = TCP_FLAG_SYN | TCP_FLAG_ACK};
	rig_input(r, &h, nothing);
	cr_assert(r->tcp.opening == 1 && r->tcp.open == 0);
	rig_destroy(r);
}

Test(gen_tcp, a_syn_is_repeated_and_given_up)
{
	struct gen_tcp_rig *r = rig_create(1000);
	gen_tcp_connect(&r->tcp, 0);
	rig_wait(r, 600);
	cr_assert(r->fake.count == 2);
	cr_assert(rig_sent(r, 1).flags == TCP_FLAG_SYN && rig_sent(r, 1).seq == 1000);
	rig_wait(r, GIVEN_UP_MS);
	cr_assert(r->fake.count == 10, "a SYN, eight more and a reset: %u", r->fake.count);
	cr_assert(rig_sent(r, 9).flags & TCP_FLAG_RST);
	cr_assert(r->tcp.lost[GEN_LOSS_TIMEOUT] == 1 && r->tcp.opening == 0);
	rig_destroy(r);
}

Test(gen_tcp, a_reset_while_opening_is_a_refusal)
{
	struct gen_tcp_rig *r = rig_create(1000);
	gen_tcp_connect(&r->tcp, 0);
	struct tcp_header h = {.ack = 1001, .flags = TCP_FLAG_RST | TCP_FLAG_ACK};
	rig_input(r, &h, nothing);
	cr_assert(r->tcp.lost[GEN_LOSS_REFUSED] == 1);
	rig_destroy(r);
}

Test(gen_tcp, a_reset_counts_only_where_the_next_byte_is_expected)
{
	struct gen_tcp_rig *r = rig_create(1000);
	rig_open(r);
	gen_tcp_owe(&r->tcp, 0);
	struct tcp_header h = {.seq = r->theirs + 1, .flags = TCP_FLAG_RST};
	rig_input(r, &h, nothing);
	cr_assert(r->tcp.open == 1);
	h.seq = r->theirs;
	rig_input(r, &h, nothing);
	cr_assert(r->tcp.open == 0 && r->tcp.lost[GEN_LOSS_RESET] == 1);
	cr_assert(r->tcp.messages_lost[GEN_LOSS_RESET] == 1, "what was begun is lost");
	rig_destroy(r);
}

Test(gen_tcp, what_is_finished_closes_both_ways)
{
	struct gen_tcp_rig *r = rig_create(1000);
	rig_open(r);
	gen_tcp_owe(&r->tcp, 0);
	rig_answer(r, RIG_MESSAGE_BYTES, 0, GEN_ACCEPTED);
	rig_forget(r);
	gen_tcp_finish(&r->tcp, 0);
	struct tcp_header fin = rig_sent(r, 0);
	cr_assert(fin.flags == (TCP_FLAG_FIN | TCP_FLAG_ACK));
	cr_assert(fin.seq == r->ours + RIG_MESSAGE_BYTES);
	struct tcp_header h = {.seq = r->theirs,
			       .ack = fin.seq + 1,
			       .flags = TCP_FLAG_FIN | TCP_FLAG_ACK};
	rig_input(r, &h, nothing);
	cr_assert(r->tcp.conns[0].state == GEN_CLOSED && r->tcp.finished == 1);
	cr_assert(rig_sent(r, 1).ack == r->theirs + 1);
	rig_input(r, &h, nothing);
	cr_assert(r->fake.count == 3, "the target did not hear it");
	rig_destroy(r);
}

Test(gen_tcp, a_fin_is_repeated)
{
	struct gen_tcp_rig *r = rig_create(1000);
	rig_open(r);
	gen_tcp_finish(&r->tcp, 0);
	rig_wait(r, 600);
	cr_assert(r->fake.count == 2);
	cr_assert(rig_sent(r, 1).flags & TCP_FLAG_FIN);
	cr_assert(rig_sent(r, 1).seq == rig_sent(r, 0).seq);
	rig_destroy(r);
}

Test(gen_tcp, what_was_not_begun_can_be_forgotten_and_is_never_sent)
{
	struct gen_tcp_rig *r = rig_create(1000);
	rig_open(r);
	unsigned fit = RIG_WINDOW / RIG_MESSAGE_BYTES;
	for (unsigned i = 0; i < fit + 3; i++)
		gen_tcp_owe(&r->tcp, 0);
	cr_assert(r->fake.count == fit);
	cr_assert(gen_tcp_disown(&r->tcp, 0) == 3 && gen_tcp_disown(&r->tcp, 0) == 0);
	rig_ack(r, RIG_WINDOW, nothing);
	cr_assert(r->fake.count == fit && r->tcp.messages_sent == fit);
	rig_destroy(r);
}

Test(gen_tcp, who_owes_an_answer_at_the_end_is_lost)
{
	struct gen_tcp_rig *r = rig_create(1000);
	rig_open(r);
	gen_tcp_owe(&r->tcp, 0);
	rig_ack(r, RIG_MESSAGE_BYTES, nothing);
	gen_tcp_finish(&r->tcp, 0);
	cr_assert(rig_sent(r, r->fake.count - 1).flags & TCP_FLAG_RST);
	cr_assert(r->tcp.messages_lost[GEN_LOSS_GIVEN_UP] == 1);
	rig_destroy(r);
}

Test(gen_tcp, a_target_that_hangs_up_is_told_so_and_counted)
{
	struct gen_tcp_rig *r = rig_create(1000);
	rig_open(r);
	struct tcp_header h = {.seq = r->theirs,
			       .ack = r->ours,
			       .flags = TCP_FLAG_FIN | TCP_FLAG_ACK};
	rig_input(r, &h, nothing);
	cr_assert(r->tcp.lost[GEN_LOSS_HUNG_UP] == 1);
	cr_assert(rig_sent(r, 0).ack == r->theirs + 1);
	rig_destroy(r);
}

Test(gen_tcp, segments_of_no_connection_are_strays)
{
	struct gen_tcp_rig *r = rig_create(1000);
	rig_open(r);
	uint8_t l4[TCP_HEADER_BYTES];
	struct tcp_header h = {.source_port = RIG_TARGET_PORT,
			       .destination_port = GEN_FIRST_PORT + 1};
	tcp_header_emit(&h, l4);
	struct gen_packet p = {.to = 0x0a000001, .protocol = 6, .l4 = l4, .size = sizeof l4};
	gen_tcp_input(&r->tcp, &p);
	cr_assert(r->fake.port.strays == 1, "no such port");
	h.destination_port = GEN_FIRST_PORT;
	h.source_port = RIG_TARGET_PORT + 1;
	tcp_header_emit(&h, l4);
	gen_tcp_input(&r->tcp, &p);
	cr_assert(r->fake.port.strays == 2, "not the target's port");
	p.size = sizeof l4 - 1;
	gen_tcp_input(&r->tcp, &p);
	cr_assert(r->fake.port.strays == 3, "no whole header");
	rig_destroy(r);
}
