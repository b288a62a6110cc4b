/* gbt32960_json.c - a frame of GB/T 32960.3 in, one JSON object out; see gbt32960_json.h. */
#include "dataplane/wire/fleet/gbt32960_json.h"
#include "dataplane/wire/fleet/gbt32960_units.h"
#include "dataplane/wire/fleet/walk_json.h"

static void put_header(struct json_out *j, const struct gbt32960_header *h)
{
	/* 2016 knows no command from 09 on. */
	bool is_known = gbt32960_body((enum gbt32960_edition)h->start[0], h->command) != NULL;
	const char *name = is_known ? gbt32960_message(h->command) : NULL;
	out_literal(j, "{\"protocol\":\"gbt32960\",\"edition\":");
	out_number(j, h->start[0] == GBT32960_2016 ? 2016 : 2025, 0);
	out_literal(j, "\"command\":");
	out_number(j, h->command, 0);
	if (name) {
		out_literal(j, "\"message\":");
		out_text(j, (struct bytes){(const uint8_t *)name, strlen(name)});
	}
	out_literal(j, "\"flag\":");
	out_number(j, h->flag, 0);
	out_literal(j, "\"vin\":");
	out_text(j, (struct bytes){h->vin, sizeof h->vin});
	out_literal(j, "\"encryption\":");
	out_number(j, h->encryption, 0);
}

enum gbt32960_json gbt32960_json(struct bytes frame, void *out, size_t room, size_t *bytes)
{
	struct json_out j = json_out_of(out, room);
	struct field_walk walk;
	enum gbt32960_json outcome = GBT32960_JSON_OPAQUE;
	put_header(&j, gbt32960_header_of(frame));
	if (gbt32960_walk(&walk, frame)) {
		outcome = walk_json(&j, &walk) ? GBT32960_JSON_WHOLE : GBT32960_JSON_PARTLY;
	} else {
		out_literal(&j, "\"data\":");
		out_hex(&j, gbt32960_data_of(frame));
	}
	out_close(&j, '}');
	*bytes = j.is_full ? 0 : (size_t)(j.at - j.start) - 1;
	return j.is_full ? GBT32960_JSON_NO_ROOM : outcome;
}
