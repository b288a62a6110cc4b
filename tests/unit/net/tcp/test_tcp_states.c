/* test_tcp_states.c - every state against every event at every place: RFC 9293 3.10.7 as a
 * table. A cell is what is sent and the state afterwards, for a segment left of the window,
 * at rcv_nxt, inside, and right of it. The table is run across both wraps of the numbers. */
#include "dataplane/net/tcp/tcp_conn.h"
#include "tests/unit/net/tcp/tcp_rig.h"

#include <criterion/criterion.h>

enum place { LEFT, AT, INSIDE, RIGHT, PLACES };
enum event { EVENT_RST, EVENT_SYN, EVENT_ACK, EVENT_FIN, EVENT_DATA, EVENTS };

/* sent: - nothing, A ACK, R RST, S SYN-ACK
 * then: = as before, C gone, E established, W CLOSE-WAIT, G CLOSING, T TIME-WAIT,
 *       H half-open anew */
struct row {
	const char *state;
	const char *cells[EVENTS];
};

static const struct row rows[] = {
	/*                 RST            SYN            ACK            FIN            data */
	{"SYN-RECEIVED", {"-= -C A= -=", "A= A= A= A=", "A= -E -E A=", "A= AW AE A=",
			  "A= AE AE A="}},
	{"ESTABLISHED",  {"-= -C A= -=", "A= A= A= A=", "A= -= -= A=", "A= AW A= A=",
			  "A= A= A= A="}},
	{"FIN-WAIT-1",   {"-= -C A= -=", "A= A= A= A=", "A= -= -= A=", "A= AG A= A=",
			  "A= A= A= A="}},
	{"FIN-WAIT-2",   {"-= -C A= -=", "A= A= A= A=", "A= -= -= A=", "A= AT A= A=",
			  "A= RC RC A="}},
	{"CLOSE-WAIT",   {"-= -C A= -=", "A= A= A= A=", "A= -= -= A=", "A= A= A= A=",
			  "A= A= A= A="}},
	{"CLOSING",      {"-= -C A= -=", "A= A= A= A=", "A= -= -= A=", "A= A= A= A=",
			  "A= A= A= A="}},
	{"LAST-ACK",     {"-= -C A= -=", "A= A= A= A=", "A= -= -= A=", "A= A= A= A=",
			  "A= A= A= A="}},
	{"TIME-WAIT",    {"-= -= -= -=", "A= A= SH SH", "-= -= -= -=", "A= A= A= A=",
			  "A= A= A= A="}},
};

static const uint8_t event_flags[EVENTS] = {
	TCP_FLAG_RST, TCP_FLAG_SYN, TCP_FLAG_ACK, TCP_FLAG_FIN | TCP_FLAG_ACK, TCP_FLAG_ACK};

static bool row_is(const struct row *row, const char *state)
{
	return strcmp(row->state, state) == 0;
}

static void give_fin(struct rig *r)
{
	struct seg fin = rig_ack(r);
	fin.flags |= TCP_FLAG_FIN;
	rig_give(r, fin);
	r->peer_nxt++;
}

static void give_syn(struct rig *r, uint32_t isn)
{
	rig_give(r, (struct seg){.flags = TCP_FLAG_SYN, .seq = isn, .window = 65535});
	r->peer_nxt = isn + 1;
	r->our_nxt = rig_last(r)->h.seq + 1;
}

/* Brings a connection into the row's state; our_nxt never covers an unacknowledged FIN. */
static struct rig *reach(const struct row *row, uint32_t isn)
{
	struct rig *r = rig_new(rig_options());
	if (row_is(row, "SYN-RECEIVED")) {
		give_syn(r, isn);
		return r;
	}
	struct tcp_conn *c = rig_open_with(r, isn, NULL, 0);
	bool peer_first = row_is(row, "CLOSE-WAIT") || row_is(row, "LAST-ACK");
	if (peer_first)
		give_fin(r);
	if (row_is(row, "ESTABLISHED") || row_is(row, "CLOSE-WAIT"))
		return r;
	stream_close(&c->stream, STREAM_CLOSE_FLUSH);
	rig_turn(r);
	if (row_is(row, "CLOSING"))
		give_fin(r);
	if (row_is(row, "FIN-WAIT-2") || row_is(row, "TIME-WAIT")) {
		r->our_nxt++;
		rig_give(r, rig_ack(r));
	}
	if (row_is(row, "TIME-WAIT"))
		give_fin(r);
	return r;
}

static char state_letter(struct rig *r)
{
	static const char letters[] = {'C', 'E', 'F', 'f', 'W', 'G', 'L'};
	struct tcp_tuple tuple = {.local_port = RIG_PORT};
	tuple.peer.port = RIG_PEER_PORT;
	tuple.peer.address = (struct address){{[10] = 0xff, 0xff, 10, 0, 0, 2}};
	enum tcp_kind kind;
	void *object = tcp_find(r->t, tcp_hash(r->t, &tuple), &tuple, &kind);
	if (!object)
		return 'C';
	if (kind == TCP_KIND_CONN)
		return letters[((struct tcp_conn *)object)->state];
	return kind == TCP_KIND_WAIT ? 'T' : 'H';
}

static char sent_letter(const struct rig *r)
{
	if (r->sent_count == 0)
		return '-';
	uint8_t flags = rig_last(r)->h.flags;
	if (flags & TCP_FLAG_RST)
		return 'R';
	return flags & TCP_FLAG_SYN ? 'S' : 'A';
}

static void check_cell(const struct row *row, enum event event, enum place place, uint32_t isn)
{
	static const uint32_t ahead[PLACES] = {(uint32_t)-10, 0, 100, 70000};
	struct rig *r = reach(row, isn);
	char before = state_letter(r);
	const char *cell = row->cells[event] + 3 * place;
	struct seg s = rig_ack(r);
	s.flags = event_flags[event];
	s.seq = r->peer_nxt + ahead[place];
	s.data = "datum";
	s.size = event == EVENT_DATA ? 5 : 0;
	rig_give(r, s);
	char then = cell[1] == '=' ? before : cell[1];
	cr_assert(sent_letter(r) == cell[0] && r->sent_count == (cell[0] == '-' ? 0u : 1u),
		  "%s, event %u, place %u, isn %x: sent %c (%u), not %c", row->state, event, place,
		  isn, sent_letter(r), r->sent_count, cell[0]);
	cr_assert(state_letter(r) == then, "%s, event %u, place %u: then %c, not %c", row->state,
		  event, place, state_letter(r), then);
	rig_free(r);
}

static void check_table(uint32_t isn)
{
	for (unsigned i = 0; i < array_len(rows); i++)
		for (unsigned event = 0; event < EVENTS; event++)
			for (unsigned place = 0; place < PLACES; place++)
				check_cell(&rows[i], (enum event)event, (enum place)place, isn);
}

Test(tcp_states, every_cell_holds)
{
	check_table(5000);
}

Test(tcp_states, every_cell_holds_where_sequence_numbers_wrap)
{
	check_table(0xffffffff - 3);
	check_table(0xffffffff - 60);
}

Test(tcp_states, every_cell_holds_where_the_sign_changes)
{
	check_table(0x7fffffff - 3);
	check_table(0x7fffffff - 60);
}

Test(tcp_states, acknowledgements_outside_what_was_sent_change_nothing)
{
	struct rig *r = rig_new(rig_options());
	struct tcp_conn *c = rig_open_and_send(r, 100);
	struct seg s = rig_data(r, "x", 1);
	s.ack = r->our_nxt + 101;
	rig_give(r, s);
	cr_assert(r->sent_count == 1 && c->snd_una == r->our_nxt && r->received_bytes == 0);
	s.ack = r->our_nxt - 70000;
	rig_give(r, s);
	cr_assert(c->snd_una == r->our_nxt && r->received_bytes == 0);
	cr_assert(rig_stat(r, STAT_packet_drop_tcp_blind) == 1, "RFC 5961 5");
	s.ack = r->our_nxt - 10;
	rig_give(r, s);
	cr_assert(r->received_bytes == 1, "an old acknowledgement is ignored, its data is not");
	rig_free(r);
}

Test(tcp_states, a_segment_without_ack_is_dropped)
{
	struct rig *r = rig_new(rig_options());
	rig_open(r);
	struct seg s = rig_data(r, "x", 1);
	s.flags = TCP_FLAG_FIN;
	rig_give(r, s);
	cr_assert(r->sent_count == 0 && r->received_bytes == 0);
	cr_assert(rig_stat(r, STAT_packet_drop_tcp_unacceptable) == 1);
	rig_free(r);
}

Test(tcp_states, urgent_data_stays_in_band_and_its_pointer_is_no_index)
{
	struct rig *r = rig_new(rig_options());
	rig_open(r);
	for (unsigned pointer = 0; pointer < 3; pointer++) {
		struct seg s = rig_data(r, "urgent", 6);
		s.flags |= TCP_FLAG_URG;
		rig_put(r, s);
		be16_store(r->pkts[0].data + 18, (uint16_t)(pointer == 2 ? 0xffff : pointer));
		rig_turn(r);
	}
	cr_assert(r->received_bytes == 18);
	rig_free(r);
}
