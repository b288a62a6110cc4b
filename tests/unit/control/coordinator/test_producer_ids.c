/* test_producer_ids.c - InitProducerId as a poller passes it on: each id once, now or when control
 * has granted a block; and what transactional producers and those who list transactions hear. */
#include "control/coordinator/coordinator_handlers.h"
#include "control/coordinator/group_service.h"
#include "control/coordinator/producer_ids.h"
#include "dataplane/wire/kafka/msg_describe_transactions.h"
#include "dataplane/wire/kafka/msg_init_producer_id.h"
#include "dataplane/wire/kafka/msg_list_transactions.h"
#include "tests/unit/control/coordinator/service_rig.h"

#include <criterion/criterion.h>
#include <stdlib.h>

TestSuite(producer_ids, .init = service_rig_start, .fini = service_rig_stop);

enum { VERSION_MAX = KAFKA_VERSION_MAX_INIT_PRODUCER_ID };

static const struct init_producer_id_request plain = {
	.producer_id = NO_PRODUCER_ID, .producer_epoch = NO_PRODUCER_EPOCH};

static void ask(int version)
{
	rig_ask(KAFKA_API_INIT_PRODUCER_ID, version, &init_producer_id_request, &plain);
}

/* False: it waits. */
static bool is_answered(struct init_producer_id_response *ret)
{
	return rig_answer(&init_producer_id_response, ret);
}

static int64_t answered_id(void)
{
	struct init_producer_id_response r;
	cr_assert(is_answered(&r) && r.error_code == 0 && r.producer_epoch == 0);
	return r.producer_id;
}

static int16_t error_of(int version, const struct init_producer_id_request *q)
{
	struct init_producer_id_response r;
	rig_call(KAFKA_API_INIT_PRODUCER_ID, version, &init_producer_id_request, q,
		 &init_producer_id_response, &r);
	cr_assert(!r.error_code || (r.producer_id == -1 && r.producer_epoch == -1));
	return r.error_code;
}

/* ---- blocks ----------------------------------------------------------------------------- */

Test(producer_ids, who_asks_first_waits_for_a_block_and_others_find_it_there)
{
	struct init_producer_id_response r;
	cr_assert(!id_blocks_is_wished(&rig_ids));
	ask(0);
	cr_assert(id_blocks_is_wished(&rig_ids) && !is_answered(&r));
	rig_grant_ids(7000);
	cr_assert(answered_id() == 7000);
	for (int version = 0; version <= VERSION_MAX; version++) {
		ask(version);
		cr_assert(answered_id() == 7001 + version, "version %d", version);
	}
}

Test(producer_ids, the_next_block_is_wished_for_at_half_so_that_nobody_waits)
{
	ask(4);
	rig_grant_ids(0);
	cr_assert(answered_id() == 0);
	for (int64_t id = 1; id < 10 * RIG_ID_BLOCK; id++) {
		bool is_half = id % RIG_ID_BLOCK == RIG_ID_BLOCK / 2;
		cr_assert(id_blocks_is_wished(&rig_ids) == is_half, "%ld", id);
		if (is_half)
			rig_grant_ids(id - id % RIG_ID_BLOCK + RIG_ID_BLOCK);
		ask(4);
		cr_assert(answered_id() == id);
	}
}

Test(producer_ids, more_than_a_block_who_wait_are_answered_in_order_block_by_block)
{
	enum { WAITING = 2 * RIG_ID_BLOCK + 3 };
	struct init_producer_id_response r;
	for (unsigned i = 0; i < WAITING; i++)
		ask(3);
	for (int64_t i = 0; i < WAITING; i++) {
		if (i % RIG_ID_BLOCK == 0) {
			cr_assert(!is_answered(&r));
			rig_grant_ids(500 + i);
		}
		cr_assert(answered_id() == 500 + i, "%ld", i);
	}
}

Test(producer_ids, a_coordinator_that_begins_again_gives_nothing_of_the_old_block)
{
	ask(4);
	rig_grant_ids(100);
	cr_assert(answered_id() == 100);
	rig_start_again();
	ask(4);
	rig_grant_ids(100 + RIG_ID_BLOCK);
	cr_assert(answered_id() == 100 + RIG_ID_BLOCK);
}

Test(producer_ids, who_has_waited_long_enough_is_told_to_come_again)
{
	struct init_producer_id_response r;
	ask(5);
	rig_pass_ms(PRODUCER_ID_WAIT_NS / NS_PER_MS - 100);
	cr_assert(!is_answered(&r));
	ask(5);
	rig_pass_ms(100);
	cr_assert(is_answered(&r) && r.error_code == KAFKA_ERROR_COORDINATOR_LOAD_IN_PROGRESS);
	cr_assert(r.producer_id == -1 && r.producer_epoch == -1 && !is_answered(&r));
	rig_grant_ids(40);
	cr_assert(answered_id() == 40);
}

/* ---- parking that is used up ------------------------------------------------------------ */

/* A request that comes by itself, to a coordinator without a thread or rings. */
static enum kafka_outcome handle_alone(struct producer_ids *ids, const struct call_msg *call,
				       struct init_producer_id_response *ret)
{
	static alignas(16) uint8_t memory[4096];
	static const uint8_t wire[] = {0, 22, 0, 0, 0, 0, 0, 9, 0, 1, 'c', 255, 255, 0, 0, 0, 0};
	struct group_service groups = {.now = {clock_now_ns(), 0}};
	struct kafka_request r = {.call = call, .groups = &groups, .ids = ids};
	cr_assert(kafka_request_of_bytes(&r, (struct bytes){wire, sizeof wire},
					 kafka_arena_of(memory, sizeof memory)));
	enum kafka_outcome outcome = coordinator_handle_init_producer_id(&r);
	if (outcome != KAFKA_ANSWERED)
		return outcome;
	struct cursor c = cursor_of(r.reply + 8, r.reply_bytes - 8);
	struct kafka_arena arena = kafka_arena_of(memory, sizeof memory);
	cr_assert(kafka_decode(&init_producer_id_response, 0, &c, &arena, ret) ==
		  KAFKA_DECODED_OK);
	free(r.reply);
	return outcome;
}

Test(producer_ids, who_finds_no_place_to_wait_is_told_to_come_again_at_once)
{
	struct outbox *none = NULL;
	struct parking parking;
	struct id_blocks blocks;
	struct producer_ids ids;
	struct stats stats = {0};
	struct wake wake = {.fd = -1};
	struct call_msg call = {0};
	struct init_producer_id_response r;
	parking_init(&parking, &none, 1);
	id_blocks_init(&blocks, RIG_ID_BLOCK, &wake, &wake);
	producer_ids_init(&ids, &blocks, &parking, &stats);
	for (unsigned i = 1; i < PARKED_REQUESTS_MAX; i++)
		cr_assert(parking_take(&parking, &call, sizeof(struct parked)));
	cr_assert(handle_alone(&ids, &call, &r) == KAFKA_PARKED);
	cr_assert(handle_alone(&ids, &call, &r) == KAFKA_ANSWERED);
	cr_assert(r.error_code == KAFKA_ERROR_COORDINATOR_LOAD_IN_PROGRESS);
	id_blocks_grant(&blocks, 3);
	cr_assert(handle_alone(&ids, &call, &r) == KAFKA_ANSWERED);
	cr_assert(r.error_code == 0 && r.producer_id == 3);
	cr_assert(stats.value[STAT_producer_ids_given] == 1);
	parking_fini(&parking);
}

/* ---- who has an id, or a transactional one ---------------------------------------------- */

Test(producer_ids, who_names_his_own_id_is_given_another_with_its_first_epoch)
{
	struct init_producer_id_request q = {.producer_id = 20, .producer_epoch = 5};
	struct init_producer_id_response r;
	ask(4);
	rig_grant_ids(20);
	cr_assert(answered_id() == 20);
	for (int version = 3; version <= VERSION_MAX; version++) {
		rig_call(KAFKA_API_INIT_PRODUCER_ID, version, &init_producer_id_request, &q,
			 &init_producer_id_response, &r);
		cr_assert(r.error_code == 0 && r.producer_epoch == 0);
		cr_assert(r.producer_id == 18 + version);
	}
	q.producer_epoch = NO_PRODUCER_EPOCH;
	cr_assert(error_of(4, &q) == KAFKA_ERROR_INVALID_REQUEST);
	q = (struct init_producer_id_request){.producer_id = NO_PRODUCER_ID};
	cr_assert(error_of(4, &q) == KAFKA_ERROR_INVALID_REQUEST);
}

Test(producer_ids, a_transactional_producer_is_refused_for_good_and_takes_no_id)
{
	struct init_producer_id_request q = plain;
	for (int version = 0; version <= VERSION_MAX; version++) {
		q.transactional_id = rig_text("orders");
		cr_assert(error_of(version, &q) ==
			  KAFKA_ERROR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
		q.transactional_id = rig_text("");
		cr_assert(error_of(version, &q) == KAFKA_ERROR_INVALID_REQUEST);
	}
	cr_assert(!id_blocks_is_wished(&rig_ids));
}

/* ---- transactions that there are not ---------------------------------------------------- */

Test(producer_ids, no_transaction_is_listed_and_states_that_nobody_can_be_in_are_named)
{
	struct bytes states[] = {rig_text("Ongoing"), rig_text("ongoing"), rig_text("Empty"),
				 rig_text("Gone")};
	int64_t producer = 7;
	struct list_transactions_request q = {.state_filters = {states, array_len(states)},
					      .producer_id_filters = {&producer, 1},
					      .duration_filter = 1000,
					      .transactional_id_pattern = rig_text(".*")};
	struct list_transactions_response r;
	for (int version = 0; version <= KAFKA_VERSION_MAX_LIST_TRANSACTIONS; version++) {
		rig_call(KAFKA_API_LIST_TRANSACTIONS, version, &list_transactions_request, &q,
			 &list_transactions_response, &r);
		cr_assert(r.error_code == 0 && r.transaction_states.count == 0);
		cr_assert(r.unknown_state_filters.count == 2);
		cr_assert(rig_is(r.unknown_state_filters.items[0], "ongoing"));
		cr_assert(rig_is(r.unknown_state_filters.items[1], "Gone"));
	}
}

Test(producer_ids, each_transaction_that_is_described_is_one_that_there_is_not)
{
	struct bytes ids[] = {rig_text("orders"), rig_text("")};
	struct describe_transactions_request q = {.transactional_ids = {ids, array_len(ids)}};
	struct describe_transactions_response r;
	rig_call(KAFKA_API_DESCRIBE_TRANSACTIONS, 0, &describe_transactions_request, &q,
		 &describe_transactions_response, &r);
	cr_assert(r.transaction_states.count == 2);
	for (int32_t i = 0; i < 2; i++) {
		const struct describe_transactions_state *s = &r.transaction_states.items[i];
		cr_assert(s->error_code == KAFKA_ERROR_TRANSACTIONAL_ID_NOT_FOUND);
		cr_assert(s->transactional_id.size == ids[i].size && s->topics.count == 0);
	}
}

Test(producer_ids, who_asks_for_a_transactions_coordinator_is_told_so_that_he_gives_up)
{
	struct find_coordinator_one nobody = rig_find(FIND_COORDINATOR_TRANSACTION);
	cr_assert(nobody.error_code == KAFKA_ERROR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
	cr_assert(nobody.node_id == -1);
	cr_assert(rig_is(nobody.error_message, "transactions are not available"));
}
