/* uuid.c - 16 bytes to 22 characters of base64url (RFC 4648 clause 5) and back. */
#include "control/catalog/uuid.h"
#include "dataplane/base/entropy.h"

static const char digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Kafka keeps the ids 0 and 1 for itself: both begin with an A, which stands for six bits of
 * zero. */
void uuid_make(uint8_t ret[UUID_BYTES])
{
	char text[UUID_TEXT_BYTES];
	do
		entropy_fill(ret, UUID_BYTES);
	while (uuid_format(ret, text)[0] == '-' || text[0] == 'A');
}

char *uuid_format(const uint8_t uuid[UUID_BYTES], char out[UUID_TEXT_BYTES])
{
	uint32_t bits = 0;
	unsigned held = 0, at = 0;
	for (unsigned i = 0; i < UUID_BYTES; i++) {
		bits = bits << 8 | uuid[i];
		for (held += 8; held >= 6; held -= 6)
			out[at++] = digits[bits >> (held - 6) & 63];
	}
	out[at++] = digits[bits << (6 - held) & 63];
	out[at] = '\0';
	return out;
}

bool uuid_parse(const char *text, uint8_t ret[UUID_BYTES])
{
	uint32_t bits = 0;
	unsigned held = 0, at = 0;
	for (unsigned i = 0; i < UUID_TEXT_BYTES - 1; i++) {
		const char *digit = text[i] ? strchr(digits, text[i]) : NULL;
		if (!digit)
			return false;
		bits = bits << 6 | (uint32_t)(digit - digits);
		held += 6;
		if (held >= 8 && at < UUID_BYTES) {
			held -= 8;
			ret[at++] = (uint8_t)(bits >> held);
		}
	}
	return at == UUID_BYTES;
}
