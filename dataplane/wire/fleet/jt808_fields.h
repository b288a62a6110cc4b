/* jt808_fields.h - JT/T 808: what the bodies of its messages are made of (field.h), and the walk of
 * one. Heartbeat, deregistration, time query and terminal's answer; registration, authentication;
 * location reports with their additional items. A batch (0x0704) is a row of such reports
 * (jt808_batch_next).
 *
 * Numbers of 2013: tables 23 to 27; of 2019 the same with more bits and items. The standard has no
 * "invalid" and "abnormal": each value is one. Items say how long they are: one that is unknown, or
 * of another length than the table gives it, is its bytes. Core: any.
 */
#ifndef PENSTOCK_JT808_FIELDS_H
#define PENSTOCK_JT808_FIELDS_H

#include "dataplane/wire/fleet/field_walk.h"
#include "dataplane/wire/fleet/jt808_body.h"

/* The fields of a message's body; null: none are known of it. */
const struct field *jt808_body_fields(const struct jt808_message *m);
/* Those of a location report, and its items by number. */
extern const struct field jt808_report[];
extern const struct unit jt808_items[FIELD_UNIT_IDS];

/* The name of a message; null: it has none here. */
const char *jt808_message_name(uint16_t id);

/* Begins the walk of a body, or of a report in a batch. */
void jt808_walk(struct field_walk *w, const struct field *fields, struct bytes body);

#endif
