/* gbt32960_units.h - GB/T 32960.3: what the data units of both editions are made of (field.h), and
 * the walk of a frame's.
 *
 * Commands 01 to 06, 07 and 08 (empty), and of 2025 09 to 0B have a body each; 02 and 03 hold info
 * units under a number of their own. Nothing but 80 to FE tells its length: the first unit that the
 * table does not know ends what can be read of a frame, which is none the worse as a frame.
 *
 * Numbers of 2016: clauses 7.2.3 and B.3.5.3; of 2025: 7.2.4. Where the text gives a number no
 * "invalid" and "abnormal", all ones and one less are beyond what it may be, and are read so all
 * the same. Codes of faults are their makers' own: each value is one. Core: any.
 */
#ifndef PENSTOCK_GBT32960_UNITS_H
#define PENSTOCK_GBT32960_UNITS_H

#include "dataplane/wire/fleet/field_walk.h"
#include "dataplane/wire/fleet/gbt32960.h"

/* The marker of the signature that ends a report of 2025 (7.2.2). It covers the data unit from its
 * first byte to the one before the marker. */
enum { GBT32960_SIGNATURE = 0xFF };

/* The fields of a command's data unit; null: none are known of it. */
const struct field *gbt32960_body(enum gbt32960_edition edition, uint8_t command);
/* The name of a command whose fields are known in one of the editions; of others null. */
const char *gbt32960_message(uint8_t command);
/* The units of reports, by number: FIELD_UNIT_IDS of them. */
const struct unit *gbt32960_units(enum gbt32960_edition edition);

/* Begins the walk of a frame's data unit. False: there is nothing to be read, as it is encrypted or
 * of a command of which no fields are known. An answer is read as its command, or, if it is as long
 * as a time (6.3.2), as one. */
bool gbt32960_walk(struct field_walk *w, struct bytes frame);

/* Of a plain report: the highest level of an alarm that it raises (t. 17 of 2016, t. 23 of 2025);
 * 0: none, or it does not say, or what comes before cannot be read. */
int gbt32960_alarm_level(struct bytes frame);

#endif
