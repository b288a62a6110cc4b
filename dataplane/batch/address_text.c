/* address_text.c - addresses and numbers in, text out; see address_text.h. */
#include "dataplane/batch/address_text.h"
#include "dataplane/base/require.h"

#include <arpa/inet.h>

size_t decimal_text(char out[DECIMAL_TEXT_BYTES], uint64_t number)
{
	char reversed[DECIMAL_TEXT_BYTES];
	size_t size = 0;
	do {
		reversed[size++] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	for (size_t i = 0; i < size; i++)
		out[i] = reversed[size - 1 - i];
	return size;
}

static bool is_ip4(const struct address *a)
{
	static const uint8_t mapped_ip4[12] = {[10] = 0xff, [11] = 0xff};
	return memcmp(a->octets, mapped_ip4, sizeof mapped_ip4) == 0;
}

static char *octet_put(char *out, uint8_t v)
{
	if (v >= 100)
		*out++ = (char)('0' + v / 100);
	if (v >= 10)
		*out++ = (char)('0' + v / 10 % 10);
	*out++ = (char)('0' + v % 10);
	return out;
}

size_t address_text(char out[ADDRESS_TEXT_BYTES], const struct address *a)
{
	static_assert((int)ADDRESS_TEXT_BYTES == INET6_ADDRSTRLEN, "any fits");
	if (!is_ip4(a)) {
		require(inet_ntop(AF_INET6, a->octets, out, ADDRESS_TEXT_BYTES));
		return strlen(out);
	}
	char *end = out;
	for (unsigned i = 12; i < sizeof a->octets; i++) {
		end = octet_put(end, a->octets[i]);
		*end++ = '.';
	}
	return (size_t)(end - 1 - out);
}

size_t endpoint_text(char out[ENDPOINT_TEXT_BYTES], const struct endpoint *e)
{
	bool has_brackets = !is_ip4(&e->address);
	char *end = out;
	if (has_brackets)
		*end++ = '[';
	end += address_text(end, &e->address);
	if (has_brackets)
		*end++ = ']';
	*end++ = ':';
	end += decimal_text(end, e->port);
	return (size_t)(end - out);
}
