/* jt808_fields.c - a message in, the rows of its fields out; see jt808_fields.h. */
#include "dataplane/wire/fleet/jt808_fields.h"
#include "dataplane/wire/fleet/field_rows.h"

/* ---- location reports ------------------------------------------------------------------- */

/* T.24 of 2013; bits 15 to 17 are of 2019, which has 31 in reserve. */
static const char *const alarms[32] = {
	"emergency",
	"overspeed",
	"fatigue",
	"danger",
	"gnss_fault",
	"gnss_antenna_open",
	"gnss_antenna_short",
	"main_power_low",
	"main_power_lost",
	"display_fault",
	"speech_fault",
	"camera_fault",
	"ic_card_fault",
	"overspeed_warning",
	"fatigue_warning",
	"illegal_driving",
	"tyre_pressure",
	"right_turn_blind_spot",
	"driven_too_long",
	"parked_too_long",
	"area",
	"route",
	"route_time",
	"route_left",
	"speed_sensor_fault",
	"fuel",
	"stolen",
	"illegal_ignition",
	"illegal_moving",
	"collision",
	"rollover",
	"illegal_door",
};

/* T.25 of 2013; bits 6, 7 and 22 are of 2019. South and west are signs, load is a number, and
 * doors are bits of their own. */
static const char *const states[23] = {
	[0] = "acc_on",
	[1] = "positioned",
	[4] = "out_of_service",
	[5] = "encrypted_position",
	[6] = "forward_collision_warning",
	[7] = "lane_departure_warning",
	[10] = "fuel_cut",
	[11] = "power_cut",
	[12] = "doors_locked",
	[13] = "door_1_open",
	[14] = "door_2_open",
	[15] = "door_3_open",
	[16] = "door_4_open",
	[17] = "door_5_open",
	[18] = "gps",
	[19] = "beidou",
	[20] = "glonass",
	[21] = "galileo",
	[22] = "moving",
};

/* T.23. */
const struct field jt808_report[] = {
	BITS("alarm", 4, ""),
	NAMES("alarms", alarms, array_len(alarms), ""),
	BITS("status", 4, ""),
	NAMES("states", states, array_len(states), ""),
	PART("load", 8, 2, "0 empty, 1 half, 3 full"),
	PLAIN_DEGREES("latitude_deg", 2, "south is negative"),
	PLAIN_DEGREES("longitude_deg", 3, "west is negative"),
	PLAIN("altitude_m", 2, 0, ""),
	PLAIN("speed_kmh", 2, 1, ""),
	PLAIN("direction_deg", 2, 0, "0 north, clockwise"),
	TIME_BCD("time", ""),
	UNITS("items", ""),
};

/* T.27 of 2013 and its equal of 2019. */
static const struct field odometer[] = {PLAIN("odometer_km", 4, 1, ""), FIELDS_END};
static const struct field fuel[] = {PLAIN("fuel_l", 2, 1, ""), FIELDS_END};
static const struct field recorder[] = {PLAIN("speed_kmh", 2, 1, ""), FIELDS_END};
static const struct field event[] = {PLAIN("event", 2, 0, "confirmed by hand"), FIELDS_END};
static const struct field overspeed[] = {
	PLAIN("place", 1, 0, "0 anywhere, 1 circle, 2 rectangle, 3 polygon, 4 segment of a route"),
	MAY_END,
	PLAIN("place_id", 4, 0, ""),
	FIELDS_END,
};
static const struct field area[] = {
	PLAIN("place", 1, 0, "1 circle, 2 rectangle, 3 polygon, 4 route"),
	PLAIN("place_id", 4, 0, ""),
	PLAIN("direction", 1, 0, "0 in, 1 out"),
	FIELDS_END,
};
static const struct field route_time[] = {
	PLAIN("segment", 4, 0, ""),
	PLAIN("driven_s", 2, 0, ""),
	PLAIN("result", 1, 0, "0 too short, 1 too long"),
	FIELDS_END,
};
static const struct field signals[] = {BITS("signals", 4, ""), FIELDS_END};
static const struct field io[] = {BITS("io", 2, ""), FIELDS_END};
static const struct field analog[] = {
	PLAIN("ad1", 2, 0, "the upper half"),
	PLAIN("ad0", 2, 0, "the lower half"),
	FIELDS_END,
};
static const struct field signal_strength[] = {PLAIN("strength", 1, 0, ""), FIELDS_END};
static const struct field satellites[] = {PLAIN("satellites", 1, 0, ""), FIELDS_END};
static const struct field custom_size[] = {PLAIN("bytes", 1, 0, "of what follows"), FIELDS_END};

const struct unit jt808_items[FIELD_UNIT_IDS] = {
	[0x01] = UNIT("odometer", odometer, .bytes = 4),
	[0x02] = UNIT("fuel", fuel, .bytes = 2),
	[0x03] = UNIT("recorder", recorder, .bytes = 2),
	[0x04] = UNIT("alarm_event", event, .bytes = 2),
	[0x05] = UNIT("tyre_pressures", NULL),
	[0x06] = UNIT("cabin_temperature", NULL),
	[0x11] = UNIT("overspeed", overspeed, .bytes = 5, .bytes_short = 1),
	[0x12] = UNIT("area", area, .bytes = 6),
	[0x13] = UNIT("route_time", route_time, .bytes = 7),
	[0x25] = UNIT("signals", signals, .bytes = 4),
	[0x2A] = UNIT("io", io, .bytes = 2),
	[0x2B] = UNIT("analog", analog, .bytes = 4),
	[0x30] = UNIT("signal", signal_strength, .bytes = 1),
	[0x31] = UNIT("satellites", satellites, .bytes = 1),
	[0xE0] = UNIT("custom_size", custom_size, .bytes = 1),
	[0xE1 ... 0xFF] = UNIT("custom", NULL),
};

/* ---- bodies ----------------------------------------------------------------------------- */

static const struct field empty[] = {FIELDS_END};

/* T.5. */
static const struct field terminal_answer[] = {
	PLAIN("answer_to", 2, 0, "the serial number"),
	PLAIN("answer_to_id", 2, 0, ""),
	PLAIN("result", 1, 0, "0 done, 1 failed, 2 message wrong, 3 not supported"),
	FIELDS_END,
};

/* T.7; jt808_body.h has the places. */
#define REGISTRATION(maker_bytes, model_bytes, terminal_bytes)                           \
	{                                                                                \
		PLAIN("province", 2, 0, ""), PLAIN("city", 2, 0, ""),                    \
			TEXT_GBK("maker", maker_bytes, ""),                              \
			TEXT_GBK("model", model_bytes, ""),                              \
			TEXT_GBK("terminal", terminal_bytes, ""),                        \
			PLAIN("colour", 1, 0, "of the plate; 0: it has none"),           \
			TEXT_GBK("plate", 0, "or the VIN, where there is none"), FIELDS_END, \
	}
static const struct field registration_2011[] = REGISTRATION(5, 8, 7);
static const struct field registration_2013[] = REGISTRATION(5, 20, 7);
static const struct field registration_2019[] = REGISTRATION(11, 30, 30);

/* T.9; whoever has the code is the terminal. */
static const struct field authentication_2013[] = {
	SECRET_BYTES("code", 0, ""),
	FIELDS_END,
};
static const struct field authentication_2019[] = {
	SECRET_BYTES("code", 1, ""),
	MAY_END,
	TEXT("imei", 15, ""),
	TEXT("software", 20, ""),
	FIELDS_END,
};

static const struct field *registration(const struct jt808_message *m)
{
	static const struct field *const rows[] = {
		[JT808_2011] = registration_2011,
		[JT808_2013] = registration_2013,
		[JT808_2019] = registration_2019,
	};
	struct jt808_registration r;
	jt808_registration_read(m, &r);
	return rows[r.edition];
}

const struct field *jt808_body_fields(const struct jt808_message *m)
{
	switch (m->id) {
	case JT808_TERMINAL_ANSWER:
		return terminal_answer;
	case JT808_HEARTBEAT:
	case JT808_DEREGISTRATION:
	case JT808_TIME_QUERY:
		return empty;
	case JT808_REGISTRATION:
		return registration(m);
	case JT808_AUTHENTICATION:
		return m->is_2019 ? authentication_2019 : authentication_2013;
	case JT808_LOCATION:
		return jt808_report;
	}
	return NULL;
}

const char *jt808_message_name(uint16_t id)
{
	switch (id) {
	case JT808_TERMINAL_ANSWER:
		return "terminal_answer";
	case JT808_HEARTBEAT:
		return "heartbeat";
	case JT808_DEREGISTRATION:
		return "deregistration";
	case JT808_TIME_QUERY:
		return "time_query";
	case JT808_REGISTRATION:
		return "registration";
	case JT808_AUTHENTICATION:
		return "authentication";
	case JT808_LOCATION:
		return "location";
	case JT808_BATCH:
		return "batch";
	}
	return NULL;
}

void jt808_walk(struct field_walk *w, const struct field *fields, struct bytes body)
{
	field_walk_init(w, fields, jt808_items, body);
	w->has_sizes = true;
}
