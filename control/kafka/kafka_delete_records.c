/* kafka_delete_records.c - DeleteRecords: partitions and offsets in, where their logs start then
 * out. */
#include "control/kafka/errands.h"
#include "control/kafka/kafka_handlers.h"

#include "dataplane/wire/kafka/msg_delete_records.h"

static bool list_asked(struct kafka_request *r, const struct delete_records_request *q,
		       struct errand_asked **ret, uint32_t *count)
{
	size_t total = 0;
	for (int32_t i = 0; i < q->topics.count; i++)
		total += (size_t)q->topics.items[i].partitions.count;
	*ret = kafka_request_take(r, total, sizeof **ret);
	*count = 0;
	for (int32_t i = 0; i < q->topics.count && *ret; i++) {
		const struct delete_records_request_topic *t = &q->topics.items[i];
		for (int32_t p = 0; p < t->partitions.count; p++, (*count)++)
			(*ret)[*count] = (struct errand_asked){
				t->name, t->partitions.items[p].partition_index,
				t->partitions.items[p].offset, *count};
	}
	return *ret != NULL;
}

static enum kafka_outcome tell(struct kafka_request *r, const struct errand_asked *asked,
			       const struct registry_part *parts, uint32_t count)
{
	struct delete_records_response response = {0};
	struct delete_records_topic *topics = kafka_request_take(r, count, sizeof *topics);
	struct delete_records_partition *items = kafka_request_take(r, count, sizeof *items);
	if (!topics || !items)
		return KAFKA_CLOSE;
	response.topics.items = topics;
	for (uint32_t i = 0; i < count; i++) {
		if (i == 0 || kafka_name_order(asked[i - 1].topic, asked[i].topic) != 0)
			topics[response.topics.count++] = (struct delete_records_topic){
				.name = asked[i].topic, .partitions = {&items[i], 0}};
		topics[response.topics.count - 1].partitions.count++;
		items[i] = (struct delete_records_partition){
			.partition_index = asked[i].partition,
			.low_watermark = parts[i].error ? -1 : parts[i].log_start_offset,
			.error_code = parts[i].error};
	}
	return kafka_request_answer(r, &delete_records_response, r->header.api_version, &response);
}

enum kafka_outcome kafka_handle_delete_records(struct kafka_request *r)
{
	struct delete_records_request q;
	struct errand_asked *asked;
	const struct registry_part *parts;
	uint32_t count;
	if (!kafka_request_decode(r, &delete_records_request, &q) ||
	    !list_asked(r, &q, &asked, &count))
		return KAFKA_CLOSE;
	enum kafka_outcome outcome =
		errand_ask(r, REGISTRY_DELETE_RECORDS, asked, &count, &parts);
	return outcome == KAFKA_ANSWERED ? tell(r, asked, parts, count) : outcome;
}
