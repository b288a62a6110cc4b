/* test_waiting.c - more frames than there are answers or credit: everybody is served in the order
 * he came, and nobody is looked at in vain. */
#include "dataplane/session/waiting.h"
#include "dataplane/session/session_place.h"
#include "dataplane/session/waiting_admit.h"
#include "tests/unit/session/ingest_rig.h"

#include <criterion/criterion.h>

enum { VEHICLES = 200, ANSWERS = 64 };

static struct wire *vehicles[VEHICLES];

static struct rig *open_vehicles(const struct rig_options *options)
{
	struct rig *r = rig_create(options);
	rig_open_vehicles(r, vehicles, VEHICLES);
	return r;
}

static void close_vehicles(struct rig *r)
{
	rig_close_vehicles(r, vehicles, VEHICLES);
}

/* Each sends `count` logins in a turn of its own, so that they come in the order of numbers. */
static void send_logins(struct rig *r, unsigned count)
{
	const struct sample_frame *f = sample_login();
	for (unsigned i = 0; i < VEHICLES; i++) {
		for (unsigned k = 0; k < count; k++)
			wire_send(vehicles[i], f->data, f->size);
		rig_turn_without_writer(r, 10);
	}
}

/* Its frames that are on their way to the log: consumed, and not kept as records. */
static unsigned served_of(const struct wire *w)
{
	const struct session *s = w->stream.session;
	unsigned kept = s && s->has_kept ? 1 : 0;
	return (unsigned)(w->consumed / sample_login()->size) - kept;
}

static unsigned consumed_by(unsigned from, unsigned to)
{
	unsigned frames = 0;
	for (unsigned i = from; i < to; i++)
		frames += served_of(vehicles[i]);
	return frames;
}

static void send_login(struct rig *r, unsigned vehicle)
{
	wire_send(vehicles[vehicle], sample_login()->data, sample_login()->size);
	rig_turn_without_writer(r, 10);
}

Test(waiting, who_comes_while_others_wait_is_not_tried)
{
	struct rig_options o = {.answers_max = 1};
	struct rig *r = open_vehicles(&o);
	send_login(r, 0);
	send_login(r, 1);
	cr_assert(r->frames.count == 1 && consumed_by(1, 2) == 0);
	send_login(r, 2);
	cr_assert(r->frames.count == 0);
	rig_settle(r);
	cr_assert(consumed_by(0, 3) == 3);
	close_vehicles(r);
}

Test(waiting, who_is_admitted_goes_before_whoever_comes_in_the_same_turn)
{
	struct rig_options o = {.answers_max = 1};
	struct rig *r = open_vehicles(&o);
	send_login(r, 0);
	send_login(r, 1);
	rig_turn_without_writer(r, 6000); /* the linger is over */
	rig_write(r);
	send_login(r, 2);
	cr_assert(consumed_by(1, 2) == 1 && consumed_by(2, 3) == 0);
	rig_settle(r);
	close_vehicles(r);
}

Test(waiting, a_lane_with_more_waiting_than_a_turn_admits_goes_on_in_the_next)
{
	enum { CREDITS = 150, PER_TURN = 128 };
	/* A batch that is full gives credit back: here none is. */
	struct rig_options o = {.lane_credit_bytes = CREDITS * rig_login_credit() + 1,
				.batch_bytes = 65536};
	struct rig *r = open_vehicles(&o);
	send_logins(r, 3);
	cr_assert(consumed_by(0, CREDITS / 3) == CREDITS && consumed_by(0, VEHICLES) == CREDITS);
	rig_turn_without_writer(r, 6000); /* the linger is over */
	rig_write(r);
	rig_turn_without_writer(r, 10);
	cr_assert(consumed_by(CREDITS / 3, VEHICLES) == PER_TURN);
	cr_assert(waiting_can_admit(&r->in), "a core that sleeps now leaves them waiting");
	rig_turn_without_writer(r, 10);
	cr_assert(consumed_by(CREDITS / 3, VEHICLES) == CREDITS);
	rig_settle(r);
	close_vehicles(r);
}

Test(waiting, without_answers_a_frame_is_cut_once_and_then_not_looked_at)
{
	struct rig_options o = {.answers_max = ANSWERS};
	struct rig *r = open_vehicles(&o);
	send_logins(r, 1);
	cr_assert(consumed_by(0, ANSWERS) == ANSWERS && consumed_by(ANSWERS, VEHICLES) == 0);
	cr_assert(r->in.waits.blocked == VEHICLES - ANSWERS);
	uint64_t blocked = rig_stat(r, STAT_sessions_blocked);
	for (unsigned turn = 0; turn < 100; turn++) {
		cr_assert(list_is_empty(&r->in.sessions.ready) && !waiting_can_admit(&r->in));
		rig_turn_without_writer(r, 10);
		cr_assert(r->frames.count == 0, "nothing is cut again");
	}
	cr_assert(rig_stat(r, STAT_sessions_blocked) == blocked);
	close_vehicles(r);
}

Test(waiting, who_waits_has_a_line_more_until_he_is_served)
{
	struct rig_options o = {.answers_max = ANSWERS};
	struct rig *r = open_vehicles(&o);
	send_logins(r, 1);
	cr_assert(r->in.sessions.places.in_use == VEHICLES - ANSWERS);
	rig_settle(r);
	cr_assert(consumed_by(0, VEHICLES) == VEHICLES);
	cr_assert(r->in.sessions.places.in_use == 0);
	close_vehicles(r);
}

Test(waiting, an_answer_is_owed_only_with_a_chunk_to_send_it)
{
	struct rig_options o = {.answer_chunks = ANSWERS};
	struct rig *r = open_vehicles(&o);
	send_logins(r, 1);
	cr_assert(r->in.answers.small.in_use == 0, "it is taken when the answer is sent");
	cr_assert(consumed_by(0, ANSWERS) == ANSWERS && consumed_by(ANSWERS, VEHICLES) == 0);
	cr_assert(!waiting_can_admit(&r->in));
	rig_settle(r);
	cr_assert(consumed_by(0, VEHICLES) == VEHICLES && r->in.answers.texts_owed == 0);
	close_vehicles(r);
}

Test(waiting, what_comes_back_goes_to_the_oldest_one_for_one)
{
	struct rig_options o = {.answers_max = ANSWERS};
	struct rig *r = open_vehicles(&o);
	send_logins(r, 1);
	/* Answers come back in pieces: each time those who have waited longest are served. */
	for (unsigned served = ANSWERS; served < VEHICLES;) {
		rig_turn(r, 1000);
		rig_turn(r, 1000);
		unsigned now = consumed_by(0, VEHICLES);
		unsigned of_first = consumed_by(0, now);
		cr_assert(of_first == now, "%u of the first %u", of_first, now);
		cr_assert(now >= served);
		served = now;
	}
	cr_assert(rig_stat(r, STAT_sessions_blocked) == VEHICLES - ANSWERS, "each waited once");
	close_vehicles(r);
}

Test(waiting, a_vehicle_with_many_frames_takes_its_turn_with_the_others)
{
	struct rig_options o = {.answers_max = ANSWERS};
	struct rig *r = open_vehicles(&o);
	const struct sample_frame *f = sample_login();
	for (unsigned k = 0; k < 3 * ANSWERS; k++)
		wire_send(vehicles[0], f->data, f->size);
	rig_turn_without_writer(r, 10);
	send_logins(r, 1);
	uint64_t greedy = served_of(vehicles[0]);
	cr_assert(greedy == ANSWERS && consumed_by(1, VEHICLES) == 0);
	for (unsigned turn = 0; turn < 1000 && consumed_by(1, VEHICLES) < VEHICLES - 1; turn++)
		rig_turn(r, 1000);
	cr_assert(consumed_by(1, VEHICLES) == VEHICLES - 1);
	/* As many turns as the line had, in which it came by a few times. */
	greedy = served_of(vehicles[0]) - greedy;
	cr_assert(greedy <= VEHICLES / ANSWERS + 2, "%lu", greedy);
	rig_settle(r);
	close_vehicles(r);
}

Test(waiting, credit_wakes_as_many_as_it_is_enough_for)
{
	uint32_t each = rig_login_credit();
	struct rig_options o = {.lane_credit_bytes = 10 * each + each / 2};
	struct rig *r = open_vehicles(&o);
	send_logins(r, 1);
	cr_assert(consumed_by(0, VEHICLES) == 10 && consumed_by(0, 10) == 10);
	uint64_t blocked = rig_stat(r, STAT_sessions_blocked);
	for (unsigned turn = 0; turn < 1000 && consumed_by(0, VEHICLES) < VEHICLES; turn++) {
		rig_turn(r, 1000);
		unsigned now = consumed_by(0, VEHICLES);
		cr_assert(consumed_by(0, now) == now, "one went before the first %u", now);
	}
	cr_assert(consumed_by(0, VEHICLES) == VEHICLES);
	/* A batch comes back with room to spare: a few find too little, and keep their place. */
	uint64_t again = rig_stat(r, STAT_sessions_blocked) - blocked;
	cr_assert(again < VEHICLES / 4, "%lu waited again", again);
	close_vehicles(r);
}

Test(waiting, a_short_frame_does_not_pass_those_who_wait_for_credit)
{
	const struct sample_frame *f = sample_login();
	uint8_t beat[GBT32960_FRAME_BYTES_MIN] = {0};
	memcpy(beat, f->data, sizeof beat - 1);
	beat[2] = GBT32960_HEARTBEAT;
	memset(beat + 22, 0, 2); /* no data */
	for (unsigned i = 2; i < sizeof beat - 1; i++)
		beat[sizeof beat - 1] ^= beat[i];
	struct rig_options o = {.lane_credit_bytes = 3 * rig_login_credit() - 1};
	struct rig *r = open_vehicles(&o);
	for (unsigned i = 0; i < 3; i++)
		send_login(r, i);
	cr_assert(consumed_by(0, 2) == 2 && consumed_by(2, 3) == 0);
	wire_send(vehicles[3], beat, sizeof beat);
	rig_turn_without_writer(r, 10);
	cr_assert(rig_stat(r, STAT_records_received) == 2, "enough for it, but others wait");
	rig_settle(r);
	cr_assert(vehicles[3]->consumed == sizeof beat);
	close_vehicles(r);
}

Test(waiting, who_is_admitted_and_finds_too_little_keeps_his_place_among_others)
{
	struct rig_options o = {.answers_max = ANSWERS};
	struct rig *r = open_vehicles(&o);
	send_logins(r, 1);
	/* Room for ten in the line is shown, and gone again when they come to take it. */
	struct chain taken = {0};
	while (chunk_pool_left(&r->in.answers.small) > r->in.answers.texts_owed + 10)
		chain_push(&taken, chunk_take(&r->in.answers.small));
	r->in.answers.slab.count += 10;
	waiting_admit(&r->in);
	r->in.answers.slab.count -= 10;
	rig_turn_without_writer(r, 10);
	unsigned number = ANSWERS;
	list_for_each(node, &r->in.waits.lines[WAIT_ANSWER])
		cr_assert(list_entry(node, struct session_place, blocked)->session->stream ==
			  &vehicles[number++]->stream);
	cr_assert(number == VEHICLES);
	chain_give(&taken);
	close_vehicles(r);
}

Test(waiting, a_connection_that_ends_while_it_waits_leaves_the_line)
{
	struct rig_options o = {.answers_max = ANSWERS};
	struct rig *r = open_vehicles(&o);
	send_logins(r, 1);
	for (unsigned i = ANSWERS; i < VEHICLES; i += 2)
		wire_lose(vehicles[i]);
	rig_turn_without_writer(r, 10);
	cr_assert(r->in.waits.blocked == (VEHICLES - ANSWERS) / 2, "%u", r->in.waits.blocked);
	rig_settle(r);
	for (unsigned i = ANSWERS + 1; i < VEHICLES; i += 2)
		cr_assert(consumed_by(i, i + 1) == 1);
	close_vehicles(r);
}

Test(waiting, credit_that_was_promised_to_a_lost_connection_goes_to_the_next)
{
	struct rig_options o = {.lane_credit_bytes = rig_login_credit()};
	struct rig *r = open_vehicles(&o);
	for (unsigned i = 0; i < 3; i++)
		send_login(r, i);
	cr_assert(consumed_by(0, 3) == 1 && r->in.waits.blocked == 2);
	for (unsigned turn = 0; turn < 10; turn++)
		rig_turn_without_writer(r, 1000);
	/* All is given back, and goes to the second, which is lost in that very turn. */
	rig_write(r);
	wire_lose(vehicles[1]);
	rig_turn_without_writer(r, 10);
	cr_assert(rig_stat(r, STAT_records_stored) == 1);
	rig_settle(r);
	cr_assert(consumed_by(2, 3) == 1);
	close_vehicles(r);
}

/* Its own credit is there, its writer's is not: another lane has that, and gives it back. */
Test(waiting, a_lane_with_credit_waits_for_that_of_its_writer)
{
	struct rig_options o = {.lane_credit_bytes = rig_login_credit()};
	struct rig *r = open_vehicles(&o);
	uint64_t plenty = r->in.batching.lanes.writer_credit_bytes;
	send_login(r, 0);
	send_login(r, 1);
	rig_turn_without_writer(r, 6000); /* the linger is over */
	r->in.batching.lanes.writer_credit_bytes = rig_login_credit() - 1;
	rig_write(r);
	rig_turn_without_writer(r, 10);
	rig_turn_without_writer(r, 10);
	cr_assert(rig_stat(r, STAT_records_stored) == 1 && consumed_by(1, 2) == 0);
	cr_assert(!waiting_can_admit(&r->in));
	r->in.batching.lanes.writer_credit_bytes = plenty;
	cr_assert(waiting_can_admit(&r->in));
	rig_settle(r);
	cr_assert(consumed_by(1, 2) == 1);
	close_vehicles(r);
}
