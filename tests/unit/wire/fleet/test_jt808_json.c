/* test_jt808_json.c - messages of JT/T 808 as JSON: public ones, any values, any bytes. */
#include "dataplane/wire/fleet/jt808_json.h"
#include "dataplane/wire/fleet/check_code.h"
#include "dataplane/wire/fleet/gbk.h"
#include "dataplane/wire/fleet/jt808_fields.h"
#include "tests/rounds.h"
#include "tests/unit/wire/fleet/field_spec.h"
#include "tests/unit/wire/fleet/jt808_sample.h"
#include "tests/unit/wire/fleet/json_bound.h"

#include <criterion/criterion.h>
#include <iconv.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- one message ------------------------------------------------------------------------ */

struct said {
	char text[JT808_JSON_BYTES(JT808_MESSAGE_BYTES_MAX)];
	size_t bytes;
	enum jt808_json outcome;
};

/* From a copy of exactly its size into room of exactly the size that is promised; valid. */
static struct said *say(struct bytes message)
{
	struct said *said = malloc(sizeof *said);
	size_t room = JT808_JSON_BYTES(message.size);
	uint8_t *copy = malloc(message.size);
	char *text = malloc(room);
	json_error_t error;
	memcpy(copy, message.data, message.size);
	said->outcome = jt808_json((struct bytes){copy, message.size}, text, room, &said->bytes);
	cr_assert(said->outcome != JT808_JSON_NO_ROOM && said->bytes <= room);
	json_t *object = json_loadb(text, said->bytes, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL,
				    &error);
	cr_assert(object != NULL, "%s in %.*s", error.text, (int)said->bytes, text);
	json_decref(object);
	memcpy(said->text, text, said->bytes);
	free(text);
	free(copy);
	return said;
}

/* The message that a frame on the wire carries, in `room`; of no size: it is none. */
static struct bytes message_of(struct bytes wire, uint8_t room[JT808_CONTENT_BYTES_MAX])
{
	struct jt808_scan s;
	struct jt808_piece p;
	jt808_scan_init(&s, wire, false, JT808_WIRE_BYTES_MAX);
	if (!jt808_scan_next(&s, &p) || p.kind != JT808_FRAME)
		return (struct bytes){0};
	return (struct bytes){room, jt808_unescape(room, p.content)};
}

static void check_row(size_t row, const char *want)
{
	uint8_t room[JT808_CONTENT_BYTES_MAX];
	const struct jt808_sample *f = &jt808_samples()->rows[row];
	struct said *said = say(message_of((struct bytes){f->data, f->size}, room));
	cr_assert(said->bytes == strlen(want) && memcmp(said->text, want, said->bytes) == 0,
		  "%.*s\nshould be\n%s", (int)said->bytes, said->text, want);
	cr_assert(said->outcome == JT808_JSON_WHOLE);
	free(said);
}

Test(jt808_json, public_messages_say_what_their_sources_state)
{
	check_row(2, "{\"protocol\":\"jt808\",\"edition\":2013,\"id\":256,"
		     "\"message\":\"registration\",\"phone\":\"123456782013\",\"serial\":1,"
		     "\"encryption\":0,\"province\":31,\"city\":110,\"maker\":\"cd123\","
		     "\"model\":\"www.808.com\",\"terminal\":\"7654321\",\"colour\":1,"
		     "\"plate\":\"测A12345678\"}");
	check_row(3, "{\"protocol\":\"jt808\",\"edition\":2019,\"id\":256,"
		     "\"message\":\"registration\",\"phone\":\"12345678901234562019\",\"serial\":1,"
		     "\"encryption\":0,\"province\":31,\"city\":110,\"maker\":\"cd123456789\","
		     "\"model\":\"www.808.com\",\"terminal\":\"7654321\",\"colour\":1,"
		     "\"plate\":\"测A12345678\"}");
	check_row(24, "{\"protocol\":\"jt808\",\"edition\":2013,\"id\":512,"
		      "\"message\":\"location\",\"phone\":\"18876638972\",\"serial\":229,"
		      "\"encryption\":0,\"alarm\":0,"
		      "\"alarms\":[],\"status\":262144,\"states\":[\"gps\"],\"load\":0,"
		      "\"latitude_deg\":20.019815,\"longitude_deg\":110.323793,\"altitude_m\":14,"
		      "\"speed_kmh\":0.0,\"direction_deg\":39,"
		      "\"time\":\"2017-10-19T19:35:38+08:00\",\"items\":["
		      "{\"id\":1,\"name\":\"odometer\",\"odometer_km\":1630.6},"
		      "{\"id\":3,\"name\":\"recorder\",\"speed_kmh\":0.0},"
		      "{\"id\":37,\"name\":\"signals\",\"signals\":0},"
		      "{\"id\":42,\"name\":\"io\",\"io\":0},"
		      "{\"id\":43,\"name\":\"analog\",\"ad1\":0,\"ad0\":0},"
		      "{\"id\":48,\"name\":\"signal\",\"strength\":31},"
		      "{\"id\":49,\"name\":\"satellites\",\"satellites\":0}]}");
	check_row(25, "{\"protocol\":\"jt808\",\"edition\":2013,\"id\":512,"
		      "\"message\":\"location\",\"phone\":\"123456789012\",\"serial\":126,"
		      "\"encryption\":0,\"alarm\":1,"
		      "\"alarms\":[\"emergency\"],\"status\":2,\"states\":[\"positioned\"],"
		      "\"load\":0,\"latitude_deg\":12.222222,\"longitude_deg\":132.444444,"
		      "\"altitude_m\":40,\"speed_kmh\":6.0,\"direction_deg\":0,"
		      "\"time\":\"2018-10-15T10:10:10+08:00\",\"items\":["
		      "{\"id\":1,\"name\":\"odometer\",\"odometer_km\":10.0},"
		      "{\"id\":2,\"name\":\"fuel\",\"fuel_l\":12.5}]}");
}

/* ---- bodies ----------------------------------------------------------------------------- */

/* What a terminal 13800000001 says of this body. */
static struct said *say_body(uint16_t id, bool is_2019, struct bytes body)
{
	struct jt808_sent sent = {.id = id, .is_2019 = is_2019, .is_marked_2019 = is_2019,
				  .version = 1, .serial = 7, .body_bytes = body.size};
	uint8_t room[JT808_CONTENT_BYTES_MAX];
	struct soup wire = {0};
	memcpy(sent.phone + (is_2019 ? 4 : 0), "\x01\x38\x00\x00\x00\x01", 6);
	memcpy(sent.body, body.data, body.size);
	jt808_send(&wire, &sent);
	struct said *said = say(message_of((struct bytes){wire.data, wire.size}, room));
	free(wire.data);
	return said;
}

static void check_text(struct said *said, enum jt808_json outcome, const char *want)
{
	cr_assert(said->bytes == strlen(want) && memcmp(said->text, want, said->bytes) == 0,
		  "%.*s\nshould be\n%s", (int)said->bytes, said->text, want);
	cr_assert(said->outcome == outcome, "%d", said->outcome);
	free(said);
}
#define CHECK(id, is_2019, body, outcome, want)                                          \
	check_text(say_body(id, is_2019,                                                 \
			    (struct bytes){(const uint8_t *)(body), sizeof(body) - 1}),  \
		   JT808_JSON_##outcome, want)
#define HEAD(edition, id, name)                                                          \
	"{\"protocol\":\"jt808\",\"edition\":" #edition ",\"id\":" #id name                \
	",\"phone\":\"13800000001\",\"serial\":7,\"encryption\":0"
/* Status, latitude, longitude, altitude, speed, direction, time. */
#define PLACE                                                                            \
	"\x00\x00\x03\x0f\x00\x00\x00\x01\x06\xf4\x24\x00\x00\x10\x02\x58\x01\x67"         \
	"\x25\x12\x01\x23\x59\x59"
#define PLACE_JSON                                                                       \
	"\"status\":783,\"states\":[\"acc_on\",\"positioned\"],\"load\":3,"                 \
	"\"latitude_deg\":-0.000001,\"longitude_deg\":-116.663296,\"altitude_m\":16,"      \
	"\"speed_kmh\":60.0,\"direction_deg\":359,\"time\":\"2025-12-01T23:59:59+08:00\","

Test(jt808_json, items_say_how_long_they_are_and_are_bytes_where_that_is_not_theirs)
{
	CHECK(JT808_LOCATION, false,
	      "\x80\x00\x00\x02" PLACE "\x11\x01\x00" "\x11\x05\x01\x00\x00\x00\x07"
	      "\x12\x06\x04\x00\x00\x00\x09\x01" "\x13\x07\x00\x00\x00\x05\x01\x02\x01"
	      "\x01\x03" "abc" "\xe5\x00" "\xc8\x02hi" "\x06\x02\xff\xf6",
	      WHOLE,
	      HEAD(2013, 512, ",\"message\":\"location\"")
	      ",\"alarm\":2147483650,\"alarms\":[\"overspeed\",\"illegal_door\"]," PLACE_JSON
	      "\"items\":[{\"id\":17,\"name\":\"overspeed\",\"place\":0},"
	      "{\"id\":17,\"name\":\"overspeed\",\"place\":1,\"place_id\":7},"
	      "{\"id\":18,\"name\":\"area\",\"place\":4,\"place_id\":9,\"direction\":1},"
	      "{\"id\":19,\"name\":\"route_time\",\"segment\":5,\"driven_s\":258,\"result\":1},"
	      "{\"id\":1,\"name\":\"odometer\",\"data\":\"616263\"},"
	      "{\"id\":229,\"name\":\"custom\",\"data\":\"\"},{\"id\":200,\"data\":\"6869\"},"
	      "{\"id\":6,\"name\":\"cabin_temperature\",\"data\":\"fff6\"}]}");
	/* The second item promises a byte more than there is; an id alone. */
	CHECK(JT808_LOCATION, true, "\0\0\0\0" PLACE "\x30\x01\x09\x31\x02\x01", PARTLY,
	      HEAD(2019, 512, ",\"message\":\"location\"")
	      ",\"alarm\":0,\"alarms\":[]," PLACE_JSON
	      "\"items\":[{\"id\":48,\"name\":\"signal\",\"strength\":9}],"
	      "\"undecoded\":{\"why\":\"count\",\"at\":31,\"bytes\":\"310201\"}}");
	CHECK(JT808_LOCATION, true, "\0\0\0\0" PLACE "\x30", PARTLY,
	      HEAD(2019, 512, ",\"message\":\"location\"")
	      ",\"alarm\":0,\"alarms\":[]," PLACE_JSON
	      "\"items\":[],\"undecoded\":{\"why\":\"cut\",\"at\":28,\"bytes\":\"30\"}}");
}

Test(jt808_json, a_batch_has_an_object_for_each_report)
{
	CHECK(JT808_BATCH, false,
	      "\x00\x02\x01\x00\x1c" "\0\0\0\0" PLACE
	      "\x00\x1f" "\0\0\0\x02" PLACE "\x30\x01\x09", WHOLE,
	      HEAD(2013, 1796, ",\"message\":\"batch\"") ",\"type\":1,\"reports\":["
	      "{\"alarm\":0,\"alarms\":[]," PLACE_JSON "\"items\":[]},"
	      "{\"alarm\":2,\"alarms\":[\"overspeed\"]," PLACE_JSON
	      "\"items\":[{\"id\":48,\"name\":\"signal\",\"strength\":9}]}]}");
	/* A report of which an item is cut. */
	CHECK(JT808_BATCH, false,
	      "\x00\x02\x00\x00\x1d" "\0\0\0\0" PLACE "\x30" "\x00\x1c" "\0\0\0\0" PLACE,
	      PARTLY,
	      HEAD(2013, 1796, ",\"message\":\"batch\"") ",\"type\":0,\"reports\":["
	      "{\"alarm\":0,\"alarms\":[]," PLACE_JSON "\"items\":[],"
	      "\"undecoded\":{\"why\":\"cut\",\"at\":28,\"bytes\":\"30\"}},"
	      "{\"alarm\":0,\"alarms\":[]," PLACE_JSON "\"items\":[]}]}");
	/* One that contradicts itself is its bytes. */
	CHECK(JT808_BATCH, false, "\x00\x01\x00\x00\x05" "12345", OPAQUE,
	      HEAD(2013, 1796, ",\"message\":\"batch\"") ",\"data\":\"00010000053132333435\"}");
}

/* A batch in sub-packages that were put together: longer than any message. */
Test(jt808_json, what_was_put_together_is_read_as_one)
{
	enum { REPORTS = 200 };
	struct jt808_message m = {.id = JT808_BATCH, .phone = {(uint8_t *)"\1\x38\0\0\0\1", 6}};
	struct soup whole = {0};
	uint8_t header[JT808_HEADER_BYTES_MAX];
	soup_add(&whole, header, jt808_whole_header(header, &m, 7));
	soup_add(&whole, "\x00\xc8\x01", 3);
	for (unsigned i = 0; i < REPORTS; i++)
		soup_add(&whole, "\x00\x1c" "\0\0\0\0" PLACE, 30);
	size_t room = JT808_JSON_BYTES(whole.size), bytes;
	char *text = malloc(room);
	cr_assert(jt808_json((struct bytes){whole.data, whole.size}, text, room, &bytes) ==
		  JT808_JSON_WHOLE);
	json_t *object = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, NULL);
	cr_assert(json_array_size(json_object_get(object, "reports")) == REPORTS);
	cr_assert(json_object_get(object, "parts") == NULL);
	json_decref(object);
	free(text);
	free(whole.data);
}

Test(jt808_json, other_messages_have_their_fields_and_no_codes)
{
	CHECK(JT808_REGISTRATION, false, "\0\x0b\0\1" "maker" "model\0\0\0" "1234567" "\1"
	      "\xbe\xa9" "A1\xff\x80", WHOLE,
	      HEAD(2011, 256, ",\"message\":\"registration\"")
	      ",\"province\":11,\"city\":1,\"maker\":\"maker\",\"model\":\"model\","
	      "\"terminal\":\"1234567\",\"colour\":1,\"plate\":\"京A1\\u00ff\\u0080\"}");
	CHECK(JT808_AUTHENTICATION, false, "code", WHOLE,
	      HEAD(2013, 258, ",\"message\":\"authentication\"") "}");
	CHECK(JT808_AUTHENTICATION, true,
	      "\4code" "123456789012345" "v1.2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", WHOLE,
	      HEAD(2019, 258, ",\"message\":\"authentication\"")
	      ",\"imei\":\"123456789012345\",\"software\":\"v1.2\"}");
	CHECK(JT808_AUTHENTICATION, true, "\4code", WHOLE,
	      HEAD(2019, 258, ",\"message\":\"authentication\"") "}");
	CHECK(JT808_TERMINAL_ANSWER, false, "\0\5\x81\x03\1", WHOLE,
	      HEAD(2013, 1, ",\"message\":\"terminal_answer\"")
	      ",\"answer_to\":5,\"answer_to_id\":33027,\"result\":1}");
	CHECK(JT808_HEARTBEAT, false, "", WHOLE, HEAD(2013, 2, ",\"message\":\"heartbeat\"") "}");
	CHECK(JT808_HEARTBEAT, false, "x", PARTLY, HEAD(2013, 2, ",\"message\":\"heartbeat\"")
	      ",\"undecoded\":{\"why\":\"too_long\",\"at\":0,\"bytes\":\"78\"}}");
	CHECK(0x0900, false, "x", OPAQUE, HEAD(2013, 2304, "") ",\"data\":\"78\"}");
}

Test(jt808_json, a_time_of_other_digits_than_ten_is_told_by_its_bytes)
{
	static const char *const times[] = {"\x25\x12\x01\x0a\x00\x00", "\x25\x12\xa1\x00\x00\x00",
					    "\x25\x13\x01\x00\x00\x00"};
	static const char *const texts[] = {"2512010a0000", "2512a1000000", "251301000000"};
	for (unsigned i = 0; i < array_len(times); i++) {
		uint8_t body[28] = {0};
		char want[128];
		memcpy(body + 22, times[i], 6);
		struct said *said = say_body(JT808_LOCATION, false, (struct bytes){body, 28});
		snprintf(want, sizeof want, "\"time\":null,\"time_bytes\":\"%s\",\"items\":[]}",
			 texts[i]);
		cr_assert(memcmp(said->text + said->bytes - strlen(want), want, strlen(want)) == 0);
		free(said);
	}
}

/* ---- reports of any values -------------------------------------------------------------- */

static const char *const alarm_names[] = {
	"emergency", "overspeed", "fatigue", "danger", "gnss_fault", "gnss_antenna_open",
	"gnss_antenna_short", "main_power_low", "main_power_lost", "display_fault", "speech_fault",
	"camera_fault", "ic_card_fault", "overspeed_warning", "fatigue_warning", "illegal_driving",
	"tyre_pressure", "right_turn_blind_spot", "driven_too_long", "parked_too_long", "area",
	"route", "route_time", "route_left", "speed_sensor_fault", "fuel", "stolen",
	"illegal_ignition", "illegal_moving", "collision", "rollover", "illegal_door"};
static const char *const state_names[] = {
	"acc_on", "positioned", "", "", "out_of_service", "encrypted_position",
	"forward_collision_warning", "lane_departure_warning", "", "", "fuel_cut", "power_cut",
	"doors_locked", "door_1_open", "door_2_open", "door_3_open", "door_4_open", "door_5_open",
	"gps", "beidou", "glonass", "galileo", "moving"};

static void add_names(struct soup *json, uint32_t bits, const char *const *names, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (bits >> i & 1 && names[i][0])
			soup_add_text(json, "\"%s\",", names[i]);
	soup_drop_comma(json);
}

static uint32_t add_random(struct soup *body, struct dice *d, unsigned bytes, uint32_t below)
{
	uint32_t value = dice_below(d, 4) ? dice_below(d, below) : below - 1;
	for (unsigned i = bytes; i-- > 0;)
		soup_add_byte(body, (uint8_t)(value >> 8 * i), 1);
	return value;
}

static void add_degrees(struct soup *body, struct soup *json, struct dice *d, const char *name,
			bool is_negative)
{
	uint32_t value = 1 + add_random(body, d, 4, 180000000);
	be32_store(body->data + body->size - 4, value);
	soup_add_text(json, "\"%s_deg\":%s%u.%06u,", name, is_negative ? "-" : "",
		      value / 1000000, value % 1000000);
}

static void random_report(struct dice *d, struct soup *body, struct soup *json)
{
	uint32_t alarm = add_random(body, d, 4, UINT32_MAX);
	soup_add_text(json, ",\"alarm\":%u,\"alarms\":[", alarm);
	add_names(json, alarm, alarm_names, array_len(alarm_names));
	uint32_t status = add_random(body, d, 4, UINT32_MAX);
	soup_add_text(json, "],\"status\":%u,\"states\":[", status);
	add_names(json, status, state_names, array_len(state_names));
	soup_add_text(json, "],\"load\":%u,", status >> 8 & 3);
	add_degrees(body, json, d, "latitude", status >> 2 & 1);
	add_degrees(body, json, d, "longitude", status >> 3 & 1);
	soup_add_text(json, "\"altitude_m\":%u,", add_random(body, d, 2, 65536));
	uint32_t speed = add_random(body, d, 2, 65536);
	soup_add_text(json, "\"speed_kmh\":%u.%u,", speed / 10, speed % 10);
	soup_add_text(json, "\"direction_deg\":%u,", add_random(body, d, 2, 65536));
	soup_add(body, "\x25\x12\x01\x00\x09\x10", 6);
	soup_add_text(json, "\"time\":\"2025-12-01T00:09:10+08:00\",\"items\":[");
	for (uint32_t left = dice_below(d, 4); left > 0; left--) {
		soup_add(body, "\x01\x04", 2);
		uint32_t km = add_random(body, d, 4, UINT32_MAX);
		soup_add_text(json, "{\"id\":1,\"name\":\"odometer\",");
		soup_add_text(json, "\"odometer_km\":%u.%u},", km / 10, km % 10);
		soup_add(body, "\x2b\x04", 2);
		uint32_t high = add_random(body, d, 2, 65536), low = add_random(body, d, 2, 65536);
		soup_add_text(json, "{\"id\":43,\"name\":\"analog\",");
		soup_add_text(json, "\"ad1\":%u,\"ad0\":%u},", high, low);
	}
	soup_drop_comma(json);
	soup_add_text(json, "]}");
}

Test(jt808_json, reports_of_any_values_become_what_the_standards_tables_say)
{
	struct dice d = {3};
	for (unsigned i = rounds(20000, 3000); i > 0; i--) {
		struct soup body = {0}, json = {0};
		soup_add_text(&json, "%s", HEAD(2013, 512, ",\"message\":\"location\""));
		random_report(&d, &body, &json);
		soup_add_byte(&json, 0, 1);
		check_text(say_body(JT808_LOCATION, false, (struct bytes){body.data, body.size}),
			   JT808_JSON_WHOLE, (char *)json.data);
		free(body.data);
		free(json.data);
	}
}

/* ---- any bytes -------------------------------------------------------------------------- */

Test(jt808_json, messages_of_any_kind_and_bytes_are_valid_objects)
{
	static const uint16_t ids[] = {
		JT808_LOCATION,	      JT808_BATCH,	     JT808_REGISTRATION,
		JT808_AUTHENTICATION, JT808_TERMINAL_ANSWER, JT808_HEARTBEAT,
	};
	struct dice d = {5};
	uint8_t room[JT808_CONTENT_BYTES_MAX];
	for (unsigned i = rounds(40000, 8000); i > 0; i--) {
		struct jt808_sent sent = jt808_sent_random(&d);
		struct soup wire = {0};
		if (dice_below(&d, 4))
			sent.id = ids[dice_below(&d, array_len(ids))];
		for (size_t b = 0; b < sent.body_bytes && dice_below(&d, 200); b++)
			sent.body[b] = (uint8_t)dice_below(&d, dice_below(&d, 2) ? 256 : 8);
		jt808_send(&wire, &sent);
		struct bytes message = message_of((struct bytes){wire.data, wire.size}, room);
		cr_assert(message.size > 0);
		free(say(message));
		free(wire.data);
	}
}

/* A bit flipped, and the check code made right again: while its header holds, it is a message. */
Test(jt808_json, any_flipped_bit_and_any_part_of_a_body_is_a_valid_object)
{
	const struct jt808_samples *all = jt808_samples();
	uint8_t room[JT808_CONTENT_BYTES_MAX], wire[2 * JT808_CONTENT_BYTES_MAX];
	uint8_t again[JT808_CONTENT_BYTES_MAX];
	for (size_t i = 0; i < all->count; i++) {
		const struct jt808_sample *f = &all->rows[i];
		struct bytes m = message_of((struct bytes){f->data, f->size}, room);
		for (size_t bit = 0; m.size > 0 && bit < 8 * (m.size - 1); bit += rounds(1, 3)) {
			room[bit / 8] ^= (uint8_t)(1 << bit % 8);
			room[m.size - 1] = check_code(room, m.size - 1);
			size_t size = jt808_escape(wire, m);
			struct bytes flipped = message_of((struct bytes){wire, size}, again);
			if (flipped.size > 0)
				free(say(flipped));
			room[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		if (m.size == 0)
			continue;
		room[m.size - 1] = check_code(room, m.size - 1);
		struct jt808_message whole = jt808_read(m);
		for (size_t n = 0; n <= whole.body.size; n++)
			free(say_body(whole.id, whole.is_2019, (struct bytes){whole.body.data, n}));
	}
}

/* ---- room ------------------------------------------------------------------------------- */

Test(jt808_json, with_too_little_room_there_is_no_object_and_nothing_beyond_it)
{
	uint8_t buffer[JT808_CONTENT_BYTES_MAX];
	const struct jt808_sample *f = &jt808_samples()->rows[24];
	struct bytes message = message_of((struct bytes){f->data, f->size}, buffer);
	struct said *whole = say(message);
	for (size_t room = 0; room < whole->bytes + 100; room++) {
		char *text = malloc(room + 1);
		size_t bytes;
		text[room] = 'x';
		enum jt808_json outcome = jt808_json(message, text, room, &bytes);
		cr_assert(text[room] == 'x' && (room >= whole->bytes || bytes == 0));
		if (outcome == JT808_JSON_NO_ROOM)
			cr_assert(bytes == 0 && room < whole->bytes + 64);
		else
			cr_assert(bytes == whole->bytes && memcmp(text, whole->text, bytes) == 0);
		free(text);
	}
	free(whole);
}

static double each_of(const struct field *rows, double own, unsigned own_bytes)
{
	return json_bytes_each(&rows, own, own_bytes);
}

Test(jt808_json, no_message_becomes_larger_than_is_said)
{
	/* A report alone: in a batch it has two bytes more, and braces. */
	double worst = each_of(jt808_report, sizeof("\"items\":[],") - 1, 0);
	for (unsigned id = 0; id < FIELD_UNIT_IDS; id++) {
		const struct unit *u = &jt808_items[id];
		double head = sizeof("{\"id\":255,\"name\":,},") - 1 + u->name_bytes;
		/* An item of another size than its fields: data, of no bytes at all. */
		double bare = (head + sizeof("\"data\":\"\",") - 1) / 2;
		double full = u->fields ? each_of(u->fields, head, 2) : 0;
		worst = bare > worst ? bare : worst;
		worst = full > worst ? full : worst;
	}
	cr_assert(worst <= JT808_JSON_BYTES_EACH && worst > JT808_JSON_BYTES_EACH - 1,
		  "%f for each byte", worst);
	for (unsigned id = 0; id < 65536; id++) {
		uint8_t body[64] = {0};
		for (unsigned size = 0; size <= sizeof body; size += 32) {
			for (unsigned is_2019 = 0; is_2019 < 2; is_2019++) {
				struct jt808_message m = {.id = (uint16_t)id, .is_2019 = is_2019,
							  .body = {body, size}};
				const struct field *rows = jt808_body_fields(&m);
				if (rows)
					cr_assert(each_of(rows, 0, 0) <= JT808_JSON_BYTES_EACH);
			}
		}
	}
}

/* ---- texts ------------------------------------------------------------------------------ */

/* What libc's converter makes of two bytes, if it is one character and no private one. */
static unsigned libc_character(iconv_t converter, uint8_t lead, uint8_t trail)
{
	char in[2] = {(char)lead, (char)trail}, *from = in;
	uint8_t out[8], *to = out;
	size_t in_left = 2, out_left = sizeof out;
	if (iconv(converter, &from, &in_left, (char **)&to, &out_left) == (size_t)-1 || in_left)
		return 0;
	unsigned code = be16_load(out);
	bool is_one = out_left == sizeof out - 2;
	return is_one && (code < 0xe000 || code > 0xf8ff) ? code : 0;
}

Test(jt808_json, the_table_of_gbk_is_libcs)
{
	iconv_t converter = iconv_open("UTF-16BE", "GBK");
	cr_assert(converter != (iconv_t)-1);
	unsigned characters = 0;
	for (unsigned lead = 0; lead < 256; lead++) {
		for (unsigned trail = 0; trail < 256; trail++) {
			unsigned got = gbk_character((uint8_t)lead, (uint8_t)trail);
			unsigned want = lead < 0x80 ? 0 : libc_character(converter, (uint8_t)lead,
									 (uint8_t)trail);
			characters += got != 0;
			cr_assert(want == 0 || got == want, "%02x%02x: %x", lead, trail, got);
		}
	}
	iconv_close(converter);
	/* GB 18030 has gained some. */
	cr_assert(characters > 21700 && characters < 22000, "%u", characters);
}
