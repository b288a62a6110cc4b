/* sim_ask_ids.c - InitProducerId: whoever asks is given an id that nobody has been given, whoever
 * has crashed since; see sim_asker.h. */
#include "tests/sim/sim_asker.h"
#include "tests/sim/sim_history.h"

enum { NAMES_OWN_SINCE = 3, TRANSACTIONAL_ONE_IN = 8 };

/* Who waits for a block longer than this is told to come again. */
#define PATIENCE_NS (400 * NS_PER_MS)

static void put_transactional_id(struct question *q, struct emitter *e)
{
	q->is_transactional = rng_one_in(&sim_world()->rng, TRANSACTIONAL_ONE_IN);
	if (q->is_transactional)
		sim_put_string(e, "orders", q->is_flexible);
	else if (q->is_flexible)
		emit_u8(e, 0);
	else
		emit_u16(e, UINT16_MAX);
}

/* Every second names an id of its own, as a producer that bumps its epoch does. */
static void ask_for_id(struct asker *a, struct question *q, struct emitter *e)
{
	bool has_own = rng_one_in(&sim_world()->rng, 2);
	put_transactional_id(q, e);
	emit_u32(e, 60000);
	if (q->version >= NAMES_OWN_SINCE) {
		emit_u64(e, has_own ? a->client.id : UINT64_MAX);
		emit_u16(e, has_own ? 3 : UINT16_MAX);
	}
	sim_put_tags(e, q->is_flexible);
}

static void check_id(struct asker *a, const struct question *q, struct cursor *c)
{
	cursor_u32(c);
	int16_t error = (int16_t)cursor_u16(c);
	int64_t id = (int64_t)cursor_u64(c);
	int16_t epoch = (int16_t)cursor_u16(c);
	sim_skip_tags(c, q->is_flexible);
	bool may_wait = sim_world()->now_ns - q->asked_ns > PATIENCE_NS;
	bool is_good = q->is_transactional ? error == KAFKA_NO_TRANSACTIONS
		       : error		   ? error == KAFKA_COORDINATOR_LOADING && may_wait
					   : id >= 0 && epoch == 0;
	if (c->bad || !is_good || (error && (id != -1 || epoch != -1)))
		sim_fail("asker %u: InitProducerId: error %d, id %lld, epoch %d", a->client.id,
			 error, (long long)id, epoch);
	if (!error)
		history_id_given(sim_world()->history, id);
}

const struct question_kind ask_producer_id = {
	.api_key = 22,
	.version_max = 5,
	.version_flexible = 2,
	.ask = ask_for_id,
	.check = check_id,
};
