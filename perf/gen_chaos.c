/* gen_chaos.c - good frames in, broken streams out, and their reading; see gen_chaos.h.
 */
#include "perf/gen_chaos.h"
#include "dataplane/wire/fleet/gbt32960.h"

#include <stdlib.h>

enum harm { NONE, TRUNCATED, CHANGED, DOUBLED, SPLIT, REVERSED, HARMS };

enum { SHARE_BITS = 24, HARM_SHIFT = 24, PLACE_SHIFT = 32, CHANGE_SHIFT = 56 };

const char *const gen_end_names[GEN_ENDS] = {
	[GEN_END_ACCEPTED] = "frames_accepted",
	[GEN_END_GARBAGE] = "frame_reject_garbage",
	[GEN_END_BCC] = "frame_reject_bcc",
	[GEN_END_TOO_LONG] = "frame_reject_too_long",
	[GEN_END_TRUNCATED] = "frame_reject_truncated",
	[GEN_END_ESCAPE] = "frame_reject_escape",
	[GEN_END_HEADER] = "frame_reject_header",
	[GEN_END_RESENT] = "frames_resent",
};

/* ---- harm -------------------------------------------------------------------------- */

/* Not the number that chose the frame's size. */
static uint64_t chance_of(uint32_t conn, uint32_t message)
{
	return gen_hash(~conn, message);
}

static enum harm harm_of(const struct gen_chaos *c, uint32_t conn, uint32_t message)
{
	uint64_t chance = chance_of(conn, message);
	double share = (double)(chance & ((1u << SHARE_BITS) - 1)) / (1u << SHARE_BITS);
	if (message < c->load.greetings || share >= c->share)
		return NONE;
	return TRUNCATED + (chance >> HARM_SHIFT & 0xff) % (HARMS - TRUNCATED);
}

/* Where in a frame of `size` bytes it happens: 1 to size - 1. */
static uint32_t place_of(uint32_t conn, uint32_t message, uint32_t size)
{
	return 1 + (uint32_t)(chance_of(conn, message) >> PLACE_SHIFT & 0xffffff) %
			   (size - 1);
}

static uint32_t whole_size(const struct gen_chaos *c, uint32_t conn, uint32_t message)
{
	return c->whole->size(c->whole, conn, message);
}

/* A frame that is cut short is a shorter message, one that comes twice a longer one: TCP need
 * not know. */
static uint32_t chaos_size(const struct gen_load *l, uint32_t conn, uint32_t message)
{
	const struct gen_chaos *c = container_of(l, struct gen_chaos, load);
	uint32_t size = whole_size(c, conn, message);
	switch (harm_of(c, conn, message)) {
	case TRUNCATED:
		return place_of(conn, message, size);
	case DOUBLED:
		return 2 * size;
	default:
		return size;
	}
}

/* The whole frame is made each time, though a part may be asked for: what is done to it may lie
 * anywhere. */
static void chaos_fill(const struct gen_load *l, uint32_t conn, uint32_t message,
		       uint32_t at, uint32_t size, uint8_t *out)
{
	struct gen_chaos *c = container_of(l, struct gen_chaos, load);
	uint32_t whole = whole_size(c, conn, message);
	c->whole->fill(c->whole, conn, message, 0, whole, c->scratch);
	enum harm harm = harm_of(c, conn, message);
	if (harm == CHANGED) {
		uint8_t change = (uint8_t)(chance_of(conn, message) >> CHANGE_SHIFT);
		c->scratch[place_of(conn, message, whole)] ^= change ? change : 1;
	}
	if (harm == DOUBLED)
		memcpy(c->scratch + whole, c->scratch, whole);
	memcpy(out, c->scratch + at, size);
}

static uint32_t chaos_cut(const struct gen_load *l, uint32_t conn, uint32_t message,
			  bool *is_reversed)
{
	const struct gen_chaos *c = container_of(l, struct gen_chaos, load);
	enum harm harm = harm_of(c, conn, message);
	*is_reversed = harm == REVERSED;
	if (harm != SPLIT && harm != REVERSED)
		return 0;
	return place_of(conn, message, whole_size(c, conn, message));
}

static uint32_t chaos_answer_bytes(const struct gen_load *l, struct bytes at)
{
	const struct gen_chaos *c = container_of(l, struct gen_chaos, load);
	return c->whole->answer_bytes(c->whole, at);
}

static enum gen_verdict chaos_check(const struct gen_load *l, uint32_t conn,
				    uint32_t message, struct bytes answer)
{
	const struct gen_chaos *c = container_of(l, struct gen_chaos, load);
	return c->whole->check(c->whole, conn, message, answer);
}

static void init(struct gen_chaos *c, const struct gen_load *whole, gen_chaos_reader *read,
		 double share)
{
	c->whole = whole;
	c->read = read;
	c->share = share;
	c->load = *whole;
	c->load.name = "chaos";
	c->load.is_answered = false;
	c->load.size = chaos_size;
	c->load.fill = chaos_fill;
	c->load.cut = chaos_cut;
	c->load.answer_bytes = chaos_answer_bytes;
	c->load.check = chaos_check;
}

void gen_chaos_init(struct gen_chaos *c, const struct gen_fleet *fleet, double share)
{
	init(c, &fleet->load, gen_chaos_read, share);
	c->is_terminal = fleet->options.is_terminal;
}

void gen_chaos_init_terminals(struct gen_chaos *c, const struct gen_terminals *terminals,
			      double share)
{
	init(c, &terminals->load, gen_chaos_read_jt808, share);
}

/* ---- the reference resynchroniser -------------------------------------------------- */

/* How what begins at `at` ends; of an accepted frame of either edition, its size. */
static enum gen_end look(struct bytes at, uint32_t *size)
{
	*size = 1;
	uint8_t first = at.data[0];
	if (first != '#' && first != '$')
		return GEN_END_GARBAGE;
	if (at.size < 2)
		return GEN_END_TRUNCATED;
	if (at.data[1] != first)
		return GEN_END_GARBAGE;
	if (at.size < 24)
		return GEN_END_TRUNCATED;
	uint32_t bytes = 25 + ((uint32_t)at.data[22] << 8 | at.data[23]);
	if (bytes > GBT32960_FRAME_BYTES_MAX)
		return GEN_END_TOO_LONG;
	if (at.size < bytes)
		return GEN_END_TRUNCATED;
	uint8_t sum = 0;
	for (uint32_t i = 2; i < bytes; i++)
		sum ^= at.data[i];
	if (sum)
		return GEN_END_BCC;
	*size = bytes;
	return GEN_END_ACCEPTED;
}

/* docs/GBT32960.md, "What is answered": by chance a piece of data is a frame, too. */
static bool is_answered(const struct gen_chaos *c, const uint8_t *frame)
{
	uint8_t command = frame[2], flag = frame[3];
	bool is_report = command == GBT32960_REALTIME || command == GBT32960_REISSUE;
	bool is_newer = command == GBT32960_ACTIVATION || command == GBT32960_KEY_EXCHANGE;
	bool is_of_2016 = command >= GBT32960_LOGIN && command <= GBT32960_TIME_SYNC;
	return flag == GBT32960_COMMAND && (is_of_2016 || (is_newer && frame[0] == '$')) &&
	       !(is_report && c->is_terminal);
}

void gen_chaos_read(const struct gen_chaos *c, struct bytes stream,
		    struct gen_reading *ret)
{
	bool is_in_run = false;
	while (stream.size) {
		uint32_t size;
		enum gen_end end = look(stream, &size);
		bool is_frame = end == GEN_END_ACCEPTED;
		if (is_frame || !is_in_run)
			ret->ends[end]++;
		ret->answered += is_frame && is_answered(c, stream.data);
		is_in_run = !is_frame;
		stream.data += size;
		stream.size -= size;
	}
}

/* The stream of a connection once more, in memory of the caller's to free; null: none. */
static uint8_t *repeat(const struct gen_chaos *c, uint32_t conn, uint32_t messages,
		       size_t *ret)
{
	size_t size = 0, at = 0;
	for (uint32_t m = 0; m < messages; m++)
		size += chaos_size(&c->load, conn, m);
	uint8_t *stream = malloc(size + 1);
	for (uint32_t m = 0; m < messages && stream; m++) {
		uint32_t bytes = chaos_size(&c->load, conn, m);
		chaos_fill(&c->load, conn, m, 0, bytes, stream + at);
		at += bytes;
	}
	*ret = size;
	return stream;
}

bool gen_chaos_predict(const struct gen_chaos *c, const struct gen_tcp *t,
		       struct gen_reading *ret)
{
	for (uint32_t i = 0; i < t->options.connections; i++) {
		struct bytes stream;
		uint8_t *data = repeat(c, t->options.first + i, t->conns[i].begun,
				       &stream.size);
		if (!data)
			return false;
		stream.data = data;
		c->read(c, stream, ret);
		free(data);
	}
	return true;
}
