/* field_spec.h - for tests: a line that says what an object is made of, in; random bytes of such a
 * one, and the JSON that they have to become, out. It knows nothing of the tables of field.h: what
 * the standards say is written down a second time, in the test's lines:
 *
 *     state:1               a number of a byte
 *     current_a:2.1-10000   of two, with a decimal, counted from -1000
 *     flags=4               bits; of the last ones:
 *     gear@0.4 is_on@5      four of them from the lowest on; one
 *     alarms?19             the names of those of the lowest 19 that are set
 *     longitude_deg^2:4.6   a number that is negative where bit 2 is set
 *     cells_v*1:2.3         a count of a byte, and so many numbers
 *     faults*1!4            the same, of numbers that may have any value
 *     packs*1{ … }          a count, and so many objects
 *     data&2                a size of two bytes, and so many bytes
 */
#ifndef PENSTOCK_FIELD_SPEC_H
#define PENSTOCK_FIELD_SPEC_H

#include "tests/unit/wire/fleet/soup.h"

/* Adds the object's bytes, and its fields as JSON, each with a comma behind it. */
void field_spec_random(const char *spec, struct dice *d, struct soup *bytes, struct soup *json);

void soup_add_text(struct soup *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Takes back the comma that is the last byte, if it is one. */
void soup_drop_comma(struct soup *s);

#endif
