/* field_spec.c - a line in, random bytes and their JSON out; see field_spec.h. */
#include "tests/unit/wire/fleet/field_spec.h"
#include "dataplane/base/require.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct spec {
	const char *at;
	struct dice *dice;
	struct soup *bytes, *json;
	char name[40];
	uint32_t bits; /* the last ones */
};

void soup_add_text(struct soup *s, const char *format, ...)
{
	char text[128];
	va_list args;
	va_start(args, format);
	int size = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	require(size >= 0 && (size_t)size < sizeof text);
	soup_add(s, text, (size_t)size);
}

void soup_drop_comma(struct soup *s)
{
	s->size -= s->size > 0 && s->data[s->size - 1] == ',';
}

static unsigned digits(struct spec *s)
{
	char *end;
	unsigned value = (unsigned)strtoul(s->at, &end, 10);
	require(end > s->at);
	s->at = end;
	return value;
}

static void add_int(struct spec *s, uint32_t value, unsigned bytes)
{
	while (bytes-- > 0)
		soup_add_byte(s->bytes, (uint8_t)(value >> 8 * bytes), 1);
}

static uint32_t all_ones(unsigned bytes)
{
	return bytes == 4 ? UINT32_MAX : (1u << 8 * bytes) - 1;
}

static uint32_t random_raw(struct spec *s, unsigned bytes)
{
	uint32_t max = all_ones(bytes);
	switch (dice_below(s->dice, 6)) {
	case 0:
		return max - dice_below(s->dice, 4);
	case 1:
		return dice_below(s->dice, 12);
	case 2:
		return dice_below(s->dice, 100000) & max;
	default:
		return (dice_below(s->dice, 65536) << 16 | dice_below(s->dice, 65536)) & max;
	}
}

/* How a number is written: bytes, decimals, and what it is counted from. */
struct shape {
	unsigned bytes, decimals;
	int64_t from;
};

static struct shape shape_of(struct spec *s)
{
	struct shape shape = {.bytes = digits(s)};
	if (*s->at == '.') {
		s->at++;
		shape.decimals = digits(s);
	}
	if (*s->at == '-') {
		s->at++;
		shape.from = -(int64_t)digits(s);
	}
	return shape;
}

static void add_value(struct spec *s, int64_t value, unsigned decimals)
{
	uint64_t one = 1, size = (uint64_t)(value < 0 ? -value : value);
	for (unsigned i = 0; i < decimals; i++)
		one *= 10;
	soup_add_text(s->json, "%s%llu", value < 0 ? "-" : "", (unsigned long long)(size / one));
	if (decimals > 0)
		soup_add_text(s->json, ".%0*llu", (int)decimals, (unsigned long long)(size % one));
	soup_add_text(s->json, ",");
}

/* A number with marks; whether it is abnormal. */
static bool add_marked(struct spec *s, struct shape shape, bool is_negative)
{
	uint32_t raw = random_raw(s, shape.bytes), below = all_ones(shape.bytes) - raw;
	int64_t value = raw + shape.from;
	add_int(s, raw, shape.bytes);
	if (below < 2)
		soup_add_text(s->json, "null,");
	else
		add_value(s, is_negative ? -value : value, shape.decimals);
	return below == 1;
}

static void number(struct spec *s, bool is_negative)
{
	soup_add_text(s->json, "\"%s\":", s->name);
	if (add_marked(s, shape_of(s), is_negative))
		soup_add_text(s->json, "\"%s_abnormal\":true,", s->name);
}

static void bits(struct spec *s)
{
	unsigned bytes = digits(s);
	s->bits = random_raw(s, bytes);
	add_int(s, s->bits, bytes);
	soup_add_text(s->json, "\"%s\":%u,", s->name, s->bits);
}

static void part(struct spec *s)
{
	unsigned from = digits(s);
	if (*s->at == '.') {
		s->at++;
		unsigned width = digits(s);
		soup_add_text(s->json, "\"%s\":%u,", s->name, (s->bits >> from) % (1u << width));
	} else {
		soup_add_text(s->json, "\"%s\":%s,", s->name,
			      s->bits >> from & 1 ? "true" : "false");
	}
}

static void alarms(struct spec *s)
{
	static const char *const names[] = {
		"temperature_difference", "battery_temperature_high", "pack_overvoltage",
		"pack_undervoltage", "soc_low", "cell_overvoltage", "cell_undervoltage", "soc_high",
		"soc_jump", "pack_mismatch", "cell_inconsistency", "insulation", "dcdc_temperature",
		"brake_system", "dcdc_state", "motor_controller_temperature",
		"high_voltage_interlock", "motor_temperature", "overcharge", "motor_overspeed",
		"motor_overcurrent", "supercapacitor_temperature", "supercapacitor_overvoltage",
		"thermal_event", "hydrogen_leak", "hydrogen_pressure", "hydrogen_temperature",
		"stack_temperature"};
	unsigned count = digits(s);
	soup_add_text(s->json, "\"%s\":[", s->name);
	for (unsigned i = 0; i < count; i++)
		if (s->bits >> i & 1)
			soup_add_text(s->json, "\"%s\",", names[i]);
	soup_drop_comma(s->json);
	soup_add_text(s->json, "],");
}

/* A count of `bytes`, and the name; false: it is a mark, and counts nothing. */
static bool count_of(struct spec *s, unsigned bytes, unsigned *count)
{
	static const unsigned most[] = {4, 4, 40};
	*count = dice_below(s->dice, most[dice_below(s->dice, 3)]);
	bool is_mark = dice_below(s->dice, 8) == 0, is_abnormal = dice_below(s->dice, 2);
	add_int(s, is_mark ? all_ones(bytes) - is_abnormal : *count, bytes);
	soup_add_text(s->json, "\"%s\":", s->name);
	if (!is_mark)
		return true;
	soup_add_text(s->json, "null,");
	if (is_abnormal)
		soup_add_text(s->json, "\"%s_abnormal\":true,", s->name);
	*count = 0;
	return false;
}

static void list(struct spec *s, unsigned count, bool is_there)
{
	struct soup places = {0};
	struct shape shape = shape_of(s);
	if (is_there)
		soup_add_text(s->json, "[");
	for (unsigned i = 0; i < count; i++)
		if (add_marked(s, shape, false))
			soup_add_text(&places, "%u,", i);
	soup_drop_comma(s->json);
	soup_add_text(s->json, is_there ? "]," : ",");
	soup_drop_comma(&places);
	if (places.size > 0) {
		soup_add_text(s->json, "\"%s_abnormal\":[", s->name);
		soup_add(s->json, places.data, places.size);
		soup_add_text(s->json, "],");
	}
	free(places.data);
}

static void codes(struct spec *s, unsigned count, bool is_there)
{
	unsigned bytes = digits(s);
	if (!is_there)
		return;
	soup_add_text(s->json, "[");
	for (unsigned i = 0; i < count; i++) {
		uint32_t raw = random_raw(s, bytes);
		add_int(s, raw, bytes);
		soup_add_text(s->json, "%u,", raw);
	}
	soup_drop_comma(s->json);
	soup_add_text(s->json, "],");
}

static void group(struct spec *s, unsigned count, bool is_there)
{
	const char *end = strchr(s->at, '}');
	require(end != NULL);
	if (is_there)
		soup_add_text(s->json, "[");
	for (unsigned i = 0; i < count; i++) {
		char spec[512];
		snprintf(spec, sizeof spec, "%.*s", (int)(end - s->at), s->at);
		soup_add_text(s->json, "{");
		field_spec_random(spec, s->dice, s->bytes, s->json);
		soup_drop_comma(s->json);
		soup_add_text(s->json, "},");
	}
	if (is_there) {
		soup_drop_comma(s->json);
		soup_add_text(s->json, "],");
	}
	s->at = end + 1;
}

static void counted(struct spec *s)
{
	unsigned count, bytes = digits(s);
	bool is_there = count_of(s, bytes, &count);
	char kind = *s->at++;
	if (kind == ':')
		list(s, count, is_there);
	else if (kind == '!')
		codes(s, count, is_there);
	else
		group(s, count, is_there);
}

static void sized(struct spec *s)
{
	unsigned size = dice_below(s->dice, 40);
	add_int(s, size, digits(s));
	soup_add_text(s->json, "\"%s\":\"", s->name);
	for (unsigned i = 0; i < size; i++) {
		uint8_t byte = (uint8_t)dice_below(s->dice, 256);
		soup_add_byte(s->bytes, byte, 1);
		soup_add_text(s->json, "%02x", byte);
	}
	soup_add_text(s->json, "\",");
}

static void field(struct spec *s, char kind)
{
	if (kind == ':')
		number(s, false);
	else if (kind == '=')
		bits(s);
	else if (kind == '@')
		part(s);
	else if (kind == '?')
		alarms(s);
	else if (kind == '*')
		counted(s);
	else
		sized(s);
}

/* Bit `sign` of the last bits, and the number behind the colon. */
static void signed_number(struct spec *s)
{
	unsigned sign = digits(s);
	s->at++;
	number(s, s->bits >> sign & 1);
}

void field_spec_random(const char *spec, struct dice *d, struct soup *bytes, struct soup *json)
{
	struct spec s = {.at = spec, .dice = d, .bytes = bytes, .json = json};
	for (;;) {
		while (*s.at == ' ')
			s.at++;
		if (*s.at == '\0')
			return;
		size_t size = 0;
		while (isalnum((unsigned char)*s.at) || *s.at == '_')
			s.name[size++] = *s.at++;
		s.name[size] = '\0';
		char kind = *s.at++;
		if (kind == '^')
			signed_number(&s);
		else
			field(&s, kind);
	}
}
