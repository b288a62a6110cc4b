/* sim_index.c - batches in, the index entries due for them out, and compared; see
 * sim_index.h. Nothing of the product's. */
#include "tests/sim/sim_index.h"
#include "dataplane/base/be.h"
#include "dataplane/base/require.h"
#include "tests/sim/sim_disk.h"

enum { OFFSET_ENTRY_BYTES = 8, TIME_ENTRY_BYTES = 12, PATH_BYTES = 512 };

void sim_index_begin(struct sim_index *ix, int64_t base_offset)
{
	ix->base_offset = base_offset;
	ix->bytes_since = 0;
	ix->offsets.count = ix->times.count = ix->peaks.count = 0;
}

static void push(struct sim_index_entries *e, int64_t key, int64_t value)
{
	require(e->count < SIM_INDEX_ENTRIES_MAX);
	e->at[e->count++] = (struct sim_index_entry){key, value};
}

static const struct sim_index_entry *last_of(const struct sim_index_entries *e)
{
	return e->count ? &e->at[e->count - 1] : NULL;
}

void sim_index_note(struct sim_index *ix, const struct checker_batch *b, size_t position)
{
	const struct sim_index_entry *peak = last_of(&ix->peaks);
	if (!peak || b->max_timestamp > peak->key)
		push(&ix->peaks, b->max_timestamp, b->last_offset);
	if (ix->bytes_since > SIM_INDEX_INTERVAL_BYTES) {
		push(&ix->offsets, b->last_offset, (int64_t)position);
		peak = last_of(&ix->peaks);
		const struct sim_index_entry *before = last_of(&ix->times);
		if (!before || peak->key > before->key)
			push(&ix->times, peak->key, peak->value);
		ix->bytes_since = 0;
	}
	ix->bytes_since += b->size;
}

struct index_file {
	char path[PATH_BYTES];
	const uint8_t *bytes;
	size_t count;
};

static struct index_file load(const char *log_path, const char *ending, size_t entry_bytes)
{
	struct index_file f;
	size_t size;
	snprintf(f.path, sizeof f.path, "%.*s%s", (int)(strlen(log_path) - 4), log_path, ending);
	f.bytes = sim_fs_read(sim_world()->fs, f.path, &size);
	if (!f.bytes || size % entry_bytes)
		sim_fail("%s: missing, or %zu bytes", f.path, f.bytes ? size : 0);
	f.count = size / entry_bytes;
	return f;
}

static void compare_offsets(const struct sim_index *ix, const char *log_path)
{
	struct index_file f = load(log_path, ".index", OFFSET_ENTRY_BYTES);
	for (size_t i = 0; i < f.count; i++) {
		const uint8_t *p = f.bytes + i * OFFSET_ENTRY_BYTES;
		int64_t offset = ix->base_offset + (int32_t)be32_load(p);
		int64_t position = be32_load(p + 4);
		const struct sim_index_entry *due = &ix->offsets.at[i];
		if (i >= ix->offsets.count || due->key != offset || due->value != position)
			sim_fail("%s: entry %zu of %zu is offset %lld at %lld; %u are due, this "
				 "one offset %lld at %lld",
				 f.path, i, f.count, (long long)offset, (long long)position,
				 ix->offsets.count, (long long)due->key, (long long)due->value);
	}
	if (f.count != ix->offsets.count)
		sim_fail("%s: %zu entries where %u are due", f.path, f.count, ix->offsets.count);
}

/* Goes on in `e` to the entry of that time; false: there is none. */
static bool advance(const struct sim_index_entries *e, unsigned *at, int64_t time,
		    int64_t offset)
{
	while (*at < e->count && e->at[*at].key < time)
		++*at;
	return *at < e->count && e->at[*at].key == time && e->at[*at].value == offset;
}

static void compare_times(const struct sim_index *ix, const char *log_path, bool is_ended)
{
	struct index_file f = load(log_path, ".timeindex", TIME_ENTRY_BYTES);
	unsigned peak = 0, due = 0;
	int64_t before = -1;
	for (size_t i = 0; i < f.count; i++) {
		const uint8_t *p = f.bytes + i * TIME_ENTRY_BYTES;
		int64_t time = (int64_t)be64_load(p);
		int64_t offset = ix->base_offset + (int32_t)be32_load(p + 8);
		if (time <= before || !advance(&ix->peaks, &peak, time, offset))
			sim_fail("%s: entry %zu of %zu, time %lld of offset %lld, is not the "
				 "largest so far",
				 f.path, i, f.count, (long long)time, (long long)offset);
		if (due < ix->times.count && ix->times.at[due].key < time)
			break;
		due += due < ix->times.count && ix->times.at[due].key == time;
		before = time;
	}
	if (due < ix->times.count)
		sim_fail("%s: %zu entries, and time %lld of offset %lld is missing", f.path,
			 f.count, (long long)ix->times.at[due].key,
			 (long long)ix->times.at[due].value);
	const struct sim_index_entry *largest = last_of(&ix->peaks);
	if (is_ended && largest && before != largest->key)
		sim_fail("%s ends with time %lld; %lld of offset %lld is the largest", f.path,
			 (long long)before, (long long)largest->key,
			 (long long)largest->value);
}

void sim_index_compare(const struct sim_index *ix, const char *log_path, bool is_ended)
{
	compare_offsets(ix, log_path);
	compare_times(ix, log_path, is_ended);
}
