/* kafka_wait.c - topics asked for on behalf of a request, and what became of each. */
#include "control/kafka/kafka_request.h"

#include "dataplane/base/require.h"

struct kafka_wait *kafka_wait_begin(void)
{
	struct kafka_wait *w = calloc(1, sizeof *w);
	if (!w)
		return NULL;
	list_init(&w->node);
	w->outstanding = 1;
	return w;
}

static void created(void *owner, const struct registry_result *result)
{
	struct kafka_creation *creation = owner;
	creation->error = result->error;
	kafka_wait_done(creation->wait);
}

void kafka_wait_create(struct kafka_wait *w, struct registry *r, struct bytes name)
{
	require(name.size <= TOPIC_NAME_BYTES_MAX);
	if (w->count == KAFKA_CREATIONS_MAX)
		return;
	struct kafka_creation *creation = &w->creations[w->count++];
	memcpy(creation->name, name.data, name.size);
	creation->wait = w;
	w->outstanding++;
	struct registry_request request = {.name = creation->name, .partitions = -1,
					   .replication_factor = -1, .done = created,
					   .owner = creation};
	registry_create_topic(r, &request);
}

void kafka_wait_done(struct kafka_wait *w)
{
	require(w->outstanding > 0);
	if (--w->outstanding > 0)
		return;
	list_remove(&w->node);
	list_append(w->ready, &w->node);
}

int16_t kafka_wait_error(const struct kafka_wait *w, struct bytes name)
{
	for (unsigned i = 0; i < w->count; i++) {
		const struct kafka_creation *creation = &w->creations[i];
		if (strlen(creation->name) == name.size &&
		    memcmp(creation->name, name.data, name.size) == 0)
			return creation->error;
	}
	return KAFKA_ERROR_NONE;
}
