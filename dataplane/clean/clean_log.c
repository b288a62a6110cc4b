/* clean_log.c - a log's sealed segments in, fewer of them out; see clean_log.h. */
#include "dataplane/clean/clean_log.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"
#include "dataplane/clean/clean_read.h"
#include "dataplane/clean/clean_write.h"

#include <errno.h>
#include <stdio.h>

enum { READ_MAP_BYTES = INT32_MAX };

/* Behind the last offset that a segment may have. */
static int64_t end_of(const struct clean_round *round, uint32_t i)
{
	return i + 1 < round->count ? round->segments[i + 1].base_offset : round->end_offset;
}

/* ---- the map --------------------------------------------------------------------------- */

/* False: the map ends before this batch. One that fills it by itself goes in as far as it does, or
 * no round would get beyond it. */
static bool map_batch(struct clean_tools *t, struct clean_round *round,
		      const struct record_batch_header *h)
{
	int64_t base = record_batch_base_offset(h), last = record_batch_last_offset(h);
	if (last < round->first_dirty)
		return true;
	bool is_first = t->map.count == 0;
	if (!clean_batch_keys(t->work, h, &t->map) && !is_first) {
		round->map_end = base;
		return false;
	}
	return true;
}

/* False: the map is full. */
static bool map_segment(struct clean_tools *t, struct clean_round *round, int *error)
{
	const struct record_batch_header *h;
	while ((h = clean_read(t, error))) {
		if (record_batch_has_producer(h))
			producers_note(&t->producers, 0, h, 0);
		if (!map_batch(t, round, h))
			return false;
	}
	return true;
}

int clean_map(struct clean_tools *t, struct clean_round *round)
{
	int status = 0;
	bool has_room = true;
	key_map_clear(&t->map);
	producers_forget(&t->producers, 0);
	round->map_end = round->young_from;
	round->next = 0;
	for (uint32_t i = 0; i < round->count && has_room && status == 0; i++) {
		if (round->segments[i].base_offset >= round->young_from)
			break;
		status = clean_read_begin(t, round->directory, &round->segments[i]);
		if (status == 0) {
			has_room = map_segment(t, round, &status);
			clean_read_end(t);
		}
	}
	return status;
}

/* ---- runs ------------------------------------------------------------------------------ */

/* How many segments from `next` on go into one: what they have now bounds what will be left. */
static uint32_t run_length(const struct clean_round *round)
{
	const struct segment_told *first = &round->segments[round->next];
	uint64_t bytes = 0, entries = 0;
	uint64_t entries_max = round->options.segment_index_bytes / INDEX_TIME_ENTRY_BYTES;
	uint32_t n = 0;
	for (; round->next + n < round->count; n++) {
		const struct segment_told *s = &first[n];
		bytes += s->size;
		entries += s->index_entries;
		bool fits = bytes <= round->options.segment_bytes &&
			    entries <= entries_max &&
			    end_of(round, round->next + n) - first->base_offset <= INT32_MAX;
		if (s->base_offset >= round->map_end || (n > 0 && !fits))
			break;
	}
	return n;
}

/* The last one of its producer, who may go on with it. */
static bool is_last_of_producer(const struct clean_tools *t, const struct clean_round *round,
				const struct record_batch_header *h)
{
	int64_t age_ms = round->now_ms - record_batch_max_timestamp(h);
	if (!record_batch_has_producer(h) || age_ms > round->producer_expiration_ms)
		return false;
	const struct producer *p =
		producers_find(&t->producers, 0, (int64_t)be64_get(h->producer_id));
	return !p || producer_newest(p)->last_offset <= record_batch_last_offset(h);
}

/* Of the run's segments the last that holds a batch: its last batch says where the run ends. */
static uint32_t last_filled(const struct clean_round *round, uint32_t length)
{
	while (length > 1 && round->segments[round->next + length - 1].size == 0)
		length--;
	return length - 1;
}

/* `is_last`: no batch of the run comes behind this segment. */
static int clean_segment(struct clean_tools *t, const struct clean_round *round, bool is_last,
			 bool *changed)
{
	const struct clean_rule rule = {
		.map = &t->map,
		.map_end = round->map_end,
		.now_ms = round->now_ms,
		.delete_retention_ms = round->options.delete_retention_ms,
	};
	const struct record_batch_header *h;
	int status = 0;
	while (status == 0 && (h = clean_read(t, &status))) {
		struct bytes left;
		bool is_needed = (is_last && t->in.at == t->in.size) ||
				 is_last_of_producer(t, round, h);
		*changed |= clean_batch(t->work, &rule, h, is_needed, &left) != CLEAN_KEPT;
		if (left.size > 0)
			status = clean_write(t, left);
	}
	return status;
}

static int write_run(struct clean_tools *t, const struct clean_round *round, uint32_t length,
		     bool *changed)
{
	const struct segment_told *s = &round->segments[round->next];
	uint32_t last = last_filled(round, length);
	int status = clean_write_begin(t, round, s->base_offset);
	if (status < 0)
		return status;
	for (uint32_t i = 0; i <= last && status == 0; i++) {
		status = clean_read_begin(t, round->directory, &s[i]);
		if (status < 0)
			break;
		status = clean_segment(t, round, i == last, changed);
		clean_read_end(t);
	}
	int ended = clean_write_end(t, status == 0 && *changed);
	return status < 0 ? status : ended;
}

typedef void print_path(char *out, size_t size, const char *directory, int64_t base_offset,
			enum segment_file file);

typedef int remove_path(struct disk *d, const char *path);

static int remove_files(struct clean_tools *t, const char *directory, int64_t base,
			print_path *print, remove_path *remove)
{
	int status = 0;
	for (unsigned f = 0; f < SEGMENT_FILES; f++) {
		char path[FILE_PATH_BYTES_MAX];
		print(path, sizeof path, directory, base, f);
		int error = remove(t->disk, path);
		status = error < 0 && error != -ENOENT && status == 0 ? error : status;
	}
	return status;
}

/* The .log file last: it says that all of it is whole. */
static int name_swap(struct clean_tools *t, const char *directory, int64_t base)
{
	static const enum segment_file order[] = {SEGMENT_INDEX, SEGMENT_TIMEINDEX, SEGMENT_LOG};
	int status = 0;
	for (unsigned i = 0; i < SEGMENT_FILES && status == 0; i++) {
		char from[FILE_PATH_BYTES_MAX], to[FILE_PATH_BYTES_MAX];
		segment_cleaned_path(from, sizeof from, directory, base, order[i]);
		segment_swap_path(to, sizeof to, directory, base, order[i]);
		status = file_rename(t->disk, from, to);
	}
	return status == 0 ? directory_sync(t->disk, directory) : status;
}

static void tell_run(const struct clean_tools *t, struct clean_round *round, uint32_t length)
{
	const struct clean_writer *w = &t->out;
	round->run = (struct segment_swap){
		.base_offset = round->segments[round->next].base_offset,
		.count = length,
		.end_offset = end_of(round, round->next + length - 1),
		.size = w->size,
		.index_entries = w->index.entries,
		.max_timestamp = w->index.max_timestamp,
		.max_timestamp_offset = w->index.max_timestamp_offset,
	};
}

/* Of a *.swap a start believes that nothing is missing: one that is to go is called as it was
 * before it was whole, durably, before it is cut. Where it cannot be it goes as it is. */
static int unname_swap(struct clean_tools *t, const char *directory, int64_t base)
{
	char from[FILE_PATH_BYTES_MAX], to[FILE_PATH_BYTES_MAX];
	segment_swap_path(from, sizeof from, directory, base, SEGMENT_LOG);
	segment_cleaned_path(to, sizeof to, directory, base, SEGMENT_LOG);
	return file_rename(t->disk, from, to) < 0 ? 0 : directory_sync(t->disk, directory);
}

static int remove_in_pieces(struct disk *d, const char *path)
{
	return file_remove(d, path, NULL);
}

/* What is left of a run would be taken for more than it is by a start after the next one: it goes,
 * and durably, or nothing more is done to this log. */
static int remove_run(struct clean_tools *t, const char *directory, int64_t base)
{
	int status = unname_swap(t, directory, base);
	if (status == 0)
		status = remove_files(t, directory, base, segment_swap_path, file_unlink);
	if (status == 0)
		status = remove_files(t, directory, base, segment_cleaned_path, remove_in_pieces);
	if (status == 0)
		status = directory_sync(t->disk, directory);
	return status < 0 ? -EUCLEAN : 0;
}

static int give_up_run(struct clean_tools *t, const struct clean_round *round, int64_t base,
		       int error)
{
	int removed = remove_run(t, round->directory, base);
	return removed < 0 ? removed : error;
}

/* One run; *made: there is a segment to be taken. */
static int try_run(struct clean_tools *t, struct clean_round *round, uint32_t length, bool *made)
{
	int64_t base = round->segments[round->next].base_offset;
	bool changed = length > 1;
	int status = write_run(t, round, length, &changed);
	*made = status == 0 && changed && t->out.size > 0;
	if (!*made)
		return give_up_run(t, round, base, status);
	status = name_swap(t, round->directory, base);
	return status < 0 ? give_up_run(t, round, base, status) : 0;
}

int clean_run(struct clean_tools *t, struct clean_round *round)
{
	uint32_t length;
	round->run = (struct segment_swap){0};
	while (round->next < round->count && (length = run_length(round)) > 0) {
		bool made;
		int status = try_run(t, round, length, &made);
		if (status < 0)
			return status;
		if (made)
			tell_run(t, round, length);
		round->next += length;
		if (made)
			return 0;
	}
	return 0;
}

int clean_undo(struct clean_tools *t, const struct clean_round *round)
{
	return remove_run(t, round->directory, round->run.base_offset);
}

/* ---- memory ---------------------------------------------------------------------------- */

struct clean_tools *clean_tools_create(struct disk *d, size_t map_bytes, double map_load,
				       struct clean_pace pace)
{
	struct clean_tools *t = map_take(sizeof *t);
	if (!t)
		return NULL;
	t->disk = d;
	t->pace = pace;
	t->in.fd = -1;
	t->work = clean_work_create();
	t->in.bytes = map_take(READ_MAP_BYTES);
	t->out.bytes = map_take(CLEAN_WRITE_BYTES);
	if (t->work && t->in.bytes && t->out.bytes &&
	    producers_init(&t->producers, CLEAN_PRODUCERS_MAX, 1) == 0 &&
	    key_map_init(&t->map, map_bytes, map_load) == 0)
		return t;
	clean_tools_destroy(t);
	return NULL;
}

void clean_tools_destroy(struct clean_tools *t)
{
	key_map_fini(&t->map);
	producers_fini(&t->producers);
	map_give(t->out.bytes, CLEAN_WRITE_BYTES);
	map_give(t->in.bytes, READ_MAP_BYTES);
	if (t->work)
		clean_work_destroy(t->work);
	map_give(t, sizeof *t);
}

void clean_rest(struct clean_tools *t)
{
	clean_work_rest(t->work);
	key_map_clear(&t->map);
	producers_forget(&t->producers, 0);
	map_forget(t->in.bytes, READ_MAP_BYTES);
}
