/* test_jt808_batch.c - 0x0704 where a listener makes each of its reports a record: what the records
 * are, and when the batch is answered. */
#include "dataplane/wire/kafka/kafka_error.h"
#include "tests/unit/fleet/jt808_terminal.h"

#include <criterion/criterion.h>

enum { REPORTS_MAX = 34 };

/* `count` reports that differ; more than a header's worth of each is escaped. */
static struct jt808_sent batch_of(uint16_t serial, unsigned count)
{
	struct jt808_sent m = sent_of(JT808_BATCH, serial);
	be16_store(m.body, (uint16_t)count);
	m.body[2] = 1;
	m.body_bytes = 3;
	for (unsigned i = 0; i < count; i++) {
		size_t size = 28 + (count < 20 ? i : 0);
		uint8_t *at = m.body + m.body_bytes;
		be16_store(at, (uint16_t)size);
		memset(at + 2, 0x7d + (int)(i % 2), size);
		be16_store(at + 2, serial);
		at[4] = (uint8_t)i;
		m.body_bytes += 2 + size;
	}
	cr_assert(m.body_bytes <= JT808_BODY_BYTES_MAX);
	return m;
}

static void send_batch(struct wire *w, uint16_t serial, unsigned count)
{
	struct jt808_sent m = batch_of(serial, count);
	send_sent(w, &m);
}

static struct rig *rig_of(const struct rig_options *o)
{
	struct rig *r = rig_create(o);
	r->in.listeners[RIG_JT808_ANY].batch = BATCH_SPLIT;
	return r;
}

/* Record `n` is report `i` of the batch, as a location report would be. */
static void check_report(const struct rig *r, size_t n, const struct jt808_sent *batch, unsigned i)
{
	struct jt808_sent want = *batch;
	const uint8_t *at = batch->body + 3;
	for (unsigned k = 0; k < i; k++)
		at += 2 + be16_load(at);
	want.id = LOCATION;
	want.body_bytes = be16_load(at);
	memcpy(want.body, at + 2, want.body_bytes);
	struct soup s = {0};
	uint8_t wire[JT808_WIRE_BYTES_MAX];
	jt808_send(&s, &want);
	cr_assert(n < r->stored_count);
	struct bytes value = {r->stored[n].value, r->stored[n].value_size};
	cr_assert(jt808_escape(wire, value) == s.size && memcmp(wire, s.data, s.size) == 0);
	cr_assert(r->stored[n].key_size == 11);
	free(s.data);
}

static void check_all(const struct rig *r, unsigned batches, unsigned reports)
{
	cr_assert(r->stored_count == (size_t)batches * reports, "%zu", r->stored_count);
	for (unsigned b = 0; b < batches; b++) {
		struct jt808_sent m = batch_of((uint16_t)b, reports);
		for (unsigned i = 0; i < reports; i++)
			check_report(r, (size_t)b * reports + i, &m, i);
	}
}

static void check_answers(const struct wire *w, unsigned count, enum jt808_result result)
{
	static struct got g[ANSWERS_MAX];
	cr_assert(answers_of(w, g) == count);
	for (unsigned i = 0; i < count; i++)
		cr_assert(g[i].id == JT808_GENERAL_ANSWER && g[i].answered == i &&
			  g[i].result == result && be16_load(g[i].body.data + 2) == JT808_BATCH);
}

Test(jt808_batch, each_report_is_a_record_and_the_batch_has_one_answer)
{
	for (unsigned is_2019 = 0; is_2019 < 2; is_2019++) {
		struct rig *r = rig_of(NULL);
		struct wire *w = wire_open(r, RIG_JT808_ANY);
		struct jt808_sent m = batch_of(7, 5);
		m.is_2019 = m.is_marked_2019 = is_2019;
		memmove(m.phone + 4 * is_2019, m.phone, 6);
		memset(m.phone, 0, 4 * is_2019);
		send_sent(w, &m);
		rig_turn_without_writer(r, 1000);
		rig_turn_without_writer(r, 6000);
		cr_assert(w->sent.size == 0);
		rig_settle(r);
		cr_assert(r->stored_count == 5);
		for (unsigned i = 0; i < 5; i++)
			check_report(r, i, &m, i);
		cr_assert(last_answer(w).answered == 7 && last_answer(w).serial == 0);
		cr_assert(rig_stat(r, STAT_frames_accepted) == 1);
		cr_assert(rig_stat(r, STAT_records_stored) == 5);
		end(r, w);
	}
}

Test(jt808_batch, one_that_does_not_hold_what_it_counts_stays_one_record)
{
	for (unsigned i = 0; i < 4; i++) {
		struct rig *r = rig_of(NULL);
		struct wire *w = wire_open(r, RIG_JT808_ANY);
		struct jt808_sent m = batch_of(7, 5);
		m.body[1] = (uint8_t)(i == 0 ? 4 : i == 1 ? 6 : 5);
		m.body_bytes -= i == 2;
		m.encryption = i == 3;
		send_sent(w, &m);
		rig_settle(r);
		cr_assert(r->stored_count == 1 && r->stored[0].value_size == 13 + m.body_bytes);
		cr_assert(last_answer(w).result == (i == 3 ? JT808_DONE : JT808_WRONG));
		end(r, w);
	}
}

Test(jt808_batch, a_listener_that_does_not_split_stores_it_as_it_is)
{
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, RIG_JT808_ANY);
	send_batch(w, 7, 5);
	rig_settle(r);
	cr_assert(r->stored_count == 1 && last_answer(w).result == JT808_DONE);
	end(r, w);
}

/* More than one turn takes: 1,360 records. */
Test(jt808_batch, a_batch_goes_on_where_its_turn_ended)
{
	struct rig *r = rig_of(NULL);
	struct wire *w = wire_open(r, RIG_JT808_ANY);
	for (unsigned i = 0; i < 40; i++)
		send_batch(w, (uint16_t)i, REPORTS_MAX);
	rig_settle(r);
	check_all(r, 40, REPORTS_MAX);
	check_answers(w, 40, JT808_DONE);
	end(r, w);
}

/* A report or two at a time; each batch of appends is back before the next. */
Test(jt808_batch, reports_wait_for_credit_and_each_is_stored_once)
{
	for (unsigned credit = 200; credit < 1500; credit += 170) {
		struct rig_options o = {.lane_credit_bytes = credit, .batch_bytes = credit / 2};
		struct rig *r = rig_of(&o);
		struct wire *w = wire_open(r, RIG_JT808_ANY);
		for (unsigned i = 0; i < 4; i++)
			send_batch(w, (uint16_t)i, 9);
		for (unsigned i = 0; i < 200; i++)
			rig_turn(r, 3000);
		rig_settle(r);
		check_all(r, 4, 9);
		check_answers(w, 4, JT808_DONE);
		cr_assert(rig_stat(r, STAT_frames_accepted) == 4);
		end(r, w);
	}
}

Test(jt808_batch, one_report_that_is_not_stored_fails_its_batch)
{
	for (unsigned failing = 0; failing < 5; failing++) {
		struct rig_options o = {.lane_credit_bytes = 200};
		struct rig *r = rig_of(&o);
		struct wire *w = wire_open(r, RIG_JT808_ANY);
		send_batch(w, 0, 5);
		for (unsigned i = 0; i < 60; i++) {
			bool is_now = r->appends == failing &&
				      rig_stat(r, STAT_record_drop_storage) == 0;
			r->error = is_now ? KAFKA_ERROR_KAFKA_STORAGE_ERROR : 0;
			rig_turn(r, 3000);
		}
		rig_settle(r);
		cr_assert(r->stored_count == 4 && rig_stat(r, STAT_record_drop_storage) == 1);
		check_answers(w, 1, JT808_FAILED);
		end(r, w);
	}
}

Test(jt808_batch, a_batch_whose_topic_is_gone_fails)
{
	struct rig *r = rig_of(NULL);
	struct wire *w = wire_open(r, RIG_JT808_ANY);
	rig_set_topic(r, RIG_JT808_ANY, "gone");
	for (unsigned i = 0; i < 3; i++)
		send_batch(w, (uint16_t)i, 9);
	rig_settle(r);
	check_answers(w, 3, JT808_FAILED);
	cr_assert(rig_stat(r, STAT_record_reject_topic) == 27);
	end(r, w);
}

Test(jt808_batch, one_that_is_sent_again_before_its_answer_is_known)
{
	struct rig_options o = {.lane_credit_bytes = 200};
	struct rig *r = rig_of(&o);
	struct wire *w = wire_open(r, RIG_JT808_ANY);
	send_batch(w, 0, 5);
	send_batch(w, 0, 5);
	for (unsigned i = 0; i < 100; i++)
		rig_turn(r, 3000);
	rig_settle(r);
	check_all(r, 1, 5);
	check_answers(w, 1, JT808_DONE);
	cr_assert(rig_stat(r, STAT_frames_resent) == 1);
	end(r, w);
}

/* Half of its reports have gone on: the ledgers, which the rig looks at, lose none of it. */
Test(jt808_batch, a_connection_may_end_in_the_middle)
{
	for (unsigned turns = 1; turns < 12; turns++) {
		struct rig_options o = {.lane_credit_bytes = 400};
		struct rig *r = rig_of(&o);
		struct wire *w = wire_open(r, RIG_JT808_ANY);
		send_batch(w, 0, 9);
		for (unsigned i = 0; i < turns; i++)
			rig_turn(r, 3000);
		wire_lose(w);
		rig_settle(r);
		cr_assert(rig_stat(r, STAT_frames_accepted) == 0 || r->stored_count == 9);
		wire_free(w);
		rig_destroy(r);
	}
}

/* A batch that has begun is finished, and nothing behind it is begun: for lack of credit, and where
 * a turn has ended. */
Test(jt808_batch, a_drain_waits_for_the_rest_of_a_batch)
{
	for (unsigned is_long = 0; is_long < 2; is_long++) {
		struct rig_options o = {.lane_credit_bytes = is_long ? 0 : 400};
		unsigned reports = is_long ? REPORTS_MAX : 9;
		unsigned begun = is_long ? FRAMES_PER_TURN / REPORTS_MAX + 1 : 1;
		struct rig *r = rig_of(&o);
		struct wire *w = wire_open(r, RIG_JT808_ANY);
		for (unsigned i = 0; i < begun + 5; i++)
			send_batch(w, (uint16_t)i, reports);
		rig_turn(r, 3000);
		sessions_drain(&r->in.sessions);
		for (unsigned i = 0; i < 200 && !w->stream.is_closed; i++)
			rig_turn(r, 3000);
		cr_assert(w->stream.is_closed && !w->was_reset);
		check_all(r, begun, reports);
		check_answers(w, begun, JT808_DONE);
		rig_settle(r);
		wire_free(w);
		rig_destroy(r);
	}
}
