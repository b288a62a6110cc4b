/* soup.c - streams that grow, and a seed's choices; see soup.h. */
#include "tests/unit/wire/fleet/soup.h"
#include "dataplane/base/require.h"

#include <stdlib.h>

void soup_add(struct soup *s, const void *data, size_t size)
{
	if (size == 0)
		return;
	if (s->size + size > s->capacity) {
		s->capacity = 2 * (s->size + size);
		s->data = realloc(s->data, s->capacity);
		require(s->data != NULL);
	}
	memcpy(s->data + s->size, data, size);
	s->size += size;
}

void soup_add_byte(struct soup *s, uint8_t byte, size_t times)
{
	while (times-- > 0)
		soup_add(s, &byte, 1);
}

uint32_t dice_below(struct dice *d, uint32_t limit)
{
	/* splitmix64 */
	uint64_t z = d->state += 0x9e3779b97f4a7c15ull;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return (uint32_t)((z ^ (z >> 31)) % limit);
}
