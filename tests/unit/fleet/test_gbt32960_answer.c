/* test_gbt32960_answer.c - what a T-Box or a platform is answered, and that it is answered
 * only when its frame is stored. */
#include "dataplane/session/waiting.h"
#include "dataplane/session/waiting_admit.h"
#include "dataplane/wire/fleet/gbt32960.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "tests/unit/session/ingest_rig.h"

#include <criterion/criterion.h>
#include <stdio.h>

/* Sends one frame over a connection of its own; returns what came back. */
static struct soup answer_to(struct rig *r, uint8_t listener, const void *frame, size_t size)
{
	struct wire *w = wire_open(r, listener);
	wire_send(w, frame, size);
	rig_turn_without_writer(r, 100);
	rig_turn_without_writer(r, 10000);
	cr_assert(w->sent.size == 0, "answered before it was stored");
	rig_settle(r);
	wire_end(w);
	rig_settle(r);
	cr_assert(w->stream.is_closed);
	struct soup sent = w->sent;
	w->sent = (struct soup){0};
	wire_free(w);
	return sent;
}

static struct soup answer_once(uint8_t listener, int16_t error, const void *frame, size_t size)
{
	struct rig *r = rig_create(NULL);
	r->error = error;
	struct soup sent = answer_to(r, listener, frame, size);
	rig_destroy(r);
	return sent;
}

Test(gbt32960_answer, a_live_platform_would_have_answered_the_same_bytes)
{
	unsigned pairs = 0;
	const struct sample_frames *all = sample_frames();
	for (size_t i = 1; i < all->count; i++) {
		const struct sample_frame *f = &all->frames[i - 1], *answer = f + 1;
		if (!answer->is_2016 || answer->is_up || answer->data[3] != GBT32960_SUCCESS ||
		    memcmp(f->data + 4, answer->data + 4, 17) != 0)
			continue;
		struct soup sent = answer_once(RIG_PLATFORM, 0, f->data, f->size);
		cr_assert(sent.size == answer->size);
		cr_assert(memcmp(sent.data, answer->data, answer->size) == 0);
		free(sent.data);
		pairs++;
	}
	cr_assert(pairs >= 5);
}

/* A frame made for the occasion. */
static struct soup frame_with(enum gbt32960_edition edition, uint8_t command, uint8_t flag,
			      uint8_t encryption, const char *data)
{
	struct gbt32960_header h = {.start = {edition, edition}, .command = command, .flag = flag};
	memcpy(h.vin, "LPENSTK0000000001", 17);
	h.encryption = encryption;
	h.data_bytes = be16_of((uint16_t)strlen(data));
	uint8_t bcc = gbt32960_bcc(&h, (struct bytes){(const uint8_t *)data, strlen(data)});
	struct soup s = {0};
	soup_add(&s, &h, sizeof h);
	soup_add(&s, data, strlen(data));
	soup_add(&s, &bcc, 1);
	return s;
}

static struct soup frame_of(uint8_t command, uint8_t flag, uint8_t encryption,
			    const char *data)
{
	return frame_with(GBT32960_2016, command, flag, encryption, data);
}

/* Size and flag of the answer to a command; 0 and 0 for none. */
struct outcome {
	size_t size;
	uint8_t flag;
};

static struct outcome outcome_of(uint8_t listener, int16_t error, const struct soup *frame)
{
	struct soup sent = answer_once(listener, error, frame->data, frame->size);
	struct outcome o = {.size = sent.size};
	if (sent.size > 0) {
		struct gbt32960_piece p =
			gbt32960_look((struct bytes){sent.data, sent.size}, 70000);
		cr_assert(p.kind == GBT32960_FRAME && p.size == sent.size);
		cr_assert(memcmp(sent.data, frame->data, 3) == 0);
		cr_assert(memcmp(sent.data + 4, frame->data + 4, 18) == 0);
		o.flag = sent.data[3];
	}
	free(sent.data);
	return o;
}

static void check_outcome(uint8_t listener, int16_t error, uint8_t command, size_t size,
			  uint8_t flag)
{
	struct soup f = frame_of(command, 0xfe, 1, "abcdefgh");
	struct outcome o = outcome_of(listener, error, &f);
	cr_assert(o.size == size && o.flag == flag,
		  "listener %u error %d command %u: %zu bytes, flag %u", listener, error,
		  command, o.size, o.flag);
	free(f.data);
}

Test(gbt32960_answer, a_terminal_is_answered_as_annex_b_says)
{
	for (uint8_t command = 0; command < 0x30; command++) {
		static const size_t sizes[0x30] = {[1] = 31, [4] = 31, [5] = 31,
						   [6] = 31, [7] = 25, [8] = 31};
		check_outcome(RIG_TERMINAL, 0, command, sizes[command], sizes[command] > 0);
	}
	check_outcome(RIG_TERMINAL, 0, 0x80, 0, 0);
	check_outcome(RIG_TERMINAL, 0, 0xC0, 0, 0);
}

Test(gbt32960_answer, a_platform_is_answered_whatever_it_sends)
{
	for (uint8_t command = 0; command < 0x30; command++) {
		size_t size = command == 0 || command > 8 ? 0 : command == 7 ? 25 : 31;
		check_outcome(RIG_PLATFORM, 0, command, size, size > 0);
	}
}

Test(gbt32960_answer, what_could_not_be_stored_is_answered_by_an_error)
{
	int16_t error = KAFKA_ERROR_KAFKA_STORAGE_ERROR;
	check_outcome(RIG_TERMINAL, error, GBT32960_LOGIN, 0, 0);
	check_outcome(RIG_PLATFORM, error, GBT32960_LOGIN, 31, GBT32960_ERROR);
	for (uint8_t command = 2; command <= 8; command++) {
		size_t size = command == 7 ? 25 : 31;
		check_outcome(RIG_TERMINAL, error, command, size, GBT32960_ERROR);
		check_outcome(RIG_PLATFORM, error, command, size, GBT32960_ERROR);
	}
}

/* ---- 2025 ------------------------------------------------------------------------------- */

static void check_newer(uint8_t listener, int16_t error, uint8_t command, struct outcome want)
{
	struct soup f = frame_with(GBT32960_2025, command, 0xfe, 1, "abcdefgh");
	struct outcome o = outcome_of(listener, error, &f);
	cr_assert(o.size == want.size && o.flag == want.flag,
		  "listener %u error %d command %u: %zu bytes, flag %u", listener, error,
		  command, o.size, o.flag);
	free(f.data);
}

/* The same as in 2016, the key exchange besides; the activation has tests of its own. */
Test(gbt32960_answer, frames_of_2025_are_answered_as_those_of_2016_and_with_their_start)
{
	for (uint8_t command = 0; command < 0x30; command++) {
		static const size_t sizes[0x30] = {[1] = 31, [4] = 31, [5] = 31, [6] = 31,
						   [7] = 25, [8] = 31, [11] = 25};
		size_t size = sizes[command];
		bool is_report = command == 2 || command == 3;
		if (command == GBT32960_ACTIVATION)
			continue;
		check_newer(RIG_TERMINAL, 0, command, (struct outcome){size, size > 0});
		size = is_report ? 31 : size;
		check_newer(RIG_PLATFORM, 0, command, (struct outcome){size, size > 0});
	}
}

Test(gbt32960_answer, what_of_2025_could_not_be_stored_is_answered_by_an_error)
{
	int16_t error = KAFKA_ERROR_KAFKA_STORAGE_ERROR;
	check_newer(RIG_TERMINAL, error, GBT32960_LOGIN, (struct outcome){0});
	check_newer(RIG_PLATFORM, error, GBT32960_LOGIN, (struct outcome){31, GBT32960_ERROR});
	check_newer(RIG_TERMINAL, error, GBT32960_REALTIME, (struct outcome){31, GBT32960_ERROR});
	check_newer(RIG_TERMINAL, error, GBT32960_KEY_EXCHANGE,
		    (struct outcome){25, GBT32960_ERROR});
	check_newer(RIG_TERMINAL, error, GBT32960_ACTIVATION, (struct outcome){0});
	check_newer(RIG_PLATFORM, error, GBT32960_ACTIVATION, (struct outcome){0});
}

Test(gbt32960_answer, the_answer_body_of_2025_is_its_time_whatever_that_of_2016_is)
{
	struct soup f = frame_with(GBT32960_2025, GBT32960_REALTIME, 0xfe, 1, "time56 and more");
	struct soup sent = answer_once(RIG_ECHO, 0, f.data, f.size);
	cr_assert(sent.size == 31 && memcmp(sent.data + 24, "time56", 6) == 0);
	cr_assert(sent.data[0] == '$' && sent.data[1] == '$');
	free(sent.data);
	free(f.data);
	for (uint8_t encryption = GBT32960_RSA; encryption <= GBT32960_SM4; encryption++) {
		f = frame_with(GBT32960_2025, GBT32960_LOGIN, 0xfe, encryption, "no time here");
		cr_assert(outcome_of(RIG_ECHO, 0, &f).size == 25);
		free(f.data);
	}
}

/* Beside the one public frame of its kind, which says: not activated. */
Test(gbt32960_answer, an_activation_is_answered_by_a_command_with_the_information_byte)
{
	const struct sample_frame *given = sample_frames()->frames;
	while (given->is_2016 || given->data[2] != GBT32960_ACTIVATION_ANSWER)
		given++;
	for (uint32_t info = 0; info < 2; info++) {
		struct rig *r = rig_create(NULL);
		r->in.listeners[RIG_TERMINAL].activation_info = info;
		struct soup f = frame_with(GBT32960_2025, GBT32960_ACTIVATION, 0xfe, 1,
					   "abcdefgh");
		struct soup sent = answer_to(r, RIG_TERMINAL, f.data, f.size);
		cr_assert(sent.size == given->size);
		cr_assert(memcmp(sent.data, given->data, 4) == 0);
		cr_assert(memcmp(sent.data + 4, f.data + 4, 17) == 0);
		cr_assert(memcmp(sent.data + 21, given->data + 21, 3) == 0);
		cr_assert(sent.data[24] == 1 && sent.data[25] == info);
		struct gbt32960_piece p =
			gbt32960_look((struct bytes){sent.data, sent.size}, 70000);
		cr_assert(p.kind == GBT32960_FRAME && p.size == sent.size);
		free(sent.data);
		free(f.data);
		rig_destroy(r);
	}
}

Test(gbt32960_answer, answers_and_down_commands_are_stored_and_not_answered)
{
	for (uint8_t listener = RIG_TERMINAL; listener <= RIG_ECHO; listener++) {
		for (uint8_t flag = 1; flag < 5; flag++) {
			struct soup f = frame_of(GBT32960_LOGIN, flag, 1, "abcdefgh");
			cr_assert(outcome_of(listener, 0, &f).size == 0);
			free(f.data);
		}
	}
}

Test(gbt32960_answer, the_answer_body_is_time_or_echo)
{
	struct soup f = frame_of(GBT32960_REALTIME, 0xfe, 1, "time56and the rest");
	struct soup echo = answer_once(RIG_ECHO, 0, f.data, f.size);
	cr_assert(echo.size == f.size && memcmp(echo.data + 24, "time56and the rest", 18) == 0);
	struct soup time = answer_once(RIG_PLATFORM, 0, f.data, f.size);
	cr_assert(time.size == 31 && memcmp(time.data + 24, "time56", 6) == 0);
	free(echo.data);
	free(time.data);
	free(f.data);
}

Test(gbt32960_answer, the_longest_frame_is_echoed_whole)
{
	static char data[65531 + 1];
	memset(data, 'x', sizeof data - 1);
	struct soup f = frame_of(GBT32960_REALTIME, 0xfe, 1, data);
	struct soup echo = answer_once(RIG_ECHO, 0, f.data, f.size);
	cr_assert(echo.size == f.size && memcmp(echo.data + 24, data, sizeof data - 1) == 0);
	free(echo.data);
	free(f.data);
}

/* Sixteen chunks and more for the first, two for the other: sixteen are there for a while. */
Test(gbt32960_answer, a_shorter_echo_does_not_pass_a_long_one_that_waits_for_chunks)
{
	static char long_data[65531 + 1], short_data[5000 + 1];
	memset(long_data, 'x', sizeof long_data - 1);
	memset(short_data, 'x', sizeof short_data - 1);
	struct soup f[] = {frame_of(GBT32960_REALTIME, 0xfe, 1, long_data),
			   frame_of(GBT32960_REALTIME, 0xfe, 1, short_data)};
	struct rig *r = rig_create(NULL);
	struct wire *wires[] = {wire_open(r, RIG_ECHO), wire_open(r, RIG_ECHO)};
	struct chain taken = {0};
	while (chunk_pool_left(&r->in.answers.large[ANSWER_COMMON]) > 16)
		chain_push(&taken, chunk_take(&r->in.answers.large[ANSWER_COMMON]));
	for (unsigned i = 0; i < array_len(wires); i++) {
		wire_send(wires[i], f[i].data, f[i].size);
		rig_settle(r);
	}
	cr_assert(wires[0]->sent.size == 0 && wires[1]->sent.size == 0);
	cr_assert(!waiting_can_admit(&r->in), "it would be tried in every turn");
	chain_give(&taken);
	rig_settle(r);
	for (unsigned i = 0; i < array_len(wires); i++) {
		cr_assert(wires[i]->sent.size == f[i].size);
		wire_end(wires[i]);
		free(f[i].data);
	}
	rig_settle(r);
	for (unsigned i = 0; i < array_len(wires); i++)
		wire_free(wires[i]);
	rig_destroy(r);
}

/* What it waits for, short frames do not need. */
Test(gbt32960_answer, others_are_not_held_up_by_an_echo_that_waits_for_chunks)
{
	static char data[65531 + 1];
	memset(data, 'x', sizeof data - 1);
	struct soup f = frame_of(GBT32960_REALTIME, 0xfe, 1, data);
	struct rig *r = rig_create(NULL);
	struct wire *echo = wire_open(r, RIG_ECHO), *other = wire_open(r, RIG_PLATFORM);
	struct chain taken = {0};
	while (chunk_pool_left(&r->in.answers.large[ANSWER_COMMON]) > 0)
		chain_push(&taken, chunk_take(&r->in.answers.large[ANSWER_COMMON]));
	wire_send(echo, f.data, f.size);
	rig_settle(r);
	cr_assert(r->in.waits.blocked == 1);
	for (unsigned i = 0; i < 5; i++)
		wire_send(other, sample_login()->data, sample_login()->size);
	rig_turn_without_writer(r, 10);
	cr_assert(other->consumed == 5 * sample_login()->size, "all in one turn");
	chain_give(&taken);
	wire_end(echo);
	wire_end(other);
	rig_settle(r);
	cr_assert(echo->sent.size == f.size);
	wire_free(echo);
	wire_free(other);
	free(f.data);
	rig_destroy(r);
}

Test(gbt32960_answer, what_shows_no_time_is_answered_with_an_empty_data_unit)
{
	struct soup five = frame_of(GBT32960_LOGOUT, 0xfe, 1, "five5");
	struct soup secret = frame_of(GBT32960_LOGIN, 0xfe, GBT32960_AES, "sixteen bytes...");
	cr_assert(outcome_of(RIG_TERMINAL, 0, &five).size == 25);
	cr_assert(outcome_of(RIG_TERMINAL, 0, &secret).size == 25);
	cr_assert(outcome_of(RIG_ECHO, 0, &secret).size == secret.size);
	free(five.data);
	free(secret.data);
}

Test(gbt32960_answer, a_time_sync_is_answered_with_our_time)
{
	struct rig *r = rig_create(NULL);
	struct soup f = frame_of(GBT32960_TIME_SYNC, 0xfe, 1, "");
	struct soup sent = answer_to(r, RIG_TERMINAL, f.data, f.size);
	/* 2023-11-15 06:13:21 in Beijing, one second after the rig's beginning of time. */
	const uint8_t want[6] = {23, 11, 15, 6, 13, 21};
	cr_assert(sent.size == 31 && memcmp(sent.data + 24, want, 6) == 0);
	free(sent.data);
	free(f.data);
	rig_destroy(r);
}

Test(gbt32960_answer, answers_leave_in_the_order_of_the_requests)
{
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, RIG_PLATFORM);
	struct soup sent = {0};
	for (unsigned i = 0; i < 300; i++) {
		char data[16];
		snprintf(data, sizeof data, "%06u", i);
		struct soup f = frame_of(2, 0xfe, 1, data);
		/* Many VINs: many partitions, whose batches come back in any order. */
		f.data[10] ^= (uint8_t)i;
		f.data[f.size - 1] ^= (uint8_t)i;
		soup_add(&sent, f.data, f.size);
		free(f.data);
	}
	wire_send(w, sent.data, sent.size);
	rig_settle(r);
	cr_assert(r->stored_count == 300 && w->sent.size == sent.size);
	for (size_t i = 0; i < 300; i++) {
		cr_assert(memcmp(w->sent.data + 31 * i + 24, sent.data + 31 * i + 24, 6) == 0);
		cr_assert(w->sent.data[31 * i + 3] == GBT32960_SUCCESS);
	}
	wire_end(w);
	rig_settle(r);
	wire_free(w);
	free(sent.data);
	rig_destroy(r);
}

Test(gbt32960_answer, without_its_topic_a_frame_is_refused_and_the_peer_told)
{
	struct rig *r = rig_create(NULL);
	rig_set_topic(r, RIG_PLATFORM, "gone");
	struct soup f = frame_of(2, 0xfe, 1, "abcdefgh");
	struct wire *w = wire_open(r, RIG_PLATFORM);
	wire_send(w, f.data, f.size);
	rig_settle(r);
	cr_assert(w->sent.size == 31 && w->sent.data[3] == GBT32960_ERROR);
	cr_assert(rig_stat(r, STAT_record_reject_topic) == 1);
	wire_end(w);
	rig_settle(r);
	wire_free(w);
	free(f.data);
	rig_destroy(r);
}

Test(gbt32960_answer, a_frame_that_can_never_have_credit_is_refused_and_the_peer_told)
{
	struct rig_options o = {.lane_credit_bytes = 1000};
	struct rig *r = rig_create(&o);
	static char data[2000];
	memset(data, 'x', sizeof data - 1);
	struct soup f = frame_of(2, 0xfe, 1, data);
	struct wire *w = wire_open(r, RIG_TERMINAL);
	wire_send(w, f.data, f.size);
	wire_send(w, sample_login()->data, sample_login()->size);
	rig_settle(r);
	cr_assert(w->sent.size == 62 && w->sent.data[3] == GBT32960_ERROR);
	cr_assert(rig_stat(r, STAT_record_reject_too_large) == 1 && r->stored_count == 1);
	wire_end(w);
	rig_settle(r);
	wire_free(w);
	free(f.data);
	rig_destroy(r);
}

Test(gbt32960_answer, a_peer_that_does_not_read_its_answers_leaves_memory_for_others)
{
	struct rig_options o = {.answers_max = 1024};
	struct rig *r = rig_create(&o);
	struct wire *deaf = wire_open(r, RIG_PLATFORM), *other = wire_open(r, RIG_PLATFORM);
	struct soup f = frame_of(2, 0xfe, 1, "abcdef");
	rig_turn(r, 0);
	for (unsigned i = 0; i < 3000; i++)
		wire_send(deaf, f.data, f.size);
	rig_turn(r, 200);
	deaf->send_room = 0;
	rig_settle(r);
	cr_assert(r->in.answers.slab.in_use > 0 && r->in.answers.slab.in_use < 600);
	wire_send(other, f.data, f.size);
	rig_settle(r);
	cr_assert(other->sent.size == f.size, "answered all the same");
	deaf->send_room = SIZE_MAX;
	stream_wake(&deaf->stream, STREAM_SENT);
	rig_settle(r);
	cr_assert(deaf->sent.size == 3000 * f.size);
	wire_end(deaf);
	wire_end(other);
	rig_settle(r);
	wire_free(deaf);
	wire_free(other);
	free(f.data);
	rig_destroy(r);
}

Test(gbt32960_answer, a_frame_and_its_answer_touch_one_line_of_the_session)
{
	struct rig *r = rig_create(NULL);
	const struct sample_frame *login = sample_login();
	struct wire *w = wire_open(r, RIG_PLATFORM);
	cr_assert(protocols[PROTOCOL_GBT32960]->session_bytes == CACHE_LINE_BYTES);
	for (unsigned i = 0; i < 3; i++) {
		wire_send(w, login->data, login->size);
		rig_turn(r, 100);
	}
	rig_settle(r);
	cr_assert(r->in.sessions.places.fresh == 0, "it has waited for nothing");
	cr_assert(w->sent.size == 3 * 31, "%zu bytes", w->sent.size);
	wire_lose(w);
	rig_settle(r);
	wire_free(w);
	rig_destroy(r);
}
