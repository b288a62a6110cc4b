/* stream_table.h - for tests: the streams of a rig by handle. A stream opened later in the same
 * place has another handle, so that a message to the one before it finds nobody. */
#ifndef PENSTOCK_STREAM_TABLE_H
#define PENSTOCK_STREAM_TABLE_H

#include "dataplane/net/stream.h"

enum { STREAM_TABLE_PLACES = 512 };

struct stream_table {
	struct stream *streams[STREAM_TABLE_PLACES];
	uint64_t handles;
};

/* Gives a stream its handle; its place, to be set to null when it is gone. */
struct stream **stream_table_place(struct stream_table *t, struct stream *s);
/* As delivery wants it; null: it is gone. */
struct stream *stream_table_find(void *table, uint64_t handle);

#endif
