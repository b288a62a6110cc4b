/* msg_sasl.h - SaslHandshake, versions 0 and 1, and SaslAuthenticate, versions 0 to 2: who a
 * client says it is. Bytes on the wire are an array of int8, compact or not like any other.
 */
#ifndef PENSTOCK_MSG_SASL_H
#define PENSTOCK_MSG_SASL_H

#include "dataplane/wire/kafka/kafka_schema.h"

struct sasl_handshake_request {
	struct bytes mechanism;
};

struct sasl_handshake_response {
	int16_t error_code;
	kafka_array(struct bytes) mechanisms; /* those the listener takes */
};

struct sasl_authenticate_request {
	struct bytes auth_bytes;
};

struct sasl_authenticate_response {
	int16_t error_code;
	struct bytes error_message; /* may be null */
	struct bytes auth_bytes;
	int64_t session_lifetime_ms; /* since 1 */
};

extern const struct kafka_message sasl_handshake_request;
extern const struct kafka_message sasl_handshake_response;
extern const struct kafka_message sasl_authenticate_request;
extern const struct kafka_message sasl_authenticate_response;

#endif
