/* record_headers.h - what a record's headers say of how it came, for listeners that want them
 * (`headers`): texts, as tools show them.
 *
 *     penstock.received   milliseconds since 1970, when it was received
 *     penstock.peer       10.0.0.1:49152, [2001:db8::1]:49152
 *     penstock.protocol   GBT32960, JT808
 *     penstock.edition    2016
 *     penstock.command    02, or 0200 of JT/T 808
 *     penstock.link       terminal, platform
 *
 * Core: poller. No state.
 */
#ifndef PENSTOCK_RECORD_HEADERS_H
#define PENSTOCK_RECORD_HEADERS_H

#include "dataplane/session/frame_facts.h"
#include "dataplane/session/session.h"

enum { RECORD_HEADERS_BYTES_MAX = 256 };

/* Count and headers as they lie in a record. Returns their size. */
size_t record_headers_put(uint8_t out[RECORD_HEADERS_BYTES_MAX], const struct session *s,
			  const struct frame_facts *facts, int64_t wall_ms);

#endif
