/* json_bound.h - for tests: rows of a table in, how many bytes of JSON each byte of such an object
 * becomes at most, out. An object of fixed parts and of parts that are counted becomes, for each of
 * its bytes, no more than the worst of its parts. */
#ifndef PENSTOCK_JSON_BOUND_H
#define PENSTOCK_JSON_BOUND_H

#include "dataplane/wire/fleet/field.h"

/* Up to the end of the table, of a group, or units, where `*rows` stands then. `own`: bytes of JSON
 * that are no field's; `own_bytes`: of the frame. */
double json_bytes_each(const struct field **rows, double own, unsigned own_bytes);

#endif
