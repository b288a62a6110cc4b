/* gbt32960_units.c - an edition and a number in, the rows of their fields out; see
 * gbt32960_units.h. */
#include "dataplane/wire/fleet/gbt32960_units.h"
#include "dataplane/wire/fleet/field_rows.h"

/* ---- what is the same in both ----------------------------------------------------------- */

#define STATE_NOTE    "1 started, 2 off, 3 other"
#define CHARGING_NOTE "1 while parked, 2 while driving, 3 not charging, 4 complete"
#define MODE_NOTE     "1 electric, 2 hybrid, 3 fuel"
#define DCDC_NOTE     "1 working, 2 off"
#define GEAR_NOTE     "0 neutral, 1 to 12, 13 reverse, 14 drive, 15 park"
#define MOTOR_NOTE    "1 consuming, 2 generating, 3 off, 4 ready"
#define FAULTS_NOTE   "codes of the maker's own"
#define SIGNATURE_NOTE "1 SM2, 2 RSA, 3 ECC"
#define FIX_NOTE      "true: the last good position, as there is none now"

enum { ALARMS_ID_2016 = 0x07, ALARMS_ID_2025 = 0x06 };

/* T.18 of 2016 has those up to "overcharge", t.24 of 2025 all. */
static const char *const alarms[] = {
	"temperature_difference",
	"battery_temperature_high",
	"pack_overvoltage",
	"pack_undervoltage",
	"soc_low",
	"cell_overvoltage",
	"cell_undervoltage",
	"soc_high",
	"soc_jump",
	"pack_mismatch",
	"cell_inconsistency",
	"insulation",
	"dcdc_temperature",
	"brake_system",
	"dcdc_state",
	"motor_controller_temperature",
	"high_voltage_interlock",
	"motor_temperature",
	"overcharge",
	"motor_overspeed",
	"motor_overcurrent",
	"supercapacitor_temperature",
	"supercapacitor_overvoltage",
	"thermal_event",
	"hydrogen_leak",
	"hydrogen_pressure",
	"hydrogen_temperature",
	"stack_temperature",
};
enum { ALARMS_2016 = 19, ALARMS_2025 = 28 };
static_assert(array_len(alarms) == ALARMS_2025, "t.24");

/* T.B.7 and B.8 of 2016, t.13 and 14 of 2025. */
static const struct field temperatures[] = {
	GROUP("packs", 1, 3, ""),
	NUMBER("pack", 1, ""),
	LIST("probes_c", 2, 1, 0, -40, ""),
	GROUP_END,
	FIELDS_END,
};

/* T.19 of 2016, t.27 of 2025. */
static const struct field custom[] = {
	BYTES("data", 2, ""),
	FIELDS_END,
};

/* ---- 2016 ------------------------------------------------------------------------------- */

/* T.B.4; t.9 has the last two in reserve. */
static const struct field vehicle_2016[] = {
	NUMBER("state", 1, STATE_NOTE),
	NUMBER("charging", 1, CHARGING_NOTE),
	NUMBER("mode", 1, MODE_NOTE),
	SCALED("speed_kmh", 2, 1, 0, ""),
	SCALED("odometer_km", 4, 1, 0, ""),
	SCALED("voltage_v", 2, 1, 0, ""),
	SCALED("current_a", 2, 1, -10000, ""),
	NUMBER("soc_percent", 1, ""),
	NUMBER("dcdc", 1, DCDC_NOTE),
	BITS("gear_bits", 1, ""),
	PART("gear", 0, 4, GEAR_NOTE),
	PART("is_braking", 4, 1, ""),
	PART("is_driving", 5, 1, ""),
	NUMBER("insulation_kohm", 2, ""),
	NUMBER("accelerator_percent", 1, ""),
	NUMBER("brake_percent", 1, "101: pressed, how far is not known"),
	FIELDS_END,
};

/* T.10 and 11. */
static const struct field motors_2016[] = {
	GROUP("motors", 1, 12, ""),
	NUMBER("motor", 1, ""),
	NUMBER("state", 1, MOTOR_NOTE),
	SCALED("controller_c", 1, 0, -40, ""),
	SCALED("speed_rpm", 2, 0, -20000, ""),
	SCALED("torque_nm", 2, 1, -20000, ""),
	SCALED("motor_c", 1, 0, -40, ""),
	SCALED("controller_v", 2, 1, 0, ""),
	SCALED("controller_a", 2, 1, -10000, ""),
	GROUP_END,
	FIELDS_END,
};

/* T.12. */
static const struct field fuel_cell_2016[] = {
	SCALED("voltage_v", 2, 1, 0, ""),
	SCALED("current_a", 2, 1, 0, ""),
	SCALED("fuel_kg_100km", 2, 2, 0, ""),
	LIST("probes_c", 2, 1, 0, -40, ""),
	SCALED("hydrogen_max_c", 2, 1, -400, ""),
	NUMBER("hydrogen_max_c_probe", 1, ""),
	NUMBER("hydrogen_max_mg_kg", 2, ""),
	NUMBER("hydrogen_max_mg_kg_sensor", 1, ""),
	SCALED("hydrogen_max_mpa", 2, 1, 0, ""),
	NUMBER("hydrogen_max_mpa_sensor", 1, ""),
	NUMBER("dcdc", 1, DCDC_NOTE),
	FIELDS_END,
};

/* T.13. */
static const struct field engine_2016[] = {
	NUMBER("state", 1, "1 on, 2 off"),
	NUMBER("crankshaft_rpm", 2, ""),
	SCALED("fuel_l_100km", 2, 2, 0, ""),
	FIELDS_END,
};

/* T.14 and 15. */
static const struct field position_2016[] = {
	BITS("status", 1, ""),
	PART("is_last_fix", 0, 1, FIX_NOTE),
	DEGREES("longitude_deg", 2, "west is negative"),
	DEGREES("latitude_deg", 1, "south is negative"),
	FIELDS_END,
};

/* T.16. */
static const struct field extremes_2016[] = {
	NUMBER("max_v_pack", 1, ""),
	NUMBER("max_v_cell", 1, ""),
	SCALED("max_v", 2, 3, 0, ""),
	NUMBER("min_v_pack", 1, ""),
	NUMBER("min_v_cell", 1, ""),
	SCALED("min_v", 2, 3, 0, ""),
	NUMBER("max_c_pack", 1, ""),
	NUMBER("max_c_probe", 1, ""),
	SCALED("max_c", 1, 0, -40, ""),
	NUMBER("min_c_pack", 1, ""),
	NUMBER("min_c_probe", 1, ""),
	SCALED("min_c", 1, 0, -40, ""),
	FIELDS_END,
};

/* T.17 and 18. */
static const struct field alarms_2016[] = {
	NUMBER("level", 1, "0 none, to 3"),
	BITS("flags", 4, ""),
	NAMES("alarms", alarms, ALARMS_2016, "the flags that are set, bits 0 to 18"),
	CODES("battery_faults", 1, 4, FAULTS_NOTE),
	CODES("motor_faults", 1, 4, FAULTS_NOTE),
	CODES("engine_faults", 1, 4, FAULTS_NOTE),
	CODES("other_faults", 1, 4, FAULTS_NOTE),
	FIELDS_END,
};

/* T.B.5 and B.6. */
static const struct field cells_2016[] = {
	GROUP("packs", 1, 10, ""),
	NUMBER("pack", 1, ""),
	SCALED("voltage_v", 2, 1, 0, ""),
	SCALED("current_a", 2, 1, -10000, ""),
	NUMBER("cells", 2, "of the pack"),
	NUMBER("first_cell", 2, "of this frame, which has 200 at most"),
	LIST("cells_v", 1, 2, 3, 0, ""),
	GROUP_END,
	FIELDS_END,
};

/* T.B.3. */
static const struct unit units_2016[FIELD_UNIT_IDS] = {
	[0x01] = UNIT("vehicle", vehicle_2016),
	[0x02] = UNIT("motors", motors_2016),
	[0x03] = UNIT("fuel_cell", fuel_cell_2016),
	[0x04] = UNIT("engine", engine_2016),
	[0x05] = UNIT("position", position_2016),
	[0x06] = UNIT("extremes", extremes_2016),
	[ALARMS_ID_2016] = UNIT("alarms", alarms_2016),
	[0x08] = UNIT("cell_voltages", cells_2016),
	[0x09] = UNIT("temperatures", temperatures),
	[0x80 ... 0xFE] = UNIT("custom", custom),
};

/* ---- 2025 ------------------------------------------------------------------------------- */

/* T.10. */
static const struct field vehicle_2025[] = {
	NUMBER("state", 1, STATE_NOTE),
	NUMBER("charging", 1, CHARGING_NOTE),
	NUMBER("mode", 1, MODE_NOTE),
	SCALED("speed_kmh", 2, 1, 0, ""),
	SCALED("odometer_km", 4, 1, 0, ""),
	SCALED("voltage_v", 2, 1, 0, ""),
	SCALED("current_a", 2, 1, -30000, ""),
	NUMBER("soc_percent", 1, ""),
	NUMBER("dcdc", 1, DCDC_NOTE),
	BITS("gear_bits", 1, ""),
	PART("gear", 0, 4, GEAR_NOTE),
	PART("is_braking", 4, 1, ""),
	PART("is_driving", 5, 1, ""),
	PART("is_gear_invalid", 7, 1, ""),
	NUMBER("insulation_kohm", 2, ""),
	FIELDS_END,
};

/* T.15 and 16. */
static const struct field motors_2025[] = {
	GROUP("motors", 1, 10, ""),
	NUMBER("motor", 1, ""),
	NUMBER("state", 1, MOTOR_NOTE),
	SCALED("controller_c", 1, 0, -40, ""),
	SCALED("speed_rpm", 2, 0, -32000, ""),
	SCALED("torque_nm", 4, 1, -200000, ""),
	SCALED("motor_c", 1, 0, -40, ""),
	GROUP_END,
	FIELDS_END,
};

/* T.17. */
static const struct field fuel_cell_2025[] = {
	SCALED("hydrogen_max_c", 2, 0, -40, ""),
	NUMBER("hydrogen_max_c_probe", 1, ""),
	SCALED("hydrogen_max_percent", 2, 4, 0, "of the volume"),
	NUMBER("hydrogen_max_percent_sensor", 1, ""),
	SCALED("hydrogen_max_mpa", 2, 1, 0, ""),
	NUMBER("hydrogen_max_mpa_sensor", 1, ""),
	NUMBER("dcdc", 1, DCDC_NOTE),
	NUMBER("hydrogen_left_percent", 1, ""),
	SCALED("dcdc_c", 1, 0, -40, ""),
	FIELDS_END,
};

/* T.20. */
static const struct field engine_2025[] = {
	NUMBER("crankshaft_rpm", 2, ""),
	FIELDS_END,
};

/* T.21 and 22. */
static const struct field position_2025[] = {
	BITS("status", 1, ""),
	PART("is_last_fix", 0, 1, FIX_NOTE),
	NUMBER("coordinates", 1, "1 WGS84, 2 GCJ02, 3 other"),
	DEGREES("longitude_deg", 2, "west is negative"),
	DEGREES("latitude_deg", 1, "south is negative"),
	FIELDS_END,
};

/* T.23 and 24. */
static const struct field alarms_2025[] = {
	NUMBER("level", 1, "0 none, to 4, a thermal event"),
	BITS("flags", 4, ""),
	NAMES("alarms", alarms, ALARMS_2025, "the flags that are set, bits 0 to 27"),
	CODES("battery_faults", 1, 4, FAULTS_NOTE),
	CODES("motor_faults", 1, 4, FAULTS_NOTE),
	CODES("engine_faults", 1, 4, FAULTS_NOTE),
	CODES("other_faults", 1, 4, FAULTS_NOTE),
	GROUP("levels", 1, 2, ""),
	NUMBER("flag", 1, "the number of its bit"),
	NUMBER("level", 1, ""),
	GROUP_END,
	FIELDS_END,
};

/* T.11 and 12. */
static const struct field cells_2025[] = {
	GROUP("packs", 1, 7, ""),
	NUMBER("pack", 1, ""),
	SCALED("voltage_v", 2, 1, 0, ""),
	SCALED("current_a", 2, 1, -30000, ""),
	LIST("cells_v", 2, 2, 3, 0, "each a unit of cells in parallel"),
	GROUP_END,
	FIELDS_END,
};

/* T.18 and 19. */
static const struct field stacks_2025[] = {
	GROUP("stacks", 1, 12, ""),
	NUMBER("stack", 1, ""),
	SCALED("voltage_v", 2, 1, 0, ""),
	SCALED("current_a", 2, 1, 0, ""),
	SCALED("hydrogen_inlet_kpa", 2, 1, -1000, ""),
	SCALED("air_inlet_kpa", 2, 1, -1000, ""),
	SCALED("air_inlet_c", 1, 0, -40, ""),
	LIST("coolant_outlet_c", 2, 1, 0, -40, ""),
	GROUP_END,
	FIELDS_END,
};

/* T.25. */
static const struct field supercapacitor_2025[] = {
	NUMBER("system", 1, ""),
	SCALED("voltage_v", 2, 1, 0, ""),
	SCALED("current_a", 2, 1, -30000, ""),
	LIST("cells_v", 2, 2, 3, 0, ""),
	LIST("probes_c", 2, 1, 0, -40, ""),
	FIELDS_END,
};

/* T.26. */
static const struct field supercapacitor_extremes_2025[] = {
	NUMBER("max_v_system", 1, ""),
	NUMBER("max_v_cell", 2, ""),
	SCALED("max_v", 2, 3, 0, ""),
	NUMBER("min_v_system", 1, ""),
	NUMBER("min_v_cell", 2, ""),
	SCALED("min_v", 2, 3, 0, ""),
	NUMBER("max_c_system", 1, ""),
	NUMBER("max_c_probe", 2, ""),
	SCALED("max_c", 1, 0, -40, ""),
	NUMBER("min_c_system", 1, ""),
	NUMBER("min_c_probe", 2, ""),
	SCALED("min_c", 1, 0, -40, ""),
	FIELDS_END,
};

/* T.8. */
static const struct field signature_2025[] = {
	NUMBER("algorithm", 1, SIGNATURE_NOTE),
	BYTES("r", 2, ""),
	BYTES("s", 2, ""),
	FIELDS_END,
};

/* T.9. */
static const struct unit units_2025[FIELD_UNIT_IDS] = {
	[0x01] = UNIT("vehicle", vehicle_2025),
	[0x02] = UNIT("motors", motors_2025),
	[0x03] = UNIT("fuel_cell", fuel_cell_2025),
	[0x04] = UNIT("engine", engine_2025),
	[0x05] = UNIT("position", position_2025),
	[ALARMS_ID_2025] = UNIT("alarms", alarms_2025),
	[0x07] = UNIT("cell_voltages", cells_2025),
	[0x08] = UNIT("temperatures", temperatures),
	[0x30] = UNIT("stacks", stacks_2025),
	[0x31] = UNIT("supercapacitor", supercapacitor_2025),
	[0x32] = UNIT("supercapacitor_extremes", supercapacitor_extremes_2025),
	[0x80 ... 0xFE] = UNIT("custom", custom),
	[GBT32960_SIGNATURE] = UNIT("signature", signature_2025, .is_last = true),
};

/* ---- bodies ----------------------------------------------------------------------------- */

/* 6.3.2: what an answer keeps. */
static const struct field time_only[] = {
	TIME("time", ""),
	FIELDS_END,
};
static const struct field empty[] = {
	FIELDS_END,
};

/* T.6 of 2016. */
static const struct field login_2016[] = {
	TIME("time", ""),
	NUMBER("serial", 2, "of the logins of a day"),
	TEXT("iccid", 20, ""),
	TEXTS("pack_codes", ""),
	FIELDS_END,
};

/* T.6 of 2025. */
static const struct field login_2025[] = {
	TIME("time", ""),
	NUMBER("serial", 2, "of the logins of a day"),
	TEXT("iccid", 20, ""),
	LIST("packs", 1, 1, 0, 0, "of each battery management system"),
	TEXTS_SUM("pack_codes", 24, "of all packs, in this order"),
	FIELDS_END,
};

/* T.20 of 2016, t.28 and 30 of 2025. */
static const struct field logout[] = {
	TIME("time", ""),
	NUMBER("serial", 2, "of the login"),
	FIELDS_END,
};

/* T.21 of 2016, t.29 of 2025. */
static const struct field platform_login[] = {
	TIME("time", ""),
	NUMBER("serial", 2, "of the logins of a day"),
	TEXT("user", 12, ""),
	SECRET_TEXT("password", 20, ""),
	NUMBER("encryption_rule", 1, "as the frame's encryption"),
	FIELDS_END,
};

/* T.7. */
static const struct field report[] = {
	TIME("time", ""),
	UNITS("units", ""),
};

/* T.B.3 of 2025. */
static const struct field activation[] = {
	TIME("time", ""),
	TEXT("chip", 16, ""),
	BYTES("public_key", 2, ""),
	TEXT("vin_of_chip", 17, ""),
	NUMBER("algorithm", 1, SIGNATURE_NOTE),
	BYTES("r", 2, ""),
	BYTES("s", 2, ""),
	FIELDS_END,
};

/* T.B.4 of 2025. */
static const struct field activation_answer[] = {
	NUMBER("status", 1, "1 activated, 2 not"),
	NUMBER("info", 1, "0 activated, 1 the chip was already, 2 VIN twice"),
	FIELDS_END,
};

/* T.31 of 2025. */
static const struct field key_exchange[] = {
	NUMBER("key_type", 1, "2 RSA, 3 AES, 4 SM2, 5 SM4"),
	SECRET_BYTES("key", 2, ""),
	TIME("begins", ""),
	TIME("ends", ""),
	FIELDS_END,
};

static const struct field *const bodies_2016[] = {
	[GBT32960_LOGIN] = login_2016,
	[GBT32960_REALTIME] = report,
	[GBT32960_REISSUE] = report,
	[GBT32960_LOGOUT] = logout,
	[GBT32960_PLATFORM_LOGIN] = platform_login,
	[GBT32960_PLATFORM_LOGOUT] = logout,
	[GBT32960_HEARTBEAT] = empty,
	[GBT32960_TIME_SYNC] = empty,
};

static const struct field *const bodies_2025[] = {
	[GBT32960_LOGIN] = login_2025,
	[GBT32960_REALTIME] = report,
	[GBT32960_REISSUE] = report,
	[GBT32960_LOGOUT] = logout,
	[GBT32960_PLATFORM_LOGIN] = platform_login,
	[GBT32960_PLATFORM_LOGOUT] = logout,
	[GBT32960_HEARTBEAT] = empty,
	[GBT32960_TIME_SYNC] = empty,
	[GBT32960_ACTIVATION] = activation,
	[GBT32960_ACTIVATION_ANSWER] = activation_answer,
	[GBT32960_KEY_EXCHANGE] = key_exchange,
};

/* ---- what is asked for ------------------------------------------------------------------ */

const struct field *gbt32960_body(enum gbt32960_edition edition, uint8_t command)
{
	if (edition == GBT32960_2016)
		return command < array_len(bodies_2016) ? bodies_2016[command] : NULL;
	return command < array_len(bodies_2025) ? bodies_2025[command] : NULL;
}

const struct unit *gbt32960_units(enum gbt32960_edition edition)
{
	return edition == GBT32960_2016 ? units_2016 : units_2025;
}

const char *gbt32960_message(uint8_t command)
{
	static const char *const names[] = {
		[GBT32960_LOGIN] = "login",
		[GBT32960_REALTIME] = "realtime",
		[GBT32960_REISSUE] = "reissue",
		[GBT32960_LOGOUT] = "logout",
		[GBT32960_PLATFORM_LOGIN] = "platform_login",
		[GBT32960_PLATFORM_LOGOUT] = "platform_logout",
		[GBT32960_HEARTBEAT] = "heartbeat",
		[GBT32960_TIME_SYNC] = "time_sync",
		[GBT32960_ACTIVATION] = "activation",
		[GBT32960_ACTIVATION_ANSWER] = "activation_answer",
		[GBT32960_KEY_EXCHANGE] = "key_exchange",
	};
	return command < array_len(names) ? names[command] : NULL;
}

bool gbt32960_walk(struct field_walk *w, struct bytes frame)
{
	const struct gbt32960_header *h = gbt32960_header_of(frame);
	struct bytes data = gbt32960_data_of(frame);
	enum gbt32960_edition edition = (enum gbt32960_edition)h->start[0];
	const struct field *body = gbt32960_body(edition, h->command);
	if (h->flag != GBT32960_COMMAND && data.size == GBT32960_TIME_BYTES)
		body = time_only;
	if (h->encryption != GBT32960_PLAIN || !body)
		return false;
	field_walk_init(w, body, gbt32960_units(edition), data);
	return true;
}

/* The level is the first field of its unit. */
int gbt32960_alarm_level(struct bytes frame)
{
	struct field_walk w;
	struct field_piece p;
	const struct gbt32960_header *h = gbt32960_header_of(frame);
	const struct unit *alarms_unit = h->start[0] == GBT32960_2025 ? &units_2025[ALARMS_ID_2025]
								      : &units_2016[ALARMS_ID_2016];
	if (!gbt32960_walk(&w, frame))
		return 0;
	while (field_walk_next(&w, &p))
		if (p.kind == WALK_UNIT && p.unit == alarms_unit)
			return field_walk_next(&w, &p) && p.kind == WALK_NUMBER &&
					       p.mark == WALK_VALID
				       ? (int)p.value
				       : 0;
	return 0;
}
