/* stream_table.c - handles in, streams out; see stream_table.h. */
#include "tests/unit/session/stream_table.h"
#include "dataplane/base/require.h"

struct stream **stream_table_place(struct stream_table *t, struct stream *s)
{
	unsigned index = 0;
	while (t->streams[index])
		require(++index < STREAM_TABLE_PLACES);
	s->handle = ++t->handles << 32 | index;
	t->streams[index] = s;
	return &t->streams[index];
}

struct stream *stream_table_find(void *table, uint64_t handle)
{
	const struct stream_table *t = table;
	uint32_t index = (uint32_t)handle;
	struct stream *s = index < STREAM_TABLE_PLACES ? t->streams[index] : NULL;
	return s && s->handle == handle ? s : NULL;
}
