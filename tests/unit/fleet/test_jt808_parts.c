/* test_jt808_parts.c - messages that come in parts: what is made of them, what each part is told,
 * what is asked for again, and who gives way when there are too many. */
#include "dataplane/fleet/jt808_ask.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "tests/unit/fleet/jt808_terminal.h"

#include <criterion/criterion.h>

enum {
	PICTURE = JT808_MEDIA,
	FIRST = 500,
	CHUNKS = JT808_PARTS_MEMORY_MIN / JT808_PART_CHUNK_BYTES,
};

/* Part `part` of a message whose parts differ in size and bytes. */
static struct jt808_sent part_of(uint16_t id, unsigned part, unsigned parts)
{
	struct jt808_sent m = sent_of(id, (uint16_t)(FIRST + part - 1));
	m.parts = (uint16_t)parts;
	m.part = (uint16_t)part;
	m.body_bytes = 100 + part % 100;
	for (size_t i = 0; i < m.body_bytes; i++)
		m.body[i] = (uint8_t)(part * 7 + i);
	return m;
}

static void send_part(struct wire *w, uint16_t id, unsigned part, unsigned parts)
{
	struct jt808_sent m = part_of(id, part, parts);
	send_sent(w, &m);
}

/* As the contract says it, byte by byte. */
static void check_whole(const struct rig_record *record, const struct jt808_sent *first,
			unsigned parts)
{
	struct soup want = {0};
	uint16_t properties = (uint16_t)(first->encryption << 10 | (first->is_2019 ? 0x4000 : 0));
	uint8_t head[4] = {(uint8_t)(first->id >> 8), (uint8_t)first->id,
			   (uint8_t)(properties >> 8), (uint8_t)properties};
	uint8_t serial[2] = {(uint8_t)(first->serial >> 8), (uint8_t)first->serial};
	soup_add(&want, head, sizeof head);
	if (first->is_2019)
		soup_add(&want, &first->version, 1);
	soup_add(&want, first->phone, first->is_2019 ? 10 : 6);
	soup_add(&want, serial, sizeof serial);
	for (unsigned i = 1; i <= parts; i++) {
		struct jt808_sent m = part_of(first->id, i, parts);
		soup_add(&want, m.body, m.body_bytes);
	}
	cr_assert(record->value_size == want.size, "%zu %zu", record->value_size, want.size);
	cr_assert(memcmp(record->value, want.data, want.size) == 0);
	free(want.data);
}

/* ---- the whole -------------------------------------------------------------------------- */

Test(jt808_parts, parts_in_any_order_and_in_any_packets_become_one_record)
{
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct dice d = {seed};
		struct rig *r = rig_create(NULL);
		struct wire *w = wire_open(r, RIG_JT808_ANY);
		unsigned parts = 1 + dice_below(&d, 40), order[40];
		struct jt808_sent first = part_of(0x0900, 1, parts);
		first.is_2019 = first.is_marked_2019 = seed % 2;
		first.version = 1;
		first.encryption = seed % 3 == 0;
		for (unsigned i = 0; i < parts; i++) {
			unsigned other = dice_below(&d, i + 1);
			order[i] = order[other];
			order[other] = i + 1;
		}
		for (unsigned i = 0; i < parts; i++) {
			struct jt808_sent m = part_of(0x0900, order[i], parts);
			m.is_2019 = m.is_marked_2019 = first.is_2019;
			m.version = first.version;
			m.encryption = first.encryption;
			send_sent(w, &m);
			if (dice_below(&d, 2))
				rig_turn_without_writer(r, 100);
		}
		rig_settle(r);
		cr_assert(r->stored_count == 1);
		check_whole(&r->stored[0], &first, parts);
		cr_assert(r->stored[0].key_size == 11 || first.is_2019);
		struct got g[ANSWERS_MAX];
		cr_assert(answers_of(w, g) == parts);
		for (unsigned i = 0; i < parts; i++) {
			cr_assert(g[i].id == JT808_GENERAL_ANSWER && g[i].result == JT808_DONE);
			cr_assert(g[i].answered == FIRST + order[i] - 1);
		}
		cr_assert(rig_stat(r, STAT_frames_joined) == parts - 1);
		cr_assert(rig_stat(r, STAT_frames_accepted) == 1);
		end(r, w);
	}
}

Test(jt808_parts, the_longest_message_is_stored_whole)
{
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, RIG_JT808_ANY);
	struct soup body = {0};
	for (unsigned i = 1; i <= JT808_PARTS_MAX; i++) {
		struct jt808_sent m = part_of(PICTURE, i, JT808_PARTS_MAX);
		m.body_bytes = JT808_BODY_BYTES_MAX;
		memset(m.body, (int)i, m.body_bytes);
		soup_add(&body, m.body, m.body_bytes);
		send_sent(w, &m);
		rig_turn(r, 100);
	}
	rig_settle(r);
	cr_assert(r->stored_count == 1 && r->stored[0].value_size == 12 + body.size);
	cr_assert(memcmp(r->stored[0].value + 12, body.data, body.size) == 0);
	cr_assert(r->jt808_parts.chunks.in_use == 0);
	free(body.data);
	end(r, w);
}

/* Whose body alone says what it is: an alarm. */
Test(jt808_parts, a_message_of_several_parts_has_its_facts)
{
	for (unsigned i = 0; i < 2; i++) {
		struct rig *r = rig_create(NULL);
		struct wire *w = wire_open(r, RIG_JT808_ANY);
		for (unsigned part = 1; part <= 2; part++) {
			struct jt808_sent m = part_of(LOCATION, part, 2);
			m.is_2019 = m.is_marked_2019 = i;
			m.body[0] = part == 1;
			send_sent(w, &m);
		}
		rig_settle(r);
		struct frame_facts facts;
		struct bytes value = {r->stored[0].value, r->stored[0].value_size};
		protocols[PROTOCOL_JT808]->describe(NULL, value, &facts);
		cr_assert(facts.command == LOCATION && facts.edition == (i ? 2019 : 2013));
		cr_assert(facts.class == RECORD_ALARM);
		end(r, w);
	}
}

/* Parts are answered as they come, and the last one when the disk has the message. */
Test(jt808_parts, only_the_last_one_waits_for_the_disk)
{
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, RIG_JT808_ANY);
	struct got g[ANSWERS_MAX];
	for (unsigned i = 1; i <= 3; i++)
		send_part(w, PICTURE, i, 3);
	rig_turn_without_writer(r, 1000);
	rig_turn_without_writer(r, 1000);
	cr_assert(answers_of(w, g) == 2);
	rig_settle(r);
	cr_assert(answers_of(w, g) == 3 && g[2].id == JT808_MEDIA_ANSWER);
	struct jt808_sent first = part_of(PICTURE, 1, 3);
	cr_assert(g[2].body.size == 4 && memcmp(g[2].body.data, first.body, 4) == 0);
	end(r, w);
}

Test(jt808_parts, what_is_sent_again_of_a_message_begins_no_other)
{
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, RIG_JT808_ANY);
	struct got g[ANSWERS_MAX];
	send_part(w, 0x0900, 1, 3);
	send_part(w, 0x0900, 1, 3);
	rig_settle(r);
	send_part(w, 0x0900, 1, 3);
	send_part(w, 0x0900, 3, 3);
	send_part(w, 0x0900, 2, 3);
	rig_turn_without_writer(r, 1000);
	rig_turn_without_writer(r, 1000);
	send_part(w, 0x0900, 2, 3); /* the last: its answer is on its way */
	send_part(w, 0x0900, 3, 3);
	rig_settle(r);
	send_part(w, 0x0900, 2, 3);
	rig_settle(r);
	cr_assert(r->stored_count == 1 && rig_stat(r, STAT_frames_resent) == 5);
	cr_assert(answers_of(w, g) == 6);
	for (unsigned i = 0; i < 6; i++)
		cr_assert(g[i].result == JT808_DONE);
	end(r, w);
}

Test(jt808_parts, all_of_it_may_come_again_when_it_was_not_stored)
{
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, RIG_JT808_ANY);
	r->error = KAFKA_ERROR_KAFKA_STORAGE_ERROR;
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 1; i <= 3; i++)
			send_part(w, 0x0900, i, 3);
		rig_settle(r);
		cr_assert(last_answer(w).result == (round ? JT808_DONE : JT808_FAILED));
		cr_assert(last_answer(w).answered == FIRST + 2);
		r->error = 0;
	}
	cr_assert(r->stored_count == 1);
	end(r, w);
}

/* Two messages of one phone, and the same of another, in turn. */
Test(jt808_parts, messages_that_come_at_the_same_time_are_told_apart)
{
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, RIG_JT808_ANY);
	for (unsigned i = 1; i <= 3; i++)
		for (unsigned k = 0; k < 3; k++) {
			struct jt808_sent m = part_of(0x0900, i, 3);
			m.serial = (uint16_t)(m.serial + (k == 1 ? 10 : 0));
			m.phone[5] = (uint8_t)(k == 2 ? 0x99 : m.phone[5]);
			m.body[0] = (uint8_t)k;
			send_sent(w, &m);
		}
	rig_settle(r);
	cr_assert(r->stored_count == 3);
	for (unsigned i = 0; i < 3; i++) {
		const uint8_t *value = r->stored[i].value;
		struct jt808_message m =
			jt808_whole_read((struct bytes){value, r->stored[i].value_size});
		unsigned k = m.serial == FIRST + 10 ? 1 : m.phone.data[5] == 0x99 ? 2 : 0;
		cr_assert(m.body.data[0] == k && m.body.data[101] == k);
	}
	end(r, w);
}

Test(jt808_parts, a_message_without_credit_waits_and_is_stored_once)
{
	struct rig_options o = {.lane_credit_bytes = 700};
	struct rig *r = rig_create(&o);
	struct wire *w = wire_open(r, RIG_JT808_ANY);
	for (unsigned i = 1; i <= 5; i++)
		send_id(w, LOCATION, (uint16_t)i);
	for (unsigned i = 1; i <= 4; i++)
		send_part(w, 0x0900, i, 4);
	for (unsigned i = 0; i < 5; i++)
		rig_turn_without_writer(r, 1000);
	rig_settle(r);
	rig_settle(r);
	cr_assert(r->stored_count == 6, "%zu", r->stored_count);
	struct jt808_sent first = part_of(0x0900, 1, 4);
	check_whole(&r->stored[5], &first, 4);
	end(r, w);
}

/* ---- what contradicts ------------------------------------------------------------------- */

Test(jt808_parts, a_part_of_another_total_ends_the_message)
{
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, RIG_JT808_ANY);
	send_part(w, 0x0900, 1, 3);
	send_part(w, 0x0900, 2, 4);
	rig_settle(r);
	cr_assert(last_answer(w).result == JT808_WRONG);
	cr_assert(rig_stat(r, STAT_frame_reject_parts) == 1);
	cr_assert(rig_stat(r, STAT_record_reject_parts) == 1);
	cr_assert(r->jt808_parts.slab.in_use == 0);
	send_part(w, 0x0900, 3, JT808_PARTS_MAX + 1);
	rig_settle(r);
	cr_assert(last_answer(w).result == JT808_WRONG && r->jt808_parts.slab.in_use == 0);
	cr_assert(rig_stat(r, STAT_frame_reject_parts) == 2 && r->stored_count == 0);
	end(r, w);
}

Test(jt808_parts, parts_of_who_has_not_authenticated_are_not_kept)
{
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, RIG_JT808);
	send_part(w, 0x0900, 1, 2);
	send_part(w, 0x0900, 1, 1);
	rig_settle(r);
	cr_assert(rig_stat(r, STAT_frame_reject_authentication) == 2 && r->stored_count == 0);
	cr_assert(r->jt808_parts.slab.in_use == 0);
	end(r, w);
}

/* ---- time ------------------------------------------------------------------------------- */

static void pass(struct rig *r, unsigned ms)
{
	for (unsigned i = 0; i < ms; i += 100)
		rig_turn(r, 100000);
}

Test(jt808_parts, what_is_missing_is_asked_for_and_then_given_up)
{
	static const uint16_t ids[] = {0x0900, PICTURE, PICTURE};
	for (unsigned i = 0; i < 2 * array_len(ids); i++) {
		struct rig *r = rig_create(NULL);
		struct wire *w = wire_open(r, RIG_JT808_ANY);
		unsigned here = i / 2 == 2 ? 2 : 1; /* the first tells the media's id */
		struct jt808_sent m = part_of(ids[i / 2], here, 300);
		m.is_2019 = m.is_marked_2019 = i % 2;
		send_sent(w, &m);
		rig_settle(r);
		pass(r, RIG_PARTS_RETRY_MS - 200);
		cr_assert(rig_stat(r, STAT_parts_asked) == 0);
		pass(r, 400);
		cr_assert(rig_stat(r, STAT_parts_asked) == JT808_MISSING_MAX);
		struct got g[ANSWERS_MAX];
		cr_assert(answers_of(w, g) == 2);
		bool is_media = i / 2 == 1;
		cr_assert(g[1].id == (is_media ? JT808_MEDIA_ANSWER : JT808_RESEND));
		const uint8_t *list = g[1].body.data + (is_media ? 5 : i % 2 ? 4 : 3);
		cr_assert(is_media ? memcmp(g[1].body.data, m.body, 4) == 0
				   : be16_load(g[1].body.data) == FIRST);
		cr_assert(list[-1] == JT808_MISSING_MAX);
		cr_assert(list + 2 * JT808_MISSING_MAX == g[1].body.data + g[1].body.size);
		cr_assert(be16_load(list) == (here == 1 ? 2 : 1) && be16_load(list + 2) == 3);
		pass(r, 2 * RIG_PARTS_RETRY_MS + 400);
		cr_assert(rig_stat(r, STAT_parts_asked) == 3 * JT808_MISSING_MAX);
		cr_assert(r->jt808_parts.slab.in_use == 1);
		pass(r, RIG_PARTS_RETRY_MS);
		cr_assert(rig_stat(r, STAT_record_drop_parts_late) == 1);
		cr_assert(r->jt808_parts.slab.in_use == 0 && answers_of(w, g) == 4);
		end(r, w);
	}
}

Test(jt808_parts, a_part_that_comes_begins_the_time_and_the_requests_anew)
{
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, RIG_JT808_ANY);
	for (unsigned i = 1; i < 6; i++) {
		send_part(w, 0x0900, i, 6);
		rig_settle(r);
		pass(r, RIG_PARTS_RETRIES * RIG_PARTS_RETRY_MS + 1000);
	}
	cr_assert(rig_stat(r, STAT_record_drop_parts_late) == 0);
	cr_assert(rig_stat(r, STAT_parts_asked) == RIG_PARTS_RETRIES * (5 + 4 + 3 + 2 + 1));
	send_part(w, 0x0900, 6, 6);
	rig_settle(r);
	cr_assert(r->stored_count == 1);
	pass(r, 31000);
	cr_assert(r->jt808_parts.slab.in_use == 0); /* nor remembered any more */
	end(r, w);
}

Test(jt808_parts, half_a_message_ends_with_its_connection)
{
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, RIG_JT808_ANY);
	for (unsigned i = 1; i < 300; i++)
		send_part(w, 0x0900, i, 300);
	rig_settle(r);
	cr_assert(r->jt808_parts.chunks.in_use == 299 + 2);
	wire_lose(w);
	rig_settle(r);
	cr_assert(rig_stat(r, STAT_record_drop_parts_connection) == 1);
	cr_assert(r->jt808_parts.chunks.in_use == 0 && r->jt808_parts.slab.in_use == 0);
	wire_free(w);
	rig_destroy(r);
}

/* ---- who gives way ---------------------------------------------------------------------- */

/* So many parts of message `number`, of which one is never sent. */
static void flood(struct rig *r, struct wire *w, unsigned number, unsigned parts)
{
	for (unsigned i = 1; i <= parts; i++) {
		struct jt808_sent m = part_of(0x0900, i, parts + 1);
		m.phone[0] = (uint8_t)number;
		send_sent(w, &m);
		if (i % 64 == 0)
			rig_turn(r, 10);
	}
	rig_settle(r);
}

static struct wire *wire_from(struct rig *r, unsigned prefix)
{
	struct wire *w = wire_open(r, RIG_JT808_ANY);
	w->stream.peer.address.octets[0] = (uint8_t)(1 + prefix);
	return w;
}

Test(jt808_parts, a_connection_has_a_quarter_at_most_and_gives_way_to_itself)
{
	struct rig *r = rig_create(NULL);
	struct wire *w = wire_open(r, RIG_JT808_ANY);
	for (unsigned i = 0; i < 5; i++) {
		flood(r, w, i, 1000);
		cr_assert(r->jt808_parts.chunks.in_use <= CHUNKS / JT808_OWN_SHARE);
	}
	cr_assert(rig_stat(r, STAT_record_drop_parts_room) == 3);
	for (unsigned i = 0; i < 3 * JT808_UNDER_WAY_MAX; i++)
		flood(r, w, i, 1);
	cr_assert(r->jt808_parts.slab.in_use == JT808_UNDER_WAY_MAX);
	wire_lose(w);
	rig_settle(r);
	wire_free(w);
	rig_destroy(r);
}

/* All memory is taken by one prefix; a terminal elsewhere, and one within, still have theirs. */
Test(jt808_parts, a_flood_gives_way_to_those_who_send_a_picture)
{
	struct rig *r = rig_create(NULL);
	struct wire *flooders[6], *others[3];
	for (unsigned i = 0; i < 3; i++)
		others[i] = wire_from(r, i);
	for (unsigned i = 0; i < array_len(flooders); i++)
		flooders[i] = wire_from(r, 0);
	for (unsigned n = 0; n < 3; n++)
		for (unsigned k = 0; k < array_len(flooders); k++)
			flood(r, flooders[k], n, 1000);
	cr_assert(chunk_pool_left(&r->jt808_parts.chunks) < 1000);
	unsigned parts = 5, rounds = 20; /* in which the flood takes all memory again */
	for (unsigned i = 0; i < parts * rounds; i++) {
		for (unsigned k = 0; i % rounds == 0 && k < 3; k++)
			send_part(others[k], PICTURE, 1 + i / rounds, parts);
		for (unsigned k = 0; k < array_len(flooders); k++)
			flood(r, flooders[k], 10 + i, 200);
	}
	rig_settle(r);
	cr_assert(r->stored_count == 3, "%zu", r->stored_count);
	for (unsigned k = 0; k < 3; k++)
		cr_assert(last_answer(others[k]).id == JT808_MEDIA_ANSWER);
	cr_assert(rig_stat(r, STAT_record_drop_parts_room) > 0);
	for (unsigned i = 0; i < 3; i++)
		wire_lose(others[i]);
	for (unsigned i = 0; i < array_len(flooders); i++)
		wire_lose(flooders[i]);
	rig_settle(r);
	for (unsigned i = 0; i < 3; i++)
		wire_free(others[i]);
	for (unsigned i = 0; i < array_len(flooders); i++)
		wire_free(flooders[i]);
	rig_destroy(r);
}
