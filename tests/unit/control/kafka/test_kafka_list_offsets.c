/* test_kafka_list_offsets.c - times and ends asked for as a client does, offsets out. */
#include "dataplane/wire/kafka/msg_list_offsets.h"
#include "dataplane/wire/kafka/kafka_apis.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/record/record_batch.h"
#include "tests/unit/control/kafka/kafka_api_rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <time.h>

TestSuite(kafka_list_offsets, .init = kafka_api_rig_start, .fini = kafka_api_rig_stop);

static struct list_offsets_partition ask_offset(int version, int32_t partition, int32_t epoch,
						int64_t timestamp)
{
	struct list_offsets_request_partition p = {.partition_index = partition,
						   .current_leader_epoch = epoch,
						   .timestamp = timestamp};
	struct list_offsets_request_topic t = {.name = text("vehicles"),
					       .partitions = {&p, 1}};
	struct list_offsets_request q = {.replica_id = -1, .topics = {&t, 1}};
	send_request(&calls[0], KAFKA_API_LIST_OFFSETS, version, &list_offsets_request, &q);
	struct list_offsets_response r;
	struct call_msg *call = reap();
	read_reply(call, &list_offsets_response, version, version >= 6, &r);
	cr_assert(r.topics.count == 1 && is_text(r.topics.items[0].name, "vehicles"));
	cr_assert(r.topics.items[0].partitions.count == 1);
	struct list_offsets_partition found = r.topics.items[0].partitions.items[0];
	cr_assert(found.partition_index == partition);
	release(call);
	return found;
}

static void have_vehicles(void)
{
	fake_registry_add(&registry, "vehicles", 2);
	registry.marks = (struct log_marks){.log_start_offset = 10, .log_end_offset = 120,
					    .high_watermark = 100, .max_timestamp = 5000,
					    .max_timestamp_offset = 70};
}

Test(kafka_list_offsets, the_ends_of_a_partition_are_its_start_and_its_high_watermark)
{
	have_vehicles();
	for (int version = 1; version <= 11; version++) {
		struct list_offsets_partition p =
			ask_offset(version, 1, -1, LIST_OFFSETS_LATEST);
		cr_assert(p.error_code == 0 && p.offset == 100 && p.timestamp == -1);
		cr_assert(p.leader_epoch == (version >= 4 ? 0 : -1));
		p = ask_offset(version, 1, -1, LIST_OFFSETS_EARLIEST);
		cr_assert(p.error_code == 0 && p.offset == 10 && p.timestamp == -1);
	}
}

Test(kafka_list_offsets, a_partition_that_is_offline_has_no_offsets)
{
	have_vehicles();
	registry.has_offline = true;
	static const int64_t times[] = {LIST_OFFSETS_LATEST, LIST_OFFSETS_EARLIEST,
					LIST_OFFSETS_MAX_TIMESTAMP, 4201};
	for (unsigned i = 0; i < array_len(times); i++) {
		struct list_offsets_partition p = ask_offset(7, 0, -1, times[i]);
		cr_assert(p.error_code == KAFKA_ERROR_KAFKA_STORAGE_ERROR && p.offset == -1);
	}
	cr_assert(ask_offset(7, 1, -1, LIST_OFFSETS_LATEST).offset == 100);
}

/* What its files are called changes under who looks into them: he is told to ask again. */
Test(kafka_list_offsets, nobody_looks_into_files_that_change_their_names)
{
	have_vehicles();
	registry.is_swapping = true;
	static const int64_t times[] = {LIST_OFFSETS_MAX_TIMESTAMP, 4201};
	for (unsigned i = 0; i < array_len(times); i++) {
		struct list_offsets_partition p = ask_offset(7, 1, -1, times[i]);
		cr_assert(p.error_code == KAFKA_ERROR_OFFSET_NOT_AVAILABLE && p.offset == -1);
	}
	cr_assert(ask_offset(7, 1, -1, LIST_OFFSETS_LATEST).offset == 100);
}

/* Partition 0 on disk: offsets 60 to 69 with the times 4100, 4200, ... 5000. */
static void write_vehicles(void)
{
	uint8_t batch[512];
	char path[128];
	struct record_batch_header *h = (struct record_batch_header *)batch;
	struct emitter e = emitter_of(batch + sizeof *h, sizeof batch - sizeof *h);
	for (int i = 0; i < 10; i++) {
		struct record_view r = {.timestamp_delta = 100 * i, .offset_delta = i};
		record_emit(&e, &r);
	}
	size_t size = sizeof *h + emitter_size(&e);
	record_batch_build(h, 10, 4100, 5000);
	record_batch_place(h, 60, 0);
	record_batch_set_size(h, (uint32_t)size);
	shell("mkdir %s/vehicles-0", log_dir);
	snprintf(path, sizeof path, "%s/vehicles-0/%020d.log", log_dir, 60);
	FILE *f = fopen(path, "w");
	cr_assert(f && fwrite(batch, 1, size, f) == size && fclose(f) == 0);
	registry.marks.max_timestamp_offset = 69;
}

Test(kafka_list_offsets, a_time_finds_the_first_record_that_is_not_older)
{
	have_vehicles();
	write_vehicles();
	for (int version = 1; version <= 11; version++) {
		struct list_offsets_partition p = ask_offset(version, 0, -1, 4201);
		cr_assert(p.error_code == 0 && p.offset == 62 && p.timestamp == 4300);
		p = ask_offset(version, 0, -1, 5001);
		cr_assert(p.error_code == 0 && p.offset == -1 && p.timestamp == -1);
	}
}

Test(kafka_list_offsets, the_newest_time_is_known_from_version_7_on)
{
	have_vehicles();
	write_vehicles();
	struct list_offsets_partition p = ask_offset(7, 0, -1, LIST_OFFSETS_MAX_TIMESTAMP);
	cr_assert(p.error_code == 0 && p.offset == 69 && p.timestamp == 5000);
	p = ask_offset(6, 0, -1, LIST_OFFSETS_MAX_TIMESTAMP);
	cr_assert(p.error_code == KAFKA_ERROR_UNSUPPORTED_VERSION && p.offset == -1);
}

/* As after a restart: the watermarks know the last segment only. */
Test(kafka_list_offsets, the_newest_time_may_lie_in_a_sealed_segment)
{
	have_vehicles();
	write_vehicles();
	shell("printf '\\0\\0\\0\\0\\0\\0\\023\\210\\0\\0\\0\\11'"
	      " > %s/vehicles-0/00000000000000000060.timeindex", log_dir);
	shell("touch %s/vehicles-0/00000000000000000070.log", log_dir);
	registry.marks.max_timestamp = 4000;
	registry.marks.max_timestamp_offset = 75;
	struct list_offsets_partition p = ask_offset(7, 0, -1, LIST_OFFSETS_MAX_TIMESTAMP);
	cr_assert(p.error_code == 0 && p.offset == 69 && p.timestamp == 5000);
}

Test(kafka_list_offsets, a_record_that_may_still_vanish_is_not_pointed_at)
{
	have_vehicles();
	write_vehicles();
	registry.marks.max_timestamp_offset = 100;
	struct list_offsets_partition p = ask_offset(7, 0, -1, LIST_OFFSETS_MAX_TIMESTAMP);
	cr_assert(p.error_code == KAFKA_ERROR_OFFSET_NOT_AVAILABLE && p.offset == -1);
}

Test(kafka_list_offsets, an_empty_partition_has_no_newest_time)
{
	have_vehicles();
	registry.marks = (struct log_marks){.max_timestamp = -1, .max_timestamp_offset = -1};
	struct list_offsets_partition p = ask_offset(7, 0, -1, LIST_OFFSETS_MAX_TIMESTAMP);
	cr_assert(p.error_code == 0 && p.offset == -1 && p.timestamp == -1);
	cr_assert(p.leader_epoch == -1);
}

Test(kafka_list_offsets, offsets_of_what_is_not_there_are_unknown)
{
	cr_assert(ask_offset(5, 0, -1, -1).error_code ==
		  KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
	have_vehicles();
	cr_assert(ask_offset(5, 2, -1, -1).error_code ==
		  KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
	cr_assert(ask_offset(5, -1, -1, -1).error_code ==
		  KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
}

Test(kafka_list_offsets, a_leader_epoch_that_never_was_is_told_from_one_that_is_over)
{
	have_vehicles();
	cr_assert(ask_offset(4, 0, 0, -1).error_code == KAFKA_ERROR_NONE);
	cr_assert(ask_offset(4, 0, 1, -1).error_code == KAFKA_ERROR_UNKNOWN_LEADER_EPOCH);
	cr_assert(ask_offset(4, 0, -2, -1).error_code == KAFKA_ERROR_FENCED_LEADER_EPOCH);
}

Test(kafka_list_offsets, a_directory_that_cannot_be_read_is_a_storage_error)
{
	have_vehicles();
	cr_assert(ask_offset(5, 0, -1, 1234).error_code == KAFKA_ERROR_KAFKA_STORAGE_ERROR);
}

/* In whatever order, and in however many parts its topic is named. */
Test(kafka_list_offsets, a_partition_that_is_named_twice_is_answered_once_and_not_looked_up)
{
	have_vehicles();
	fake_registry_add(&registry, "trips", 1);
	struct list_offsets_request_partition some[] = {{1, -1, -1}, {0, -1, -2}, {7, -1, -9}};
	struct list_offsets_request_partition more[] = {{0, -1, -1}};
	struct list_offsets_request_topic t[] = {{text("vehicles"), {some, 3}},
						 {text("trips"), {more, 1}},
						 {text("vehicles"), {more, 1}},
						 {text("nothing"), {more, 0}}};
	struct list_offsets_request q = {.topics = {t, 4}};
	struct list_offsets_response r;
	send_request(&calls[0], KAFKA_API_LIST_OFFSETS, 1, &list_offsets_request, &q);
	struct call_msg *call = reap();
	read_reply(call, &list_offsets_response, 1, false, &r);
	cr_assert(r.topics.count == 2 && is_text(r.topics.items[0].name, "trips"));
	cr_assert(r.topics.items[0].partitions.items[0].offset == 100);
	cr_assert(r.topics.items[1].partitions.count == 3);
	const struct list_offsets_partition *p = r.topics.items[1].partitions.items;
	cr_assert(p[0].partition_index == 0 && p[0].error_code == KAFKA_ERROR_INVALID_REQUEST);
	cr_assert(p[0].offset == -1);
	cr_assert(p[1].partition_index == 1 && p[1].error_code == 0 && p[1].offset == 100);
	cr_assert(p[2].partition_index == 7 && p[2].error_code == KAFKA_ERROR_UNSUPPORTED_VERSION);
	release(call);
}

Test(kafka_list_offsets, each_question_is_asked_since_its_version)
{
	static const struct {
		int64_t timestamp, offset;
		int version;
	} cases[] = {{LIST_OFFSETS_EARLIEST_LOCAL, 10, 8},
		     {LIST_OFFSETS_LATEST_TIERED, -1, 9},
		     {LIST_OFFSETS_EARLIEST_PENDING_UPLOAD, -1, 11}};
	have_vehicles();
	for (unsigned i = 0; i < array_len(cases); i++)
		for (int version = 1; version <= 11; version++) {
			bool is_known = version >= cases[i].version;
			struct list_offsets_partition p =
				ask_offset(version, 0, -1, cases[i].timestamp);
			cr_assert(p.error_code ==
				  (is_known ? 0 : KAFKA_ERROR_UNSUPPORTED_VERSION));
			cr_assert(p.offset == (is_known ? cases[i].offset : -1));
			cr_assert(p.leader_epoch == (p.offset >= 0 ? 0 : -1));
		}
	cr_assert(ask_offset(11, 0, -1, -7).error_code == KAFKA_ERROR_UNSUPPORTED_VERSION);
}

static struct list_offsets_partition read_offset(struct bytes reply, int version)
{
	struct list_offsets_response r;
	read_bytes(reply, &list_offsets_response, version, version >= 6, &r);
	return r.topics.items[0].partitions.items[0];
}

static void ask_latest(int8_t isolation, int64_t timestamp)
{
	static struct list_offsets_request_partition p;
	p = (struct list_offsets_request_partition){0, -1, timestamp};
	struct list_offsets_request_topic t = {text("vehicles"), {&p, 1}};
	struct list_offsets_request q = {.isolation_level = isolation, .topics = {&t, 1}};
	send_request(&calls[0], KAFKA_API_LIST_OFFSETS, 5, &list_offsets_request, &q);
}

Test(kafka_list_offsets, an_isolation_that_is_none_is_an_error_of_all_offsets)
{
	have_vehicles();
	for (int8_t isolation = -1; isolation <= 2; isolation++) {
		ask_latest(isolation, LIST_OFFSETS_LATEST);
		struct call_msg *call = reap();
		struct list_offsets_response r;
		read_reply(call, &list_offsets_response, 5, false, &r);
		bool is_known = isolation == 0 || isolation == 1;
		cr_assert(r.topics.items[0].partitions.items[0].error_code ==
			  (is_known ? 0 : KAFKA_ERROR_UNKNOWN_SERVER_ERROR));
		release(call);
	}
}

/* Who was answered at acks=1 has written up to 110, and asks for the end. */
Test(kafka_list_offsets, the_end_is_where_it_is_when_what_was_written_is_durable)
{
	have_vehicles();
	registry.marks.written_offset = 110;
	ask_latest(0, LIST_OFFSETS_LATEST);
	take_parked();
	cr_assert(take_send() == NULL);
	registry.marks.high_watermark = 109;
	cr_assert(take_send() == NULL);
	registry.marks.high_watermark = 110;
	registry.marks.written_offset = 115;
	struct inbox_msg *m = take_send();
	cr_assert(m && read_offset(m->bytes, 5).offset == 110, "what came later is not waited for");
	give_send(m, INBOX_DONE);
}

Test(kafka_list_offsets, no_other_question_waits_for_a_disk)
{
	have_vehicles();
	registry.marks.written_offset = 110;
	cr_assert(ask_offset(5, 0, -1, LIST_OFFSETS_EARLIEST).offset == 10);
	registry.marks.is_fenced = true;
	cr_assert(ask_offset(5, 0, -1, LIST_OFFSETS_LATEST).offset == 100);
}

Test(kafka_list_offsets, a_disk_that_takes_too_long_is_not_waited_for)
{
	have_vehicles();
	registry.marks.written_offset = 110;
	ask_latest(0, LIST_OFFSETS_LATEST);
	take_parked();
	struct timespec a_moment = {1, 100000000};
	cr_assert(take_send() == NULL && nanosleep(&a_moment, NULL) == 0);
	struct inbox_msg *m = take_send();
	cr_assert(m && read_offset(m->bytes, 5).offset == 100);
	give_send(m, INBOX_DONE);
}
