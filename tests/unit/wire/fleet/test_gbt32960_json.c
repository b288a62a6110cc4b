/* test_gbt32960_json.c - frames as JSON: what sources state of them, what the standards' tables say
 * in a second writing of them, and any bytes. */
#include "dataplane/wire/fleet/gbt32960_json.h"
#include "dataplane/wire/fleet/gbt32960_units.h"
#include "dataplane/wire/fleet/walk_json.h"
#include "tests/rounds.h"
#include "tests/unit/wire/fleet/field_spec.h"
#include "tests/unit/wire/fleet/gbt32960_sample.h"
#include "tests/unit/wire/fleet/json_bound.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static const enum gbt32960_edition editions[] = {GBT32960_2016, GBT32960_2025};

/* ---- a frame's object ------------------------------------------------------------------- */

/* The object, to be released, of a copy of the frame of exactly its size, written into room of
 * exactly the size that it may have. */
static json_t *object_of(struct bytes frame, enum gbt32960_json *outcome)
{
	size_t room = GBT32960_JSON_BYTES(frame.size), bytes;
	uint8_t *copy = malloc(frame.size);
	char *text = malloc(room);
	memcpy(copy, frame.data, frame.size);
	*outcome = gbt32960_json((struct bytes){copy, frame.size}, text, room, &bytes);
	cr_assert(*outcome != GBT32960_JSON_NO_ROOM && bytes <= room);
	json_error_t error;
	json_t *object = json_loadb(text, bytes, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	cr_assert(object != NULL, "%s in %.*s", error.text, (int)bytes, text);
	free(copy);
	free(text);
	return object;
}

static bool is_same(const json_t *got, const json_t *want)
{
	if (json_is_number(got) && json_is_number(want)) {
		double difference = json_number_value(got) - json_number_value(want);
		return difference < 1e-7 && difference > -1e-7;
	}
	return json_equal(got, want);
}

/* Whether the member that a path like units.0.cells_v.3 names is `want`; "#": their number. */
static bool has_member(const json_t *object, char *path, const json_t *want)
{
	for (char *key; object && (key = strsep(&path, "."));) {
		if (strcmp(key, "#") == 0)
			return (json_int_t)json_array_size(object) == json_integer_value(want);
		object = json_is_array(object) ? json_array_get(object, strtoul(key, NULL, 10))
					       : json_object_get(object, key);
	}
	return object && is_same(object, want);
}

static void check_stated(char *line)
{
	const char *row = strsep(&line, "\t");
	char *path = strsep(&line, "\t"), *value = strsep(&line, "\n");
	const struct sample_frame *f = &sample_frames()->frames[strtoul(row, NULL, 10)];
	enum gbt32960_json outcome;
	char name[128];
	snprintf(name, sizeof name, "%s %s", row, path);
	json_t *want = json_loads(value, JSON_DECODE_ANY, NULL);
	json_t *object = object_of((struct bytes){f->data, f->size}, &outcome);
	cr_assert(want && has_member(object, path, want), "%s is not %s", name, value);
	json_decref(want);
	json_decref(object);
}

Test(gbt32960_json, public_frames_say_what_their_sources_state)
{
	FILE *file = fopen(VECTORS_DIR "/gbt32960-stated.tsv", "r");
	cr_assert(file != NULL);
	char line[1024];
	unsigned count = 0;
	while (fgets(line, sizeof line, file)) {
		if (line[0] == '#')
			continue;
		check_stated(line);
		count++;
	}
	fclose(file);
	cr_assert(count == 737, "%u", count);
}

/* ---- the tables, written down a second time --------------------------------------------- */

#define VEHICLE(current)                                                                 \
	"state:1 charging:1 mode:1 speed_kmh:2.1 odometer_km:4.1 voltage_v:2.1 "         \
	"current_a:2.1-" current " soc_percent:1 dcdc:1 gear_bits=1 gear@0.4 "           \
	"is_braking@4 is_driving@5 "
#define FAULTS                                                                           \
	"battery_faults*1!4 motor_faults*1!4 engine_faults*1!4 other_faults*1!4 "
#define DEGREES "longitude_deg^2:4.6 latitude_deg^1:4.6"

static const struct unit_spec {
	enum gbt32960_edition edition;
	uint8_t id;
	const char *name, *fields;
} unit_specs[] = {
	{GBT32960_2016, 0x01, "vehicle",
	 VEHICLE("10000") "insulation_kohm:2 accelerator_percent:1 brake_percent:1"},
	{GBT32960_2016, 0x02, "motors",
	 "motors*1{motor:1 state:1 controller_c:1-40 speed_rpm:2-20000 torque_nm:2.1-20000 "
	 "motor_c:1-40 controller_v:2.1 controller_a:2.1-10000}"},
	{GBT32960_2016, 0x03, "fuel_cell",
	 "voltage_v:2.1 current_a:2.1 fuel_kg_100km:2.2 probes_c*2:1-40 hydrogen_max_c:2.1-400 "
	 "hydrogen_max_c_probe:1 hydrogen_max_mg_kg:2 hydrogen_max_mg_kg_sensor:1 "
	 "hydrogen_max_mpa:2.1 hydrogen_max_mpa_sensor:1 dcdc:1"},
	{GBT32960_2016, 0x04, "engine", "state:1 crankshaft_rpm:2 fuel_l_100km:2.2"},
	{GBT32960_2016, 0x05, "position", "status=1 is_last_fix@0 " DEGREES},
	{GBT32960_2016, 0x06, "extremes",
	 "max_v_pack:1 max_v_cell:1 max_v:2.3 min_v_pack:1 min_v_cell:1 min_v:2.3 "
	 "max_c_pack:1 max_c_probe:1 max_c:1-40 min_c_pack:1 min_c_probe:1 min_c:1-40"},
	{GBT32960_2016, 0x07, "alarms", "level:1 flags=4 alarms?19 " FAULTS},
	{GBT32960_2016, 0x08, "cell_voltages",
	 "packs*1{pack:1 voltage_v:2.1 current_a:2.1-10000 cells:2 first_cell:2 cells_v*1:2.3}"},
	{GBT32960_2016, 0x09, "temperatures", "packs*1{pack:1 probes_c*2:1-40}"},
	{GBT32960_2016, 0x80, "custom", "data&2"},
	{GBT32960_2016, 0xFE, "custom", "data&2"},
	{GBT32960_2025, 0x01, "vehicle", VEHICLE("30000") "is_gear_invalid@7 insulation_kohm:2"},
	{GBT32960_2025, 0x02, "motors",
	 "motors*1{motor:1 state:1 controller_c:1-40 speed_rpm:2-32000 torque_nm:4.1-200000 "
	 "motor_c:1-40}"},
	{GBT32960_2025, 0x03, "fuel_cell",
	 "hydrogen_max_c:2-40 hydrogen_max_c_probe:1 hydrogen_max_percent:2.4 "
	 "hydrogen_max_percent_sensor:1 hydrogen_max_mpa:2.1 hydrogen_max_mpa_sensor:1 dcdc:1 "
	 "hydrogen_left_percent:1 dcdc_c:1-40"},
	{GBT32960_2025, 0x04, "engine", "crankshaft_rpm:2"},
	{GBT32960_2025, 0x05, "position", "status=1 is_last_fix@0 coordinates:1 " DEGREES},
	{GBT32960_2025, 0x06, "alarms",
	 "level:1 flags=4 alarms?28 " FAULTS "levels*1{flag:1 level:1}"},
	{GBT32960_2025, 0x07, "cell_voltages",
	 "packs*1{pack:1 voltage_v:2.1 current_a:2.1-30000 cells_v*2:2.3}"},
	{GBT32960_2025, 0x08, "temperatures", "packs*1{pack:1 probes_c*2:1-40}"},
	{GBT32960_2025, 0x30, "stacks",
	 "stacks*1{stack:1 voltage_v:2.1 current_a:2.1 hydrogen_inlet_kpa:2.1-1000 "
	 "air_inlet_kpa:2.1-1000 air_inlet_c:1-40 coolant_outlet_c*2:1-40}"},
	{GBT32960_2025, 0x31, "supercapacitor",
	 "system:1 voltage_v:2.1 current_a:2.1-30000 cells_v*2:2.3 probes_c*2:1-40"},
	{GBT32960_2025, 0x32, "supercapacitor_extremes",
	 "max_v_system:1 max_v_cell:2 max_v:2.3 min_v_system:1 min_v_cell:2 min_v:2.3 "
	 "max_c_system:1 max_c_probe:2 max_c:1-40 min_c_system:1 min_c_probe:2 min_c:1-40"},
	{GBT32960_2025, 0x9A, "custom", "data&2"},
};

static void begin_frame(struct soup *frame, enum gbt32960_edition edition, uint8_t command)
{
	soup_add_byte(frame, (uint8_t)edition, 2);
	soup_add_byte(frame, command, 1);
	soup_add(frame, "\xfeLPENSTK0000000001\x01\x00\x00\x13\x02\x1c\x17\x3b\x00", 27);
}

static void end_frame(struct soup *frame)
{
	size_t data = frame->size - GBT32960_HEADER_BYTES;
	frame->data[22] = (uint8_t)(data >> 8);
	frame->data[23] = (uint8_t)data;
	struct bytes unit = {frame->data + GBT32960_HEADER_BYTES, data};
	soup_add_byte(frame, gbt32960_bcc((struct gbt32960_header *)frame->data, unit), 1);
}

/* One to five units of an edition, in any order. */
static void random_report(struct dice *d, struct soup *frame, struct soup *json)
{
	enum gbt32960_edition edition = editions[dice_below(d, 2)];
	bool is_reissue = dice_below(d, 2);
	begin_frame(frame, edition, is_reissue ? GBT32960_REISSUE : GBT32960_REALTIME);
	soup_add_text(json, "{\"protocol\":\"gbt32960\",\"edition\":%u,",
		      edition == GBT32960_2016 ? 2016u : 2025u);
	soup_add_text(json, "\"command\":%d,\"message\":\"%s\",\"flag\":254,", is_reissue ? 3 : 2,
		      is_reissue ? "reissue" : "realtime");
	soup_add_text(json, "\"vin\":\"LPENSTK0000000001\",\"encryption\":1,");
	soup_add_text(json, "\"time\":\"2019-02-28T23:59:00+08:00\",\"units\":[");
	for (uint32_t left = 1 + dice_below(d, 5); left > 0;) {
		const struct unit_spec *s = &unit_specs[dice_below(d, array_len(unit_specs))];
		if (s->edition != edition)
			continue;
		soup_add_byte(frame, s->id, 1);
		soup_add_text(json, "{\"id\":%u,\"name\":\"%s\",", s->id, s->name);
		field_spec_random(s->fields, d, frame, json);
		soup_drop_comma(json);
		soup_add_text(json, "},");
		left--;
	}
	soup_drop_comma(json);
	soup_add_text(json, "]}");
	end_frame(frame);
}

Test(gbt32960_json, units_of_any_values_become_what_the_standards_tables_say)
{
	struct dice d = {7};
	static char text[1 << 20];
	for (unsigned i = rounds(30000, 5000); i > 0; i--) {
		struct soup frame = {0}, json = {0};
		size_t bytes;
		random_report(&d, &frame, &json);
		cr_assert(gbt32960_json((struct bytes){frame.data, frame.size}, text, sizeof text,
					&bytes) == GBT32960_JSON_WHOLE);
		cr_assert(bytes == json.size && memcmp(text, json.data, bytes) == 0,
			  "%.*s\nshould be\n%.*s", (int)bytes, text, (int)json.size,
			  (char *)json.data);
		free(frame.data);
		free(json.data);
	}
}

Test(gbt32960_json, every_unit_of_the_tables_is_written_down_a_second_time)
{
	for (unsigned e = 0; e < array_len(editions); e++) {
		for (unsigned id = 0; id < 0x80; id++) {
			bool is_there = false;
			for (unsigned i = 0; i < array_len(unit_specs); i++)
				is_there |= unit_specs[i].edition == editions[e] &&
					    unit_specs[i].id == id;
			cr_assert(is_there == (gbt32960_units(editions[e])[id].fields != NULL));
		}
	}
}

/* ---- bodies beside reports -------------------------------------------------------------- */

static void check_text(struct bytes frame, enum gbt32960_json outcome, const char *want)
{
	char text[4096];
	size_t bytes;
	enum gbt32960_json got = gbt32960_json(frame, text, sizeof text, &bytes);
	cr_assert(bytes == strlen(want) && memcmp(text, want, bytes) == 0, "%.*s\nfor\n%s",
		  (int)bytes, text, want);
	cr_assert(got == outcome, "%d", got);
}

/* A frame of this command and data unit. */
static void check_frame(enum gbt32960_edition edition, uint8_t command, struct bytes data,
			enum gbt32960_json outcome, const char *want)
{
	struct soup frame = {0};
	begin_frame(&frame, edition, command);
	frame.size = GBT32960_HEADER_BYTES;
	soup_add(&frame, data.data, data.size);
	end_frame(&frame);
	check_text((struct bytes){frame.data, frame.size}, outcome, want);
	free(frame.data);
}
#define CHECK(edition, command, data, outcome, want)                                     \
	check_frame(GBT32960_##edition, command,                                         \
		    (struct bytes){(const uint8_t *)(data), sizeof(data) - 1},           \
		    GBT32960_JSON_##outcome, want)
#define HEAD(edition, command, name)                                                     \
	"{\"protocol\":\"gbt32960\",\"edition\":" #edition ",\"command\":" #command name \
	",\"flag\":254,\"vin\":\"LPENSTK0000000001\",\"encryption\":1"
#define TIME "\x13\x01\x10\x0b\x17\x23"

Test(gbt32960_json, commands_beside_reports_have_their_fields)
{
	CHECK(2016, GBT32960_PLATFORM_LOGIN, TIME "\0\7" "user\"123456\0" "secret-secret-secret\1",
	      WHOLE, HEAD(2016, 5, ",\"message\":\"platform_login\"")
	      ",\"time\":\"2019-01-16T11:23:35+08:00\",\"serial\":7,\"user\":\"user\\u0022123456\","
	      "\"encryption_rule\":1}");
	CHECK(2025, GBT32960_HEARTBEAT, "", WHOLE, HEAD(2025, 7, ",\"message\":\"heartbeat\"") "}");
	CHECK(2025, GBT32960_ACTIVATION,
	      TIME "chip-12345678   \0\2\xab\xcdLPENSTK0000000009\1\0\1\x11\0\1\x22", WHOLE,
	      HEAD(2025, 9, ",\"message\":\"activation\"")
	      ",\"time\":\"2019-01-16T11:23:35+08:00\",\"chip\":\"chip-12345678\","
	      "\"public_key\":\"abcd\",\"vin_of_chip\":\"LPENSTK0000000009\",\"algorithm\":1,"
	      "\"r\":\"11\",\"s\":\"22\"}");
	CHECK(2025, GBT32960_ACTIVATION_ANSWER, "\1\0", WHOLE,
	      HEAD(2025, 10, ",\"message\":\"activation_answer\"") ",\"status\":1,\"info\":0}");
	CHECK(2025, GBT32960_KEY_EXCHANGE, "\5\0\3key" TIME "\x13\x02\x1d\0\0\0", WHOLE,
	      HEAD(2025, 11, ",\"message\":\"key_exchange\"")
	      ",\"key_type\":5,\"begins\":\"2019-01-16T11:23:35+08:00\","
	      "\"ends\":null,\"ends_bytes\":\"13021d000000\"}");
}

Test(gbt32960_json, what_cannot_be_read_is_there_as_digits)
{
	CHECK(2016, 0x09, "ab", OPAQUE, HEAD(2016, 9, "") ",\"data\":\"6162\"}");
	CHECK(2016, 0xC1, "", OPAQUE, HEAD(2016, 193, "") ",\"data\":\"\"}");
	CHECK(2016, GBT32960_LOGOUT, TIME "\1", PARTLY, HEAD(2016, 4, ",\"message\":\"logout\"")
	      ",\"time\":\"2019-01-16T11:23:35+08:00\","
	      "\"undecoded\":{\"why\":\"cut\",\"at\":6,\"bytes\":\"01\"}}");
	CHECK(2016, GBT32960_LOGOUT, TIME "\0\1\2", PARTLY, HEAD(2016, 4, ",\"message\":\"logout\"")
	      ",\"time\":\"2019-01-16T11:23:35+08:00\",\"serial\":1,"
	      "\"undecoded\":{\"why\":\"too_long\",\"at\":8,\"bytes\":\"02\"}}");
	/* The unit that is cut is taken back; that before it stays. */
	CHECK(2025, GBT32960_REALTIME, TIME "\x04\x0b\xb8\x03\x01\x02", PARTLY,
	      HEAD(2025, 2, ",\"message\":\"realtime\"")
	      ",\"time\":\"2019-01-16T11:23:35+08:00\",\"units\":[{\"id\":4,\"name\":\"engine\","
	      "\"crankshaft_rpm\":3000}],"
	      "\"undecoded\":{\"why\":\"cut\",\"at\":12,\"bytes\":\"030102\"}}");
	CHECK(2025, GBT32960_REALTIME, TIME "\x09\x01", PARTLY,
	      HEAD(2025, 2, ",\"message\":\"realtime\"")
	      ",\"time\":\"2019-01-16T11:23:35+08:00\",\"units\":[],"
	      "\"undecoded\":{\"why\":\"unknown_unit\",\"at\":6,\"bytes\":\"0901\"}}");
}

Test(gbt32960_json, a_time_that_is_none_is_told_by_its_bytes)
{
	static const char *const none[] = {"\x64\x01\x01\0\0\0", "\x13\x00\x01\0\0\0",
					   "\x13\x0d\x01\0\0\0", "\x13\x01\x00\0\0\0",
					   "\x13\x04\x1f\0\0\0", "\x13\x02\x1d\0\0\0",
					   "\x13\x01\x01\x18\0\0", "\x13\x01\x01\0\x3c\0",
					   "\x13\x01\x01\0\0\x3c"};
	static const char *const some[] = {"\x14\x02\x1d\x17\x3b\x3b", "\x63\x0c\x1f\0\0\0",
					   "\x00\x01\x01\0\0\0"};
	char text[64];
	for (unsigned i = 0; i < array_len(none); i++) {
		struct json_out j = json_out_of(text, sizeof text);
		cr_assert(!out_time(&j, (const uint8_t *)none[i]) && j.at == j.start, "%u", i);
	}
	for (unsigned i = 0; i < array_len(some); i++) {
		struct json_out j = json_out_of(text, sizeof text);
		cr_assert(out_time(&j, (const uint8_t *)some[i]), "%u", i);
	}
	struct json_out j = json_out_of(text, sizeof text);
	out_time(&j, (const uint8_t *)some[0]);
	cr_assert(strncmp(text, "\"2020-02-29T23:59:59+08:00\",", (size_t)(j.at - text)) == 0);
}

Test(gbt32960_json, a_vin_of_any_bytes_is_valid_and_comes_back)
{
	struct soup frame = {0};
	begin_frame(&frame, GBT32960_2016, GBT32960_HEARTBEAT);
	frame.size = GBT32960_HEADER_BYTES;
	end_frame(&frame);
	for (unsigned byte = 0; byte < 256; byte++) {
		memset(frame.data + 4, (int)byte, 16);
		frame.data[20] = '!';
		enum gbt32960_json outcome;
		json_t *object = object_of((struct bytes){frame.data, frame.size}, &outcome);
		json_t *vin = json_object_get(object, "vin");
		const uint8_t *text = (const uint8_t *)json_string_value(vin);
		/* A byte is a character of its number: UTF-8 has two bytes for those from 80 on. */
		uint8_t lead = (uint8_t)(0xc0 | byte >> 6), next = (uint8_t)(0x80 | (byte & 63));
		cr_assert(json_string_length(vin) == (byte < 0x80 ? 17 : 33));
		cr_assert(byte < 0x80 ? text[0] == byte : text[0] == lead && text[1] == next);
		json_decref(object);
	}
	free(frame.data);
}

/* ---- numbers ---------------------------------------------------------------------------- */

Test(gbt32960_json, numbers_are_exact)
{
	for (int64_t value = -10050; value <= 10050; value++) {
		for (unsigned decimals = 0; decimals <= 6; decimals++) {
			char text[64], want[64];
			int64_t one = 1;
			for (unsigned i = 0; i < decimals; i++)
				one *= 10;
			struct json_out j = json_out_of(text, sizeof text);
			out_number(&j, value, decimals);
			int size = snprintf(want, sizeof want, "%s%lld", value < 0 ? "-" : "",
					    (long long)(llabs(value) / one));
			if (decimals)
				size += snprintf(want + size, sizeof want - (size_t)size, ".%0*lld",
						 (int)decimals, (long long)(llabs(value) % one));
			want[size++] = ',';
			cr_assert(j.at - text == size && memcmp(text, want, (size_t)size) == 0,
				  "%.*s for %.*s", (int)(j.at - text), text, size, want);
		}
	}
	char text[64];
	struct json_out j = json_out_of(text, sizeof text);
	out_number(&j, -4294967295, 6);
	out_number(&j, 4294967293, 0);
	cr_assert(strncmp(text, "-4294.967295,4294967293,", 24) == 0 && j.at - text == 24);
}

/* ---- any bytes -------------------------------------------------------------------------- */

static void check_valid(struct bytes frame)
{
	enum gbt32960_json outcome;
	json_decref(object_of(frame, &outcome));
}

Test(gbt32960_json, any_part_of_a_frame_is_a_valid_object)
{
	const struct sample_frames *all = sample_frames();
	for (size_t i = 0; i < all->count; i++)
		for (size_t n = GBT32960_FRAME_BYTES_MIN; n <= all->frames[i].size; n++)
			check_valid((struct bytes){all->frames[i].data, n});
}

Test(gbt32960_json, any_flipped_bit_leaves_a_valid_object, .timeout = 240)
{
	const struct sample_frames *all = sample_frames();
	for (size_t i = 0; i < all->count; i++) {
		const struct sample_frame *f = &all->frames[i];
		/* At hand one of seven, which is each bit of a byte in turn. */
		for (size_t bit = 0; bit < 8 * f->size; bit += rounds(1, 7)) {
			f->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			check_valid((struct bytes){f->data, f->size});
			f->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

Test(gbt32960_json, bytes_of_any_kind_are_a_valid_object)
{
	enum { BYTES_MAX = 200 };
	struct dice d = {2};
	for (unsigned i = rounds(50000, 10000); i > 0; i--) {
		uint8_t frame[BYTES_MAX];
		size_t size = GBT32960_FRAME_BYTES_MIN + dice_below(&d, BYTES_MAX - 25);
		for (size_t b = 0; b < size; b++)
			frame[b] = (uint8_t)dice_below(&d, dice_below(&d, 2) ? 256 : 10);
		frame[0] = frame[1] = (uint8_t)editions[dice_below(&d, 2)];
		frame[2] = (uint8_t)dice_below(&d, 12);
		frame[21] = dice_below(&d, 10) ? GBT32960_PLAIN : GBT32960_AES;
		check_valid((struct bytes){frame, size});
	}
}

/* ---- room ------------------------------------------------------------------------------- */

Test(gbt32960_json, with_too_little_room_there_is_no_object_and_nothing_beyond_it)
{
	const struct sample_frame *f = &sample_frames()->frames[25];
	struct bytes frame = {f->data, f->size};
	static char whole[1 << 16];
	size_t want, bytes;
	cr_assert(gbt32960_json(frame, whole, sizeof whole, &want) == GBT32960_JSON_WHOLE);
	unsigned too_small = 0;
	for (size_t room = 0; room < want + 100; room++) {
		char *text = malloc(room + 1);
		text[room] = 'x';
		enum gbt32960_json outcome = gbt32960_json(frame, text, room, &bytes);
		cr_assert(text[room] == 'x');
		too_small += outcome == GBT32960_JSON_NO_ROOM;
		if (outcome == GBT32960_JSON_NO_ROOM)
			cr_assert(bytes == 0 && room < want + 16 * JSON_NUMBER_ROOM);
		else
			cr_assert(bytes == want && memcmp(text, whole, want) == 0);
		free(text);
	}
	cr_assert(too_small >= want);
}

Test(gbt32960_json, no_frame_becomes_larger_than_is_said)
{
	double worst = 0;
	for (unsigned e = 0; e < array_len(editions); e++) {
		for (unsigned id = 0; id < FIELD_UNIT_IDS; id++) {
			const struct unit *u = &gbt32960_units(editions[e])[id];
			const struct field *rows = u->fields;
			if (!rows)
				continue;
			double head = sizeof("{\"id\":255,\"name\":,},") - 1 + u->name_bytes;
			double of_unit = json_bytes_each(&rows, head, 1);
			worst = of_unit > worst ? of_unit : worst;
		}
	}
	cr_assert(worst <= GBT32960_JSON_BYTES_EACH && worst > GBT32960_JSON_BYTES_EACH - 1,
		  "%f for each byte", worst);
	for (unsigned e = 0; e < array_len(editions); e++) {
		for (unsigned command = 0; command < 256; command++) {
			const struct field *rows = gbt32960_body(editions[e], (uint8_t)command);
			if (rows)
				cr_assert(json_bytes_each(&rows, 0, 0) <= GBT32960_JSON_BYTES_EACH);
		}
	}
}

/* The longest frame, of nothing but the worst unit. */
Test(gbt32960_json, the_largest_object_has_room)
{
	struct soup frame = {0};
	begin_frame(&frame, GBT32960_2025, GBT32960_REALTIME);
	while (frame.size + 11 <= GBT32960_FRAME_BYTES_MAX - 1)
		soup_add(&frame, "\x06\xfe\x0f\xff\xff\xff\xfe\xfe\xfe\xfe\xfe", 11);
	end_frame(&frame);
	size_t room = GBT32960_JSON_BYTES(frame.size), bytes;
	char *text = malloc(room);
	cr_assert(gbt32960_json((struct bytes){frame.data, frame.size}, text, room, &bytes) ==
		  GBT32960_JSON_WHOLE);
	cr_assert(bytes > room * 9 / 10, "%zu of %zu", bytes, room);
	free(text);
	free(frame.data);
}
