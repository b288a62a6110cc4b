/* init_producer_id.c - InitProducerId: an id of nobody's, now or when there is one. */
#include "control/coordinator/coordinator_handlers.h"
#include "control/coordinator/group_service.h"
#include "control/coordinator/producer_ids.h"
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/kafka/msg_init_producer_id.h"

/* 53 ends a transactional producer at once in every client that we know; what says that there is no
 * coordinator, or that the version is unknown, would have some ask again for a minute. */
static int16_t refusal(const struct init_producer_id_request *q)
{
	bool is_transactional = q->transactional_id.data != NULL;
	bool has_id = q->producer_id != NO_PRODUCER_ID;
	bool has_epoch = q->producer_epoch != NO_PRODUCER_EPOCH;
	if (is_transactional && q->transactional_id.size > 0)
		return KAFKA_ERROR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
	if (is_transactional || has_id != has_epoch)
		return KAFKA_ERROR_INVALID_REQUEST;
	return KAFKA_ERROR_NONE;
}

/* Whoever has an id, and asks again, is given another one with its first epoch, as by Kafka: only a
 * transactional producer goes on under its own. */
enum kafka_outcome coordinator_handle_init_producer_id(struct kafka_request *r)
{
	struct init_producer_id_request q;
	if (!kafka_request_decode(r, &init_producer_id_request, &q))
		return KAFKA_CLOSE;
	int16_t error = refusal(&q);
	if (error)
		return producer_ids_answer(r, NO_PRODUCER_ID, error);
	int64_t id = producer_ids_take(r->ids);
	if (id != NO_PRODUCER_ID)
		return producer_ids_answer(r, id, KAFKA_ERROR_NONE);
	if (producer_ids_park(r->ids, r, r->groups->now.ns))
		return KAFKA_PARKED;
	return producer_ids_answer(r, NO_PRODUCER_ID, KAFKA_ERROR_COORDINATOR_LOAD_IN_PROGRESS);
}
