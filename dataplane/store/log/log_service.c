/* log_service.c - buffers out to logs and back; see log_service.h. */
#include "dataplane/store/log/log_service.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"
#include "dataplane/store/files.h"
#include "dataplane/store/log/log_private.h"
#include "dataplane/store/producer_snapshot.h"

#include <errno.h>

static size_t zeroes_map_bytes(const struct log_service *s)
{
	return (size_t)max_u64(s->zeroes_bytes, MAP_HUGE_BYTES);
}

static void give_zero_credit(struct log_service *s, uint64_t bytes)
{
	s->zero_credit = min_u64(s->zero_credit + bytes,
				 (uint64_t)ZERO_CREDIT_STEPS * s->zeroes_bytes);
}

int log_service_init(struct log_service *s, const struct log_service_options *options)
{
	require(options->settings.buffers > 0 && options->settings.buffer_bytes > 0 &&
		options->settings.buffer_bytes % DISK_BLOCK_BYTES == 0 &&
		options->settings.buffer_bytes <= WRITE_BYTES_MAX);
	memset(s, 0, sizeof *s);
	s->disk = options->disk;
	s->dir = options->dir;
	s->stats = options->stats;
	s->buffers = options->settings.buffers;
	s->buffer_bytes = options->settings.buffer_bytes;
	s->buffers_per_log = max_u32(1, options->settings.buffers / 4);
	s->small_write_bytes = options->settings.small_write_bytes;
	s->zeroes_bytes = (uint32_t)round_up((uint64_t)LOG_ZERO_WRITES * s->small_write_bytes,
					     DISK_BLOCK_BYTES);
	s->writing_bytes_max = WRITING_BYTES_MOST / 2;
	s->cut_bytes = FILE_PIECE_BYTES;
	give_zero_credit(s, UINT32_MAX);
	flush_group_init(&s->flush, options->dir, options->writer);
	list_init(&s->active);
	list_init(&s->readers);
	list_init(&s->write_dues);
	list_init(&s->sync_dues);
	list_init(&s->trims);
	list_init(&s->snapshots);
	list_init(&s->appends);
	list_init(&s->reads_done);
	list_init(&s->watches);
	s->memory = map_take((size_t)s->buffers * s->buffer_bytes);
	/* Only ever read: the system's page of zeroes stands for it, a huge one if there is. */
	s->zeroes = map_take(zeroes_map_bytes(s));
	s->free = map_take(s->buffers * sizeof *s->free);
	s->snapshot_bytes =
		snapshot_bytes((size_t)options->settings.producer_ids_max * PRODUCER_BATCHES);
	s->snapshot = map_take(s->snapshot_bytes);
	s->scrub.bytes_per_second = options->settings.scrub_bytes_per_second;
	s->scrub.base_offset = -1;
	if (s->scrub.bytes_per_second > 0)
		s->scrub.memory = map_take(SCRUB_READ_BYTES);
	bool may_scrub = s->scrub.memory || s->scrub.bytes_per_second == 0;
	s->producers_check_ns = options->settings.producer_check_ms * NS_PER_MS;
	s->producers_kept_ns = options->settings.producer_expiration_ms * NS_PER_MS;
	/* Every write holds a buffer: there are never more writes than buffers. */
	int status = slab_init(&s->writes, sizeof(struct log_write), s->buffers);
	if (status == 0)
		status = slab_init(&s->reads, sizeof(struct log_reading), LOG_READS_MAX);
	if (status == 0)
		status = recent_init(&s->recent, options->settings.tail_bytes);
	if (status == 0)
		status = producers_init(&s->producers, options->settings.producer_ids_max,
					PARTITIONS_MAX);
	if (status == 0)
		status = descriptors_init(&s->descriptors, s->disk, options->descriptors);
	if (status == 0)
		status = mark_file_init(&s->marks, &s->descriptors, s->stats, LOG_TAG_MARK,
					options->dir, options->writer);
	if (status < 0 || !may_scrub || !s->memory || !s->zeroes || !s->free || !s->snapshot) {
		log_service_fini(s);
		return status < 0 ? status : -ENOMEM;
	}
	for (uint32_t i = s->buffers; i-- > 0;)
		log_service_give_buffer(s, s->memory + (size_t)i * s->buffer_bytes);
	return 0;
}

void log_service_fini(struct log_service *s)
{
	mark_file_fini(&s->marks);
	descriptors_fini(&s->descriptors);
	map_give(s->snapshot, s->snapshot_bytes);
	map_give(s->scrub.memory, SCRUB_READ_BYTES);
	producers_fini(&s->producers);
	recent_fini(&s->recent);
	slab_fini(&s->reads);
	slab_fini(&s->writes);
	map_give(s->free, s->buffers * sizeof *s->free);
	map_give(s->zeroes, zeroes_map_bytes(s));
	map_give(s->memory, (size_t)s->buffers * s->buffer_bytes);
}

uint8_t *log_service_take_buffer(struct log_service *s)
{
	return s->free_count > 0 ? s->free[--s->free_count] : NULL;
}

void log_service_give_buffer(struct log_service *s, uint8_t *buffer)
{
	require(s->free_count < s->buffers);
	s->free[s->free_count++] = buffer;
}

bool log_service_may_write(const struct log_service *s, uint64_t bytes)
{
	return s->writing_bytes == 0 || s->writing_bytes + bytes <= s->writing_bytes_max;
}

static bool has_room_for_read(const struct log_service *s)
{
	return s->reads.in_use < LOG_READS_MAX && log_service_has_room(s, 1);
}

bool log_service_may_read(const struct log_service *s)
{
	bool is_written = s->writing_bytes > 0 || s->now_ns - s->written_ns < WRITTEN_NS;
	uint64_t most = is_written ? READING_BYTES_BESIDE : READING_BYTES_ALONE;
	return !list_is_empty(&s->readers) && s->reading_bytes < most && has_room_for_read(s);
}

bool log_service_may_recall(const struct log_service *s)
{
	return s->recall_left > 0 && has_room_for_read(s);
}

void log_service_write_begun(struct log_service *s, uint64_t bytes)
{
	s->writing_bytes += bytes;
	give_zero_credit(s, bytes);
}

bool log_service_may_zero(const struct log_service *s, uint64_t bytes)
{
	return bytes <= s->zero_credit;
}

void log_service_zeroed(struct log_service *s, uint64_t bytes)
{
	s->zero_credit -= bytes;
}

/* What may be written at a time follows the disk as a congestion window follows a path: a slow
 * write takes an eighth away, a quick one adds a step. */
void log_service_write_done(struct log_service *s, uint64_t bytes, uint64_t took_ns)
{
	require(bytes <= s->writing_bytes);
	s->writing_bytes -= bytes;
	s->written_ns = s->now_ns;
	if (took_ns > WRITING_NS) {
		s->writing_bytes_max -= s->writing_bytes_max / 8;
		s->slow_ns = s->now_ns;
	} else if (took_ns < WRITING_NS / 2) {
		s->writing_bytes_max += WRITING_STEP_BYTES;
	}
	s->writing_bytes_max = min_u64(s->writing_bytes_max, WRITING_BYTES_MOST);
	s->writing_bytes_max = max_u64(s->writing_bytes_max, WRITING_BYTES_LEAST);
}

bool log_service_disk_is_quick(const struct log_service *s)
{
	return s->slow_ns == 0 || s->now_ns - s->slow_ns > QUICK_NS;
}

bool log_service_has_room(const struct log_service *s, unsigned n)
{
	return descriptors_have_room(&s->descriptors, n);
}

bool log_service_take_room(struct log_service *s, uint64_t bytes)
{
	if (s->is_short || (s->looks > 0 && bytes > s->room_bytes))
		return false;
	s->room_bytes -= min_u64(s->room_bytes, bytes);
	return true;
}
