/* kafka_list_reassignments.c - ListPartitionReassignments: no partition is on its way anywhere. */
#include "control/kafka/kafka_handlers.h"

#include "dataplane/wire/kafka/msg_list_reassignments.h"

enum kafka_outcome kafka_handle_list_reassignments(struct kafka_request *r)
{
	struct list_reassignments_request q;
	struct list_reassignments_response answer = {0};
	if (!kafka_request_decode(r, &list_reassignments_request, &q))
		return KAFKA_CLOSE;
	return kafka_request_answer(r, &list_reassignments_response, r->header.api_version,
				    &answer);
}
