/* walk_json.h - the walk of a body in, its fields as JSON out, within an object that is open.
 *
 *     "time":"2019-01-16T11:23:35+08:00","units":[{"id":1,"name":"vehicle","state":1,…},…],
 *
 * A number that is invalid is null; one that is abnormal is null as well, and followed by its name
 * with "_abnormal" and true, or, of a list, the places of those that are. What cannot be read comes
 * as "undecoded": why, the place in the body, and the bytes. docs/JSON.md lists it all.
 *
 * Core: any; no state but the caller's.
 */
#ifndef PENSTOCK_WALK_JSON_H
#define PENSTOCK_WALK_JSON_H

#include "dataplane/wire/fleet/field_walk.h"
#include "dataplane/wire/fleet/json_out.h"

/* False: something could not be read. Whether there was room for it all, `j` knows. */
bool walk_json(struct json_out *j, struct field_walk *w);

/* The name of a verdict, as "why" has it. */
const char *walk_verdict_name(enum walk_verdict verdict);

#endif
