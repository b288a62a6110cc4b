/* test_routing.c - frames to the topics, keys, times and headers that their listener's settings ask
 * for, through all stages of a poller. */
#include "dataplane/base/cursor.h"
#include "dataplane/base/murmur2.h"
#include "dataplane/batch/ingest.h"
#include "dataplane/wire/fleet/gbt32960.h"
#include "tests/unit/session/ingest_rig.h"

#include <criterion/criterion.h>

enum { SOME_TIME_S = 1704135845, DATA_BYTES = 20 }; /* 2024-01-02 03:04:05 in Beijing */
#define VIN "LPENSTK0000000007"

static void send_frame(struct wire *w, uint8_t command)
{
	static const uint8_t some_time[] = {24, 1, 2, 3, 4, 5};
	struct {
		struct gbt32960_header h;
		uint8_t data[DATA_BYTES];
		uint8_t bcc;
	} frame = {.h = {.start = {'#', '#'}, .command = command, .flag = GBT32960_COMMAND,
			 .vin = VIN, .encryption = GBT32960_PLAIN,
			 .data_bytes = be16_of(DATA_BYTES)}};
	memcpy(frame.data, some_time, sizeof some_time);
	frame.bcc = gbt32960_bcc(&frame.h, (struct bytes){frame.data, DATA_BYTES});
	wire_send(w, &frame, sizeof frame);
}

/* The next turn is at that time. */
static void set_clock(struct rig *r, int64_t wall_ms)
{
	enum { BEGIN_S = 1700000000 }; /* the rig's */
	r->in.now.ns = (uint64_t)(wall_ms - INT64_C(1000) * BEGIN_S) * 1000000;
}

/* Routes of what the listeners' settings have become. */
static void route_anew(struct rig *r)
{
	routes_init(&r->in.batching.routes, r->in.listeners, RIG_LISTENERS, 0);
}

static struct wire *open_with_routes(struct rig *r)
{
	route_anew(r);
	return wire_open(r, RIG_TERMINAL);
}

static void close_all(struct rig *r, struct wire *w)
{
	rig_settle(r);
	wire_end(w);
	rig_settle(r);
	wire_free(w);
	rig_destroy(r);
}

static bool is_of_vehicles(const struct rig_record *record)
{
	return record->slot < RIG_VEHICLE_PARTITIONS;
}

Test(routing, classes_go_to_topics_of_their_own)
{
	static const uint8_t commands[] = {1, 2, 3, 4, 7};
	struct rig *r = rig_create(NULL);
	struct listener *l = &r->in.listeners[RIG_TERMINAL];
	snprintf(l->topic_session, sizeof l->topic_session, "datagrams");
	struct wire *w = open_with_routes(r);
	for (unsigned i = 0; i < array_len(commands); i++)
		send_frame(w, commands[i]);
	rig_settle(r);
	cr_assert(r->stored_count == array_len(commands));
	for (unsigned i = 0; i < r->stored_count; i++) {
		uint8_t command = r->stored[i].value[2];
		cr_assert(is_of_vehicles(&r->stored[i]) == (command != 1 && command != 4));
	}
	close_all(r, w);
}

Test(routing, each_topic_of_a_listener_has_its_own_linger)
{
	struct rig *r = rig_create(NULL);
	struct listener *l = &r->in.listeners[RIG_TERMINAL];
	snprintf(l->topic_session, sizeof l->topic_session, "datagrams");
	struct wire *w = open_with_routes(r);
	send_frame(w, GBT32960_REALTIME); /* due after 5 ms */
	send_frame(w, GBT32960_LOGIN);    /* due after 1 */
	rig_turn(r, 100);
	rig_turn(r, 1500);
	cr_assert(r->stored_count == 1 && r->stored[0].value[2] == GBT32960_LOGIN);
	close_all(r, w);
}

Test(routing, a_class_whose_topic_is_gone_is_refused_and_the_others_are_not)
{
	struct rig *r = rig_create(NULL);
	struct listener *l = &r->in.listeners[RIG_TERMINAL];
	snprintf(l->topic_other, sizeof l->topic_other, "gone");
	struct wire *w = open_with_routes(r);
	send_frame(w, GBT32960_HEARTBEAT);
	send_frame(w, GBT32960_REALTIME);
	rig_settle(r);
	cr_assert(r->stored_count == 1 && r->stored[0].value[2] == GBT32960_REALTIME);
	cr_assert(rig_stat(r, STAT_record_reject_topic) == 1);
	close_all(r, w);
}

Test(routing, a_key_is_the_vehicle_its_address_or_none)
{
	static const char *const keys[] = {[RECORD_KEY_AUTO] = VIN, [RECORD_KEY_NONE] = "",
					   [RECORD_KEY_ADDRESS] = "10.0.0.9"};
	for (unsigned kind = 0; kind < array_len(keys); kind++) {
		struct rig *r = rig_create(NULL);
		r->in.listeners[RIG_TERMINAL].key = (uint8_t)kind;
		struct wire *w = open_with_routes(r);
		w->stream.peer.address = (struct address){{[10] = 0xff, 0xff, 10, 0, 0, 9}};
		send_frame(w, GBT32960_REALTIME);
		rig_settle(r);
		const struct rig_record *record = &r->stored[0];
		cr_assert(r->stored_count == 1 && record->key_size == strlen(keys[kind]));
		cr_assert(record->has_key == (kind != RECORD_KEY_NONE));
		cr_assert(memcmp(record->key, keys[kind], record->key_size) == 0);
		close_all(r, w);
	}
}

Test(routing, roundrobin_goes_on_with_each_record_and_fixed_does_not)
{
	unsigned counts[RIG_VEHICLE_PARTITIONS] = {0};
	struct rig *r = rig_create(NULL);
	struct listener *l = &r->in.listeners[RIG_TERMINAL];
	l->partitioner_kind = PARTITIONER_ROUNDROBIN;
	struct wire *w = open_with_routes(r);
	for (unsigned i = 0; i < 3 * RIG_VEHICLE_PARTITIONS; i++)
		send_frame(w, GBT32960_REALTIME);
	rig_settle(r);
	for (unsigned i = 0; i < r->stored_count; i++)
		counts[r->stored[i].slot]++;
	for (unsigned i = 0; i < RIG_VEHICLE_PARTITIONS; i++)
		cr_assert(counts[i] == 3);
	l->partitioner_kind = PARTITIONER_FIXED;
	l->fixed_partition = RIG_VEHICLE_PARTITIONS - 1;
	route_anew(r);
	send_frame(w, GBT32960_REALTIME);
	rig_settle(r);
	cr_assert(r->stored[r->stored_count - 1].slot == RIG_VEHICLE_PARTITIONS - 1);
	l->fixed_partition = RIG_VEHICLE_PARTITIONS;
	send_frame(w, GBT32960_REALTIME);
	rig_settle(r);
	cr_assert(rig_stat(r, STAT_record_reject_topic) == 1, "there is no such partition");
	close_all(r, w);
}

/* The topic takes such times of producers: so far from now. */
static void take_times(struct rig *r, int64_t before_ms, int64_t after_ms)
{
	for (unsigned i = 0; i < r->topics->count; i++) {
		r->topics->topics[i].options.timestamp_before_max_ms = before_ms;
		r->topics->topics[i].options.timestamp_after_max_ms = after_ms;
	}
}

Test(routing, a_timestamp_is_the_frames_own_where_the_topic_takes_it)
{
	static const int64_t frame_ms = INT64_C(1000) * SOME_TIME_S;
	static const struct {
		int64_t ahead_ms; /* of the frame's time before ours */
		int64_t before_ms, after_ms;
		bool is_frames;
	} rows[] = {
		{-1000, 1000, 0, true},  {-1000, 999, INT64_MAX, false},
		{1000, 0, 1000, true},   {1000, INT64_MAX, 999, false},
		{0, 0, 0, true},         {-1000, INT64_MAX, INT64_MAX, true},
	};
	for (unsigned i = 0; i < array_len(rows); i++) {
		struct rig *r = rig_create(NULL);
		r->in.listeners[RIG_TERMINAL].timestamp = RECORD_TIME_FRAME;
		take_times(r, rows[i].before_ms, rows[i].after_ms);
		struct wire *w = open_with_routes(r);
		int64_t now = frame_ms - rows[i].ahead_ms;
		set_clock(r, now);
		send_frame(w, GBT32960_REALTIME);
		rig_turn(r, 0);
		cr_assert(r->in.now.wall_ms == now);
		rig_settle(r);
		cr_assert(r->stored[0].timestamp == (rows[i].is_frames ? frame_ms : now),
			  "row %u: %lld", i, (long long)r->stored[0].timestamp);
		close_all(r, w);
	}
}

/* Earlier and later times than that of a batch's first record come out as they went in. */
Test(routing, times_of_a_batch_may_go_back)
{
	struct rig *r = rig_create(NULL);
	r->in.listeners[RIG_TERMINAL].timestamp = RECORD_TIME_FRAME;
	take_times(r, INT64_MAX, INT64_MAX);
	struct wire *w = open_with_routes(r);
	send_frame(w, GBT32960_HEARTBEAT);
	send_frame(w, GBT32960_REALTIME);
	static const uint8_t no_time[] = {0x23, 0x23, 0x07, 0xfe, 'L', 'P', 'E', 'N', 'S',
					  'T', 'K', '0', '0', '0', '0', '0', '0', '0',
					  '0', '0', '7', 0x01, 0x00, 0x00};
	uint8_t bcc = gbt32960_bcc((const struct gbt32960_header *)no_time, (struct bytes){0});
	wire_send(w, no_time, sizeof no_time);
	wire_send(w, &bcc, 1);
	rig_turn(r, 0);
	int64_t now = r->in.now.wall_ms;
	rig_settle(r);
	cr_assert(r->stored_count == 3 && r->appends == 1);
	cr_assert(r->stored[1].timestamp == INT64_C(1000) * SOME_TIME_S);
	cr_assert(r->stored[2].timestamp == now);
	close_all(r, w);
}

struct header {
	char key[32], value[64];
};

static unsigned headers_of(const struct rig_record *record, struct header ret[8])
{
	struct cursor c = cursor_of(record->headers, record->headers_size);
	unsigned count = (unsigned)cursor_varint(&c, 5);
	for (unsigned i = 0; i < count; i++) {
		char *const texts[] = {ret[i].key, ret[i].value};
		for (unsigned t = 0; t < 2; t++) {
			size_t size = (size_t)cursor_varint(&c, 5);
			const uint8_t *text = cursor_take(&c, size);
			cr_assert(text != NULL && size < sizeof ret[i].key * (t + 1));
			memcpy(texts[t], text, size);
			texts[t][size] = '\0';
		}
	}
	cr_assert(!c.bad && cursor_left(&c) == 0);
	return count;
}

Test(routing, headers_say_how_a_record_came)
{
	static const char *const expected[][2] = {
		{"penstock.received", "1700000000123"}, {"penstock.peer", "10.0.0.9:49152"},
		{"penstock.protocol", "GBT32960"},      {"penstock.edition", "2016"},
		{"penstock.command", "02"},             {"penstock.link", "terminal"},
	};
	struct header headers[8];
	struct rig *r = rig_create(NULL);
	r->in.listeners[RIG_TERMINAL].headers = true;
	struct wire *w = open_with_routes(r);
	w->stream.peer = (struct endpoint){{{[10] = 0xff, 0xff, 10, 0, 0, 9}}, 49152};
	set_clock(r, 1700000000123);
	send_frame(w, GBT32960_REALTIME);
	rig_turn(r, 0);
	rig_settle(r);
	cr_assert(headers_of(&r->stored[0], headers) == array_len(expected));
	for (unsigned i = 0; i < array_len(expected); i++) {
		cr_assert(strcmp(headers[i].key, expected[i][0]) == 0);
		cr_assert(strcmp(headers[i].value, expected[i][1]) == 0, "%s", headers[i].value);
	}
	close_all(r, w);
}

/* Many records, so that some straddle chunks of memory; an address of 39 digits. */
Test(routing, headers_of_records_that_straddle_chunks_are_whole)
{
	struct header headers[8];
	struct rig *r = rig_create(NULL);
	r->in.listeners[RIG_TERMINAL].headers = true;
	struct wire *w = open_with_routes(r);
	for (unsigned i = 0; i < sizeof w->stream.peer.address.octets; i++)
		w->stream.peer.address.octets[i] = (uint8_t)(0xf0 + i);
	w->stream.peer.port = 65535;
	for (unsigned i = 0; i < 200; i++)
		send_frame(w, GBT32960_REALTIME);
	rig_settle(r);
	cr_assert(r->stored_count == 200);
	for (unsigned i = 0; i < r->stored_count; i++) {
		cr_assert(headers_of(&r->stored[i], headers) == 6);
		cr_assert(strcmp(headers[1].value,
				 "[f0f1:f2f3:f4f5:f6f7:f8f9:fafb:fcfd:feff]:65535") == 0);
	}
	close_all(r, w);
}
