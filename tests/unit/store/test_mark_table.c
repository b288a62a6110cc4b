/* test_mark_table.c - mark files in, the largest whole mark of each log out. */
#include "dataplane/store/disk/disk.h"
#include "tests/unit/store/mark_rig.h"
#include "tests/unit/store/rig_files.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

struct rig {
	char root[64];
	struct disk *disk;
};

static const struct mark_key a0 = {{0xa}, 0}, a1 = {{0xa}, 1}, b0 = {{0xb}, 0};

static struct rig open_rig(void)
{
	struct rig r;
	int error;
	rig_directory_make(r.root, sizeof r.root);
	r.disk = disk_create("test", &error);
	return r;
}

static void close_rig(struct rig *r)
{
	disk_destroy(r->disk);
	rig_directory_remove(r->root);
}

static int64_t find(const struct rig *r, struct mark_key key)
{
	return mark_rig_find(r->disk, r->root, &key);
}

Test(mark_table, no_file_says_nothing)
{
	struct rig r = open_rig();
	cr_assert(find(&r, a0) == -1);
	close_rig(&r);
}

Test(mark_table, the_largest_mark_of_all_files_holds_however_many_writers_there_were)
{
	struct rig r = open_rig();
	const struct durable_mark all[] = {{b0, 5}, {a0, 10}, {a1, 20}};
	const struct durable_mark first[] = {{a0, 11}, {a1, 19}};
	const struct durable_mark last[] = {{a0, 9}, {b0, 6}};
	mark_rig_store(r.root, MARK_FILE_NAME, all, 3);
	mark_rig_store(r.root, MARK_FILE_NAME ".0", first, 2);
	mark_rig_store(r.root, MARK_FILE_NAME ".15", last, 2);
	cr_assert(find(&r, a0) == 11 && find(&r, a1) == 20 && find(&r, b0) == 6);
	close_rig(&r);
}

/* A topic made again under its old name has another id. */
Test(mark_table, a_mark_is_of_one_topic_id_and_partition)
{
	struct rig r = open_rig();
	const struct durable_mark marks[] = {{a0, 10}};
	const struct mark_key again = {{0xa, 1}, 0}, other_end = {{0xa, [15] = 1}, 0};
	mark_rig_store(r.root, MARK_FILE_NAME, marks, 1);
	cr_assert(find(&r, a0) == 10);
	cr_assert(find(&r, a1) == -1 && find(&r, again) == -1 && find(&r, other_end) == -1);
	close_rig(&r);
}

/* Of any byte of an entry. The others of the file hold. */
Test(mark_table, an_entry_that_is_torn_or_damaged_says_nothing)
{
	struct rig r = open_rig();
	char path[128];
	size_t size;
	const struct durable_mark marks[] = {{b0, 6}, {a0, 10}, {a1, 20}};
	mark_rig_store(r.root, MARK_FILE_NAME ".0", marks, 3);
	snprintf(path, sizeof path, "%s/" MARK_FILE_NAME ".0", r.root);
	uint8_t *file = rig_file_load(path, &size);
	for (size_t i = 2 * MARK_ENTRY_BYTES; i < 3 * MARK_ENTRY_BYTES; i++) {
		file[i] ^= 0x80;
		rig_file_store(path, file, size);
		struct durable_mark ignored;
		cr_assert(!mark_entry_read((const struct mark_entry *)(file + 2 * MARK_ENTRY_BYTES),
					   &ignored));
		cr_assert(find(&r, a0) == -1 && find(&r, a1) == 20 && find(&r, b0) == 6, "%zu", i);
		file[i] ^= 0x80;
	}
	/* A file that ends inside an entry, or before the first. */
	for (size_t end = 0; end <= size; end++) {
		rig_file_store(path, file, end);
		cr_assert(find(&r, a0) == (end >= 3 * MARK_ENTRY_BYTES ? 10 : -1), "%zu", end);
	}
	free(file);
	close_rig(&r);
}

Test(mark_table, zeroes_and_offsets_that_make_no_sense_say_nothing)
{
	struct durable_mark ret;
	struct mark_entry zeroes = {0};
	cr_assert(!mark_entry_read(&zeroes, &ret));
	for (int64_t offset = -1; offset <= 1; offset++) {
		struct durable_mark mark = {a0, offset};
		struct mark_entry e = mark_entry_of(&mark);
		cr_assert(mark_entry_read(&e, &ret) == (offset > 0));
	}
}

/* What a later version writes is not guessed at. */
Test(mark_table, a_file_with_another_header_says_nothing)
{
	struct rig r = open_rig();
	char path[128];
	size_t size;
	const struct durable_mark marks[] = {{a0, 10}};
	mark_rig_store(r.root, MARK_FILE_NAME, marks, 1);
	snprintf(path, sizeof path, "%s/" MARK_FILE_NAME, r.root);
	uint8_t *file = rig_file_load(path, &size);
	cr_assert(memcmp(file, "PENSMARK\0\0\0\1", 12) == 0);
	file[11] = 2;
	rig_file_store(path, file, size);
	cr_assert(find(&r, a0) == -1);
	free(file);
	close_rig(&r);
}

Test(mark_table, the_bytes_of_an_entry)
{
	static const uint8_t expected[MARK_ENTRY_BYTES] = {
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 0, 0x30, 0x39,
		0, 0, 0, 1, 0, 0, 0, 2, 0xd8, 0x2d, 0x2d, 0x9};
	struct durable_mark mark = {{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, 12345},
				    0x100000002};
	struct mark_entry e = mark_entry_of(&mark);
	cr_assert(memcmp(&e, expected, sizeof expected) == 0);
}

Test(mark_table, thousands_of_marks_in_any_order_are_each_found)
{
	enum { MARKS = 4096 };
	static struct durable_mark marks[MARKS];
	struct rig r = open_rig();
	for (unsigned i = 0; i < MARKS; i++) {
		unsigned n = i * 1237 % MARKS;
		marks[i] = (struct durable_mark){{{(uint8_t)(n % 7), [15] = (uint8_t)(n % 11)}, n},
						 n + 1};
	}
	mark_rig_store(r.root, MARK_FILE_NAME ".3", marks, MARKS);
	struct mark_table t;
	char failed[NAME_MAX + 1];
	cr_assert(mark_table_read(&t, r.disk, r.root, failed) == 0);
	for (unsigned i = 0; i < MARKS; i++)
		cr_assert(mark_table_find(&t, &marks[i].key) == marks[i].offset, "%u", i);
	mark_table_free(&t);
	close_rig(&r);
}

Test(mark_table, only_files_of_the_two_kinds_are_read)
{
	struct rig r = open_rig();
	static const char *const others[] = {MARK_FILE_NAME ".", MARK_FILE_NAME ".0x",
					     MARK_FILE_NAME ".bak", MARK_FILE_NAME "-0",
					     MARK_FILE_NAME "0", ".penstock-durable-mark"};
	const struct durable_mark marks[] = {{a0, 10}};
	for (unsigned i = 0; i < array_len(others); i++)
		mark_rig_store(r.root, others[i], marks, 1);
	cr_assert(find(&r, a0) == -1);
	close_rig(&r);
}

Test(mark_table, a_file_that_cannot_be_read_is_named_and_the_others_hold)
{
	struct rig r = open_rig();
	char path[128], failed[NAME_MAX + 1];
	const struct durable_mark marks[] = {{a0, 10}};
	struct mark_table t;
	mark_rig_store(r.root, MARK_FILE_NAME, marks, 1);
	snprintf(path, sizeof path, "%s/" MARK_FILE_NAME ".1", r.root);
	cr_assert(mkdir(path, 0755) == 0);
	cr_assert(mark_table_read(&t, r.disk, r.root, failed) == -EISDIR);
	cr_assert(strcmp(failed, MARK_FILE_NAME ".1") == 0);
	cr_assert(mark_table_find(&t, &a0) == 10);
	mark_table_free(&t);
	close_rig(&r);
}
