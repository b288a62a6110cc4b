/* kafka_sasl.c - SaslHandshake and SaslAuthenticate: no listener asks who a client is, and a
 * client that begins to say it is told so in a way it understands, as Kafka does on PLAINTEXT.
 * The connection stays open. */
#include "control/kafka/kafka_handlers.h"

#include "dataplane/wire/kafka/msg_sasl.h"

enum kafka_outcome kafka_handle_sasl_handshake(struct kafka_request *r)
{
	struct sasl_handshake_request request;
	if (!kafka_request_decode(r, &sasl_handshake_request, &request))
		return KAFKA_CLOSE;
	struct sasl_handshake_response answer = {.error_code = KAFKA_ERROR_ILLEGAL_SASL_STATE};
	return kafka_request_answer(r, &sasl_handshake_response, r->header.api_version, &answer);
}

enum kafka_outcome kafka_handle_sasl_authenticate(struct kafka_request *r)
{
	static const char reason[] = "this listener takes no authentication: connect with "
				     "security.protocol=PLAINTEXT";
	struct sasl_authenticate_request request;
	if (!kafka_request_decode(r, &sasl_authenticate_request, &request))
		return KAFKA_CLOSE;
	struct sasl_authenticate_response answer = {
		.error_code = KAFKA_ERROR_ILLEGAL_SASL_STATE,
		.error_message = {(const uint8_t *)reason, sizeof reason - 1},
	};
	return kafka_request_answer(r, &sasl_authenticate_response, r->header.api_version,
				    &answer);
}
