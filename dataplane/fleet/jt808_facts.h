/* jt808_facts.h - what a message of JT/T 808 says of itself. Core: any; no state. */
#ifndef PENSTOCK_JT808_FACTS_H
#define PENSTOCK_JT808_FACTS_H

#include "dataplane/session/frame_facts.h"

/* Registration, its end and authentication are RECORD_SESSION; location reports RECORD_ALARM when
 * they raise one, else RECORD_LIVE; a batch of them is RECORD_REISSUE when they were sent late
 * (8.49, type 1), else RECORD_LIVE. Of what is encrypted, or in sub-packages, the body is not
 * looked into. */
void jt808_describe(const struct listener *l, struct bytes message, struct frame_facts *ret);

#endif
