/* clean_log_rig.c - records of some keys in, a log that is compacted out; see clean_log_rig.h. */
#include "tests/unit/clean/clean_log_rig.h"
#include "dataplane/base/clock.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { ROOM = 64 };

struct rig *trial;
struct clean_tools *trial_tools;
unsigned trial_paces_left;
uint32_t trial_scrub_rate;
static int key_of[OFFSETS_MAX];  /* by offset */
static bool is_tombstone[OFFSETS_MAX];

static bool pace(void *owner, uint32_t bytes)
{
	return trial_paces_left == 0 || --trial_paces_left > 0;
}

void trial_begin_with(size_t map_bytes)
{
	trial = rig_create();
	trial->options.segment_bytes = SEGMENT_BYTES;
	trial->options.file_delete_delay_ms = DELAY_S * 1000;
	trial->options.cleanup_policy = CLEANUP_COMPACT;
	trial->options.delete_retention_ms = 1000;
	trial->service_options.settings.scrub_bytes_per_second = trial_scrub_rate;
	fake_eager(trial->disk, true, 1);
	cr_assert(rig_open(trial, 0, false));
	trial_tools = clean_tools_create(trial->control, map_bytes, 0.9,
					 (struct clean_pace){.pace = pace});
	cr_assert(trial_tools);
}

void trial_begin(void)
{
	trial_begin_with(1 << 20);
}

void trial_end(void)
{
	if (trial_tools)
		clean_tools_destroy(trial_tools);
	fake_eager(trial->disk, true, 1);
	rig_drain(trial);
	rig_finish(trial);
	rig_destroy(trial);
}

void trial_append_key(int key)
{
	char text[16];
	snprintf(text, sizeof text, "key-%d", key);
	trial->record_key = text;
	trial->time_ms = FIRST_MS + 1000 * (int64_t)trial->append_count;
	key_of[trial->append_count] = key;
	is_tombstone[trial->append_count] = trial->has_no_value;
	rig_append(trial, 1, VALUE_BYTES, ACK_DURABLE);
	trial->record_key = NULL;
}

void trial_append(unsigned count, unsigned keys)
{
	for (unsigned i = 0; i < count; i++)
		trial_append_key((int)(trial->append_count % keys));
	rig_drain(trial);
}

static bool is_superseded(int64_t offset, int64_t below)
{
	for (int64_t later = offset + 1; later < below; later++)
		if (key_of[later] == key_of[offset])
			return true;
	return false;
}

/* ---- a round --------------------------------------------------------------------------- */

static struct segment_told told[ROOM];
struct clean_round trial_round;

void trial_look(int64_t first_dirty, int64_t now_ms)
{
	struct segments_told t = {.first_dirty = first_dirty, .now_ms = now_ms, .room = ROOM,
				  .told = told};
	log_tell_segments(trial->log, &t);
	cr_assert(t.count <= ROOM);
	trial_round = (struct clean_round){
		.directory = trial->directory, .options = trial->options, .segments = told,
		.count = t.count, .end_offset = t.end_offset, .young_from = t.young_from,
		.first_dirty = first_dirty, .now_ms = now_ms,
		.producer_expiration_ms = 86400000};
	trial_round.options.segment_bytes = 10 * SEGMENT_BYTES;
}

void trial_prepare_run(void)
{
	trial_look(0, FIRST_MS);
	cr_assert(clean_map(trial_tools, &trial_round) == 0);
	cr_assert(clean_run(trial_tools, &trial_round) == 0);
}

int trial_swap(void)
{
	int error = log_swap(trial->log, &trial_round.run);
	if (error == 0)
		rig_drain(trial);
	cr_assert(error || log_swap_is_over(trial->log));
	return error;
}

unsigned trial_clean(int64_t first_dirty, int64_t now_ms)
{
	unsigned runs = 0;
	trial_look(first_dirty, now_ms);
	cr_assert(clean_map(trial_tools, &trial_round) == 0);
	for (;; runs++) {
		cr_assert(clean_run(trial_tools, &trial_round) == 0);
		if (trial_round.run.count == 0)
			break;
		cr_assert(trial_swap() == 0);
	}
	clean_rest(trial_tools);
	return runs;
}

/* ---- what is there --------------------------------------------------------------------- */

bool trial_read_one(int64_t offset, struct record_batch_header *ret, struct record_view *record)
{
	static uint8_t batch[64 << 10];
	struct read_msg read = rig_read(trial, offset, 8, VALUE_BYTES);
	cr_assert(read.error == 0, "%d at %ld", read.error, (long)offset);
	bool any = read.bytes.size > 0;
	if (any) {
		size_t size = min_size(read.bytes.size, sizeof batch);
		chain_copy_out(&read.bytes, 0, batch, size);
		memcpy(ret, batch, sizeof *ret);
		cr_assert(record_batch_check_all(batch, size) == RECORD_BATCH_GOOD);
		struct record_iterator it =
			record_iterate(batch, (size_t)record_batch_bytes(ret));
		if (record_batch_count(ret) > 0)
			cr_assert(record_next(&it, record));
	}
	chain_give(&read.bytes);
	return any;
}

static bool is_right(int64_t offset, const struct record_view *record)
{
	char text[16];
	uint8_t first = (uint8_t)offset;
	snprintf(text, sizeof text, "key-%d", key_of[offset]);
	bool is_key = record->key.size == strlen(text) &&
		      memcmp(record->key.data, text, record->key.size) == 0;
	if (is_tombstone[offset])
		return is_key && !record->value.data;
	return is_key && record->value.size == VALUE_BYTES && record->value.data[0] == first &&
	       record->value.data[VALUE_BYTES - 1] == (uint8_t)((VALUE_BYTES - 1) * 7 + first);
}

void trial_check(int64_t start, int64_t map_end)
{
	int64_t end_offset = trial->append_count;
	for (int64_t at = start; at < end_offset; at++) {
		struct record_batch_header h;
		struct record_view record = {0};
		int64_t expected = at, from = at;
		while (expected < map_end && is_superseded(expected, map_end))
			expected++;
		do {
			cr_assert(from < end_offset && trial_read_one(from, &h, &record));
			cr_assert(record_batch_base_offset(&h) >= from || from == at);
			from = record_batch_last_offset(&h) + 1;
		} while (record_batch_count(&h) == 0);
		int64_t found = record_batch_base_offset(&h) + record.offset_delta;
		cr_assert(found == expected, "from %ld on: %ld, not %ld", (long)at, (long)found,
			  (long)expected);
		cr_assert(is_right(found, &record), "%ld", (long)found);
	}
	cr_assert(rig_marks(trial).high_watermark == end_offset);
}

static bool has(int64_t base, const char *ending)
{
	char name[64];
	snprintf(name, sizeof name, "%020lld%s", (long long)base, ending);
	return rig_has(trial, name);
}

unsigned trial_count_files(int64_t base, const char *ending)
{
	static const char *const files[] = {".log", ".index", ".timeindex"};
	unsigned count = 0;
	for (unsigned i = 0; i < array_len(files); i++) {
		char both[32];
		snprintf(both, sizeof both, "%s%s", files[i], ending);
		count += has(base, both);
	}
	return count;
}

unsigned trial_count_unfinished(void)
{
	return trial_count_files(0, ".cleaned") + trial_count_files(0, ".swap");
}

void trial_pass_s(unsigned seconds)
{
	trial->turn_ns = NS_PER_S;
	for (unsigned i = 0; i < seconds; i++)
		rig_turn(trial);
	trial->turn_ns = NS_PER_S / 1000;
	for (unsigned i = 0; i < 30; i++)
		rig_turn(trial);
}

void trial_restart(bool is_clean)
{
	if (is_clean)
		rig_finish(trial);
	else
		rig_abandon(trial);
	fake_eager(trial->disk, true, 1);
	cr_assert(rig_open(trial, is_clean ? trial->append_count : 0, is_clean), "%s",
		  trial->found.message);
	cr_assert(!trial->found.is_corrupt, "%s", trial->found.message);
}
