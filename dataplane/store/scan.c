/* scan.c - a file in, its batches and where they stop out; see scan.h. */
#include "dataplane/store/scan.h"
#include "dataplane/base/crc32c.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"

#include <errno.h>

int scan_init(struct scan *s, struct disk *d)
{
	*s = (struct scan){.disk = d, .fd = -1};
	s->window = map_take(SCAN_WINDOW_BYTES);
	return s->window ? 0 : -ENOMEM;
}

void scan_fini(struct scan *s)
{
	map_give(s->window, SCAN_WINDOW_BYTES);
	s->window = NULL;
}

int scan_file(struct scan *s, int fd, size_t window_limit)
{
	struct disk_op size = {.kind = DISK_SIZE, .fd = fd};
	s->fd = fd;
	s->window_limit = window_limit;
	s->error = 0;
	s->vain_bytes = 0;
	s->window_bytes = 0;
	int64_t status = disk_run(s->disk, &size);
	s->size = size.size;
	return (int)status;
}

/* A read begins and ends with a block: the file may be open for direct reads. It goes no further
 * than the file does, for what is asked for beyond that the kernel fills with zeroes. */
static bool load_window(struct scan *s, uint64_t position)
{
	if (s->progress && atomic_load_explicit(&s->progress->is_over, memory_order_relaxed)) {
		s->error = -ECANCELED;
		return false;
	}
	uint64_t start = round_down(position, DISK_BLOCK_BYTES);
	uint64_t left = s->size > start ? s->size - start : 1;
	struct iovec iov = {s->window, (size_t)min_u64(s->window_limit,
						       round_up(left, DISK_BLOCK_BYTES))};
	struct disk_op op = {
		.kind = DISK_READ,
		.fd = s->fd,
		.iov = &iov,
		.iov_count = 1,
		.offset = start,
	};
	int64_t n = disk_run(s->disk, &op);
	s->window_start = op.offset;
	s->window_bytes = n > 0 ? (size_t)n : 0;
	if (s->progress)
		atomic_fetch_add_explicit(&s->progress->bytes_read, s->window_bytes,
					  memory_order_relaxed);
	if (position < s->window_start + s->window_bytes)
		return true;
	s->error = n < 0 ? (int)n : -EIO;
	return false;
}

const uint8_t *scan_view(struct scan *s, uint64_t position, size_t max, size_t *ret)
{
	bool is_inside = position >= s->window_start &&
			 position < s->window_start + s->window_bytes;
	if (!is_inside && !load_window(s, position))
		return NULL;
	size_t at = (size_t)(position - s->window_start);
	*ret = min_size(max, s->window_bytes - at);
	return s->window + at;
}

bool scan_copy(struct scan *s, uint64_t position, void *out, size_t size)
{
	uint8_t *to = out;
	while (size > 0) {
		size_t n;
		const uint8_t *from = scan_view(s, position, size, &n);
		if (!from)
			return false;
		memcpy(to, from, n);
		to += n;
		position += n;
		size -= n;
	}
	return true;
}

typedef uint32_t (*crc_extend)(uint32_t crc, const void *data, size_t size);

/* Window by window: a batch may be larger than one. */
static bool crc_of(struct scan *s, uint64_t at, uint64_t end, crc_extend extend, uint32_t *ret)
{
	*ret = 0;
	while (at < end) {
		size_t n;
		const uint8_t *data = scan_view(s, at, (size_t)(end - at), &n);
		if (!data)
			return false;
		*ret = extend(*ret, data, n);
		at += n;
	}
	return true;
}

/* What cannot be read counts as data: nobody is to cut it off unseen. */
uint64_t scan_data_end(struct scan *s, uint64_t position)
{
	uint64_t end = position;
	while (position < s->size) {
		size_t n;
		const uint8_t *data = scan_view(s, position, (size_t)(s->size - position), &n);
		if (!data)
			return s->size;
		for (size_t i = 0; i < n; i++)
			if (data[i] != 0)
				end = position + i + 1;
		position += n;
	}
	return end;
}

/* Zeroes up to the end are what was zeroed ahead; anything else was a batch, or was to be
 * one. */
static enum scan_verdict zeroes_or_damage(struct scan *s, uint64_t position)
{
	uint64_t end = scan_data_end(s, position);
	if (s->error)
		return SCAN_ERROR;
	return end > position ? SCAN_DAMAGE : SCAN_ZEROES;
}

static bool check_header(struct scan *s, struct scan_batch *ret)
{
	uint64_t left = s->size - ret->position;
	ret->verdict = RECORD_BATCH_BAD_SIZE;
	if (left < RECORD_BATCH_HEADER_BYTES ||
	    !scan_copy(s, ret->position, &ret->header, sizeof ret->header))
		return false;
	ret->verdict = record_batch_check(&ret->header, left);
	if (ret->verdict != RECORD_BATCH_GOOD)
		return false;
	ret->size = (uint64_t)record_batch_bytes(&ret->header);
	return true;
}

/* Header and CRC of the batch at ret->position. */
static bool check_batch(struct scan *s, struct scan_batch *ret)
{
	uint32_t crc;
	if (!check_header(s, ret) ||
	    !crc_of(s, ret->position + RECORD_BATCH_CRC_FROM, ret->position + ret->size,
		    crc32c_extend, &crc))
		return false;
	if (crc != be32_get(ret->header.crc))
		ret->verdict = RECORD_BATCH_BAD_CRC;
	return ret->verdict == RECORD_BATCH_GOOD;
}

enum scan_verdict scan_header(struct scan *s, uint64_t position, struct scan_batch *ret)
{
	*ret = (struct scan_batch){.position = position};
	if (position >= s->size)
		return SCAN_END;
	if (check_header(s, ret))
		return SCAN_BATCH;
	return s->error ? SCAN_ERROR : SCAN_DAMAGE;
}

/* Offsets may leave gaps and never go back. The highest are left out: a batch's last offset
 * must not overflow. */
bool scan_follows(const struct scan_batch *b, int64_t expected)
{
	int64_t base = record_batch_base_offset(&b->header);
	return base >= expected && base <= INT64_MAX - INT32_MAX;
}

/* Offset 8 | size of what follows 4 | CRC-32 4 of what follows | magic 1 | ... */
bool scan_is_old_format(struct scan *s, uint64_t position)
{
	enum { SIZE_AT = 8, SIZE_END = 12, CRC_END = 16, HEADER = 17, BODY_MIN = 14 };
	uint8_t h[HEADER];
	uint32_t crc;
	if (s->size - position < HEADER || !scan_copy(s, position, h, sizeof h))
		return false;
	uint32_t size = be32_load(h + SIZE_AT);
	return h[CRC_END] <= 1 && size >= BODY_MIN && size <= s->size - position - SIZE_END &&
	       crc_of(s, position + CRC_END, position + SIZE_END + size, crc32_extend,
		      &crc) &&
	       crc == be32_load(h + SIZE_END);
}

enum scan_verdict scan_next(struct scan *s, uint64_t position, struct scan_batch *ret)
{
	*ret = (struct scan_batch){.position = position};
	if (position >= s->size)
		return SCAN_END;
	if (check_batch(s, ret))
		return SCAN_BATCH;
	return s->error ? SCAN_ERROR : zeroes_or_damage(s, position);
}

/* A cheap look before a header is believed enough to have its CRC taken. */
static bool might_begin(struct scan *s, uint64_t position, int64_t above)
{
	size_t n;
	const uint8_t *magic = scan_view(
		s, position + offsetof(struct record_batch_header, magic), 1, &n);
	struct record_batch_header h;
	if (!magic || *magic != RECORD_BATCH_MAGIC || !scan_copy(s, position, &h, sizeof h))
		return false;
	int64_t base = record_batch_base_offset(&h);
	/* No segment spans more than 2^31 offsets. */
	return base > above && (above < 0 || base - above <= INT32_MAX) &&
	       record_batch_check(&h, s->size - position) == RECORD_BATCH_GOOD;
}

/* Byte by byte: behind damage a batch may begin anywhere. */
bool scan_find(struct scan *s, uint64_t from, int64_t above, struct scan_batch *ret)
{
	for (; from + RECORD_BATCH_HEADER_BYTES <= s->size && !s->error; from++) {
		if (!might_begin(s, from, above))
			continue;
		*ret = (struct scan_batch){.position = from};
		if (check_batch(s, ret))
			return true;
		s->vain_bytes += ret->size;
		if (scan_has_given_up(s))
			return false;
	}
	return false;
}

bool scan_has_given_up(const struct scan *s)
{
	return s->vain_bytes >= SCAN_VAIN_BYTES_MAX;
}
