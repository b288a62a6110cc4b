/* kafka_waiting.c - requests in, blocks that keep their bytes out; see kafka_waiting.h. */
#include "control/kafka/kafka_waiting.h"

#include "dataplane/base/require.h"

void *kafka_waiting_take(struct parking *p, const struct kafka_request *r, size_t size)
{
	struct kafka_waiting *w = parking_take(p, r->call, size + r->bytes.size);
	if (!w)
		return NULL;
	uint8_t *bytes = (uint8_t *)w + size;
	memcpy(bytes, r->bytes.data, r->bytes.size);
	list_init(&w->node);
	w->listener = r->listener;
	w->request = (struct bytes){bytes, r->bytes.size};
	return w;
}

struct bytes kafka_waiting_name(const struct kafka_waiting *w, const struct kafka_request *r,
				struct bytes name)
{
	require(name.data >= r->bytes.data &&
		name.data + name.size <= r->bytes.data + r->bytes.size);
	return (struct bytes){w->request.data + (name.data - r->bytes.data), name.size};
}
