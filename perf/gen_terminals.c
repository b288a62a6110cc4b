/* gen_terminals.c - (terminal, number) in, JT/T 808 frames out; their answers judged. */
#include "perf/gen_terminals.h"
#include "dataplane/base/be.h"
#include "dataplane/base/siphash.h"

enum {
	DELIMITER = 0x7e,
	ESCAPE = 0x7d,
	REGISTRATION = 0x0100,
	AUTHENTICATION = 0x0102,
	LOCATION = 0x0200,
	GENERAL_ANSWER = 0x8001,
	REGISTRATION_ANSWER = 0x8100,
	HEADER_BYTES = 12,
	PHONE_AT = 4,
	PHONE_BYTES = 6,
	SERIAL_AT = 10,
	REGISTRATION_BYTES = 37 + 8, /* of 2013, with a plate of 8 bytes */
	CODE_BYTES = 16,
	GREETINGS = 2,
	MESSAGE_BYTES_MAX = HEADER_BYTES + 1023 + 1,
};

/* A 1, and the number in digits for people. */
static void phone_of(uint32_t conn, uint8_t out[PHONE_BYTES])
{
	uint64_t number = 100000000000 + (uint64_t)conn;
	for (unsigned i = PHONE_BYTES; i-- > 0; number /= 100)
		out[i] = (uint8_t)(number / 10 % 10 << 4 | number % 10);
}

/* docs/JT808.md, "Codes": of the number padded to ten bytes. */
static void code_of(const struct gen_terminals *t, const uint8_t phone[PHONE_BYTES], uint8_t *out)
{
	uint8_t padded[10] = {0};
	struct siphash_key key = {t->options.code_key[0], t->options.code_key[1]};
	memcpy(padded + sizeof padded - PHONE_BYTES, phone, PHONE_BYTES);
	uint64_t sum = siphash(key, padded, sizeof padded);
	for (unsigned i = 0; i < CODE_BYTES; i++)
		out[i] = (uint8_t)"0123456789abcdef"[sum >> (60 - 4 * i) & 15];
}

static uint32_t body_bytes(const struct gen_terminals *t, uint32_t message)
{
	static const uint32_t greetings[GREETINGS] = {REGISTRATION_BYTES, CODE_BYTES};
	return message < GREETINGS ? greetings[message] : t->options.frame_bytes - 2 - 13;
}

/* Header and body; of a report the first four bytes are its number, and the rest counters. */
static void body_put(const struct gen_terminals *t, uint32_t message, uint8_t *out)
{
	uint8_t *body = out + HEADER_BYTES;
	uint32_t size = body_bytes(t, message);
	for (uint32_t i = 0; i < size; i++)
		body[i] = (uint8_t)(i / 8);
	if (message == 1)
		code_of(t, out + PHONE_AT, body);
	else if (message >= GREETINGS)
		be32_store(body, message);
}

static uint32_t escape(const uint8_t *plain, uint32_t size, uint8_t *out)
{
	uint32_t end = 0;
	out[end++] = DELIMITER;
	for (uint32_t i = 0; i < size; i++) {
		bool is_special = plain[i] == DELIMITER || plain[i] == ESCAPE;
		if (is_special)
			out[end++] = ESCAPE;
		out[end++] = is_special ? (uint8_t)(plain[i] - ESCAPE + 1) : plain[i];
	}
	out[end++] = DELIMITER;
	return end;
}

static void make(struct gen_terminals *t, uint32_t conn, uint32_t message)
{
	static const uint16_t greetings[GREETINGS] = {REGISTRATION, AUTHENTICATION};
	uint8_t plain[MESSAGE_BYTES_MAX];
	if (t->size && t->conn == conn && t->message == message)
		return;
	uint32_t size = HEADER_BYTES + body_bytes(t, message);
	be16_store(plain, message < GREETINGS ? greetings[message] : LOCATION);
	be16_store(plain + 2, (uint16_t)(size - HEADER_BYTES));
	phone_of(conn, plain + PHONE_AT);
	be16_store(plain + SERIAL_AT, (uint16_t)message);
	body_put(t, message, plain);
	plain[size] = 0;
	for (uint32_t i = 0; i < size; i++)
		plain[size] ^= plain[i];
	t->conn = conn;
	t->message = message;
	t->size = escape(plain, size + 1, t->wire);
}

static uint32_t terminals_size(const struct gen_load *l, uint32_t conn, uint32_t message)
{
	struct gen_terminals *t = container_of(l, struct gen_terminals, load);
	make(t, conn, message);
	return t->size;
}

static void terminals_fill(const struct gen_load *l, uint32_t conn, uint32_t message, uint32_t at,
			   uint32_t size, uint8_t *out)
{
	struct gen_terminals *t = container_of(l, struct gen_terminals, load);
	make(t, conn, message);
	memcpy(out, t->wire + at, size);
}

/* From one delimiter to the next. */
static uint32_t terminals_answer_bytes(const struct gen_load *l, struct bytes at)
{
	if (at.size > 0 && at.data[0] != DELIMITER)
		return UINT32_MAX;
	for (uint32_t i = 1; i < at.size; i++)
		if (at.data[i] == DELIMITER)
			return i > 1 ? i + 1 : UINT32_MAX;
	return 0;
}

/* What lies between the delimiters, its check code right; 0: it is none. */
static uint32_t unescape(struct bytes answer, uint8_t out[GEN_ANSWER_BYTES_MAX])
{
	uint32_t size = 0;
	uint8_t sum = 0;
	for (size_t i = 1; i + 1 < answer.size; i++) {
		uint8_t byte = answer.data[i];
		if (byte == ESCAPE)
			byte = (uint8_t)(ESCAPE - 1 + answer.data[++i]);
		out[size++] = byte;
		sum ^= byte;
	}
	return sum == 0 ? size : 0;
}

/* Of a stream gone wrong even a piece may be a frame, of any terminal. */
static enum gen_verdict terminals_check(const struct gen_load *l, uint32_t conn, uint32_t message,
					struct bytes answer)
{
	uint8_t plain[GEN_ANSWER_BYTES_MAX], phone[PHONE_BYTES];
	uint32_t size = answer.data ? unescape(answer, plain) : 0;
	phone_of(conn, phone);
	bool is_registered = size > 0 && be16_load(plain) == REGISTRATION_ANSWER;
	const uint8_t *body = plain + HEADER_BYTES;
	if (size < HEADER_BYTES + (is_registered ? 3 : 5) + 1 ||
	    (!is_registered && be16_load(plain) != GENERAL_ANSWER))
		return GEN_STRANGE;
	bool is_ours = memcmp(plain + PHONE_AT, phone, sizeof phone) == 0 &&
		       be16_load(body) == (uint16_t)message && is_registered == (message == 0);
	if (message != UINT32_MAX && !is_ours)
		return GEN_STRANGE;
	switch (body[is_registered ? 2 : 4]) {
	case 0:
		return GEN_ACCEPTED;
	case 1:
		return GEN_REFUSED;
	default:
		return GEN_STRANGE;
	}
}

void gen_terminals_init(struct gen_terminals *t, const struct gen_terminals_options *options)
{
	*t = (struct gen_terminals){.options = *options};
	t->load = (struct gen_load){
		.name = "terminals",
		.is_answered = true,
		.greetings = GREETINGS,
		.greeting_records = 1,
		.records = 1,
		.message_bytes = options->frame_bytes,
		.size = terminals_size,
		.fill = terminals_fill,
		.answer_bytes = terminals_answer_bytes,
		.check = terminals_check,
	};
}
