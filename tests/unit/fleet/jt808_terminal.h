/* jt808_terminal.h - for tests: a terminal of JT/T 808 at a rig's wire: what it sends, and what it
 * gets. */
#ifndef PENSTOCK_JT808_TERMINAL_H
#define PENSTOCK_JT808_TERMINAL_H

#include "dataplane/wire/fleet/jt808_answer.h"
#include "dataplane/wire/fleet/jt808_body.h"
#include "tests/unit/session/ingest_rig.h"
#include "tests/unit/wire/fleet/jt808_sample.h"

enum { HEARTBEAT = 0x0002, LOCATION = 0x0200, ANSWERS_MAX = 4096 };

/* An answer. */
struct got {
	uint16_t id, serial, answered;
	uint8_t result;
	struct bytes body;
};

/* All answers of a connection; ends the test when a byte of them is none. */
unsigned answers_of(const struct wire *w, struct got *ret);
struct got last_answer(const struct wire *w);

/* A message of the terminal that all tests are about. */
struct jt808_sent sent_of(uint16_t id, uint16_t serial);
void send_sent(struct wire *w, const struct jt808_sent *m);
void send_id(struct wire *w, uint16_t id, uint16_t serial);
struct jt808_sent registration_of(uint16_t serial);
struct jt808_sent authentication_of(uint16_t serial, struct bytes code);
/* Registers, and authenticates with the code that comes back. */
void authenticate(struct rig *r, struct wire *w);

/* The connection ends, and with it the test. */
void end(struct rig *r, struct wire *w);

#endif
