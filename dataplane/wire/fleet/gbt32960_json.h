/* gbt32960_json.h - a frame of GB/T 32960.3 in, one JSON object out.
 *
 *     {"protocol":"gbt32960","edition":2016,"command":2,"message":"realtime","flag":254,
 *      "vin":"LPENSTK0000000021","encryption":1,"time":"2019-01-16T11:23:35+08:00","units":[…]}
 *
 * docs/JSON.md has every key. Any frame that the scanner cut (gbt32960.h) becomes a valid object,
 * whatever its data unit is: what cannot be read is in it as digits.
 *
 * Size: at most GBT32960_JSON_BYTES for a frame, 5.2 MB for the longest, which takes a report of
 * nothing but alarms that are all raised; frames from the road become four to eight times their
 * size. The unit test works the bound out from the tables.
 *
 * Core: any; no state but the caller's. Cost: 2,600 cycles for a report of 450 bytes with 148
 * cells, in the cache (counter 2.6 GHz, 2026-12).
 */
#ifndef PENSTOCK_GBT32960_JSON_H
#define PENSTOCK_GBT32960_JSON_H

#include "dataplane/wire/fleet/gbt32960.h"

/* For each byte of a frame. What is not its data unit needs a fifth of that. */
enum { GBT32960_JSON_BYTES_EACH = 80 };
#define GBT32960_JSON_BYTES(frame_bytes) (GBT32960_JSON_BYTES_EACH * (size_t)(frame_bytes))

enum gbt32960_json {
	GBT32960_JSON_WHOLE,
	GBT32960_JSON_OPAQUE,  /* encrypted, or of a command of which no fields are known: digits */
	GBT32960_JSON_PARTLY,  /* from some place on, its data unit cannot be read: digits */
	GBT32960_JSON_NO_ROOM, /* nothing of it is of use */
};

/* Writes the object. `*bytes`: its size, 0 where there was no room. */
enum gbt32960_json gbt32960_json(struct bytes frame, void *out, size_t room, size_t *bytes);

#endif
