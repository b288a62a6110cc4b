/* jt808_ask.h - JT/T 808: messages of which parts are missing in, requests for these parts out.
 *
 *     jt808_parts_due ─▶ 0x8003, or 0x8800 of media ─▶ answers of its connection
 *                     └▶ asked for often enough: the message is given up
 *
 * Core: poller. Limits: ASKED_PER_TURN a turn; 255 parts at a time (JT808_MISSING_MAX).
 */
#ifndef PENSTOCK_JT808_ASK_H
#define PENSTOCK_JT808_ASK_H

#include "dataplane/fleet/jt808_parts.h"

struct ingest;

void jt808_ask_work(struct ingest *in);

#endif
