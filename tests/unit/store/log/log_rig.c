/* log_rig.c - the log tests' common ground; see log_rig.h. */
#include "tests/unit/store/log/log_rig.h"
#include "dataplane/base/require.h"
#include "dataplane/store/log/log_private.h"
#include "dataplane/store/mark_table.h"
#include "tests/unbounded_log.h"
#include "tests/unit/store/rig_files.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { RIG_CHUNKS = 8192, EXPECTED_BYTES_MAX = 64 << 20, OPS = 64 };

struct rig *rig_create(void)
{
	int error;
	struct rig *r = calloc(1, sizeof *r);
	require(r);
	rig_directory_make(r->root, sizeof r->root);
	snprintf(r->directory, sizeof r->directory, "%s/topic-0", r->root);
	r->options = (struct log_options){
		UNBOUNDED_LOG, .segment_bytes = 64 << 20, .message_bytes_max = 4 << 20};
	r->disk = disk_create("test", &error);
	r->control = disk_create("control", &error);
	r->turn_ns = 1000000;
	r->log_start_offset = r->durable_mark = -1;
	r->key = (struct mark_key){.topic_id = {7}, .partition = 0};
	r->dir = (struct log_dir){.path = r->root, .disk = r->control};
	r->service_options = (struct log_service_options){
		.disk = r->disk, .stats = &r->stats,
		.settings = {.buffers = 64, .buffer_bytes = 16384,
			     .small_write_bytes = RIG_SMALL_WRITE_BYTES,
			     .producer_ids_max = 64,
			     .producer_expiration_ms = 86400000, .producer_check_ms = 600000},
		.descriptors = 64, .dir = &r->dir};
	r->expected = malloc(EXPECTED_BYTES_MAX);
	require(chunk_pool_init(&r->pool, CHUNK_BYTES, RIG_CHUNKS) == 0);
	return r;
}

void rig_destroy(struct rig *r)
{
	if (r->log)
		rig_abandon(r);
	disk_destroy(r->disk);
	disk_destroy(r->control);
	chunk_pool_fini(&r->pool);
	rig_directory_remove(r->root);
	free(r->expected);
	free(r);
}

int64_t rig_noted_mark(struct rig *r)
{
	struct mark_table table;
	char failed[NAME_MAX + 1];
	cr_assert(mark_table_read(&table, r->control, r->root, failed) == 0);
	int64_t noted = mark_table_find(&table, &r->key);
	mark_table_free(&table);
	return noted;
}

/* As control does: what the files say, which then go. */
void rig_take_marks(struct rig *r)
{
	int64_t noted = rig_noted_mark(r);
	char path[FILE_PATH_BYTES_MAX];
	snprintf(path, sizeof path, "%s/" MARK_FILE_NAME ".0", r->root);
	file_unlink(r->control, path);
	r->durable_mark = noted > r->durable_mark ? noted : r->durable_mark;
}

bool rig_open(struct rig *r, int64_t recovery_point, bool is_clean)
{
	rig_take_marks(r);
	return rig_open_log(r, recovery_point, is_clean);
}

bool rig_open_log(struct rig *r, int64_t recovery_point, bool is_clean)
{
	int error = 0;
	require(!r->log);
	require(log_service_init(&r->service, &r->service_options) == 0);
	struct log_open_options options = {
		.directory = r->directory,
		.log = r->options,
		.key = r->key,
		.durable_mark = r->durable_mark,
		.recovery_point = recovery_point,
		.log_start_offset = r->log_start_offset,
		.is_compacted = r->is_compacted,
		.is_clean = is_clean,
	};
	r->log = log_open(r->control, &options, &r->found, &error);
	if (!r->log) {
		log_service_fini(&r->service);
		return false;
	}
	log_serve(r->log, &r->service, 0);
	return true;
}

static void take_answers(struct rig *r)
{
	struct list *node;
	while ((node = list_take_first(&r->service.appends))) {
		struct append_msg *a = list_entry(node, struct append_msg, node);
		unsigned i = (unsigned)(a - r->appends);
		cr_assert(!r->is_answered[i], "an append comes back once");
		r->is_answered[i] = true;
		r->answered++;
		r->failed += a->error != 0;
		chain_give(&a->bytes);
	}
}

static bool turn(struct rig *r)
{
	struct disk_op *ops[OPS];
	unsigned n = disk_reap(r->disk, ops, OPS);
	for (unsigned i = 0; i < n; i++)
		log_reaped(ops[i]);
	log_service_turn(&r->service, r->service.now_ns + r->turn_ns);
	struct list active;
	list_init(&active);
	list_splice(&active, &r->service.active);
	for (struct log *log; (log = log_next_active(&active));)
		log_advance(log);
	log_service_flush(&r->service);
	disk_kick(r->disk);
	take_answers(r);
	return n > 0;
}

bool rig_turn(struct rig *r)
{
	/* What was opened meanwhile goes on at once. */
	bool found = turn(r);
	while (disk_outstanding(r->disk) > 0 && turn(r))
		found = true;
	return found;
}

void rig_drain(struct rig *r)
{
	do
		rig_turn(r);
	while (disk_outstanding(r->disk) > 0 || !list_is_empty(&r->service.active) ||
	       !list_is_empty(&r->service.sync_dues));
}

/* Completes all that is under way, and what that lets go to the disk. */
static void settle(struct rig *r)
{
	while (disk_outstanding(r->disk) > 0) {
		struct disk_op *ops[OPS];
		disk_kick(r->disk);
		unsigned n = disk_reap(r->disk, ops, OPS);
		for (unsigned i = 0; i < n; i++)
			log_reaped(ops[i]);
	}
}

static void leave(struct rig *r)
{
	/* The end of a process closes its files. */
	descriptors_drop(&r->service.marks.files);
	settle(r);
	log_close(r->log);
	r->log = NULL;
	log_service_fini(&r->service);
}

void rig_abandon(struct rig *r)
{
	settle(r);
	descriptors_drop(&r->log->files);
	leave(r);
}

void rig_forget_marks(struct rig *r)
{
	require(!r->log);
	rig_take_marks(r);
	r->durable_mark = -1;
}

void rig_finish(struct rig *r)
{
	log_finish(r->log);
	while (!log_is_finished(r->log))
		rig_turn(r);
	take_answers(r);
	if (!rig_marks(r).is_fenced)
		r->durable_mark = rig_marks(r).high_watermark;
	log_release(r->log);
	leave(r);
}

static void set_producer(struct record_batch_header *h, struct rig_producer *p, uint32_t count)
{
	h->producer_id = be64_of((uint64_t)p->id);
	h->producer_epoch = be16_of((uint16_t)p->epoch);
	h->base_sequence = be32_of((uint32_t)p->sequence);
	p->sequence += (int32_t)count;
}

static void fill_batch(struct rig *r, struct append_msg *a, uint32_t count, size_t value_bytes)
{
	static uint8_t text[4 << 20];
	static uint8_t batch[sizeof text + 4096];
	int64_t time = r->time_ms ? r->time_ms : 1700000000000 + r->append_count;
	struct record_batch_header *h = (struct record_batch_header *)batch;
	record_batch_build(h, count, time, time);
	if (r->producer)
		set_producer(h, r->producer, count);
	struct emitter e = emitter_of(batch + sizeof *h, sizeof batch - sizeof *h);
	for (size_t i = 0; i < value_bytes; i++)
		text[i] = (uint8_t)(i * 7 + r->append_count);
	for (uint32_t i = 0; i < count; i++) {
		struct record_view v = {.offset_delta = (int32_t)i,
					.value = {text, value_bytes}};
		if (r->record_key)
			v.key = (struct bytes){(const uint8_t *)r->record_key,
					       strlen(r->record_key)};
		if (r->has_no_value)
			v.value = (struct bytes){0};
		record_emit(&e, &v);
	}
	cr_assert(!e.bad);
	size_t size = sizeof *h + emitter_size(&e);
	record_batch_set_size(h, (uint32_t)size);
	struct bytes rest = {batch + sizeof *h, size - sizeof *h};
	record_batch_set_crc(h, record_batch_crc(h, rest));
	cr_assert(chain_append(&a->bytes, &r->pool, batch, size));
}

struct append_msg *rig_append(struct rig *r, uint32_t count, size_t value_bytes,
			  enum ack_level level)
{
	require(r->append_count < RIG_APPENDS_MAX);
	struct append_msg *a = &r->appends[r->append_count];
	*a = (struct append_msg){
		.msg.kind = HANDOFF_APPEND, .level = level, .records = count,
		.log_append_time = -1};
	fill_batch(r, a, count, value_bytes);
	r->append_count++;
	size_t size = a->bytes.size;
	log_append(r->log, a);
	if (a->error == 0 && !a->is_duplicate) {
		require(r->expected_bytes + size <= EXPECTED_BYTES_MAX);
		chain_copy_out(&a->bytes, 0, r->expected + r->expected_bytes, size);
		r->expected_bytes += size;
	}
	return a;
}

struct read_msg rig_read(struct rig *r, int64_t offset, unsigned chunks, uint32_t bytes_max)
{
	struct read_msg read = {
		.offset = offset, .bytes_max = bytes_max, .error = 99};
	for (unsigned i = 0; i < chunks; i++)
		chain_push(&read.bytes, chunk_take(&r->pool));
	log_read(r->log, &read);
	while (list_is_empty(&r->service.reads_done))
		rig_turn(r);
	struct list *node = list_take_first(&r->service.reads_done);
	cr_assert(node == &read.node);
	return read;
}

void rig_check_content(struct rig *r)
{
	int64_t offset = rig_marks(r).log_start_offset;
	int64_t end = rig_marks(r).high_watermark;
	size_t at = 0;
	unsigned chunks = 4;
	while (offset < end) {
		struct read_msg read = rig_read(r, offset, chunks, chunks * CHUNK_BYTES);
		cr_assert(read.error == 0, "error %d at %lld", read.error, (long long)offset);
		if (read.bytes_needed > 0) {
			cr_assert(read.bytes_needed > chunks * CHUNK_BYTES);
			chunks = (read.bytes_needed + CHUNK_BYTES - 1) / CHUNK_BYTES;
			chain_give(&read.bytes);
			continue;
		}
		size_t n = read.bytes.size;
		cr_assert(n > 0 && at + n <= r->expected_bytes);
		uint8_t *got = malloc(n);
		chain_copy_out(&read.bytes, 0, got, n);
		cr_assert(memcmp(got, r->expected + at, n) == 0, "bytes from %zu on", at);
		for (size_t i = 0; i < n;) {
			const struct record_batch_header *h = record_batch_header_of(got + i);
			cr_assert(record_batch_base_offset(h) == offset);
			offset = record_batch_last_offset(h) + 1;
			i += (size_t)record_batch_bytes(h);
		}
		free(got);
		at += n;
		chain_give(&read.bytes);
	}
	cr_assert(offset == end);
}

struct log_marks rig_marks(const struct rig *r)
{
	struct log_marks marks;
	log_get_marks(r->log, &marks);
	return marks;
}

static const char *path_of(const struct rig *r, const char *name, char *out, size_t size)
{
	snprintf(out, size, "%s/%s", r->directory, name);
	return out;
}

uint8_t *rig_load(const struct rig *r, const char *name, size_t *ret_size)
{
	char path[256];
	return rig_file_load(path_of(r, name, path, sizeof path), ret_size);
}

void rig_store(const struct rig *r, const char *name, const void *data, size_t size)
{
	char path[256];
	rig_file_store(path_of(r, name, path, sizeof path), data, size);
}

bool rig_has(const struct rig *r, const char *name)
{
	size_t size;
	uint8_t *data = rig_load(r, name, &size);
	free(data);
	return data != NULL;
}
