/* msg_sasl.c - the field tables of SaslHandshake and SaslAuthenticate. */
#include "dataplane/wire/kafka/msg_sasl.h"

#include "dataplane/wire/kafka/kafka_apis.h"

#define M struct sasl_handshake_request
static const struct kafka_field handshake_request_rows[] = {
	KAFKA_FIELD(M, mechanism, STRING),
};
static const struct kafka_struct handshake_request = KAFKA_STRUCT(M, handshake_request_rows);
#undef M

const struct kafka_message sasl_handshake_request = {
	.name = "SaslHandshakeRequest", .body = &handshake_request,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_SASL_HANDSHAKE};

#define M struct sasl_handshake_response
static const struct kafka_field handshake_response_rows[] = {
	KAFKA_FIELD(M, error_code, INT16),
	KAFKA_FIELD(M, mechanisms, ARRAY, .of = &kafka_string_item),
};
static const struct kafka_struct handshake_response = KAFKA_STRUCT(M, handshake_response_rows);
#undef M

const struct kafka_message sasl_handshake_response = {
	.name = "SaslHandshakeResponse", .body = &handshake_response,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_SASL_HANDSHAKE};

#define M struct sasl_authenticate_request
static const struct kafka_field authenticate_request_rows[] = {
	KAFKA_FIELD(M, auth_bytes, BYTES),
};
static const struct kafka_struct authenticate_request =
	KAFKA_STRUCT(M, authenticate_request_rows);
#undef M

const struct kafka_message sasl_authenticate_request = {
	.name = "SaslAuthenticateRequest", .body = &authenticate_request,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_SASL_AUTHENTICATE};

#define M struct sasl_authenticate_response
static const struct kafka_field authenticate_response_rows[] = {
	KAFKA_FIELD(M, error_code, INT16),
	KAFKA_FIELD(M, error_message, STRING, NULLABLE_SINCE(0)),
	KAFKA_FIELD(M, auth_bytes, BYTES),
	KAFKA_FIELD(M, session_lifetime_ms, INT64, SINCE(1)),
};
static const struct kafka_struct authenticate_response =
	KAFKA_STRUCT(M, authenticate_response_rows);
#undef M

const struct kafka_message sasl_authenticate_response = {
	.name = "SaslAuthenticateResponse", .body = &authenticate_response,
	.flexible_since = KAFKA_FLEXIBLE_SINCE_SASL_AUTHENTICATE};
