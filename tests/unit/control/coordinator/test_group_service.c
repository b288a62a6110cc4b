/* test_group_service.c - members and commits as a poller passes them on, answers as clients read
 * them; what is answered is stored, and found again by the next coordinator. */
#include "tests/unit/control/coordinator/service_rig.h"

#include "dataplane/wire/kafka/group_records.h"
#include "dataplane/wire/kafka/msg_delete_groups.h"
#include "dataplane/wire/kafka/msg_describe_groups.h"
#include "dataplane/wire/kafka/msg_heartbeat.h"
#include "dataplane/wire/kafka/msg_join_group.h"
#include "dataplane/wire/kafka/msg_leave_group.h"
#include "dataplane/wire/kafka/msg_list_groups.h"
#include "dataplane/wire/kafka/msg_offset_commit.h"
#include "dataplane/wire/kafka/msg_offset_delete.h"
#include "dataplane/wire/kafka/msg_offset_fetch.h"
#include "dataplane/wire/kafka/msg_sync_group.h"

#include <criterion/criterion.h>
#include <stdlib.h>

TestSuite(group_service, .init = service_rig_start, .fini = service_rig_stop);

static void start_with_large_batches(void)
{
	rig_message_bytes_max = 4 << 20;
	service_rig_start();
}

TestSuite(group_large, .init = start_with_large_batches, .fini = service_rig_stop);
TestSuite(group_topic, .init = service_rig_start_without_topic, .fini = service_rig_stop);

/* ---- clients ---------------------------------------------------------------------------- */

static struct join_group_request join_of(const char *group, struct bytes member,
					 struct join_group_protocol *protocol)
{
	*protocol = (struct join_group_protocol){rig_text("range"), rig_text("sub")};
	return (struct join_group_request){
		.group_id = rig_text(group),
		.session_timeout_ms = RIG_SESSION_MS,
		.rebalance_timeout_ms = 30000,
		.member_id = member,
		.protocol_type = rig_text("consumer"),
		.protocols = {protocol, 1},
	};
}

/* A member's id, kept beyond the next answer. */
struct member {
	char id[128];
	int32_t generation;
	char leader[128];
};

static struct bytes id_of(const struct member *m)
{
	return rig_text(m->id);
}

static void keep(char *to, struct bytes text)
{
	cr_assert(text.size < 128);
	if (text.size > 0)
		memcpy(to, text.data, text.size);
	to[text.size] = '\0';
}

static void join_send(const char *group, const struct member *m)
{
	struct join_group_protocol protocol;
	struct join_group_request q = join_of(group, id_of(m), &protocol);
	rig_ask(KAFKA_API_JOIN_GROUP, 9, &join_group_request, &q);
}

static int16_t join_take(struct member *m)
{
	struct join_group_response r;
	cr_assert(rig_answer(&join_group_response, &r));
	keep(m->id, r.member_id);
	keep(m->leader, r.leader);
	m->generation = r.generation_id;
	return r.error_code;
}

/* Asks for its id, and comes with it. */
static void join(const char *group, struct member *m)
{
	join_send(group, m);
	cr_assert(join_take(m) == KAFKA_ERROR_MEMBER_ID_REQUIRED);
	join_send(group, m);
}

static void sync_send_as(int version, const char *group, const struct member *m,
			 const char *assignment)
{
	struct sync_group_assignment a = {id_of(m), rig_text(assignment)};
	struct sync_group_request q = {.group_id = rig_text(group),
				       .generation_id = m->generation,
				       .member_id = id_of(m),
				       .assignments = {&a, assignment ? 1 : 0}};
	rig_ask(KAFKA_API_SYNC_GROUP, version, &sync_group_request, &q);
}

static void sync_send(const char *group, const struct member *m, const char *assignment)
{
	sync_send_as(5, group, m, assignment);
}

static int16_t heartbeat(const char *group, const struct member *m)
{
	struct heartbeat_request q = {rig_text(group), m->generation, id_of(m), {0}};
	struct heartbeat_response r;
	rig_call(KAFKA_API_HEARTBEAT, 4, &heartbeat_request, &q, &heartbeat_response, &r);
	return r.error_code;
}

/* One member, stable, alone in its group. */
static void settle_alone(const char *group, struct member *m)
{
	struct sync_group_response r;
	join(group, m);
	rig_pass_ms(RIG_DELAY_MS + 100);
	cr_assert(join_take(m) == KAFKA_ERROR_NONE);
	sync_send(group, m, "share");
	cr_assert(rig_answer(&sync_group_response, &r) && r.error_code == 0);
	cr_assert(rig_is(r.assignment, "share"));
}

static void commit_send(const char *group, const struct member *m, const char *topic,
			int32_t partition, int64_t offset)
{
	/* The leader's epoch is the partition's number. */
	struct offset_commit_request_partition p = {partition, offset, partition, rig_text("note")};
	struct offset_commit_request_topic t = {rig_text(topic), {&p, 1}};
	struct offset_commit_request q = {.group_id = rig_text(group),
					  .generation_id = m ? m->generation : -1,
					  .member_id = m ? id_of(m) : rig_text(""),
					  .retention_time_ms = -1,
					  .topics = {&t, 1}};
	rig_ask(KAFKA_API_OFFSET_COMMIT, 9, &offset_commit_request, &q);
}

static int16_t commit_take(void)
{
	struct offset_commit_response r;
	cr_assert(rig_answer(&offset_commit_response, &r));
	cr_assert(r.topics.count == 1 && r.topics.items[0].partitions.count == 1);
	return r.topics.items[0].partitions.items[0].error_code;
}

static int16_t commit(const char *group, const struct member *m, const char *topic,
		      int32_t partition, int64_t offset)
{
	commit_send(group, m, topic, partition, offset);
	return commit_take();
}

static struct offset_fetch_partition fetch(const char *group, const char *topic,
					   int32_t partition)
{
	struct offset_fetch_request_topic t = {rig_text(topic), {&partition, 1}};
	struct offset_fetch_request_group g = {
		.group_id = rig_text(group), .member_epoch = -1, .topics = {&t, 1}};
	struct offset_fetch_request q = {.groups = {&g, 1}};
	struct offset_fetch_response r;
	rig_call(KAFKA_API_OFFSET_FETCH, 9, &offset_fetch_request, &q, &offset_fetch_response, &r);
	cr_assert(r.groups.count == 1 && r.groups.items[0].topics.count == 1);
	struct offset_fetch_partition p = r.groups.items[0].topics.items[0].partitions.items[0];
	p.error_code = p.error_code ? p.error_code : r.groups.items[0].error_code;
	return p;
}

/* ---- members ---------------------------------------------------------------------------- */

Test(group_service, two_join_each_syncs_and_the_one_that_stays_gets_all_when_the_other_leaves)
{
	struct member a = {0}, b = {0};
	struct join_group_response r;
	struct sync_group_response sync;
	join("g", &a);
	join("g", &b);
	cr_assert(!rig_answer(&join_group_response, &r), "the delay is not over");
	rig_pass_ms(2 * RIG_DELAY_MS + 200);
	cr_assert(join_take(&a) == 0 && join_take(&b) == 0);
	cr_assert(a.generation == 1 && b.generation == 1);
	cr_assert(strcmp(a.leader, a.id) == 0 && strcmp(b.leader, a.id) == 0);
	sync_send("g", &b, NULL);
	cr_assert(!rig_answer(&sync_group_response, &sync), "the leader has not assigned");
	sync_send("g", &a, "all");
	cr_assert(rig_answer(&sync_group_response, &sync) && !sync.error_code);
	cr_assert(rig_answer(&sync_group_response, &sync) && !sync.error_code);
	cr_assert(heartbeat("g", &a) == 0 && heartbeat("g", &b) == 0);

	struct leave_group_member leaver = {.member_id = id_of(&b)};
	struct leave_group_request q = {.group_id = rig_text("g"), .members = {&leaver, 1}};
	struct leave_group_response left;
	rig_call(KAFKA_API_LEAVE_GROUP, 5, &leave_group_request, &q, &leave_group_response, &left);
	cr_assert(left.error_code == 0 && left.members.items[0].error_code == 0);
	cr_assert(heartbeat("g", &a) == KAFKA_ERROR_REBALANCE_IN_PROGRESS);
	join_send("g", &a);
	cr_assert(join_take(&a) == 0 && a.generation == 2);
	cr_assert(heartbeat("g", &b) == KAFKA_ERROR_UNKNOWN_MEMBER_ID);
}

Test(group_service, the_leader_is_told_of_all_members)
{
	struct member a = {0}, b = {0};
	struct join_group_response r;
	join("g", &a);
	join("g", &b);
	rig_pass_ms(2 * RIG_DELAY_MS + 200);
	cr_assert(rig_answer(&join_group_response, &r) && r.members.count == 2);
	cr_assert(rig_is(r.members.items[1].member_id, b.id));
	cr_assert(rig_is(r.members.items[1].metadata, "sub"));
	cr_assert(rig_answer(&join_group_response, &r) && r.members.count == 0);
}

Test(group_service, an_assignment_is_given_out_when_it_is_stored_and_not_before)
{
	struct member a = {0};
	struct sync_group_response r;
	join("g", &a);
	rig_pass_ms(RIG_DELAY_MS + 100);
	cr_assert(join_take(&a) == 0);
	rig_is_held = true;
	sync_send("g", &a, "share");
	cr_assert(!rig_answer(&sync_group_response, &r));
	rig_is_held = false;
	rig_pass_ms(1);
	cr_assert(rig_answer(&sync_group_response, &r) && r.error_code == 0);
}

/* A rebalance waits for the disk for three sessions; who waits with it keeps its place, and the
 * other group does not notice. */
Test(group_service, a_slow_disk_costs_no_member_its_session)
{
	struct member first = {0}, second = {0}, other = {0};
	struct sync_group_response r;
	settle_alone("g", &first);
	settle_alone("h", &other);
	rig_is_held = true;
	join("g", &second);
	join_send("g", &first);
	cr_assert(join_take(&first) == 0 && join_take(&second) == 0);
	cr_assert(strcmp(second.leader, first.id) == 0);
	sync_send_as(4, "g", &second, NULL); /* answers are read as of the last request: 4, too */
	sync_send_as(4, "g", &first, "share");
	for (unsigned ms = 0; ms < 3 * RIG_SESSION_MS; ms += 1000) {
		rig_pass_ms(1000);
		cr_assert(heartbeat("h", &other) == 0);
	}
	rig_is_held = false;
	rig_pass_ms(1);
	cr_assert(rig_answer(&sync_group_response, &r) && r.error_code == 0);
	cr_assert(rig_answer(&sync_group_response, &r) && r.error_code == 0);
	cr_assert(heartbeat("g", &first) == 0 && heartbeat("g", &second) == 0);
}

Test(group_service, who_is_silent_for_a_session_is_no_member_any_more)
{
	struct member a = {0};
	settle_alone("g", &a);
	rig_pass_ms(RIG_SESSION_MS - 200);
	cr_assert(heartbeat("g", &a) == 0);
	rig_pass_ms(RIG_SESSION_MS + 200);
	cr_assert(heartbeat("g", &a) == KAFKA_ERROR_UNKNOWN_MEMBER_ID);
}

/* ---- commits ---------------------------------------------------------------------------- */

Test(group_service, a_commit_is_answered_and_seen_when_it_is_durable_and_not_before)
{
	struct offset_commit_response r;
	rig_is_held = true;
	commit_send("g", NULL, "t", 1, 42);
	rig_pass_ms(1000);
	cr_assert(!rig_answer(&offset_commit_response, &r), "nothing is on a disk");
	cr_assert(fetch("g", "t", 1).committed_offset == -1);
	rig_is_held = false;
	rig_ask(KAFKA_API_OFFSET_COMMIT, 9, &offset_commit_request,
		&(struct offset_commit_request){.group_id = rig_text("other"),
						.generation_id = -1,
						.member_id = rig_text("")});
	cr_assert(rig_answer(&offset_commit_response, &r) && r.topics.count == 0);
	cr_assert(commit_take() == 0);
	struct offset_fetch_partition p = fetch("g", "t", 1);
	cr_assert(p.committed_offset == 42 && rig_is(p.metadata, "note") && p.error_code == 0);
	cr_assert(fetch("g", "t", 0).committed_offset == -1);
}

Test(group_service, no_other_leader_epoch_is_told_than_that_of_the_leader_there_is)
{
	cr_assert(commit("g", NULL, "t", 0, 7) == 0 && commit("g", NULL, "t", 1, 7) == 0);
	cr_assert(fetch("g", "t", 0).committed_leader_epoch == 0);
	cr_assert(fetch("g", "t", 1).committed_leader_epoch == -1);
}

Test(group_service, a_commit_fits_what_the_topic_of_offsets_takes_now)
{
	commit_send("g", NULL, "t", 1, 42);
	cr_assert(commit_take() == 0);
	rig_limit_batches(64);
	commit_send("g", NULL, "t", 1, 43);
	cr_assert(commit_take() == KAFKA_ERROR_INVALID_COMMIT_OFFSET_SIZE);
	rig_limit_batches(1 << 20);
	commit_send("g", NULL, "t", 1, 44);
	cr_assert(commit_take() == 0 && fetch("g", "t", 1).committed_offset == 44);
}

Test(group_service, commits_gather_while_one_batch_is_under_way_and_the_last_one_counts)
{
	enum { COMMITS = 100 };
	unsigned before = rig_appends;
	rig_is_held = true;
	for (int64_t i = 0; i < COMMITS; i++)
		commit_send("g", NULL, "t", 0, i);
	rig_is_held = false;
	rig_pass_ms(1);
	for (unsigned i = 0; i < COMMITS; i++)
		cr_assert(commit_take() == 0);
	cr_assert(rig_appends - before == 2, "%u", rig_appends - before);
	cr_assert(fetch("g", "t", 0).committed_offset == COMMITS - 1);
}

Test(group_service, a_commit_whose_append_fails_is_answered_so_and_not_seen)
{
	cr_assert(commit("g", NULL, "t", 0, 5) == 0);
	rig_append_error = KAFKA_ERROR_KAFKA_STORAGE_ERROR;
	cr_assert(commit("g", NULL, "t", 0, 6) == KAFKA_ERROR_COORDINATOR_NOT_AVAILABLE);
	cr_assert(fetch("g", "t", 0).committed_offset == 5);
	rig_append_error = 0;
	cr_assert(commit("g", NULL, "t", 0, 7) == 0);
	cr_assert(fetch("g", "t", 0).committed_offset == 7);
}

Test(group_service, each_partition_of_a_commit_has_an_error_of_its_own)
{
	char longest[RIG_METADATA_MAX + 2] = {0};
	memset(longest, 'x', RIG_METADATA_MAX + 1);
	struct offset_commit_request_partition p[] = {
		{0, 1, -1, rig_text("")},
		{1, 1, -1, rig_text(longest)},
		{RIG_TOPIC_PARTITIONS, 1, -1, rig_text("")},
		{-1, 1, -1, rig_text("")},
		{2, 1, -1, {(const uint8_t *)longest, RIG_METADATA_MAX}},
	};
	static const int16_t wanted[] = {0, KAFKA_ERROR_OFFSET_METADATA_TOO_LARGE,
					 KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION,
					 KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION, 0};
	struct offset_commit_request_topic t[] = {{rig_text("t"), {p, array_len(p)}},
						  {rig_text("none"), {p, 1}}};
	struct offset_commit_request q = {.group_id = rig_text("g"), .generation_id = -1,
					  .member_id = rig_text(""), .retention_time_ms = -1,
					  .topics = {t, 2}};
	struct offset_commit_response r;
	for (int version = 2; version <= 9; version++) {
		rig_call(KAFKA_API_OFFSET_COMMIT, version, &offset_commit_request, &q,
			 &offset_commit_response, &r);
		for (unsigned i = 0; i < array_len(p); i++)
			cr_assert(r.topics.items[0].partitions.items[i].error_code == wanted[i],
				  "%u", i);
		cr_assert(r.topics.items[1].partitions.items[0].error_code ==
			  KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION);
	}
	cr_assert(fetch("g", "t", 2).committed_offset == 1);
}

Test(group_service, who_is_no_member_of_this_generation_commits_nothing)
{
	struct member a = {0};
	settle_alone("g", &a);
	cr_assert(commit("g", &a, "t", 0, 1) == 0);
	cr_assert(commit("g", NULL, "t", 0, 2) == KAFKA_ERROR_UNKNOWN_MEMBER_ID);
	a.generation++;
	cr_assert(commit("g", &a, "t", 0, 3) == KAFKA_ERROR_ILLEGAL_GENERATION);
	cr_assert(fetch("g", "t", 0).committed_offset == 1);
}

/* A commit of so many partitions that no batch takes it. */
Test(group_service, a_commit_that_is_larger_than_a_batch_is_refused_and_nothing_of_it_is_stored)
{
	enum { MANY = 20000 };
	struct offset_commit_request_partition *p = calloc(MANY, sizeof *p);
	for (int32_t i = 0; i < MANY; i++)
		p[i] = (struct offset_commit_request_partition){i % RIG_TOPIC_PARTITIONS, i, -1,
								rig_text("")};
	struct offset_commit_request_topic t = {rig_text("t"), {p, MANY}};
	struct offset_commit_request q = {.group_id = rig_text("g"), .generation_id = -1,
					  .member_id = rig_text(""), .topics = {&t, 1}};
	struct offset_commit_response r;
	rig_call(KAFKA_API_OFFSET_COMMIT, 9, &offset_commit_request, &q, &offset_commit_response,
		 &r);
	cr_assert(r.topics.items[0].partitions.items[MANY - 1].error_code ==
		  KAFKA_ERROR_INVALID_COMMIT_OFFSET_SIZE);
	cr_assert(rig_stored_bytes() == 0);
	free(p);
}

/* ---- a fetch of offsets ----------------------------------------------------------------- */

Test(group_service, all_offsets_of_a_group_are_found_without_naming_a_topic)
{
	struct offset_fetch_request q = {.group_id = rig_text("g"), .topics = {NULL, -1}};
	struct offset_fetch_response r;
	cr_assert(commit("g", NULL, "t", 0, 1) == 0 && commit("g", NULL, "t", 3, 2) == 0);
	for (int version = 2; version <= 7; version++) {
		rig_call(KAFKA_API_OFFSET_FETCH, version, &offset_fetch_request, &q,
			 &offset_fetch_response, &r);
		cr_assert(r.error_code == 0 && r.topics.count == 1);
		cr_assert(r.topics.items[0].partitions.count == 2);
		cr_assert(r.topics.items[0].partitions.items[1].committed_offset == 2);
	}
}

/* ---- the next coordinator --------------------------------------------------------------- */

Test(group_service, what_was_committed_is_there_after_a_start)
{
	char group[18];
	for (int i = 0; i < 50; i++) {
		snprintf(group, sizeof group, "group-%d", i);
		cr_assert(commit(group, NULL, "t", i % RIG_TOPIC_PARTITIONS, i) == 0);
	}
	rig_start_again();
	for (int i = 0; i < 50; i++) {
		snprintf(group, sizeof group, "group-%d", i);
		struct offset_fetch_partition p = fetch(group, "t", i % RIG_TOPIC_PARTITIONS);
		cr_assert(p.committed_offset == i && p.error_code == 0, "%d", i);
	}
	cr_assert(strstr(rig_said, "50 records of 3 partitions"), "%s", rig_said);
}

Test(group_service, what_was_not_durable_is_not_there_after_a_start)
{
	cr_assert(commit("g", NULL, "t", 0, 1) == 0);
	rig_is_held = true;
	struct offset_commit_response r;
	commit_send("g", NULL, "t", 0, 2);
	cr_assert(!rig_answer(&offset_commit_response, &r));
	rig_start_again();
	rig_is_held = false;
	cr_assert(fetch("g", "t", 0).committed_offset == 1);
}

Test(group_service, a_member_goes_on_after_a_start_with_its_id_its_generation_and_its_share)
{
	struct member a = {0};
	struct sync_group_response r;
	settle_alone("g", &a);
	rig_start_again();
	cr_assert(heartbeat("g", &a) == 0);
	cr_assert(commit("g", &a, "t", 0, 9) == 0);
	sync_send("g", &a, NULL);
	cr_assert(rig_answer(&sync_group_response, &r) && rig_is(r.assignment, "share"));
	rig_pass_ms(RIG_SESSION_MS + 200);
	cr_assert(heartbeat("g", &a) == KAFKA_ERROR_UNKNOWN_MEMBER_ID);
}

/* As many bytes as ten thousand of Java's consumers bring, and more than a batch of a client may
 * have unless its setting is raised. */
Test(group_large, a_state_of_two_megabytes_is_stored_and_found_at_a_start)
{
	enum { BYTES = 2 << 20 };
	char *share = calloc(1, BYTES + 1);
	struct sync_group_response r;
	struct member m = {0};
	memset(share, 's', BYTES);
	join("g", &m);
	rig_pass_ms(RIG_DELAY_MS + 100);
	cr_assert(join_take(&m) == KAFKA_ERROR_NONE);
	sync_send("g", &m, share);
	cr_assert(rig_answer(&sync_group_response, &r) && r.error_code == 0);
	rig_start_again();
	sync_send("g", &m, NULL);
	cr_assert(rig_answer(&sync_group_response, &r) && r.error_code == 0);
	cr_assert(rig_is(r.assignment, share));
	free(share);
}

Test(group_service, who_asks_while_groups_are_read_is_told_so_and_a_member_is_not_sent_away)
{
	struct member a = {0};
	struct join_group_response joined;
	struct sync_group_response synced;
	settle_alone("g", &a);
	rig_holds_reads = true;
	rig_start_again();
	cr_assert(commit("g", &a, "t", 0, 1) == KAFKA_ERROR_COORDINATOR_LOAD_IN_PROGRESS);
	cr_assert(fetch("g", "t", 0).error_code == KAFKA_ERROR_COORDINATOR_LOAD_IN_PROGRESS);
	join_send("g", &a);
	cr_assert(rig_answer(&join_group_response, &joined));
	cr_assert(joined.error_code == KAFKA_ERROR_COORDINATOR_LOAD_IN_PROGRESS);
	sync_send("g", &a, NULL);
	cr_assert(rig_answer(&sync_group_response, &synced));
	cr_assert(synced.error_code == KAFKA_ERROR_REBALANCE_IN_PROGRESS);
	cr_assert(heartbeat("g", &a) == 0);
	rig_holds_reads = false;
	rig_pass_ms(100);
	cr_assert(commit("g", &a, "t", 0, 1) == 0);
}

Test(group_service, a_start_reads_in_pieces_and_begins_where_the_last_ended)
{
	enum { COMMITS = 6000 };
	rig_is_held = true;
	for (int64_t i = 0; i < COMMITS; i++) {
		commit_send("g", NULL, "t", 0, i);
		if (i % 1000 == 999) {
			rig_is_held = false;
			rig_pass_ms(1);
			rig_is_held = true;
			struct offset_commit_response r;
			while (rig_answer(&offset_commit_response, &r))
				;
		}
	}
	rig_is_held = false;
	rig_pass_ms(1);
	rig_reads = 0;
	rig_start_again();
	cr_assert(rig_reads > RIG_PARTITIONS, "%u", rig_reads);
	cr_assert(fetch("g", "t", 0).committed_offset == COMMITS - 1);
}

Test(group_service, groups_of_a_partition_that_is_damaged_are_not_served_and_the_others_are)
{
	static const char *const names[] = {"a", "b"};
	uint32_t broken = group_record_partition(rig_text("a"), RIG_PARTITIONS);
	cr_assert(group_record_partition(rig_text("b"), RIG_PARTITIONS) != broken);
	for (unsigned i = 0; i < 2; i++)
		cr_assert(commit(names[i], NULL, "t", 0, 1) == 0);
	rig_spoil(broken, 70);
	rig_start_again();
	cr_assert(fetch("a", "t", 0).error_code == KAFKA_ERROR_COORDINATOR_NOT_AVAILABLE);
	cr_assert(fetch("b", "t", 0).committed_offset == 1);
	cr_assert(commit("a", NULL, "t", 0, 2) == KAFKA_ERROR_COORDINATOR_NOT_AVAILABLE);
}

/* ---- a topic to store them in ----------------------------------------------------------- */

Test(group_topic, without_one_it_is_wished_for_and_with_one_the_coordinator_is_this_gateway)
{
	cr_assert(!topic_wish_is_made(&rig_wish));
	cr_assert(rig_find(FIND_COORDINATOR_GROUP).error_code ==
		  KAFKA_ERROR_COORDINATOR_NOT_AVAILABLE);
	cr_assert(topic_wish_take(&rig_wish) && !topic_wish_take(&rig_wish));
	cr_assert(commit("g", NULL, "t", 0, 1) == KAFKA_ERROR_COORDINATOR_NOT_AVAILABLE);
	cr_assert(topic_wish_is_made(&rig_wish));
	rig_make_topic();
	struct find_coordinator_one us = rig_find(FIND_COORDINATOR_GROUP);
	cr_assert(us.error_code == 0 && us.node_id == RIG_NODE && us.port == RIG_PORT);
	cr_assert(rig_is(us.host, "gw.example"));
	cr_assert(commit("g", NULL, "t", 0, 1) == 0);
}

/* ---- operators -------------------------------------------------------------------------- */

Test(group_service, groups_are_listed_and_described_as_they_are)
{
	struct member a = {0};
	struct bytes state = rig_text("stable"), name = rig_text("g");
	struct list_groups_request list = {.states_filter = {&state, 1}};
	struct list_groups_response listed;
	struct describe_groups_request q = {.groups = {&name, 1}};
	struct describe_groups_response r;
	settle_alone("g", &a);
	cr_assert(commit("idle", NULL, "t", 0, 1) == 0);
	rig_call(KAFKA_API_LIST_GROUPS, 5, &list_groups_request, &list, &list_groups_response,
		 &listed);
	cr_assert(listed.groups.count == 1 && rig_is(listed.groups.items[0].group_id, "g"));
	cr_assert(rig_is(listed.groups.items[0].group_type, "classic"));
	rig_call(KAFKA_API_DESCRIBE_GROUPS, 5, &describe_groups_request, &q,
		 &describe_groups_response, &r);
	const struct describe_groups_group *g = &r.groups.items[0];
	cr_assert(g->error_code == 0 && rig_is(g->group_state, "Stable"));
	cr_assert(g->members.count == 1 && rig_is(g->members.items[0].member_id, a.id));
	cr_assert(rig_is(g->members.items[0].client_host, "/192.0.2.1"));
	cr_assert(rig_is(g->members.items[0].member_assignment, "share"));
}

static int32_t operations_of(const char *group, int version, bool is_asked)
{
	struct bytes name = rig_text(group);
	struct describe_groups_request q = {{&name, 1}, is_asked};
	struct describe_groups_response r;
	rig_call(KAFKA_API_DESCRIBE_GROUPS, version, &describe_groups_request, &q,
		 &describe_groups_response, &r);
	return r.groups.items[0].authorized_operations;
}

Test(group_service, whoever_asks_is_told_what_may_be_done_to_a_group)
{
	struct member a = {0};
	settle_alone("g", &a);
	cr_assert(operations_of("g", 3, true) == 3400);
	cr_assert(operations_of("g", 6, true) == 3400);
	cr_assert(operations_of("g", 6, false) == AUTHORIZED_UNKNOWN);
	/* In the one version it is a dead group, in the other there is none. */
	cr_assert(operations_of("none", 5, true) == 3400);
	cr_assert(operations_of("none", 6, true) == AUTHORIZED_UNKNOWN);
}

Test(group_service, a_deleted_group_is_gone_with_its_offsets_and_after_a_start_as_well)
{
	struct member a = {0};
	struct bytes names[] = {rig_text("g"), rig_text("idle"), rig_text("none")};
	struct delete_groups_request q = {{names, 3}};
	struct delete_groups_response r;
	settle_alone("g", &a);
	cr_assert(commit("g", &a, "t", 0, 1) == 0 && commit("idle", NULL, "t", 0, 1) == 0);
	rig_call(KAFKA_API_DELETE_GROUPS, 2, &delete_groups_request, &q, &delete_groups_response,
		 &r);
	cr_assert(r.results.items[0].error_code == KAFKA_ERROR_NON_EMPTY_GROUP);
	cr_assert(r.results.items[1].error_code == 0);
	cr_assert(r.results.items[2].error_code == KAFKA_ERROR_GROUP_ID_NOT_FOUND);
	for (unsigned starts = 0; starts < 2; starts++) {
		cr_assert(fetch("idle", "t", 0).committed_offset == -1, "%u", starts);
		cr_assert(fetch("g", "t", 0).committed_offset == 1, "%u", starts);
		rig_start_again();
	}
}

Test(group_service, a_deleted_offset_is_gone_and_after_a_start_as_well)
{
	struct offset_delete_request_partition p = {1};
	struct offset_delete_request_topic t = {rig_text("t"), {&p, 1}};
	struct offset_delete_request q = {rig_text("g"), {&t, 1}};
	struct offset_delete_response r;
	cr_assert(commit("g", NULL, "t", 0, 1) == 0 && commit("g", NULL, "t", 1, 1) == 0);
	rig_call(KAFKA_API_OFFSET_DELETE, 0, &offset_delete_request, &q, &offset_delete_response,
		 &r);
	cr_assert(r.error_code == 0 && r.topics.items[0].partitions.items[0].error_code == 0);
	for (unsigned starts = 0; starts < 2; starts++) {
		cr_assert(fetch("g", "t", 1).committed_offset == -1, "%u", starts);
		cr_assert(fetch("g", "t", 0).committed_offset == 1, "%u", starts);
		rig_start_again();
	}
}

/* ---- what is old ------------------------------------------------------------------------ */

static void leave(const char *group, const struct member *m)
{
	struct leave_group_member leaver = {.member_id = id_of(m)};
	struct leave_group_request q = {.group_id = rig_text(group), .members = {&leaver, 1}};
	struct leave_group_response r;
	rig_call(KAFKA_API_LEAVE_GROUP, 5, &leave_group_request, &q, &leave_group_response, &r);
	cr_assert(r.error_code == 0 && r.members.items[0].error_code == 0);
}

Test(group_service, what_nobody_has_committed_for_the_retention_is_forgotten_and_stays_so)
{
	cr_assert(commit("g", NULL, "t", 0, 1) == 0);
	rig_pass_ms(RIG_RETENTION_MS / 2);
	cr_assert(commit("g", NULL, "t", 1, 2) == 0);
	rig_pass_ms(RIG_RETENTION_MS / 2 + 1000);
	for (unsigned starts = 0; starts < 2; starts++) {
		cr_assert(fetch("g", "t", 0).committed_offset == -1, "%u", starts);
		cr_assert(fetch("g", "t", 1).committed_offset == 2, "%u", starts);
		rig_start_again();
	}
}

Test(group_service, what_a_member_has_committed_is_kept_until_the_group_was_empty_for_the_retention)
{
	struct member a = {0};
	settle_alone("g", &a);
	cr_assert(commit("g", &a, "t", 0, 1) == 0);
	for (unsigned i = 0; i < 2 * RIG_RETENTION_MS / 5000; i++) {
		rig_pass_ms(5000);
		cr_assert(heartbeat("g", &a) == 0);
	}
	leave("g", &a);
	rig_pass_ms(RIG_RETENTION_MS - 5000);
	cr_assert(fetch("g", "t", 0).committed_offset == 1);
	rig_start_again();
	cr_assert(fetch("g", "t", 0).committed_offset == 1);
	rig_pass_ms(7000);
	cr_assert(fetch("g", "t", 0).committed_offset == -1);
}
