/* test_kafka_sasl.c - a client that logs in where nobody asks. */
#include "dataplane/wire/kafka/kafka_error.h"
#include "dataplane/wire/kafka/kafka_header.h"
#include "dataplane/wire/kafka/msg_sasl.h"
#include "tests/unit/control/kafka/kafka_api_rig.h"

#include <criterion/criterion.h>

TestSuite(kafka_sasl, .init = kafka_api_rig_start, .fini = kafka_api_rig_stop);

Test(kafka_sasl, a_client_that_begins_to_log_in_is_told_that_nobody_asks)
{
	for (int version = 0; version <= 1; version++) {
		struct sasl_handshake_request q = {.mechanism = text("PLAIN")};
		struct sasl_handshake_response r;
		send_request(&calls[0], KAFKA_API_SASL_HANDSHAKE, version,
			     &sasl_handshake_request, &q);
		struct call_msg *call = reap();
		read_reply(call, &sasl_handshake_response, version, false, &r);
		cr_assert(r.error_code == KAFKA_ERROR_ILLEGAL_SASL_STATE);
		cr_assert(r.mechanisms.count == 0);
		release(call);
	}
}

Test(kafka_sasl, a_client_that_logs_in_is_told_that_nobody_asked)
{
	uint8_t token[] = {0, 'u', 0, 'p'};
	for (int version = 0; version <= 2; version++) {
		struct sasl_authenticate_request q = {.auth_bytes = {token, 4}};
		struct sasl_authenticate_response r;
		send_request(&calls[0], KAFKA_API_SASL_AUTHENTICATE, version,
		     &sasl_authenticate_request, &q);
		struct call_msg *call = reap();
		read_reply(call, &sasl_authenticate_response, version, version >= 2, &r);
		cr_assert(r.error_code == KAFKA_ERROR_ILLEGAL_SASL_STATE);
		cr_assert(r.error_message.size > 0 && r.auth_bytes.size == 0);
		cr_assert(r.session_lifetime_ms == 0);
		release(call);
	}
}

/* As kafka-protocol's definition writes it, byte for byte. */
Test(kafka_sasl, the_answer_to_a_handshake_is_kafkas)
{
	static const uint8_t request[] = {0, 17, 0, 1, 1, 2, 3, 4, 0, 1, 'c',
					  0, 5, 'P', 'L', 'A', 'I', 'N'};
	static const uint8_t want[] = {0, 0, 0, 10, 1, 2, 3, 4, 0, 34, 0, 0, 0, 0};
	send_bytes(&calls[0], request, sizeof request);
	struct call_msg *call = reap();
	cr_assert(call->reply_bytes == sizeof want);
	cr_assert(memcmp(call->reply, want, sizeof want) == 0);
	release(call);
}
