/* jt808_json.h - a message of JT/T 808 in, one JSON object out.
 *
 *     {"protocol":"jt808","edition":2013,"id":512,"message":"location","phone":"13812345678",
 *      "serial":7,"encryption":0,"alarm":0,"alarms":[],…,"items":[{"id":1,"name":"odometer",…},…]}
 *
 * docs/JSON.md has every key. Any message that was cut and unescaped, or put together of its
 * sub-packages (jt808.h), becomes a valid object: what cannot be read is in it as digits.
 *
 * Size: at most JT808_JSON_BYTES for a message, 42 KB for the longest that comes in one; the unit
 * test works the bound out from the tables. Cost: 900 cycles for a location report of 73 bytes with
 * seven items, in the cache (counter 2.6 GHz, 2026-12).
 *
 * Core: any; no state but the caller's.
 */
#ifndef PENSTOCK_JT808_JSON_H
#define PENSTOCK_JT808_JSON_H

#include "dataplane/wire/fleet/jt808.h"

/* For each byte of a message, and for the keys of its header. */
enum { JT808_JSON_BYTES_EACH = 40, JT808_JSON_BYTES_FIXED = 512 };
#define JT808_JSON_BYTES(message_bytes)                                                  \
	(JT808_JSON_BYTES_FIXED + JT808_JSON_BYTES_EACH * (size_t)(message_bytes))

enum jt808_json {
	JT808_JSON_WHOLE,
	JT808_JSON_OPAQUE,  /* encrypted, in sub-packages, or of unknown fields: digits */
	JT808_JSON_PARTLY,  /* from some place on, its body cannot be read: digits */
	JT808_JSON_NO_ROOM, /* nothing of it is of use */
};

/* Writes the object of what is stored (jt808_stored_read). `*bytes`: its size, 0 where there was no
 * room. */
enum jt808_json jt808_json(struct bytes value, void *out, size_t room, size_t *bytes);

#endif
