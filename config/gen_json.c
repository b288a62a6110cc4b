/* gen_json.c - the tables of vehicles' frames in, docs/JSON.md out.
 *
 *     gen_json json     writes the page to stdout
 */
#include "dataplane/wire/fleet/gbt32960_units.h"
#include "dataplane/wire/fleet/jt808_fields.h"

#include <stdio.h>

/* ---- what stands above the tables ------------------------------------------------------- */

static void print_head(void)
{
	printf("# Vehicles' frames as JSON\n\n"
	       "Generated from `config/gen_json.c` and the tables of "
	       "`dataplane/wire/fleet/`; do not edit.\n\n"
	       "What the codecs write (`gbt32960_json.h`, `jt808_json.h`): one frame, one "
	       "object. Listeners store frames as they came; none calls them yet.\n\n");
}

static void print_rules(void)
{
	printf("## What holds for all\n\n"
	       "* The text is UTF-8, without spaces between its parts, and valid JSON "
	       "whatever the frame's bytes are. No object has a key twice.\n"
	       "* Numbers are exact: `12.20` is what the frame says in steps of 0.01. A "
	       "key ends in its unit: `_kmh`, `_km`, `_v`, `_a`, `_c` (degrees "
	       "Celsius), `_rpm`, `_nm`, `_percent`, `_kohm`, `_mpa`, `_kpa`, `_deg` "
	       "(degrees of arc), `_m`, `_l`, `_s`.\n"
	       "* In GB/T 32960 `null` is a number that the vehicle calls invalid (all ones: FF, "
	       "FFFF, FFFFFFFF). One that it calls abnormal (one less: FE, FFFE, "
	       "FFFFFFFE) is `null` as well, and behind it stands the same key with "
	       "`_abnormal` and `true`; of a list of numbers, `_abnormal` and the "
	       "places of those that are, from 0 on. A count that is invalid or "
	       "abnormal makes its list `null`. Where the standard's text gives a "
	       "number neither, all ones and one less are beyond what it may be, and "
	       "read the same.\n"
	       "* A time is Beijing's, in ISO 8601. One that is none (a 30th of "
	       "February) is `null`, and behind it stands its key with `_bytes` and its "
	       "bytes.\n"
	       "* A text is ASCII as it came, less zeroes and spaces at its end, and in "
	       "JT/T 808 GBK; any other byte is the character of its number "
	       "(`\\u00ff`). Bytes are hexadecimal digits.\n"
	       "* `units` has the info units of a report in the order of the frame, "
	       "each with its number as `id` and its `name`. One may come twice.\n"
	       "* Passwords, keys of encryption and codes of authentication are left out, "
	       "where the frame can be read.\n\n");
}

static void print_frame(void)
{
	printf("## A frame of GB/T 32960.3\n\n"
	       "| key | what it is |\n"
	       "|---|---|\n"
	       "| `protocol` | `gbt32960` |\n"
	       "| `edition` | 2016 or 2025, by the start bytes |\n"
	       "| `command` | the command's number |\n"
	       "| `message` | its name, if the edition has it: see the tables |\n"
	       "| `flag` | 254: a command; any other: an answer |\n"
	       "| `vin` | the unique id |\n"
	       "| `encryption` | of the data unit: 1 none, 2 RSA, 3 AES; of 2025 4 SM2, "
	       "5 SM4 |\n"
	       "| … | the data unit's fields, by the command's table |\n"
	       "| `data` | instead of them, its bytes: it is encrypted, or no fields of "
	       "the command are known |\n"
	       "| `undecoded` | from some place on it could not be read: an object |\n\n");
}

static void print_frame_limits(void)
{
	printf("An answer is read as its command; one of 6 bytes, as all answers of "
	       "2025 and most of 2016 are, as its `time`.\n\n"
	       "Units do not say how long they are (but 80 to FE): the first that is "
	       "unknown or contradicts its bytes ends what can be read. What came "
	       "before it stays, and `undecoded` has\n\n"
	       "| key | what it is |\n"
	       "|---|---|\n"
	       "| `why` | `cut`: a field reaches beyond the data unit; `count`: a count "
	       "promises more than there is; `unknown_unit`; `too_long`: bytes behind "
	       "the last field, or behind the signature |\n"
	       "| `at` | where the field that is wrong begins, in bytes of the data "
	       "unit |\n"
	       "| `bytes` | all that was not read, from the unit's number on |\n\n"
	       "A signature (unit 255 of 2025) covers the data unit from its first byte "
	       "to the one before the unit's number. It is given, not verified.\n\n"
	       "Two sources disagree about `info` of an activation's answer: one counts "
	       "from 0, as here, another from 1.\n\n");
}

static void print_message(void)
{
	printf("## A message of JT/T 808\n\n"
	       "| key | what it is |\n"
	       "|---|---|\n"
	       "| `protocol` | `jt808` |\n"
	       "| `edition` | 2013 or 2019, by the header; 2011 shows only in the length "
	       "of a registration |\n"
	       "| `id` | the message's number |\n"
	       "| `message` | its name, if it has one here: see the tables |\n"
	       "| `phone` | its digits, without the zeroes before the first other; what is "
	       "no digit reads a to f |\n"
	       "| `serial` | the serial number |\n"
	       "| `encryption` | 0 none, 1 RSA |\n"
	       "| `parts`, `part` | of a sub-package that is stored alone: how many there "
	       "are, and which it is |\n"
	       "| … | the body's fields |\n"
	       "| `data` | instead of them, its bytes: it is encrypted, or a "
	       "sub-package, or no fields of the message are known |\n"
	       "| `undecoded` | from some place on it could not be read: an object, as above "
	       "|\n\n");
	printf("Each value of a number is one: the standard knows neither invalid nor "
	       "abnormal. The items of a location report say how long they are: one "
	       "that is unknown, or of another length than its fields, has them as "
	       "`data`. A batch (0x0704) has its `type` (0 as they came about, 1 from "
	       "where there was no network) and `reports`, each an object with the "
	       "fields of a location report.\n\n");
}

/* ---- rows ------------------------------------------------------------------------------- */

/* A key as it stands in a table, with its quotes and colon. */
static void print_key(const struct field *f, const char *indent)
{
	printf("| %s`%.*s` | ", indent, f->name_bytes - 3, f->name + 1);
}

static const char *step_of(unsigned decimals)
{
	static const char *const steps[] = {"1", "0.1", "0.01", "0.001", "0.0001", "0.00001",
					    "0.000001"};
	return steps[decimals];
}

static void print_number(const struct field *f)
{
	int one = 1;
	for (unsigned i = 0; i < f->decimals; i++)
		one *= 10;
	if (f->decimals > 0)
		printf("steps of %s", step_of(f->decimals));
	if (f->offset)
		printf("%sfrom %d", f->decimals ? ", " : "", f->offset / one);
}

static void print_names(const struct field *f)
{
	const char *between = "";
	for (unsigned i = 0; i < f->width; i++) {
		if (!f->names[i])
			continue;
		printf("%s%u `%s`", between, i, f->names[i]);
		between = ", ";
	}
}

static void print_bytes(unsigned bytes)
{
	printf("%u byte%s", bytes, bytes == 1 ? "" : "s");
}

/* Where a row's value comes from, and what it is. */
static void print_what(const struct field *f)
{
	switch ((enum field_kind)f->kind) {
	case FIELD_NUMBER:
		print_bytes(f->bytes);
		printf(" | number | ");
		print_number(f);
		break;
	case FIELD_BITS:
		print_bytes(f->bytes);
		printf(" | bits, as a number | ");
		break;
	case FIELD_PART:
		if (f->width == 1)
			printf("bit %u | true, false | ", f->shift);
		else
			printf("bits %u to %u | number | ", f->shift, f->shift + f->width - 1u);
		break;
	case FIELD_NAMES:
		printf("bits | names | ");
		print_names(f);
		break;
	case FIELD_LIST:
		printf("count of %u, each ", f->count_bytes);
		print_bytes(f->bytes);
		printf(" | numbers | ");
		print_number(f);
		break;
	case FIELD_GROUP:
		printf("count of %u | objects | ", f->count_bytes);
		break;
	case FIELD_TIME:
		printf("6 bytes | time | ");
		break;
	case FIELD_TEXT:
		if (f->bytes)
			print_bytes(f->bytes);
		else
			printf("the rest");
		printf(" | text | ");
		break;
	case FIELD_TEXTS:
		printf("count, size | texts | ");
		break;
	case FIELD_TEXTS_SUM:
		printf("each ");
		print_bytes(f->bytes);
		printf(" | texts | ");
		break;
	case FIELD_BYTES:
		printf("size of %u | bytes | ", f->count_bytes);
		break;
	case FIELD_UNITS:
		printf("the rest | units | ");
		break;
	case FIELD_GROUP_END:
	case FIELD_MAY_END:
	case FIELD_END:
		break;
	}
}

static void print_rows(const struct field *f)
{
	const char *indent = "";
	printf("\n\n| key | from | is | |\n|---|---|---|---|\n");
	for (; f->kind != FIELD_END; f++) {
		if (f->kind == FIELD_GROUP_END)
			indent = "";
		if (f->kind == FIELD_GROUP_END || f->kind == FIELD_MAY_END)
			continue;
		if (!f->is_secret) {
			print_key(f, indent);
			print_what(f);
			bool is_said = f->decimals || f->offset || f->kind == FIELD_NAMES;
			printf("%s%s |\n", *f->note && is_said ? "; " : "", f->note);
		}
		if (f->kind == FIELD_UNITS)
			break;
		if (f->kind == FIELD_GROUP)
			indent = "… ";
	}
	printf("\n");
}

/* ---- tables ----------------------------------------------------------------------------- */

static void print_bodies(enum gbt32960_edition edition)
{
	for (unsigned command = 0; command < 256; command++) {
		const struct field *body = gbt32960_body(edition, (uint8_t)command);
		if (!body)
			continue;
		printf("### %02X `%s`", command, gbt32960_message((uint8_t)command));
		if (body->kind == FIELD_END)
			printf("\n\nNothing.\n\n");
		else
			print_rows(body);
	}
}

static void print_units(const struct unit *units)
{
	for (unsigned id = 0; id < FIELD_UNIT_IDS; id++) {
		unsigned last = id;
		if (units[id].name_bytes == 0)
			continue;
		while (last + 1 < FIELD_UNIT_IDS &&
		       strcmp(units[last + 1].name, units[id].name) == 0)
			last++;
		printf("### %02X", id);
		if (last > id)
			printf(" to %02X", last);
		printf(" `%.*s`", units[id].name_bytes - 2, units[id].name + 1);
		if (units[id].fields)
			print_rows(units[id].fields);
		else
			printf("\n\nIts bytes, as `data`.\n\n");
		id = last;
	}
}

static void print_messages(void)
{
	static const uint8_t body[64];
	/* A registration of 2011 is a shorter one. */
	static const struct {
		uint16_t id;
		bool is_2019;
		uint8_t bytes;
		const char *edition;
	} rows[] = {
		{JT808_TERMINAL_ANSWER, false, 5, ""},
		{JT808_HEARTBEAT, false, 0, ""},
		{JT808_DEREGISTRATION, false, 0, ""},
		{JT808_TIME_QUERY, true, 0, " of 2019"},
		{JT808_REGISTRATION, false, 25, " of 2011"},
		{JT808_REGISTRATION, false, 64, " of 2013"},
		{JT808_REGISTRATION, true, 64, " of 2019"},
		{JT808_AUTHENTICATION, true, 36, " of 2019; before, it is the code alone"},
		{JT808_LOCATION, false, 28, ""},
	};
	for (unsigned i = 0; i < array_len(rows); i++) {
		struct jt808_message m = {.id = rows[i].id, .is_2019 = rows[i].is_2019,
					  .body = {body, rows[i].bytes}};
		const struct field *fields = jt808_body_fields(&m);
		printf("### %04X `%s`%s", m.id, jt808_message_name(m.id), rows[i].edition);
		if (fields->kind == FIELD_END)
			printf("\n\nNothing.\n\n");
		else
			print_rows(fields);
	}
}

int main(int argc, char **argv)
{
	if (argc != 2 || strcmp(argv[1], "json") != 0)
		return fprintf(stderr, "usage: gen_json json\n"), 2;
	print_head();
	print_rules();
	print_frame();
	print_frame_limits();
	printf("## Commands of 2016\n\n");
	print_bodies(GBT32960_2016);
	printf("## Commands of 2025\n\n");
	print_bodies(GBT32960_2025);
	printf("## Units of 2016\n\n");
	print_units(gbt32960_units(GBT32960_2016));
	printf("## Units of 2025\n\n");
	print_units(gbt32960_units(GBT32960_2025));
	print_message();
	print_messages();
	printf("## Items of a location report\n\n");
	print_units(jt808_items);
	return 0;
}
