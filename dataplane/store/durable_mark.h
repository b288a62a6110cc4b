/* durable_mark.h - the one file of a partition that Kafka does not know: how far the log is
 * known to be durable.
 *
 *     durable-offset-checkpoint:  "0\n1\n", the high watermark in 20 digits, "\n"
 *
 * Written, not synced, a moment after a sync has been reaped: a lower bound, which a killed
 * process leaves nearly exact and a power cut perhaps old. Recovery needs it to tell a torn
 * tail (cut off) from damage to what had been durable (an operator decides). Kafka ignores
 * the file; without it everything works but that distinction.
 */
#ifndef PENSTOCK_DURABLE_MARK_H
#define PENSTOCK_DURABLE_MARK_H

#include "dataplane/base/base.h"

enum {
	LOG_MARK_BYTES = 25,
	LOG_MARK_DELAY_NS = 100000000,
	/* Bytes of one log written but not yet covered by a sync, at most. Damage farther than
	 * this before a sound batch cannot be a torn tail; see recover.c. */
	LOG_UNSYNCED_BYTES_MAX = 8 << 20,
};

extern const char log_mark_name[];

/* `out` holds LOG_MARK_BYTES and a NUL. */
void log_mark_print(char *out, int64_t offset);
/* -1: not such a text. */
int64_t log_mark_parse(const char *text);

#endif
