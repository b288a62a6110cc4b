/* test_trust.c - after a clean stop files may differ from what the stop left: indexes that
 * claim nonsense are seen and made anew, or, if not seen, lead no read to a wrong answer; a
 * sealed segment that was cut is a loss that is said. */
#include "dataplane/store/log/log_private.h"
#include "tests/unit/store/log/log_rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCHES = 3000, VALUE_BYTES = 4100, SEALED_AT = 1000 };

static const char index_name[] = "00000000000000000000.index";
static const char time_name[] = "00000000000000000000.timeindex";

/* A closed log of so many batches, each with an index entry; in two segments or more when
 * `segment_batches` is fewer. */
static struct rig *closed(unsigned batches, unsigned segment_batches)
{
	struct rig *r = rig_create();
	r->options.message_bytes_max = 64 << 10;
	r->options.segment_bytes = segment_batches * (VALUE_BYTES + 100);
	cr_assert(rig_open(r, 0, false));
	for (unsigned i = 0; i < batches; i++) {
		rig_append(r, 1, VALUE_BYTES, ACK_DURABLE);
		if (i % 50 == 0)
			rig_drain(r);
	}
	rig_drain(r);
	rig_finish(r);
	return r;
}

static void check_reads(struct rig *r, unsigned batches)
{
	for (unsigned i = 0; i < 100; i++) {
		struct record_batch_header h;
		int64_t offset = rand() % batches;
		struct read_msg read = rig_read(r, offset, 4, 1 << 20);
		cr_assert(read.error == 0 && read.bytes.size > 0, "%lld: error %d",
			  (long long)offset, read.error);
		chain_copy_out(&read.bytes, 0, &h, sizeof h);
		cr_assert(record_batch_base_offset(&h) == offset);
		chain_give(&read.bytes);
	}
}

struct wrong {
	const char *what;
	void (*make)(uint8_t *file, size_t *size, unsigned entry_bytes);
};

static void random_bytes(uint8_t *file, size_t *size, unsigned entry_bytes)
{
	for (size_t i = 0; i < *size; i++)
		file[i] = (uint8_t)rand();
}

static void zeroes(uint8_t *file, size_t *size, unsigned entry_bytes)
{
	memset(file, 0, *size);
}

static void half_an_entry(uint8_t *file, size_t *size, unsigned entry_bytes)
{
	*size -= entry_bytes / 2;
}

static void few(uint8_t *file, size_t *size, unsigned entry_bytes)
{
	*size = entry_bytes;
}

static void empty(uint8_t *file, size_t *size, unsigned entry_bytes)
{
	*size = 0;
}

static void last_of_another(uint8_t *file, size_t *size, unsigned entry_bytes)
{
	file[*size - 1] ^= 0x15;
}

static void last_twice(uint8_t *file, size_t *size, unsigned entry_bytes)
{
	memmove(file + *size, file + *size - entry_bytes, entry_bytes);
	*size += entry_bytes;
}

static const struct wrong wrongs[] = {
	{"random", random_bytes}, {"zeroes", zeroes}, {"half an entry", half_an_entry},
	{"few", few}, {"empty", empty}, {"last of another", last_of_another},
	{"last twice", last_twice},
};

/* Each kind of nonsense in one index of the segment that begins the log. */
static void check_made_anew(unsigned batches, unsigned segment_batches, const char *name,
			    unsigned entry_bytes)
{
	struct rig *r = closed(batches, segment_batches);
	size_t size, now;
	uint8_t *sound = rig_load(r, name, &size);
	uint8_t *file = malloc(size + entry_bytes);
	for (unsigned i = 0; i < array_len(wrongs); i++) {
		size_t bytes = size;
		memcpy(file, sound, size);
		wrongs[i].make(file, &bytes, entry_bytes);
		rig_store(r, name, file, bytes);
		cr_assert(rig_open(r, batches, true) && !r->found.is_corrupt, "%s: %s",
			  wrongs[i].what, r->found.message);
		check_reads(r, batches);
		cr_assert(r->stats.value[STAT_log_index_misled] == 0);
		rig_finish(r);
		uint8_t *anew = rig_load(r, name, &now);
		cr_assert(now == size && memcmp(anew, sound, size) == 0,
			  "%s %s: %zu bytes of %zu", name, wrongs[i].what, now, size);
		free(anew);
	}
	free(file);
	free(sound);
	rig_destroy(r);
}

Test(trust, an_index_of_nonsense_is_made_anew)
{
	check_made_anew(600, 10000, index_name, INDEX_ENTRY_BYTES);
}

Test(trust, a_sealed_segments_index_of_nonsense_is_made_anew)
{
	check_made_anew(600, 400, index_name, INDEX_ENTRY_BYTES);
}

Test(trust, a_time_index_of_nonsense_is_made_anew)
{
	check_made_anew(600, 10000, time_name, INDEX_TIME_ENTRY_BYTES);
}

Test(trust, a_sealed_segments_time_index_of_nonsense_is_made_anew)
{
	check_made_anew(600, 400, time_name, INDEX_TIME_ENTRY_BYTES);
}

Test(trust, what_is_sound_is_believed)
{
	struct rig *r = closed(BATCHES, SEALED_AT);
	cr_assert(rig_open(r, BATCHES, true));
	cr_assert(r->found.segments >= 3 && r->found.batches_scanned < 10, "%llu",
		  (unsigned long long)r->found.batches_scanned);
	check_reads(r, BATCHES);
	cr_assert(r->stats.value[STAT_log_index_misled] == 0);
	rig_destroy(r);
}

/* All but the last two entries, which open looks at. */
static void spoil_middle(struct rig *r, void (*spoil)(uint8_t *entry, unsigned i))
{
	size_t size;
	uint8_t *index = rig_load(r, index_name, &size);
	for (unsigned i = 0; i < size / INDEX_ENTRY_BYTES - 2; i++)
		spoil(index + i * INDEX_ENTRY_BYTES, i);
	rig_store(r, index_name, index, size);
	free(index);
}

static void random_entry(uint8_t *entry, unsigned i)
{
	be32_store(entry, (uint32_t)rand() % 600);
	be32_store(entry + 4, (uint32_t)rand() % (600 * VALUE_BYTES));
}

static void position_into_a_batch(uint8_t *entry, unsigned i)
{
	be32_store(entry + 4, be32_load(entry + 4) + 7);
}

/* A sound batch, but behind the offsets that the entry stands for. */
static void position_of_a_later_batch(uint8_t *entry, unsigned i)
{
	be32_store(entry, be32_load(entry) / 2);
}

static void position_beyond_the_end(uint8_t *entry, unsigned i)
{
	be32_store(entry + 4, UINT32_MAX - i);
}

static void position_just_before_the_end(uint8_t *entry, unsigned i)
{
	be32_store(entry + 4, 600 * (VALUE_BYTES + 70) - 30);
}

Test(trust, a_read_that_an_index_leads_astray_finds_its_way)
{
	static void (*const spoils[])(uint8_t *, unsigned) = {
		random_entry, position_into_a_batch, position_of_a_later_batch,
		position_beyond_the_end, position_just_before_the_end};
	for (unsigned i = 0; i < array_len(spoils); i++) {
		struct rig *r = closed(600, 10000);
		spoil_middle(r, spoils[i]);
		cr_assert(rig_open(r, 600, true) && r->found.batches_scanned < 10);
		check_reads(r, 600);
		cr_assert(r->stats.value[STAT_log_index_misled] > 0, "%u", i);
		rig_destroy(r);
	}
}

Test(trust, a_read_does_without_an_index_that_is_gone)
{
	char path[256];
	struct rig *r = closed(600, 400);
	cr_assert(rig_open(r, 600, true));
	snprintf(path, sizeof path, "%s/%s", r->directory, index_name);
	cr_assert(remove(path) == 0);
	check_reads(r, 600);
	rig_destroy(r);
}

/* At the end of a batch, in a batch, before the last index entry: served up to there. */
Test(trust, a_sealed_segment_that_was_cut_is_a_loss_that_is_said)
{
	static const unsigned cuts[][2] = {{0, 1}, {30, 1}, {0, 100}, {0, 300}};
	for (unsigned i = 0; i < array_len(cuts); i++) {
		size_t size;
		struct rig *r = closed(600, 400);
		static const char name[] = "00000000000000000000.log";
		uint8_t *log = rig_load(r, name, &size);
		size_t batch = r->expected_bytes / 600;
		unsigned sealed = (unsigned)(size / batch);
		rig_store(r, name, log, size - cuts[i][1] * batch + cuts[i][0]);
		free(log);
		for (unsigned start = 0; start < 2; start++) {
			cr_assert(rig_open(r, 600, true));
			int fault = cuts[i][0] ? -EBADMSG : -ENODATA;
			cr_assert(r->found.is_corrupt && r->found.fault == fault, "%s",
				  r->found.message);
			cr_assert(rig_marks(r).high_watermark == sealed - cuts[i][1]);
			check_reads(r, sealed - cuts[i][1]);
			rig_finish(r);
		}
		rig_destroy(r);
	}
}

Test(trust, a_segment_cut_while_it_is_open_gives_what_is_left)
{
	size_t size;
	static const char name[] = "00000000000000000000.log";
	struct rig *r = closed(10, 400);
	cr_assert(rig_open(r, 10, true));
	uint8_t *log = rig_load(r, name, &size);
	rig_store(r, name, log, size - 100);
	free(log);
	struct read_msg read = rig_read(r, 8, 16, 1 << 20);
	cr_assert(read.error == 0 && read.bytes.size == size / 10);
	chain_give(&read.bytes);
	read = rig_read(r, 9, 16, 1 << 20);
	cr_assert(read.error == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
	chain_give(&read.bytes);
	rig_destroy(r);
}
