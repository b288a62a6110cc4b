/* siphash.c - SipHash-2-4 and 1-3; see siphash.h. */
#include "dataplane/base/siphash.h"

static inline uint64_t rotl(uint64_t x, int b)
{
	return x << b | x >> (64 - b);
}

struct sip {
	uint64_t v0, v1, v2, v3;
};

static inline void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v1 = rotl(s->v1, 13) ^ s->v0;
	s->v0 = rotl(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotl(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotl(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotl(s->v1, 17) ^ s->v2;
	s->v2 = rotl(s->v2, 32);
}

static inline void sip_word(struct sip *s, uint64_t m, int rounds)
{
	s->v3 ^= m;
	for (int i = 0; i < rounds; i++)
		sip_round(s);
	s->v0 ^= m;
}

/* To be inlined into both callers, so that their numbers of rounds are constants of the
 * loops. */
static inline uint64_t sip(struct siphash_key key, const void *data, size_t size, int rounds,
			   int last_rounds)
{
	struct sip s = {
		.v0 = key.k0 ^ 0x736f6d6570736575ull,
		.v1 = key.k1 ^ 0x646f72616e646f6dull,
		.v2 = key.k0 ^ 0x6c7967656e657261ull,
		.v3 = key.k1 ^ 0x7465646279746573ull,
	};
	const uint8_t *p = data;
	uint64_t last = (uint64_t)size << 56;
	for (; size >= 8; size -= 8, p += 8) {
		uint64_t m;
		memcpy(&m, p, sizeof m);
		sip_word(&s, m, rounds);
	}
	for (size_t i = 0; i < size; i++)
		last |= (uint64_t)p[i] << (8 * i);
	sip_word(&s, last, rounds);
	s.v2 ^= 0xff;
	for (int i = 0; i < last_rounds; i++)
		sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint64_t siphash(struct siphash_key key, const void *data, size_t size)
{
	return sip(key, data, size, 2, 4);
}

uint64_t siphash_table(struct siphash_key key, const void *data, size_t size)
{
	return sip(key, data, size, 1, 3);
}
