/* ingest.h - frames and datagrams in, records out: topic, partition, credit.
 *
 * A frame that finds no credit, no append object or no memory for its answer stays in its
 * stream, and all behind it: its session waits (waiting.h). A datagram is shed.
 * Records without a key go to one partition until its batch closes, then to the next.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_INGEST_H
#define PENSTOCK_INGEST_H

#include "dataplane/batch/batch.h"

/* Frames and datagrams to records: partition by key, credit reserved; what finds no credit
 * stays in its stream (frames) or is shed and counted (datagrams). Consumes the streams. */
void ingest_input(struct ingest *in, const struct frame_vec *frames,
		  const struct datagram_vec *datagrams, struct record_vec *ret);

#endif
