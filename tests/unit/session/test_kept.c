/* test_kept.c - more frames than there is credit for: each is cut and made once, waits as a record,
 * and goes on in the order in which it came. */
#include "dataplane/session/kept.h"
#include "dataplane/session/waiting.h"
#include "tests/unit/session/ingest_rig.h"

#include <criterion/criterion.h>

enum { VEHICLES = KEPT_MAX + 44 };

static struct wire *vehicles[VEHICLES];

static struct rig *open_vehicles(uint32_t credits)
{
	struct rig_options o = {.lane_credit_bytes = credits * rig_login_credit()};
	struct rig *r = rig_create(&o);
	rig_open_vehicles(r, vehicles, VEHICLES);
	return r;
}

static void close_vehicles(struct rig *r)
{
	rig_close_vehicles(r, vehicles, VEHICLES);
}

/* A login that carries a number where its BCC is easily kept right. */
static void put_numbered(unsigned vehicle, uint8_t number)
{
	const struct sample_frame *f = sample_login();
	uint8_t *frame = malloc(f->size);
	memcpy(frame, f->data, f->size);
	uint8_t *last = &frame[f->size - 2];
	frame[f->size - 1] ^= *last ^ number;
	*last = number;
	wire_send(vehicles[vehicle], frame, f->size);
	free(frame);
}

static void send_numbered(struct rig *r, unsigned vehicle, uint8_t number)
{
	put_numbered(vehicle, number);
	rig_turn_without_writer(r, 10);
}

static uint8_t number_of(const struct rig_record *record)
{
	return record->value[record->value_size - 2];
}

static bool is_kept(unsigned vehicle)
{
	return vehicles[vehicle]->stream.session->has_kept;
}

static unsigned kept(const struct rig *r)
{
	unsigned count = 0;
	list_for_each(node, &r->in.kept.waiting)
		count++;
	return count;
}

Test(kept, a_frame_that_waits_for_credit_is_cut_and_made_once)
{
	struct rig *r = open_vehicles(1);
	send_numbered(r, 0, 1);
	send_numbered(r, 1, 2);
	cr_assert(is_kept(1) && vehicles[1]->consumed == sample_login()->size);
	/* Nobody looks at its bytes again: they are not there any more. */
	memset(vehicles[1]->arrived.data, 0, vehicles[1]->arrived.size);
	rig_settle(r);
	cr_assert(r->stored_count == 2 && number_of(&r->stored[1]) == 2);
	cr_assert(memcmp(r->stored[1].key, r->stored[0].key, GBT32960_VIN_BYTES) == 0);
	cr_assert(memcmp(r->stored[1].value, sample_login()->data, 24) == 0);
	cr_assert(rig_stat(r, STAT_records_kept) == 1 && rig_stat(r, STAT_frames_accepted) == 2);
	cr_assert(vehicles[1]->sent.size > 0 && kept(r) == 0);
	close_vehicles(r);
}

Test(kept, one_that_waits_for_its_answer_waits_as_a_record_too)
{
	struct rig_options o = {.answers_max = 1};
	struct rig *r = rig_create(&o);
	struct wire *w = vehicles[0] = wire_open(r, RIG_PLATFORM);
	rig_turn_without_writer(r, 10);
	for (unsigned i = 0; i < 2; i++)
		wire_send(w, sample_login()->data, sample_login()->size);
	rig_turn_without_writer(r, 10);
	cr_assert(is_kept(0) && w->consumed == 2 * sample_login()->size);
	rig_settle(r);
	cr_assert(r->stored_count == 2 && w->sent.size == 2 * 31);
	wire_end(w);
	rig_settle(r);
	wire_free(w);
	rig_destroy(r);
}

Test(kept, the_frames_of_a_connection_keep_their_order)
{
	enum { FRAMES = 9 };
	struct rig *r = open_vehicles(2);
	for (unsigned k = 0; k < FRAMES; k++)
		for (unsigned i = 0; i < 4; i++)
			send_numbered(r, i, (uint8_t)(16 * i + k));
	cr_assert(kept(r) == 4 || kept(r) == 3);
	rig_settle(r);
	cr_assert(r->stored_count == 4 * FRAMES);
	unsigned next[4] = {0};
	for (size_t i = 0; i < r->stored_count; i++) {
		unsigned number = number_of(&r->stored[i]);
		cr_assert(number % 16 == next[number / 16]++);
	}
	close_vehicles(r);
}

Test(kept, beyond_its_bound_frames_stay_uncut_and_all_go_on_oldest_first)
{
	struct rig *r = open_vehicles(1);
	for (unsigned i = 0; i < VEHICLES; i++)
		send_numbered(r, i, (uint8_t)i);
	cr_assert(kept(r) == KEPT_MAX);
	for (unsigned i = 1; i < VEHICLES; i++)
		cr_assert(is_kept(i) == (i <= KEPT_MAX));
	for (unsigned i = KEPT_MAX + 1; i < VEHICLES; i++)
		cr_assert(vehicles[i]->consumed == 0);
	for (unsigned turn = 0; turn < 10000 && r->stored_count < VEHICLES; turn++)
		rig_turn(r, 1000);
	cr_assert(r->stored_count == VEHICLES);
	for (unsigned i = 0; i < VEHICLES; i++)
		cr_assert(number_of(&r->stored[i]) == (uint8_t)i, "%u", i);
	close_vehicles(r);
}

Test(kept, a_place_is_not_filled_before_its_record_is_in_the_batch)
{
	struct rig *r = open_vehicles(2);
	unsigned sent[UINT8_MAX + 1] = {0};
	for (unsigned i = 0; i < VEHICLES; i++) {
		sent[(uint8_t)i]++;
		if (i < KEPT_MAX + 2) {
			send_numbered(r, i, (uint8_t)i);
			continue;
		}
		/* Wants a place in the turns in which the first ones become free. */
		put_numbered(i, (uint8_t)i);
		rig_turn(r, 1000);
	}
	for (unsigned turn = 0; turn < 10000 && r->stored_count < VEHICLES; turn++)
		rig_turn(r, 1000);
	cr_assert(r->stored_count == VEHICLES);
	for (unsigned k = 0; k < r->stored_count; k++)
		cr_assert(sent[number_of(&r->stored[k])]-- > 0, "another's record lay there");
	close_vehicles(r);
}

Test(kept, a_connection_that_goes_gives_its_place_and_its_record_back)
{
	struct rig *r = open_vehicles(1);
	for (unsigned i = 0; i < 3; i++)
		send_numbered(r, i, (uint8_t)i);
	cr_assert(kept(r) == 2);
	wire_lose(vehicles[1]);
	rig_turn_without_writer(r, 10);
	cr_assert(kept(r) == 1 && rig_stat(r, STAT_frame_drop_connection) == 1);
	rig_settle(r);
	cr_assert(r->stored_count == 2 && number_of(&r->stored[1]) == 2);
	close_vehicles(r);
}

Test(kept, a_peer_that_ends_while_its_record_waits_is_stored_and_answered)
{
	struct rig *r = open_vehicles(1);
	send_numbered(r, 0, 0);
	send_numbered(r, 1, 1);
	wire_end(vehicles[1]);
	rig_turn_without_writer(r, 10);
	cr_assert(is_kept(1) && !vehicles[1]->stream.is_closed);
	rig_settle(r);
	cr_assert(r->stored_count == 2 && vehicles[1]->sent.size > 0);
	cr_assert(vehicles[1]->stream.is_closed && !vehicles[1]->was_reset);
	close_vehicles(r);
}

Test(kept, a_topic_that_goes_while_a_record_waits_is_told_to_its_peer)
{
	struct rig *r = open_vehicles(1);
	send_numbered(r, 0, 0);
	send_numbered(r, 1, 1);
	cr_assert(is_kept(1));
	rig_set_topic(r, RIG_PLATFORM, "gone");
	rig_settle(r);
	cr_assert(r->stored_count == 1 && rig_stat(r, STAT_record_reject_topic) == 1);
	cr_assert(vehicles[1]->sent.size > 0 && rig_stat(r, STAT_answers_error) == 1);
	close_vehicles(r);
}
