/* test_jt808_resent.c - a terminal that sends again what was not answered in time: what is stored
 * once, what twice, and what it hears. */
#include "dataplane/fleet/unanswered.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "tests/unit/fleet/jt808_terminal.h"

#include <criterion/criterion.h>

/* Sent again at once, in the next turn, and while the writer has the first; then with an answer. */
Test(jt808_resent, what_is_sent_again_before_its_answer_is_stored_and_answered_once)
{
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, RIG_JT808_ANY);
	send_id(w, LOCATION, 7);
	send_id(w, LOCATION, 7);
	rig_turn_without_writer(r, 1000);
	send_id(w, LOCATION, 7);
	rig_turn_without_writer(r, 6000);
	send_id(w, LOCATION, 7);
	rig_settle(r);
	struct got g[ANSWERS_MAX];
	cr_assert(answers_of(w, g) == 1 && g[0].answered == 7 && g[0].result == JT808_DONE);
	cr_assert(r->stored_count == 1 && rig_stat(r, STAT_frames_resent) == 3);
	cr_assert(rig_stat(r, STAT_frames_accepted) == 1);
	send_id(w, LOCATION, 7);
	rig_settle(r);
	cr_assert(answers_of(w, g) == 2 && r->stored_count == 2);
	cr_assert(rig_stat(r, STAT_frames_resent) == 3);
	end(r, w);
}

/* Alike in all but one thing, and in the check code, as two in 256 are. */
Test(jt808_resent, what_only_looks_the_same_is_a_message_of_its_own)
{
	struct jt808_sent first = sent_of(LOCATION, 7);
	first.body_bytes = 28;
	for (unsigned i = 0; i < 4; i++) {
		struct rig *r = rig_create(NULL);
		struct wire *w = wire_open(r, RIG_JT808_ANY);
		struct jt808_sent m = first;
		m.body[0] ^= i == 0;
		m.body[1] ^= i == 0;
		m.phone[4] ^= i == 1;
		m.phone[5] ^= i == 1;
		m.id ^= i == 2 ? 0x0101 : 0;
		m.serial ^= i == 3 ? 0x0101 : 0;
		send_sent(w, &first);
		send_sent(w, &m);
		rig_settle(r);
		cr_assert(r->stored_count == 2 && rig_stat(r, STAT_frames_resent) == 0);
		end(r, w);
	}
}

Test(jt808_resent, the_last_sixteen_are_known_and_those_before_them_are_not)
{
	for (unsigned is_one_turn = 0; is_one_turn < 2; is_one_turn++) {
		struct rig *r = rig_create(NULL);
		struct wire *w = wire_open(r, RIG_JT808_ANY);
		for (unsigned i = 0; i <= UNANSWERED_MAX; i++)
			send_id(w, LOCATION, (uint16_t)i);
		if (!is_one_turn)
			rig_turn_without_writer(r, 1000);
		send_id(w, LOCATION, 1);
		send_id(w, LOCATION, UNANSWERED_MAX);
		rig_turn_without_writer(r, 1000);
		cr_assert(rig_stat(r, STAT_frames_resent) == 2);
		send_id(w, LOCATION, 0);
		rig_settle(r);
		cr_assert(rig_stat(r, STAT_frames_resent) == 2);
		cr_assert(r->stored_count == UNANSWERED_MAX + 2);
		end(r, w);
	}
}

Test(jt808_resent, a_first_one_that_failed_is_what_both_are_told)
{
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, RIG_JT808_ANY);
	r->error = KAFKA_ERROR_KAFKA_STORAGE_ERROR;
	send_id(w, LOCATION, 7);
	rig_turn_without_writer(r, 1000);
	send_id(w, LOCATION, 7);
	rig_settle(r);
	struct got g[ANSWERS_MAX];
	cr_assert(answers_of(w, g) == 1 && g[0].result == JT808_FAILED);
	r->error = 0;
	send_id(w, LOCATION, 7);
	rig_settle(r);
	cr_assert(answers_of(w, g) == 2 && g[1].result == JT808_DONE && r->stored_count == 1);
	end(r, w);
}

/* There is credit for one at a time. */
Test(jt808_resent, one_that_has_waited_as_a_record_is_known)
{
	struct rig_options o = {.lane_credit_bytes = 150};
	struct rig *r = rig_create(&o);
	struct wire *w = wire_open(r, RIG_JT808_ANY);
	send_id(w, LOCATION, 1);
	send_id(w, LOCATION, 2);
	rig_turn_without_writer(r, 1000);
	cr_assert(rig_stat(r, STAT_records_kept) == 1);
	rig_turn(r, 6000);
	rig_turn_without_writer(r, 1000);
	cr_assert(rig_stat(r, STAT_records_received) == 2);
	send_id(w, LOCATION, 2);
	rig_turn_without_writer(r, 1000);
	cr_assert(rig_stat(r, STAT_frames_resent) == 1);
	rig_settle(r);
	cr_assert(r->stored_count == 2 && last_answer(w).answered == 2);
	end(r, w);
}

/* On another connection nobody knows what the first one was. */
Test(jt808_resent, what_is_sent_again_on_a_new_connection_is_a_record_again)
{
	struct rig *r = rig_create(NULL);
	struct wire *first = wire_open(r, RIG_JT808_ANY);
	struct wire *w = wire_open(r, RIG_JT808_ANY);
	send_id(first, LOCATION, 7);
	rig_turn_without_writer(r, 1000);
	send_id(w, LOCATION, 7);
	rig_settle(r);
	cr_assert(r->stored_count == 2 && rig_stat(r, STAT_frames_resent) == 0);
	wire_lose(first);
	rig_settle(r);
	wire_free(first);
	end(r, w);
}

/* What is refused is not stored, and is answered each time. */
Test(jt808_resent, what_was_refused_is_refused_again)
{
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, RIG_JT808);
	send_id(w, LOCATION, 7);
	send_id(w, LOCATION, 7);
	rig_settle(r);
	struct got g[ANSWERS_MAX];
	cr_assert(answers_of(w, g) == 2 && g[1].result == JT808_FAILED);
	cr_assert(rig_stat(r, STAT_frame_reject_authentication) == 2);
	end(r, w);
}
