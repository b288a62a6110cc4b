/* fuzz_kafka_groups.c - requests of any bytes at the coordinator, one after the other: every API of
 * groups, producer ids and transactions in every version, while time passes, the writer waits or
 * fails, and the coordinator ends and begins again with what is stored.
 *
 *     input: steps of   which 1 | what happens beside it 1 | size 2 | body
 *
 * `which` counts through kafka_apis.def. Every request has one answer, or waits, or costs its
 * connection; what a coordinator has stored the next one reads.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/control/coordinator/service_rig.h"

enum {
	STEPS_MAX = 24,
	BODY_BYTES_MAX = 2048,
	/* What happens beside a request. */
	EVENT_HOLD = 1, /* and nobody grants producer ids */
	EVENT_FAIL = 2,
	EVENT_AGAIN = 4,
	EVENT_TIME = 8, /* and so many times 300 ms: */
	TIME_SHIFT = 4,
};

static const int16_t keys[] = {
	KAFKA_API_JOIN_GROUP,      KAFKA_API_SYNC_GROUP,      KAFKA_API_HEARTBEAT,
	KAFKA_API_LEAVE_GROUP,     KAFKA_API_OFFSET_COMMIT,   KAFKA_API_OFFSET_FETCH,
	KAFKA_API_FIND_COORDINATOR, KAFKA_API_DESCRIBE_GROUPS, KAFKA_API_LIST_GROUPS,
	KAFKA_API_DELETE_GROUPS,   KAFKA_API_OFFSET_DELETE,   KAFKA_API_INIT_PRODUCER_ID,
	KAFKA_API_LIST_TRANSACTIONS, KAFKA_API_DESCRIBE_TRANSACTIONS,
};

static int64_t next_id;

static void grant_ids(void)
{
	if (!id_blocks_is_wished(&rig_ids))
		return;
	rig_grant_ids(next_id);
	next_id += RIG_ID_BLOCK;
}

static void happen(uint8_t event)
{
	rig_is_held = event & EVENT_HOLD;
	rig_append_error = event & EVENT_FAIL ? KAFKA_ERROR_KAFKA_STORAGE_ERROR : 0;
	if (!rig_is_held)
		grant_ids();
	if (event & EVENT_AGAIN)
		rig_start_again();
	if (event & EVENT_TIME)
		rig_pass_ms((uint64_t)(event >> TIME_SHIFT) * 300);
}

static void step(struct cursor *c)
{
	uint8_t which = fuzz_u8(c), event = fuzz_u8(c);
	struct bytes given = fuzz_take(c, fuzz_u16(c) % BODY_BYTES_MAX);
	const struct kafka_api_row *row = kafka_api_row_find(keys[which % array_len(keys)]);
	int versions = row->version_max - row->version_min + 1;
	int version = row->version_min + which / (int)array_len(keys) % versions;
	uint8_t *body = fuzz_copy(given);
	rig_ask_bytes(row->key, version, (struct bytes){body, given.size});
	free(body);
	rig_drop_answers();
	happen(event);
	rig_drop_answers();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_of(data, size);
	next_id = 0;
	service_rig_start();
	for (unsigned i = 0; i < STEPS_MAX && !fuzz_is_over(&c); i++)
		step(&c);
	rig_is_held = false;
	rig_append_error = 0;
	rig_start_again();
	service_rig_stop();
	return 0;
}
