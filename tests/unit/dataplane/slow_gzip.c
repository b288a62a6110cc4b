/* slow_gzip.c - room in, a slow stream out; see slow_gzip.h. */
#include "tests/unit/dataplane/slow_gzip.h"

enum { BLOCK_BITS = 3 + 5 + 5 + 4 + 18 * 3 + 8 + 8 + 3 };

/* Bits as deflate has them. */
struct bit_writer {
	uint8_t *out;
	size_t at;
};

static void bits_put(struct bit_writer *w, uint32_t bits, unsigned count)
{
	for (unsigned i = 0; i < count; i++, w->at++)
		w->out[w->at / 8] |= (uint8_t)((bits >> i & 1) << w->at % 8);
}

/* Tables of its own, for the end of the block and nothing else. */
static void empty_block_put(struct bit_writer *w)
{
	enum { SIZES = 18, OF_1 = 17, OF_18 = 2 };
	bits_put(w, 2 << 1, 3); /* not the last; tables of its own */
	bits_put(w, 0, 5);      /* 257 codes of bytes */
	bits_put(w, 0, 5);      /* 1 of distances */
	bits_put(w, SIZES - 4, 4);
	for (unsigned i = 0; i < SIZES; i++)
		bits_put(w, i == OF_1 || i == OF_18, 3);
	bits_put(w, 1, 1); /* so many zeroes: */
	bits_put(w, 138 - 11, 7);
	bits_put(w, 1, 1);
	bits_put(w, 118 - 11, 7);
	bits_put(w, 0, 1); /* the end's code is one bit long */
	bits_put(w, 0, 1); /* a distance's, too */
	bits_put(w, 0, 1); /* the end */
}

size_t slow_gzip(uint8_t *out, size_t room)
{
	static const uint8_t header[10] = {0x1f, 0x8b, 8};
	memset(out, 0, room);
	memcpy(out, header, sizeof header);
	struct bit_writer w = {out, sizeof header * 8};
	while (w.at + BLOCK_BITS <= room * 8)
		empty_block_put(&w);
	return w.at / 8;
}
