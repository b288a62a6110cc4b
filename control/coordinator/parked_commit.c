/* parked_commit.c - answers in, one of them out when it is known which; see parked_commit.h. */
#include "control/coordinator/parked_commit.h"

#include <stdlib.h>

struct sealed parked_seal(struct kafka_request *r, const struct kafka_message *m,
			  const void *answer)
{
	kafka_request_answer(r, m, r->header.api_version, answer);
	struct sealed sealed = {r->reply, r->reply_bytes};
	r->reply = NULL;
	r->reply_bytes = 0;
	return sealed;
}

static struct parked_commit *take(struct kafka_request *r, const struct sealed *stored,
				  const struct sealed *failed)
{
	size_t size = sizeof(struct parked_commit) + stored->size + failed->size;
	if (!stored->bytes || !failed->bytes)
		return NULL;
	struct parked_commit *k = parking_take(r->groups->parking, r->call, size);
	if (!k)
		return NULL;
	k->stored_bytes = stored->size;
	k->failed_bytes = failed->size;
	memcpy(k->answers, stored->bytes, stored->size);
	memcpy(k->answers + stored->size, failed->bytes, failed->size);
	return k;
}

struct parked_commit *parked_commit_take(struct kafka_request *r, struct sealed *give_stored,
					 struct sealed *give_failed)
{
	struct parked_commit *k = take(r, give_stored, give_failed);
	free(give_stored->bytes);
	free(give_failed->bytes);
	return k;
}

/* Without memory its connection ends, and the client asks anew. */
void parked_commit_answer(struct group_service *s, struct parked_commit *give, bool is_stored)
{
	size_t size = is_stored ? give->stored_bytes : give->failed_bytes;
	uint8_t *reply = malloc(size);
	if (reply)
		memcpy(reply, give->answers + (is_stored ? 0 : give->stored_bytes), size);
	parking_answer(s->parking, &give->parked, reply, size);
}
