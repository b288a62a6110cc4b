/* test_gen_tcp_data.c - the generator's TCP: messages out and answers in, whatever happens to
 * the segments between. */
#include "tests/unit/perf/gen_tcp_rig.h"

#include <criterion/criterion.h>

static const struct bytes nothing = {NULL, 0};

/* Are these bytes [at, at + size) of the message of connection 0? */
static bool is_message(struct bytes data, uint32_t message, uint32_t at, size_t size)
{
	bool is_same = data.size == size;
	for (size_t i = 0; i < data.size; i++)
		is_same &= data.data[i] == (uint8_t)(7 * message + at + i);
	return is_same;
}

static void owe(struct gen_tcp_rig *r, unsigned messages)
{
	for (unsigned i = 0; i < messages; i++)
		gen_tcp_owe(&r->tcp, 0);
}

/* Where segment `i` begins, behind the first byte of all. */
static uint32_t sent_at(const struct gen_tcp_rig *r, unsigned i)
{
	return rig_sent(r, i).seq - r->ours;
}

/* ---- sending ----------------------------------------------------------------------- */

Test(gen_tcp_data, a_message_goes_at_once_and_its_answer_says_how_it_went)
{
	struct gen_tcp_rig *r = rig_create(1000);
	rig_open(r);
	owe(r, 2);
	cr_assert(r->fake.count == 2 && r->tcp.messages_sent == 2);
	cr_assert(is_message(rig_sent_data(r, 0), 0, 0, RIG_MESSAGE_BYTES));
	cr_assert(is_message(rig_sent_data(r, 1), 1, 0, RIG_MESSAGE_BYTES));
	cr_assert(rig_sent(r, 0).flags == (TCP_FLAG_ACK | TCP_FLAG_PSH));
	cr_assert(sent_at(r, 1) == RIG_MESSAGE_BYTES);
	rig_answer(r, RIG_MESSAGE_BYTES, 0, GEN_ACCEPTED);
	rig_answer(r, 2 * RIG_MESSAGE_BYTES, 1, GEN_REFUSED);
	cr_assert(r->done_count == 2);
	cr_assert(r->done[0].message == 0 && r->done[0].verdict == GEN_ACCEPTED);
	cr_assert(r->done[1].message == 1 && r->done[1].verdict == GEN_REFUSED);
	gen_tcp_turn(&r->tcp);
	cr_assert(r->fake.count == 3 && rig_sent(r, 2).ack == r->theirs, "one for both");
	rig_destroy(r);
}

Test(gen_tcp_data, no_more_goes_than_the_window_takes)
{
	struct gen_tcp_rig *r = rig_create(1000);
	r->message_bytes = 2500;
	rig_open(r);
	owe(r, 3);
	static const uint32_t sizes[] = {1000, 1000, 500, 1000};
	cr_assert(r->fake.count == 4, "the last 500 of the window would be a sliver");
	for (unsigned i = 0; i < 4; i++)
		cr_assert(rig_sent_data(r, i).size == sizes[i], "%u", i);
	cr_assert(is_message(rig_sent_data(r, 2), 0, 2000, 500));
	cr_assert(is_message(rig_sent_data(r, 3), 1, 0, 1000));
	rig_ack(r, 1000, nothing);
	gen_tcp_turn(&r->tcp);
	cr_assert(r->fake.count == 6);
	cr_assert(is_message(rig_sent_data(r, 4), 1, 1000, 1000));
	cr_assert(is_message(rig_sent_data(r, 5), 1, 2000, 500), "fills the window");
	rig_destroy(r);
}

Test(gen_tcp_data, a_closed_window_is_asked_with_one_byte)
{
	struct gen_tcp_rig *r = rig_create(1000);
	rig_open(r);
	struct tcp_header h = {.seq = r->theirs, .ack = r->ours, .flags = TCP_FLAG_ACK};
	rig_input(r, &h, nothing);
	owe(r, 1);
	cr_assert(r->fake.count == 0);
	rig_wait(r, 1000);
	cr_assert(r->fake.count >= 1 && rig_sent_data(r, 0).size == 1);
	rig_ack(r, 1, nothing);
	gen_tcp_turn(&r->tcp);
	unsigned last = r->fake.count - 1;
	cr_assert(is_message(rig_sent_data(r, last), 0, 1, RIG_MESSAGE_BYTES - 1));
	rig_destroy(r);
}

Test(gen_tcp_data, what_the_port_does_not_take_goes_with_a_later_turn)
{
	struct gen_tcp_rig *r = rig_create(1000);
	rig_open(r);
	r->fake.room = 1;
	owe(r, 3);
	cr_assert(r->fake.count == 1 && r->tcp.messages_sent == 1);
	r->fake.room = 8;
	gen_tcp_turn(&r->tcp);
	cr_assert(r->fake.count == 3 && r->tcp.messages_sent == 3);
	cr_assert(is_message(rig_sent_data(r, 2), 2, 0, RIG_MESSAGE_BYTES));
	cr_assert(r->tcp.retransmits == 0);
	rig_destroy(r);
}

Test(gen_tcp_data, greetings_go_one_at_a_time)
{
	struct gen_tcp_rig *r = rig_create(1000);
	r->load.greetings = 2;
	rig_open(r);
	owe(r, 4);
	cr_assert(r->fake.count == 1);
	rig_answer(r, RIG_MESSAGE_BYTES, 0, GEN_ACCEPTED);
	gen_tcp_turn(&r->tcp);
	cr_assert(r->tcp.messages_sent == 2);
	rig_answer(r, 2 * RIG_MESSAGE_BYTES, 1, GEN_ACCEPTED);
	gen_tcp_turn(&r->tcp);
	cr_assert(r->tcp.messages_sent == 4, "all the rest at once");
	rig_destroy(r);
}

Test(gen_tcp_data, unanswered_loads_are_done_when_acknowledged)
{
	struct gen_tcp_rig *r = rig_create(1000);
	r->load.is_answered = false;
	rig_open(r);
	owe(r, 3);
	rig_ack(r, 2 * RIG_MESSAGE_BYTES + 1, nothing);
	cr_assert(r->done_count == 2 && r->done[1].message == 1);
	rig_ack(r, 3 * RIG_MESSAGE_BYTES, nothing);
	cr_assert(r->done_count == 3);
	rig_destroy(r);
}

Test(gen_tcp_data, a_cut_message_goes_as_two_segments)
{
	struct gen_tcp_rig *r = rig_create(1000);
	r->cut_at = 40;
	rig_open(r);
	owe(r, 1);
	cr_assert(r->fake.count == 2);
	cr_assert(sent_at(r, 0) == 0 && is_message(rig_sent_data(r, 0), 0, 0, 40));
	cr_assert(sent_at(r, 1) == 40 && is_message(rig_sent_data(r, 1), 0, 40, 60));
	rig_destroy(r);
}

Test(gen_tcp_data, a_reversed_message_comes_second_part_first)
{
	struct gen_tcp_rig *r = rig_create(1000);
	r->cut_at = 40;
	r->is_reversed = true;
	rig_open(r);
	owe(r, 1);
	cr_assert(sent_at(r, 0) == 40 && is_message(rig_sent_data(r, 0), 0, 40, 60));
	cr_assert(sent_at(r, 1) == 0 && is_message(rig_sent_data(r, 1), 0, 0, 40));
	cr_assert(r->tcp.conns[0].top == r->ours + RIG_MESSAGE_BYTES);
	rig_answer(r, RIG_MESSAGE_BYTES, 0, GEN_ACCEPTED);
	cr_assert(r->done_count == 1);
	rig_destroy(r);
}

/* ---- losses ------------------------------------------------------------------------ */

Test(gen_tcp_data, what_is_not_acknowledged_in_time_goes_again_from_its_first_byte)
{
	struct gen_tcp_rig *r = rig_create(1000);
	r->message_bytes = RIG_MSS;
	rig_open(r);
	owe(r, 3);
	rig_ack(r, RIG_MSS, nothing);
	rig_forget(r);
	rig_wait(r, 700);
	cr_assert(r->fake.count == 1, "one segment, as the path may be full");
	cr_assert(sent_at(r, 0) == RIG_MSS);
	cr_assert(is_message(rig_sent_data(r, 0), 1, 0, RIG_MSS));
	cr_assert(r->tcp.retransmits == 1 && r->tcp.messages_sent == 3);
	rig_ack(r, 2 * RIG_MSS, nothing);
	gen_tcp_turn(&r->tcp);
	cr_assert(r->fake.count == 2 && sent_at(r, 1) == 2 * RIG_MSS);
	cr_assert(is_message(rig_sent_data(r, 1), 2, 0, RIG_MSS));
	rig_destroy(r);
}

Test(gen_tcp_data, three_duplicates_mean_a_loss_and_two_do_not)
{
	struct gen_tcp_rig *r = rig_create(1000);
	r->message_bytes = RIG_MSS;
	rig_open(r);
	owe(r, 4);
	rig_forget(r);
	for (unsigned i = 0; i < 2; i++)
		rig_ack(r, 0, nothing);
	gen_tcp_turn(&r->tcp);
	cr_assert(r->fake.count == 0);
	rig_ack(r, 0, nothing);
	gen_tcp_turn(&r->tcp);
	cr_assert(r->fake.count == 1 && sent_at(r, 0) == 0);
	cr_assert(is_message(rig_sent_data(r, 0), 0, 0, RIG_MSS));
	rig_destroy(r);
}

Test(gen_tcp_data, a_message_heard_in_part_goes_again_from_there)
{
	struct gen_tcp_rig *r = rig_create(1000);
	r->message_bytes = 2500;
	rig_open(r);
	owe(r, 1);
	rig_ack(r, 700, nothing);
	rig_forget(r);
	rig_wait(r, 700);
	cr_assert(sent_at(r, 0) == 700);
	cr_assert(is_message(rig_sent_data(r, 0), 0, 700, RIG_MSS));
	rig_destroy(r);
}

Test(gen_tcp_data, an_acknowledgement_beyond_what_is_sent_again_ends_that)
{
	struct gen_tcp_rig *r = rig_create(1000);
	r->message_bytes = 1600;
	rig_open(r);
	owe(r, 2);
	rig_wait(r, 700);
	rig_forget(r);
	rig_ack(r, 2400, nothing);
	gen_tcp_turn(&r->tcp);
	cr_assert(r->fake.count == 1 && sent_at(r, 0) == 2400);
	cr_assert(is_message(rig_sent_data(r, 0), 1, 800, 800), "the middle of a message");
	rig_destroy(r);
}

Test(gen_tcp_data, acknowledgements_of_what_was_never_sent_are_nothing)
{
	struct gen_tcp_rig *r = rig_create(1000);
	r->load.is_answered = false;
	rig_open(r);
	owe(r, 1);
	rig_ack(r, RIG_MESSAGE_BYTES + 1, nothing);
	cr_assert(r->done_count == 0);
	rig_destroy(r);
}

Test(gen_tcp_data, sequence_numbers_wrap)
{
	/* The third message crosses the end of the numbers. */
	struct gen_tcp_rig *r = rig_create(0u - 2 * RIG_MESSAGE_BYTES - 50);
	rig_open(r);
	owe(r, 4);
	cr_assert(rig_sent(r, 2).seq == 0u - 49 && rig_sent(r, 3).seq == 51);
	rig_answer(r, RIG_MESSAGE_BYTES, 0, GEN_ACCEPTED);
	rig_answer(r, 2 * RIG_MESSAGE_BYTES, 1, GEN_ACCEPTED);
	gen_tcp_turn(&r->tcp);
	rig_forget(r);
	rig_wait(r, 700);
	cr_assert(rig_sent(r, 0).seq == 0u - 49, "again, from there");
	rig_answer(r, 4 * RIG_MESSAGE_BYTES, 2, GEN_ACCEPTED);
	rig_answer(r, 4 * RIG_MESSAGE_BYTES, 3, GEN_ACCEPTED);
	cr_assert(r->done_count == 4 && r->tcp.conns[0].unacked == 151);
	rig_forget(r);
	rig_wait(r, 1000);
	for (unsigned i = 0; i < r->fake.count; i++)
		cr_assert(rig_sent_data(r, i).size == 0, "nothing goes again");
	rig_destroy(r);
}

/* ---- answers ----------------------------------------------------------------------- */

static void answer_at(struct gen_tcp_rig *r, uint32_t message)
{
	uint8_t answer[RIG_ANSWER_BYTES];
	be32_store(answer, message);
	be32_store(answer + 4, GEN_ACCEPTED);
	struct tcp_header h = {.seq = r->theirs + message * RIG_ANSWER_BYTES,
			       .ack = r->ours + 2 * RIG_MESSAGE_BYTES,
			       .window = RIG_WINDOW,
			       .flags = TCP_FLAG_ACK};
	rig_input(r, &h, (struct bytes){answer, sizeof answer});
}

Test(gen_tcp_data, what_overtakes_is_asked_for_again)
{
	struct gen_tcp_rig *r = rig_create(1000);
	rig_open(r);
	owe(r, 2);
	rig_forget(r);
	answer_at(r, 1);
	gen_tcp_turn(&r->tcp);
	cr_assert(r->done_count == 0 && r->tcp.out_of_order == 1);
	cr_assert(r->fake.count == 1 && rig_sent(r, 0).ack == r->theirs);
	answer_at(r, 0);
	answer_at(r, 0);
	cr_assert(r->done_count == 1, "once, though it came twice");
	answer_at(r, 1);
	cr_assert(r->done_count == 2);
	rig_destroy(r);
}

Test(gen_tcp_data, an_answer_may_come_in_pieces_with_the_next_behind_it)
{
	struct gen_tcp_rig *r = rig_create(1000);
	rig_open(r);
	owe(r, 3);
	uint8_t answers[3 * RIG_ANSWER_BYTES] = {0};
	be32_store(answers + RIG_ANSWER_BYTES, 1);
	be32_store(answers + 2 * RIG_ANSWER_BYTES, 2);
	static const unsigned ends[] = {3, 7, 17, 24};
	static const unsigned done[] = {0, 0, 2, 3};
	unsigned at = 0;
	for (unsigned i = 0; i < array_len(ends); i++) {
		struct bytes piece = {answers + at, ends[i] - at};
		rig_ack(r, 3 * RIG_MESSAGE_BYTES, piece);
		cr_assert(r->done_count == done[i], "%u: %u", i, r->done_count);
		at = ends[i];
	}
	cr_assert(r->tcp.conns[0].partial == 0);
	rig_destroy(r);
}

Test(gen_tcp_data, an_answer_to_something_else_costs_the_connection)
{
	struct gen_tcp_rig *r = rig_create(1000);
	rig_open(r);
	owe(r, 2);
	rig_answer(r, 2 * RIG_MESSAGE_BYTES, 1, GEN_ACCEPTED);
	cr_assert(r->done_count == 0 && r->tcp.lost[GEN_LOSS_STRANGE] == 1);
	cr_assert(r->tcp.messages_lost[GEN_LOSS_STRANGE] == 2);
	cr_assert(rig_sent(r, r->fake.count - 1).flags & TCP_FLAG_RST);
	rig_destroy(r);
}

Test(gen_tcp_data, an_answer_to_nothing_costs_the_connection)
{
	struct gen_tcp_rig *r = rig_create(1000);
	rig_open(r);
	rig_answer(r, 0, 0, GEN_ACCEPTED);
	cr_assert(r->done_count == 0 && r->tcp.lost[GEN_LOSS_STRANGE] == 1);
	rig_destroy(r);
}

/* ---- readers ----------------------------------------------------------------------- */

enum { LONG_ANSWER_BYTES = 3 * GEN_ANSWER_BYTES_MAX };

static struct {
	uint32_t taken, calls;
	uint64_t arrived;
} reader;

/* An answer of LONG_ANSWER_BYTES, in the middle of which message 77 arrives. */
static struct gen_take take_some(const struct gen_load *l, uint32_t conn, uint32_t message,
				 struct bytes at)
{
	uint32_t half = LONG_ANSWER_BYTES / 2;
	uint32_t until = reader.taken < half ? half : LONG_ANSWER_BYTES;
	uint32_t bytes = min_u32((uint32_t)at.size, until - reader.taken);
	reader.calls++;
	reader.taken += bytes;
	return (struct gen_take){
		.bytes = bytes,
		.is_whole = reader.taken == LONG_ANSWER_BYTES,
		.has_number = bytes && reader.taken == half,
		.number = 77,
	};
}

static void on_arrived(void *owner, uint64_t number)
{
	reader.arrived += number;
}

static struct gen_tcp_rig *open_reader(struct gen_readers *readers)
{
	struct gen_tcp_rig *r = rig_create(1000);
	memset(&reader, 0, sizeof reader);
	*readers = (struct gen_readers){.take = take_some};
	r->load.readers = readers;
	r->tcp.options.events.arrived = on_arrived;
	rig_open(r);
	return r;
}

Test(gen_tcp_data, an_answer_of_any_length_goes_to_a_reader_as_it_comes)
{
	static const uint8_t bytes[LONG_ANSWER_BYTES];
	struct gen_readers readers;
	struct gen_tcp_rig *r = open_reader(&readers);
	owe(r, 1);
	for (uint32_t at = 0; at < LONG_ANSWER_BYTES; at += LONG_ANSWER_BYTES / 3) {
		cr_assert(r->done_count == 0 && reader.taken == at);
		rig_ack(r, RIG_MESSAGE_BYTES, (struct bytes){bytes, LONG_ANSWER_BYTES / 3});
	}
	cr_assert(r->done_count == 1 && r->done[0].verdict == GEN_ACCEPTED);
	cr_assert(reader.arrived == 77 && reader.calls == 4);
	cr_assert(r->tcp.conns[0].state == GEN_OPEN && r->tcp.conns[0].partial == 0);
	rig_destroy(r);
}

Test(gen_tcp_data, an_answer_to_nothing_costs_a_reader_the_connection_too)
{
	static const uint8_t bytes[LONG_ANSWER_BYTES];
	struct gen_readers readers;
	struct gen_tcp_rig *r = open_reader(&readers);
	rig_ack(r, 0, (struct bytes){bytes, LONG_ANSWER_BYTES});
	cr_assert(r->tcp.lost[GEN_LOSS_STRANGE] == 1 && r->done_count == 0);
	rig_destroy(r);
}

Test(gen_tcp_data, more_may_be_under_way_to_who_says_so_in_his_syn)
{
	struct gen_tcp_rig *r = rig_create(1000);
	r->load.window_shift = 4;
	gen_tcp_connect(&r->tcp, 0);
	struct tcp_header h = rig_sent(r, 0);
	cr_assert(h.has_window_scale && h.window_scale == 4 && h.window == 65535);
	rig_destroy(r);
}
