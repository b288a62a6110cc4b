/* clean_read.c - a sealed segment in, its batches out, each whole and checked; see clean_read.h. */
#include "dataplane/clean/clean_read.h"

#include <errno.h>

/* A batch is as long as its segment at most. */
enum { READ_ROOM_BYTES = INT32_MAX };

int clean_read_begin(struct clean_tools *t, const char *directory, const struct segment_told *s)
{
	struct clean_reader *r = &t->in;
	char path[FILE_PATH_BYTES_MAX];
	segment_path(path, sizeof path, directory, s->base_offset, SEGMENT_LOG);
	int fd = file_open_to_read(t->disk, path);
	if (fd < 0)
		return fd;
	*r = (struct clean_reader){.fd = fd, .size = s->size, .bytes = r->bytes,
				   .next_offset = s->base_offset};
	return 0;
}

void clean_read_end(struct clean_tools *t)
{
	file_close(t->disk, &t->in.fd);
}

/* The bytes from the next batch on, `size` of them at least: those behind are read ahead. */
static int fill(struct clean_tools *t, size_t size)
{
	struct clean_reader *r = &t->in;
	size_t behind = (size_t)(r->at - r->start);
	if (behind + size <= r->have)
		return 0;
	if (size > r->size - r->at || size > READ_ROOM_BYTES)
		return -EBADMSG;
	r->have -= min_size(behind, r->have);
	memmove(r->bytes, r->bytes + behind, r->have);
	r->start = r->at;
	uint64_t wanted = min_u64(max_u64(size, CLEAN_READ_BYTES), r->size - r->at) - r->have;
	int64_t n = file_read_some(t->disk, r->fd, r->bytes + r->have, (size_t)wanted,
				   r->start + r->have);
	if (n < 0)
		return (int)n;
	r->have += (size_t)n;
	if (!t->pace.pace(t->pace.owner, (uint32_t)n))
		return -ECANCELED;
	return r->have < size ? -EBADMSG : 0;
}

static bool is_sound(const struct clean_reader *r, const struct record_batch_header *h)
{
	int64_t base = record_batch_base_offset(h);
	return base >= r->next_offset && base <= INT64_MAX - INT32_MAX &&
	       record_batch_check_all(h, (size_t)record_batch_bytes(h)) == RECORD_BATCH_GOOD;
}

const struct record_batch_header *clean_read(struct clean_tools *t, int *error)
{
	struct clean_reader *r = &t->in;
	*error = 0;
	if (r->at == r->size)
		return NULL;
	*error = fill(t, RECORD_BATCH_HEADER_BYTES);
	if (*error)
		return NULL;
	int64_t size = record_batch_bytes(record_batch_header_of(r->bytes + (r->at - r->start)));
	*error = size < RECORD_BATCH_HEADER_BYTES ? -EBADMSG : fill(t, (size_t)size);
	if (*error)
		return NULL;
	const struct record_batch_header *h = record_batch_header_of(r->bytes + (r->at - r->start));
	if (!is_sound(r, h)) {
		*error = -EBADMSG;
		return NULL;
	}
	r->at += (uint64_t)size;
	r->next_offset = record_batch_last_offset(h) + 1;
	return h;
}
