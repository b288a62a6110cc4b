/* kafka_apis.c - API key in, row of the table out. */
#include "dataplane/wire/kafka/kafka_apis.h"

const struct kafka_api_row kafka_api_rows[KAFKA_API_ROWS] = {
#define KAFKA_API(key_, id, name_, advertised, min, max, flexible, server_)              \
	{.name = (name_), .key = (key_), .version_advertised = (advertised),             \
	 .version_min = (min), .version_max = (max), .flexible_since = (flexible),       \
	 .server = KAFKA_SERVER_##server_},
#include "dataplane/wire/kafka/kafka_apis.def"
};

/* A client may name any number: the few rows are searched, and none is used as an index. */
const struct kafka_api_row *kafka_api_row_find(int key)
{
	for (unsigned i = 0; i < KAFKA_API_ROWS; i++)
		if (kafka_api_rows[i].key == key)
			return &kafka_api_rows[i];
	return NULL;
}
