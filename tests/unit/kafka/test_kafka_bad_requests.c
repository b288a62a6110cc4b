/* test_kafka_bad_requests.c - what an operator sees of requests that ended their connections. */
#include "tests/unit/kafka/kafka_rig.h"

#include <criterion/criterion.h>

TestSuite(kafka_bad_requests, .init = rig_begin, .fini = rig_end);

/* Sends it as the first bytes of a connection, and returns what is kept of it. */
static struct bad_frame kept_of(struct buffer *give)
{
	struct bad_frame kept = {0};
	struct peer *p = open_peer();
	peer_send(p, give->data, give->size);
	rig_turns(rig, 3);
	cr_assert(p->is_closed);
	cr_assert(bad_frames_read(&rig->in.bad_frames, &kept, 1) == 1);
	cr_assert(kept.reason == STAT_frame_reject_request);
	end_peer(p);
	buffer_free(give);
	return kept;
}

static struct bad_frame kept_of_call(int16_t key, int16_t version, unsigned body_bytes)
{
	struct buffer request = call_make(key, version, body_bytes);
	return kept_of(&request);
}

static bool is_of(const struct bad_frame *kept, enum bad_request fault, int key, int version)
{
	return kept->fault == fault && kept->api_key == key && kept->api_version == version;
}

Test(kafka_bad_requests, an_api_that_is_not_served)
{
	struct bad_frame kept = kept_of_call(4711, 3, 0);
	cr_assert(is_of(&kept, BAD_REQUEST_API, 4711, 3) && kept.stream_offset == 0);
}

Test(kafka_bad_requests, a_version_that_is_not_served)
{
	struct bad_frame kept = kept_of_call(KAFKA_API_METADATA, 99, 0);
	cr_assert(is_of(&kept, BAD_REQUEST_VERSION, KAFKA_API_METADATA, 99));
	cr_assert(kept.size >= 8 && kept.bytes[4] == 0 && kept.bytes[5] == KAFKA_API_METADATA);
}

Test(kafka_bad_requests, a_size_that_cannot_be)
{
	struct buffer request = {0};
	buffer_add(&request, "\xff\xff\xff\xff", 4);
	struct bad_frame kept = kept_of(&request);
	cr_assert(is_of(&kept, BAD_REQUEST_SIZE, -1, -1) && kept.size == 4);
}

Test(kafka_bad_requests, one_that_is_too_long_for_its_api)
{
	rig->in.settings.request_bytes_max = 4 * KAFKA_CALL_BYTES_MAX;
	struct bad_frame kept = kept_of_call(KAFKA_API_METADATA, 5, KAFKA_CALL_BYTES_MAX);
	cr_assert(is_of(&kept, BAD_REQUEST_LARGE, KAFKA_API_METADATA, 5));
}

/* The count of its batch's bytes goes beyond the request: what is kept begins at that partition. */
Test(kafka_bad_requests, one_that_goes_wrong_on_the_way)
{
	struct buffer batch = batch_make(1, 20, wall());
	size_t batch_bytes = batch.size;
	struct buffer request = request_of(7, -1, 1, &batch);
	size_t partition_at = request.size - batch_bytes - 8;
	be32_store(request.data + partition_at + 4, INT32_MAX);
	uint8_t first = request.data[partition_at + 3];
	struct bad_frame kept = kept_of(&request);
	cr_assert(is_of(&kept, BAD_REQUEST_FORM, KAFKA_API_PRODUCE, 7));
	cr_assert(kept.stream_offset == partition_at && kept.bytes[3] == first);
}

Test(kafka_bad_requests, one_that_its_server_cannot_read)
{
	rig->reply_null = true;
	struct bad_frame kept = kept_of_call(KAFKA_API_METADATA, 5, 700);
	cr_assert(is_of(&kept, BAD_REQUEST_BODY, KAFKA_API_METADATA, 5));
	cr_assert(kept.stream_offset == KAFKA_SIZE_BYTES && kept.bytes[1] == KAFKA_API_METADATA);
}
