/* record_headers.c - texts into a record's headers; see record_headers.h. */
#include "dataplane/batch/record_headers.h"
#include "dataplane/base/require.h"
#include "dataplane/base/varint.h"
#include "dataplane/batch/address_text.h"

static uint8_t *text_put(uint8_t *out, struct bytes text)
{
	out += varint_put(out, (int64_t)text.size);
	memcpy(out, text.data, text.size);
	return out + text.size;
}

#define TEXT(literal) ((struct bytes){(const uint8_t *)(literal), sizeof(literal) - 1})

static struct bytes text_of(const char *text, size_t size)
{
	return (struct bytes){(const uint8_t *)text, size};
}

static uint8_t *header_put(uint8_t *out, struct bytes key, struct bytes value)
{
	return text_put(text_put(out, key), value);
}

static size_t hex_text(char *out, uint16_t number, unsigned bytes)
{
	for (unsigned i = 0; i < 2 * bytes; i++)
		out[i] = "0123456789ABCDEF"[number >> (4 * (2 * bytes - 1 - i)) & 15];
	return 2 * bytes;
}

size_t record_headers_put(uint8_t out[RECORD_HEADERS_BYTES_MAX], const struct session *s,
			  const struct frame_facts *facts, int64_t wall_ms)
{
	enum { COUNT = 6, KEYS_BYTES = 17 + 13 + 17 + 16 + 16 + 13, NAME_BYTES_MAX = 16 };
	static_assert(1 + KEYS_BYTES + 2 * COUNT + DECIMAL_TEXT_BYTES + ENDPOINT_TEXT_BYTES +
				      NAME_BYTES_MAX + 4 + 4 + 8 <= RECORD_HEADERS_BYTES_MAX,
		      "all of them fit, and each size is one byte");
	const char *protocol = session_protocol(s)->name;
	bool is_platform = s->listener->link == LINK_PLATFORM;
	char text[ENDPOINT_TEXT_BYTES];
	uint8_t *at = out + varint_put(out, COUNT);
	require(strlen(protocol) <= NAME_BYTES_MAX);
	at = header_put(at, TEXT("penstock.received"),
			text_of(text, decimal_text(text, (uint64_t)wall_ms)));
	at = header_put(at, TEXT("penstock.peer"),
			text_of(text, endpoint_text(text, &s->stream->peer)));
	at = header_put(at, TEXT("penstock.protocol"), text_of(protocol, strlen(protocol)));
	at = header_put(at, TEXT("penstock.edition"),
			text_of(text, decimal_text(text, facts->edition)));
	at = header_put(at, TEXT("penstock.command"),
			text_of(text, hex_text(text, facts->command, facts->command_bytes)));
	at = header_put(at, TEXT("penstock.link"),
			is_platform ? TEXT("platform") : TEXT("terminal"));
	return (size_t)(at - out);
}
