/* producer_ids.c - blocks in, ids and answers of those who waited out; see producer_ids.h. */
#include "control/coordinator/producer_ids.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/kafka/msg_init_producer_id.h"

enum { ANSWERS_PER_TURN = 1024 };

struct parked_id {
	struct parked parked;
	struct list node; /* producer_ids->waiting */
	uint64_t until_ns;
	int32_t correlation_id;
	int16_t version;
};
static_assert(sizeof(struct parked_id) <= PARKED_ID_BYTES_MAX, "docs/COORDINATOR.md");

void producer_ids_init(struct producer_ids *p, struct id_blocks *blocks, struct parking *parking,
		       struct stats *stats)
{
	*p = (struct producer_ids){.blocks = blocks, .parking = parking, .stats = stats};
	list_init(&p->waiting);
}

/* ---- ids -------------------------------------------------------------------------------- */

static void begin_block(struct producer_ids *p)
{
	int64_t first = id_blocks_take(p->blocks);
	if (first == ID_BLOCKS_NONE)
		return;
	p->next = first;
	p->end = first + p->blocks->block_ids;
}

int64_t producer_ids_take(struct producer_ids *p)
{
	if (!p->blocks)
		return NO_PRODUCER_ID;
	if (p->next == p->end)
		begin_block(p);
	int64_t id = p->next < p->end ? p->next++ : NO_PRODUCER_ID;
	if (p->end - p->next <= p->blocks->block_ids / 2)
		id_blocks_wish(p->blocks);
	stats_add(p->stats, STAT_producer_ids_given, id != NO_PRODUCER_ID);
	return id;
}

enum kafka_outcome producer_ids_answer(struct kafka_request *r, int64_t id, int16_t error)
{
	struct init_producer_id_response answer = {
		.error_code = error,
		.producer_id = id,
		.producer_epoch = error ? NO_PRODUCER_EPOCH : 0,
	};
	return kafka_request_answer(r, &init_producer_id_response, r->header.api_version, &answer);
}

/* ---- who waits -------------------------------------------------------------------------- */

bool producer_ids_park(struct producer_ids *p, const struct kafka_request *r, uint64_t now_ns)
{
	struct parked_id *k = parking_take(p->parking, r->call, sizeof *k);
	if (!k)
		return false;
	k->until_ns = now_ns + PRODUCER_ID_WAIT_NS;
	k->correlation_id = r->header.correlation_id;
	k->version = r->header.api_version;
	list_append(&p->waiting, &k->node);
	return true;
}

/* Without memory for the answer its connection ends, and the client asks anew. */
static void answer(struct producer_ids *p, struct parked_id *give, int64_t id)
{
	struct kafka_request r = {
		.row = kafka_api_row_find(KAFKA_API_INIT_PRODUCER_ID),
		.header = {.api_version = give->version, .correlation_id = give->correlation_id},
	};
	int16_t error = id == NO_PRODUCER_ID ? KAFKA_ERROR_COORDINATOR_LOAD_IN_PROGRESS : 0;
	producer_ids_answer(&r, id, error);
	list_remove(&give->node);
	parking_answer(p->parking, &give->parked, r.reply, r.reply_bytes);
}

static struct parked_id *first_waiting(const struct producer_ids *p)
{
	return list_entry(p->waiting.next, struct parked_id, node);
}

static bool answer_first(struct producer_ids *p, uint64_t now_ns)
{
	struct parked_id *first = first_waiting(p);
	int64_t id = producer_ids_take(p);
	if (id == NO_PRODUCER_ID && now_ns < first->until_ns)
		return false;
	answer(p, first, id);
	return true;
}

bool producer_ids_turn(struct producer_ids *p, uint64_t now_ns)
{
	unsigned count = 0;
	while (count < ANSWERS_PER_TURN && !list_is_empty(&p->waiting) && answer_first(p, now_ns))
		count++;
	return count > 0;
}

uint64_t producer_ids_idle_ns(const struct producer_ids *p, uint64_t now_ns, uint64_t limit_ns)
{
	if (list_is_empty(&p->waiting))
		return limit_ns;
	uint64_t until_ns = first_waiting(p)->until_ns;
	return min_u64(limit_ns, until_ns > now_ns ? until_ns - now_ns : 0);
}

bool producer_ids_has_news(const struct producer_ids *p)
{
	return p->blocks && !list_is_empty(&p->waiting) && id_blocks_is_granted(p->blocks);
}
