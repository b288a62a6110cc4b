/* test_tail.c - a torn tail that holds sound batches: kept beside the segment before it is cut,
 * or not cut at all. */
#include "tests/unit/store/disk/fake_disk.h"
#include "tests/unit/store/log/log_rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const char log_name[] = "00000000000000000000.log";
enum { BATCHES = 20, TORN = 12 };

/* A closed log of 20 batches whose 12th lost its first sector in a crash. */
static struct rig *torn(void)
{
	struct rig *r = rig_create();
	fake_eager(r->disk, true, 1);
	cr_assert(rig_open(r, 0, false));
	for (unsigned i = 0; i < BATCHES; i++)
		rig_append(r, 1, 400, ACK_WRITTEN);
	rig_drain(r);
	rig_finish(r);
	memset(r->expected + TORN * (r->expected_bytes / BATCHES), 0, 200);
	rig_store(r, log_name, r->expected, r->expected_bytes);
	rig_forget_marks(r);
	return r;
}

static void copy_name(const struct rig *r, unsigned n, char *out, size_t size)
{
	snprintf(out, size, "%s.at-%zu-%u.quarantine", log_name,
		 TORN * (r->expected_bytes / BATCHES), n);
}

static void check_copy(const struct rig *r, unsigned n)
{
	char name[96];
	size_t size, at = TORN * (r->expected_bytes / BATCHES);
	copy_name(r, n, name, sizeof name);
	uint8_t *copy = rig_load(r, name, &size);
	cr_assert(copy && size == r->expected_bytes - at, "%s", name);
	cr_assert(memcmp(copy, r->expected + at, size) == 0);
	free(copy);
}

static void check_size(const struct rig *r, size_t expected)
{
	size_t size;
	free(rig_load(r, log_name, &size));
	cr_assert(size == expected, "%zu", size);
}

Test(tail, sound_batches_are_kept_before_they_are_cut_off)
{
	struct rig *r = torn();
	cr_assert(rig_open(r, 0, false) && !r->found.is_corrupt);
	cr_assert(rig_marks(r).log_end_offset == TORN);
	cr_assert(strstr(r->found.message, ".quarantine"), "%s", r->found.message);
	check_copy(r, 1);
	rig_abandon(r);
	check_size(r, TORN * (r->expected_bytes / BATCHES));
	/* The same once more: the first copy stays. */
	rig_store(r, log_name, r->expected, r->expected_bytes);
	cr_assert(rig_open(r, 0, false));
	check_copy(r, 1);
	check_copy(r, 2);
	/* Nothing is left to be kept. */
	rig_abandon(r);
	cr_assert(rig_open(r, 0, false) && !r->found.message[0], "%s", r->found.message);
	rig_destroy(r);
}

Test(tail, where_nothing_is_sound_nothing_is_kept)
{
	char name[96];
	struct rig *r = torn();
	size_t batch = r->expected_bytes / BATCHES;
	rig_store(r, log_name, r->expected, (TORN + 1) * batch);
	cr_assert(rig_open(r, 0, false) && r->found.bytes_dropped > 0);
	copy_name(r, 1, name, sizeof name);
	cr_assert(!rig_has(r, name));
	rig_destroy(r);
}

/* Bytes like a header at every fifth, whose batch would go on for a megabyte: what looks for a
 * sound one behind them may not read that much for each. */
Test(tail, what_claims_to_be_very_many_batches_does_not_keep_a_start)
{
	enum { CLAIMS_BYTES = 300 << 10, FILE_BYTES = 3 << 20, READS_MAX = 3000 };
	static const uint8_t claim[] = {0, 2, 0, 0, 0x10};
	char name[96];
	struct rig *r = torn();
	size_t size, at = TORN * (r->expected_bytes / BATCHES);
	uint8_t *log = calloc(1, FILE_BYTES);
	memcpy(log, r->expected, at);
	for (size_t i = 0; i < CLAIMS_BYTES; i++)
		log[at + 100 + i] = claim[i % sizeof claim];
	rig_store(r, log_name, log, FILE_BYTES);
	fake_fail_at(r->control, DISK_READ, READS_MAX, -EIO);
	cr_assert(rig_open(r, 0, false) && !r->found.is_corrupt, "%s", r->found.message);
	cr_assert(rig_marks(r).log_end_offset == TORN);
	/* There may be sound ones among them. */
	copy_name(r, 1, name, sizeof name);
	uint8_t *copy = rig_load(r, name, &size);
	cr_assert(copy && size >= CLAIMS_BYTES && memcmp(copy, log + at, CLAIMS_BYTES) == 0);
	free(copy);
	free(log);
	rig_destroy(r);
}

/* Room for the copy, its sync, that of its name: what fails, fails the open, and all is as it
 * was. */
Test(tail, what_cannot_be_kept_is_not_cut)
{
	static const struct {
		enum disk_kind kind;
		unsigned n;
		int error;
	} failures[] = {{DISK_WRITE, 1, -ENOSPC}, {DISK_SYNC, 1, -EIO}, {DISK_SYNC, 2, -EIO}};
	for (unsigned i = 0; i < array_len(failures); i++) {
		char name[96];
		struct rig *r = torn();
		fake_fail_at(r->control, failures[i].kind, failures[i].n, failures[i].error);
		cr_assert(!rig_open(r, 0, false));
		cr_assert(strstr(r->found.message, strerror(-failures[i].error)) &&
				  strstr(r->found.message, "nothing was cut"),
			  "%s", r->found.message);
		check_size(r, r->expected_bytes);
		copy_name(r, 1, name, sizeof name);
		cr_assert(!rig_has(r, name), "no half of a copy");
		cr_assert(rig_open(r, 0, false));
		check_copy(r, 1);
		rig_destroy(r);
	}
}

/* A message as Kafka wrote it before 0.11 (magic 1): offset 20, key null, value "old". */
Test(tail, a_message_of_an_old_format_is_not_cut)
{
	static const uint8_t old[] = {0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0, 25, 0, 0, 0, 0, 1, 0, 0,
				      0, 1, 0x8b, 0xcf, 0xe5, 0x68, 0, 0xff, 0xff, 0xff, 0xff, 0,
				      0, 0, 3, 'o', 'l', 'd'};
	uint8_t message[sizeof old];
	struct rig *r = torn();
	size_t batch = r->expected_bytes / BATCHES;
	memcpy(message, old, sizeof old);
	be32_store(message + 12, 0x1686e8db);
	uint8_t *log = malloc(TORN * batch + sizeof message);
	memcpy(log, r->expected, TORN * batch);
	memcpy(log + TORN * batch, message, sizeof message);
	rig_store(r, log_name, log, TORN * batch + sizeof message);
	cr_assert(rig_open(r, 0, false));
	cr_assert(r->found.is_corrupt && r->found.fault == -EBADMSG, "%s", r->found.message);
	rig_finish(r);
	check_size(r, TORN * batch + sizeof message);
	/* Were its CRC wrong it would be torn like any other. */
	log[TORN * batch + sizeof message - 1] ^= 1;
	rig_store(r, log_name, log, TORN * batch + sizeof message);
	cr_assert(rig_open(r, 0, false) && !r->found.is_corrupt);
	free(log);
	rig_destroy(r);
}
