/* test_gbt32960_units.c - data units walked field by field; tables that hold what they say. */
#include "dataplane/wire/fleet/gbt32960_units.h"
#include "tests/rounds.h"
#include "tests/unit/wire/fleet/gbt32960_sample.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static const enum gbt32960_edition editions[] = {GBT32960_2016, GBT32960_2025};

/* ---- tables ----------------------------------------------------------------------------- */

/* The fewest bytes that a row takes. */
static unsigned bytes_min(const struct field *f)
{
	switch (f->kind) {
	case FIELD_NUMBER:
	case FIELD_BITS:
	case FIELD_TEXT:
		return f->bytes;
	case FIELD_LIST:
	case FIELD_GROUP:
	case FIELD_BYTES:
		return f->count_bytes;
	case FIELD_TIME:
		return FIELD_TIME_BYTES;
	case FIELD_TEXTS:
		return 2;
	default:
		return 0;
	}
}

static void check_row(const struct field *f)
{
	bool is_number = f->kind == FIELD_NUMBER || f->kind == FIELD_BITS || f->kind == FIELD_LIST;
	bool is_counted = f->kind == FIELD_LIST || f->kind == FIELD_GROUP || f->kind == FIELD_BYTES;
	cr_assert(f->name_bytes == strlen(f->name) && f->name_bytes < FIELD_NAME_BYTES);
	cr_assert(f->name[0] == '"' && strcmp(f->name + f->name_bytes - 2, "\":") == 0);
	cr_assert(f->note != NULL, "%s", f->name);
	cr_assert(!is_number || f->bytes == 1 || f->bytes == 2 || f->bytes == 4, "%s", f->name);
	cr_assert(!is_counted || f->count_bytes == 1 || f->count_bytes == 2, "%s", f->name);
	cr_assert(f->kind != FIELD_GROUP || f->bytes > 0, "%s", f->name);
}

/* Rows of one object: up to the group's end, or the table's. Returns where they end. */
static const struct field *check_object(const struct field *rows, unsigned *bytes)
{
	const struct field *f = rows;
	*bytes = 0;
	for (; f->kind != FIELD_END && f->kind != FIELD_GROUP_END && f->kind != FIELD_UNITS; f++) {
		check_row(f);
		for (const struct field *other = rows; other < f; other++)
			cr_assert(strcmp(other->name, f->name) != 0, "%s twice", f->name);
		*bytes += bytes_min(f);
		if (f->kind != FIELD_GROUP)
			continue;
		unsigned item_bytes;
		const struct field *group = f;
		f = check_object(f + 1, &item_bytes);
		cr_assert(f->kind == FIELD_GROUP_END && item_bytes == group->bytes, "%s of %u",
			  group->name, item_bytes);
	}
	return f;
}

Test(gbt32960_units, a_table_has_each_name_once_and_says_what_an_item_takes_at_least)
{
	unsigned tables = 0, bytes;
	for (unsigned e = 0; e < array_len(editions); e++) {
		for (unsigned id = 0; id < FIELD_UNIT_IDS; id++) {
			const struct unit *u = &gbt32960_units(editions[e])[id];
			const struct field *body = gbt32960_body(editions[e], (uint8_t)id);
			cr_assert(!u->fields || u->name_bytes == strlen(u->name));
			tables += u->fields != NULL;
			if (u->fields)
				cr_assert(check_object(u->fields, &bytes)->kind == FIELD_END);
			if (body)
				cr_assert(check_object(body, &bytes)->kind != FIELD_GROUP_END);
		}
	}
	cr_assert(tables == 9 + 11 + 1 + 2 * 127, "%u", tables);
}

/* ---- any bytes -------------------------------------------------------------------------- */

/* What may be said of any walk. */
static struct field_piece walk_all(struct field_walk *w)
{
	struct field_piece p = {0};
	size_t at = 0, pieces = 0;
	const uint8_t *end = w->in.end;
	size_t body_bytes = (size_t)(end - w->body);
	while (field_walk_next(w, &p)) {
		cr_assert(p.at >= at && p.at <= body_bytes);
		bool has_bytes = p.kind >= WALK_LIST && p.kind != WALK_GROUP && p.kind != WALK_ITEM;
		if (has_bytes && p.kind <= WALK_BYTES && p.kind != WALK_GROUP_END)
			cr_assert(p.bytes.data >= w->body && p.bytes.data + p.bytes.size <= end);
		if (p.kind == WALK_BAD)
			cr_assert(p.bytes.data + p.bytes.size == end && p.verdict < WALK_VERDICTS);
		at = p.at;
		pieces++;
	}
	cr_assert(!field_walk_next(w, &p) && pieces <= 5 * body_bytes + 10);
	cr_assert(p.kind == WALK_BAD || w->in.at == end);
	return p;
}

/* A copy of exactly its size, in which a sanitizer sees a read beyond it. */
static void walk_copy(const uint8_t *frame, size_t size)
{
	uint8_t *copy = malloc(size);
	memcpy(copy, frame, size);
	struct field_walk w;
	if (gbt32960_walk(&w, (struct bytes){copy, size}))
		walk_all(&w);
	free(copy);
}

Test(gbt32960_units, any_part_of_a_frame_and_any_flipped_bit_is_walked_to_an_end)
{
	const struct sample_frames *all = sample_frames();
	for (size_t i = 0; i < all->count; i++) {
		const struct sample_frame *f = &all->frames[i];
		for (size_t n = GBT32960_FRAME_BYTES_MIN; n <= f->size; n++)
			walk_copy(f->data, n);
		for (size_t bit = 0; bit < 8 * f->size; bit++) {
			f->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			walk_copy(f->data, f->size);
			f->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

Test(gbt32960_units, bytes_of_any_kind_are_walked_to_an_end)
{
	enum { BYTES_MAX = 200 };
	struct dice d = {1};
	for (unsigned i = rounds(200000, 20000); i > 0; i--) {
		uint8_t frame[BYTES_MAX];
		size_t size = GBT32960_FRAME_BYTES_MIN + dice_below(&d, BYTES_MAX - 25);
		for (size_t b = 0; b < size; b++)
			frame[b] = (uint8_t)dice_below(&d, dice_below(&d, 2) ? 256 : 10);
		frame[0] = frame[1] = (uint8_t)editions[dice_below(&d, 2)];
		frame[2] = (uint8_t)dice_below(&d, 12);
		frame[21] = GBT32960_PLAIN;
		walk_copy(frame, size);
	}
}

/* ---- verdicts --------------------------------------------------------------------------- */

enum { BYTES = 64 };
/* A report of these units. */
static struct field_piece walk_units(enum gbt32960_edition edition, const char *units, size_t size)
{
	static uint8_t frame[GBT32960_HEADER_BYTES + GBT32960_TIME_BYTES + BYTES + 1];
	memset(frame, 0, sizeof frame);
	frame[0] = frame[1] = (uint8_t)edition;
	frame[2] = GBT32960_REALTIME;
	frame[3] = GBT32960_COMMAND;
	frame[21] = GBT32960_PLAIN;
	memcpy(frame + GBT32960_HEADER_BYTES + GBT32960_TIME_BYTES, units, size);
	struct field_walk w;
	cr_assert(gbt32960_walk(&w, (struct bytes){frame, GBT32960_HEADER_BYTES +
								  GBT32960_TIME_BYTES + size + 1}));
	return walk_all(&w);
}
#define WALK(edition, text) walk_units(GBT32960_##edition, text, sizeof(text) - 1)

static void check_bad(struct field_piece p, enum walk_verdict verdict, size_t at, size_t rest)
{
	cr_assert(p.kind == WALK_BAD && p.verdict == verdict, "%d %d", p.kind, p.verdict);
	cr_assert(p.at == GBT32960_TIME_BYTES + at && p.bytes.size == rest, "at %zu, %zu", p.at,
		  p.bytes.size);
}

Test(gbt32960_units, what_cannot_be_read_is_told_with_its_place_and_its_unit)
{
	cr_assert(WALK(2016, "\x04\x01\x0b\xb8\x00\x0a").kind != WALK_BAD);
	/* Its last byte is missing: the field begins at 4, its unit at 0. */
	check_bad(WALK(2016, "\x04\x01\x0b\xb8\x00"), WALK_CUT, 4, 5);
	/* The second of two units. */
	check_bad(WALK(2016, "\x04\x01\x0b\xb8\x00\x0a\x04\x01"), WALK_CUT, 8, 2);
	check_bad(WALK(2016, "\x0a\x01"), WALK_UNKNOWN, 0, 2);
	check_bad(WALK(2025, "\x09\x01"), WALK_UNKNOWN, 0, 2);
	check_bad(WALK(2016, "\xff\x01\x00\x00\x00\x00"), WALK_UNKNOWN, 0, 6);
	/* Two motors, bytes for one and 11 of the other. */
	check_bad(WALK(2016, "\x02\x02" "0123456789ab" "0123456789a"), WALK_COUNT, 1, 25);
	cr_assert(WALK(2016, "\x02\x02" "0123456789ab" "0123456789ab").kind != WALK_BAD);
	/* A list within an item. */
	check_bad(WALK(2016, "\x09\x01\x01\x00\x03" "ab"), WALK_COUNT, 3, 7);
	check_bad(WALK(2016, "\x81\x00\x05" "1234"), WALK_COUNT, 1, 7);
	check_bad(WALK(2016, "\x81\x00"), WALK_CUT, 1, 2);
	check_bad(WALK(2016, "\x81"), WALK_CUT, 1, 1);
}

Test(gbt32960_units, nothing_stands_behind_a_signature)
{
	cr_assert(WALK(2025, "\x04\x00\x00\xff\x01\x00\x01R\x00\x01S").kind != WALK_BAD);
	check_bad(WALK(2025, "\xff\x01\x00\x01R\x00\x01S\x04\x00\x00"), WALK_TOO_LONG, 8, 3);
}

Test(gbt32960_units, an_abnormal_or_invalid_count_counts_nothing)
{
	cr_assert(WALK(2016, "\x02\xff\x02\xfe\x09\x01\x01\xff\xfe").kind != WALK_BAD);
	cr_assert(WALK(2025, "\x07\x01\x01\x00\x00\x00\x00\xff\xff").kind != WALK_BAD);
	check_bad(WALK(2016, "\x02\xfd"), WALK_COUNT, 1, 2);
	check_bad(WALK(2016, "\x09\x01\x01\xff\xfd"), WALK_COUNT, 3, 5);
}

Test(gbt32960_units, what_is_encrypted_or_of_an_unknown_command_is_not_walked)
{
	struct sample_frame f = *sample_login();
	struct field_walk w;
	struct bytes frame = {f.data, f.size};
	cr_assert(gbt32960_walk(&w, frame));
	f.data[21] = GBT32960_AES;
	cr_assert(!gbt32960_walk(&w, frame));
	f.data[21] = GBT32960_PLAIN;
	f.data[2] = GBT32960_ACTIVATION;
	cr_assert(!gbt32960_walk(&w, frame));
	f.data[2] = GBT32960_LOGIN;
}

/* ---- values ----------------------------------------------------------------------------- */

/* The next piece, which has to be this field's. */
static struct field_piece next(struct field_walk *w, const char *name)
{
	struct field_piece p;
	cr_assert(field_walk_next(w, &p) && p.field, "%s", name);
	cr_assert(strncmp(p.field->name + 1, name, strlen(name)) == 0, "%s for %s",
		  p.field->name, name);
	return p;
}

static int64_t value(struct field_walk *w, const char *name)
{
	struct field_piece p = next(w, name);
	cr_assert(p.mark == WALK_VALID, "%s", name);
	return p.value;
}

static void next_unit(struct field_walk *w, unsigned id)
{
	struct field_piece p;
	do
		cr_assert(field_walk_next(w, &p));
	while (p.kind != WALK_UNIT);
	cr_assert(p.value == id && p.unit == &w->units[id], "%d for %u", (int)p.value, id);
}

static void expect_end(struct field_walk *w)
{
	struct field_piece p;
	cr_assert(!field_walk_next(w, &p) && cursor_left(&w->in) == 0);
}

/* The row of tests/vectors/gbt32960.tsv, from 0 on. */
static struct field_walk walk_sample(size_t row)
{
	const struct sample_frame *f = &sample_frames()->frames[row];
	struct field_walk w;
	cr_assert(gbt32960_walk(&w, (struct bytes){f->data, f->size}));
	return w;
}

Test(gbt32960_units, a_car_of_2016_says_what_its_source_states)
{
	struct field_walk w = walk_sample(25);
	next_unit(&w, 1);
	cr_assert(value(&w, "state") == 1 && value(&w, "charging") == 3 && value(&w, "mode") == 1);
	cr_assert(value(&w, "speed_kmh") == 122 && value(&w, "odometer_km") == 2589);
	cr_assert(value(&w, "voltage_v") == 7809 && value(&w, "current_a") == 51);
	cr_assert(value(&w, "soc_percent") == 85 && value(&w, "dcdc") == 1);
	next(&w, "gear_bits");
	cr_assert(value(&w, "gear") == 14 && value(&w, "is_braking") == 1);
	cr_assert(value(&w, "is_driving") == 0 && value(&w, "insulation_kohm") == 6553);
	cr_assert(value(&w, "accelerator_percent") == 0 && value(&w, "brake_percent") == 16);
	next_unit(&w, 2);
	next_unit(&w, 5);
	next_unit(&w, 6);
	next_unit(&w, 7);
	next_unit(&w, 8);
	cr_assert(next(&w, "packs").count == 1);
	struct field_piece item;
	cr_assert(field_walk_next(&w, &item) && item.kind == WALK_ITEM && item.value == 0);
	cr_assert(value(&w, "pack") == 1);
	cr_assert(value(&w, "voltage_v") == 7809 && value(&w, "current_a") == 51);
	cr_assert(value(&w, "cells") == 192 && value(&w, "first_cell") == 1);
	struct field_piece list = next(&w, "cells_v");
	cr_assert(list.kind == WALK_LIST && list.count == 192 && list.bytes.size == 384);
}

/* Two motors, one all FF, the other all FE: which is abnormal where it is one byte. */
Test(gbt32960_units, invalid_and_abnormal_are_told_apart)
{
	struct field_walk w = walk_sample(4);
	next_unit(&w, 2);
	struct field_piece p = next(&w, "motors");
	cr_assert(p.kind == WALK_GROUP && p.count == 2);
	static const char *const names[] = {
		"motor",     "state",   "controller_c", "speed_rpm",
		"torque_nm", "motor_c", "controller_v", "controller_a",
	};
	for (unsigned i = 0; i < 2; i++) {
		cr_assert(field_walk_next(&w, &p) && p.kind == WALK_ITEM && p.value == i);
		for (unsigned n = 0; n < array_len(names); n++) {
			p = next(&w, names[n]);
			cr_assert(p.mark == (i == 0 ? WALK_INVALID :
					     p.field->bytes == 1 ? WALK_ABNORMAL : WALK_VALID));
		}
	}
	cr_assert(field_walk_next(&w, &p) && p.kind == WALK_GROUP_END && p.count == 2);
}

Test(gbt32960_units, what_a_signature_covers_ends_before_its_unit)
{
	struct field_walk w = walk_sample(26);
	static const uint8_t units[] = {1, 2, 5, 6, 7, 8, 0x83, GBT32960_SIGNATURE};
	for (unsigned i = 0; i < sizeof units; i++)
		next_unit(&w, units[i]);
	/* The unit's marker is the byte before its first field. */
	struct field_piece p = next(&w, "algorithm");
	cr_assert(p.value == 2 && p.at == 803 - 261);
	p = next(&w, "r");
	cr_assert(p.kind == WALK_BYTES && p.bytes.size == 256);
	cr_assert(next(&w, "s").bytes.size == 0);
}

Test(gbt32960_units, south_and_west_are_negative)
{
	static uint8_t frame[] = "##\x02\xfe"
				 "12345678901234567"
				 "\x01\x00\x10"
				 "\x13\x01\x01\x01\x01\x01"
				 "\x05\x06\x06\xc1\x82\x90\x01\xdc\x4b\xc0" "x";
	struct field_walk w;
	cr_assert(gbt32960_walk(&w, (struct bytes){frame, sizeof frame - 1}));
	next_unit(&w, 5);
	next(&w, "status");
	cr_assert(value(&w, "is_last_fix") == 0);
	cr_assert(value(&w, "longitude_deg") == -113345168);
	cr_assert(value(&w, "latitude_deg") == -31214528);
}

Test(gbt32960_units, logins_of_both_editions_have_their_packs)
{
	struct field_walk w = walk_sample(2);
	next(&w, "time");
	cr_assert(value(&w, "serial") == 12);
	struct field_piece p = next(&w, "iccid");
	cr_assert(p.bytes.size == 20 && memcmp(p.bytes.data, "89860924790023166606", 20) == 0);
	p = next(&w, "pack_codes");
	cr_assert(p.kind == WALK_TEXTS && p.count == 3 && p.bytes.size == 72);
	expect_end(&w);
	w = walk_sample(1);
	next(&w, "time");
	next(&w, "serial");
	next(&w, "iccid");
	p = next(&w, "packs");
	cr_assert(p.count == 2 && p.bytes.data[0] == 1 && p.bytes.data[1] == 2);
	p = next(&w, "pack_codes");
	cr_assert(p.count == 3 && memcmp(p.bytes.data + 48, "0RJPEA00HAU0AAF131001957", 24) == 0);
	expect_end(&w);
}

Test(gbt32960_units, an_answer_is_read_as_its_command_or_as_a_time)
{
	static uint8_t frame[64] = "##\x01\x01"
				   "12345678901234567"
				   "\x01\x00\x06"
				   "\x13\x01\x01\x01\x01\x01";
	struct field_walk w;
	cr_assert(gbt32960_walk(&w, (struct bytes){frame, 31}));
	next(&w, "time");
	expect_end(&w);
	/* As a command it is a login that ends early. */
	frame[3] = GBT32960_COMMAND;
	cr_assert(gbt32960_walk(&w, (struct bytes){frame, 31}));
	cr_assert(walk_all(&w).kind == WALK_BAD);
	frame[3] = GBT32960_SUCCESS;
	cr_assert(gbt32960_walk(&w, (struct bytes){frame, 33}));
	next(&w, "time");
	next(&w, "serial");
}
