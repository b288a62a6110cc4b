/* kafka_api_versions.c - ApiVersions: the table of APIs, as a client may use it. */
#include "control/kafka/kafka_handlers.h"

#include "dataplane/wire/kafka/msg_api_versions.h"

static bool is_alphanumeric(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Kafka's rule for a client's name and version (KIP-511): letters and digits, with dots and
 * dashes between them. */
static bool is_software_text(struct bytes s)
{
	if (s.size == 0 || !is_alphanumeric(s.data[0]) ||
	    !is_alphanumeric(s.data[s.size - 1]))
		return false;
	for (size_t i = 0; i < s.size; i++)
		if (!is_alphanumeric(s.data[i]) && s.data[i] != '.' && s.data[i] != '-')
			return false;
	return true;
}

static struct api_versions_key key_of_row(const struct kafka_api_row *row)
{
	return (struct api_versions_key){.api_key = row->key,
					 .min_version = row->version_advertised,
					 .max_version = row->version_max};
}

/* The oldest layout with this API alone: the client comes again with a version of ours. */
static enum kafka_outcome answer_unknown_version(struct kafka_request *r)
{
	struct api_versions_key key = key_of_row(r->row);
	struct api_versions_response answer = {
		.error_code = KAFKA_ERROR_UNSUPPORTED_VERSION,
		.api_keys = {&key, 1},
		.finalized_features_epoch = -1,
	};
	return kafka_request_answer(r, &api_versions_response, 0, &answer);
}

enum kafka_outcome kafka_handle_api_versions(struct kafka_request *r)
{
	int version = r->header.api_version;
	if (!kafka_api_takes(r->row, version))
		return answer_unknown_version(r);
	struct api_versions_request request;
	if (!kafka_request_decode(r, &api_versions_request, &request))
		return KAFKA_CLOSE;
	struct api_versions_key keys[KAFKA_API_ROWS];
	struct api_versions_response answer = {.finalized_features_epoch = -1};
	if (version >= 3 && !(is_software_text(request.client_software_name) &&
			      is_software_text(request.client_software_version))) {
		answer.error_code = KAFKA_ERROR_INVALID_REQUEST;
		return kafka_request_answer(r, &api_versions_response, version, &answer);
	}
	for (unsigned i = 0; i < KAFKA_API_ROWS; i++)
		keys[i] = key_of_row(&kafka_api_rows[i]);
	answer.api_keys.items = keys;
	answer.api_keys.count = KAFKA_API_ROWS;
	return kafka_request_answer(r, &api_versions_response, version, &answer);
}
