/* test_log_repair.c - a partition that a start would not write to: what a repair would cost is
 * said, nothing is done unless it is accepted, and then what was cut is kept and the log can be
 * written. */
#include "control/offline/log_repair.h"
#include "control/catalog/partition_metadata.h"
#include "dataplane/store/index.h"
#include "tests/unit/store/log/log_rig.h"
#include "tests/unit/store/mark_rig.h"
#include "tests/unit/store/rig_files.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

enum { BATCHES = 200, RECORDS = 2, SEGMENT_BYTES = 50000, SEGMENTS = 4 };

static const char point_name[] = "recovery-point-offset-checkpoint";
static const char start_name[] = "log-start-offset-checkpoint";
static const struct mark_key other = {.topic_id = {9}, .partition = 4};

static void redirect(void)
{
	cr_redirect_stdout();
}

TestSuite(log_repair, .init = redirect);

static void store_in_root(const struct rig *r, const char *name, const char *text)
{
	char path[128];
	snprintf(path, sizeof path, "%s/%s", r->root, name);
	rig_file_store(path, text, strlen(text));
}

static char *load_from_root(const struct rig *r, const char *name)
{
	static char text[256];
	char path[128];
	size_t size;
	snprintf(path, sizeof path, "%s/%s", r->root, name);
	uint8_t *data = rig_file_load(path, &size);
	cr_assert(data && size < sizeof text);
	snprintf(text, sizeof text, "%.*s", (int)size, (const char *)data);
	free(data);
	return text;
}

/* What a gateway that was killed leaves: marks of all that was durable, an old recovery point. */
static struct rig *killed(void)
{
	struct rig *r = rig_create();
	r->options.segment_bytes = SEGMENT_BYTES;
	cr_assert(rig_open(r, 0, false));
	for (unsigned i = 0; i < BATCHES; i++)
		rig_append(r, RECORDS, 400, ACK_DURABLE);
	rig_drain(r);
	rig_finish(r);
	const struct durable_mark marks[] = {{r->key, BATCHES * RECORDS}, {other, 5000}};
	mark_rig_store(r->root, MARK_FILE_NAME ".3", marks, 2);
	cr_assert(metadata_write(r->control, r->directory, r->key.topic_id) == 0);
	store_in_root(r, point_name, "0\n3\nz-topic 0 6\ntopic 10 5\ntopic 0 0\n");
	store_in_root(r, start_name, "0\n2\na 1 3\ntopic 0 0\n");
	return r;
}

static size_t batch_bytes(const struct rig *r)
{
	return r->expected_bytes / BATCHES;
}

static unsigned per_segment(const struct rig *r)
{
	return (unsigned)(SEGMENT_BYTES / batch_bytes(r));
}

static int64_t base_of(const struct rig *r, unsigned segment)
{
	return (int64_t)segment * per_segment(r) * RECORDS;
}

static const char *name_of(const struct rig *r, unsigned segment, const char *ending)
{
	static char names[4][96];
	static unsigned next;
	char *name = names[next++ % array_len(names)];
	snprintf(name, sizeof names[0], "%020lld%s", (long long)base_of(r, segment), ending);
	return name;
}

/* The middle of a batch. */
static void flip(struct rig *r, const char *name, unsigned batch)
{
	size_t size;
	uint8_t *data = rig_load(r, name, &size);
	cr_assert(data);
	data[batch * batch_bytes(r) + batch_bytes(r) / 2] ^= 0x10;
	rig_store(r, name, data, size);
	free(data);
}

static void expect(const char *text, const char *format, ...)
{
	char wanted[512];
	va_list args;
	va_start(args, format);
	vsnprintf(wanted, sizeof wanted, format, args);
	va_end(args);
	cr_assert(strstr(text, wanted), "%s\nnot in\n%s", wanted, text);
}

static const char *said(void)
{
	static char text[8192];
	static size_t size;
	fflush(stdout);
	size += fread(text + size, 1, sizeof text - 1 - size, cr_get_redirected_stdout());
	text[size] = '\0';
	return text;
}

static void check_mark(struct rig *r, int64_t offset)
{
	r->durable_mark = mark_rig_find(r->control, r->root, &r->key);
	cr_assert(r->durable_mark == offset, "%ld", (long)r->durable_mark);
	cr_assert(mark_rig_find(r->control, r->root, &other) == 5000);
}

/* It opens as a sound one that ends there, and takes a batch. */
static void check_writable(struct rig *r, int64_t end)
{
	cr_assert(log_repair(r->control, r->directory, false) == LOG_REPAIR_SOUND, "%s", said());
	cr_assert(rig_open(r, 0, false) && !r->found.is_corrupt, "%s", r->found.message);
	cr_assert(rig_marks(r).log_end_offset == end, "%ld", (long)rig_marks(r).log_end_offset);
	unsigned before = r->answered;
	rig_append(r, RECORDS, 400, ACK_DURABLE);
	rig_drain(r);
	cr_assert(r->answered == before + 1 && r->failed == 0);
	rig_finish(r);
}

Test(log_repair, a_sound_log_stays_as_it_is)
{
	size_t before, now;
	struct rig *r = killed();
	uint8_t *index = rig_load(r, name_of(r, 1, ".index"), &before);
	cr_assert(index && before >= 8 * INDEX_ENTRY_BYTES, "%zu", before);
	cr_assert(log_repair(r->control, r->directory, true) == LOG_REPAIR_SOUND, "%s", said());
	cr_assert(strstr(said(), "topic-0: sound, up to offset 400"), "%s", said());
	uint8_t *made = rig_load(r, name_of(r, 1, ".index"), &now);
	cr_assert(made && now == before && memcmp(made, index, now) == 0, "%zu, not %zu", now,
		  before);
	free(made);
	free(index);
	check_mark(r, BATCHES * RECORDS);
	check_writable(r, BATCHES * RECORDS);
	rig_destroy(r);
}

/* Of four segments the second is damaged: the two behind it are kept whole. */
Test(log_repair, damage_is_cut_only_when_its_loss_is_accepted_and_kept)
{
	enum { DAMAGED = 10 };
	char name[128];
	size_t before, now;
	struct rig *r = killed();
	int64_t end = base_of(r, 1) + DAMAGED * RECORDS;
	unsigned sound = BATCHES - per_segment(r) - DAMAGED - 1;
	uint8_t *third = rig_load(r, name_of(r, 2, ".log"), &before);
	cr_assert(third);
	flip(r, name_of(r, 1, ".log"), DAMAGED);
	cr_assert(log_repair(r->control, r->directory, false) == LOG_REPAIR_REFUSED);
	expect(said(), "lost: offsets %lld to 399, as far as is known; the log ends at %lld then",
	       (long long)end, (long long)end);
	expect(said(), "in %u segments are put aside; %u sound batches with %u records",
	       SEGMENTS - 1, sound, sound * RECORDS);
	cr_assert(rig_has(r, name_of(r, 2, ".index")) && rig_has(r, name_of(r, 3, ".log")));
	check_mark(r, BATCHES * RECORDS);
	cr_assert(log_repair(r->control, r->directory, true) == LOG_REPAIR_SOUND, "%s", said());
	cr_assert(!rig_has(r, name_of(r, 2, ".log")) && !rig_has(r, name_of(r, 3, ".timeindex")));
	uint8_t *kept = rig_load(r, name_of(r, 2, ".log.at-0-1.quarantine"), &now);
	cr_assert(kept && now == before && memcmp(kept, third, now) == 0);
	snprintf(name, sizeof name, "%s.at-%zu-1.quarantine", name_of(r, 1, ".log"),
		 DAMAGED * batch_bytes(r));
	cr_assert(rig_has(r, name), "%s", said());
	check_mark(r, end);
	cr_assert(strcmp(load_from_root(r, point_name),
			 "0\n3\nz-topic 0 6\ntopic 10 5\ntopic 0 0\n") == 0);
	check_writable(r, end);
	free(kept);
	free(third);
	rig_destroy(r);
}

Test(log_repair, an_end_that_was_durable_and_is_gone_is_given_up)
{
	enum { LEFT = 5 };
	size_t size;
	struct rig *r = killed();
	const char *last = name_of(r, SEGMENTS - 1, ".log");
	int64_t end = base_of(r, SEGMENTS - 1) + LEFT * RECORDS;
	char text[64];
	uint8_t *data = rig_load(r, last, &size);
	rig_store(r, last, data, LEFT * batch_bytes(r));
	store_in_root(r, point_name, "0\n3\nz-topic 0 6\ntopic 10 5\ntopic 0 398\n");
	store_in_root(r, start_name, "0\n1\ntopic 0 397\n");
	cr_assert(log_repair(r->control, r->directory, false) == LOG_REPAIR_REFUSED);
	expect(said(), "lost: offsets %lld to 399", (long long)end);
	cr_assert(log_repair(r->control, r->directory, true) == LOG_REPAIR_SOUND, "%s", said());
	snprintf(text, sizeof text, "0\n3\nz-topic 0 6\ntopic 10 5\ntopic 0 %lld\n",
		 (long long)end);
	cr_assert_str_eq(load_from_root(r, point_name), text);
	snprintf(text, sizeof text, "0\n1\ntopic 0 %lld\n", (long long)end);
	cr_assert_str_eq(load_from_root(r, start_name), text);
	check_mark(r, end);
	check_writable(r, end);
	free(data);
	rig_destroy(r);
}

Test(log_repair, first_segments_that_are_gone_are_given_up)
{
	char path[RIG_DIRECTORY_BYTES + 96], text[64];
	struct rig *r = killed();
	int64_t first = base_of(r, 1);
	snprintf(path, sizeof path, "%s/%s", r->directory, name_of(r, 0, ".log"));
	cr_assert(remove(path) == 0 && rig_has(r, name_of(r, 0, ".index")));
	cr_assert(log_repair(r->control, r->directory, false) == LOG_REPAIR_REFUSED);
	expect(said(), "lost: offsets 0 to %lld; the log begins at %lld then", (long long)first - 1,
	       (long long)first);
	cr_assert(log_repair(r->control, r->directory, true) == LOG_REPAIR_SOUND, "%s", said());
	snprintf(text, sizeof text, "0\n2\na 1 3\ntopic 0 %lld\n", (long long)first);
	cr_assert_str_eq(load_from_root(r, start_name), text);
	cr_assert(!rig_has(r, name_of(r, 0, ".index")));
	check_mark(r, BATCHES * RECORDS);
	r->log_start_offset = first;
	check_writable(r, BATCHES * RECORDS);
	rig_destroy(r);
}

Test(log_repair, what_is_no_partition_is_left_alone)
{
	struct rig *r = killed();
	cr_assert(log_repair(r->control, r->root, true) == LOG_REPAIR_FAILED);
	rig_destroy(r);
}

/* Who mistypes a name does not find a partition more at the next start. */
Test(log_repair, a_directory_that_is_not_there_is_not_made)
{
	char path[RIG_DIRECTORY_BYTES + 96];
	struct rig *r = killed();
	snprintf(path, sizeof path, "%s/topc-0", r->root);
	cr_assert(log_repair(r->control, path, true) == LOG_REPAIR_FAILED);
	cr_assert(strstr(said(), "topc-0: No such file or directory"), "%s", said());
	cr_assert(rmdir(path) < 0 && errno == ENOENT);
	rig_destroy(r);
}
