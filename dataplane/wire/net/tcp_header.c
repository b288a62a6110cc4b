/* tcp_header.c - segment bytes to struct tcp_header and back; see tcp_header.h. */
#include "dataplane/wire/net/tcp_header.h"

enum {
	OPTION_END = 0,
	OPTION_NOP = 1,
	OPTION_MSS = 2,
	OPTION_WINDOW_SCALE = 3,
	OPTION_SACK_PERMITTED = 4,
	OPTION_SACK = 5,
	OPTION_TIMESTAMPS = 8
};

/* One option of `size` bytes, kind and length included. A known kind of another length is
 * treated as unknown. */
static void option_read(const uint8_t *option, unsigned size, unsigned at, struct tcp_header *h)
{
	unsigned blocks = (size - 2) / sizeof(struct tcp_sack);
	if (option[0] == OPTION_MSS && size == 4) {
		h->has_mss = true;
		h->mss = be16_load(option + 2);
	} else if (option[0] == OPTION_WINDOW_SCALE && size == 3) {
		h->has_window_scale = true;
		h->window_scale = option[2] > TCP_WINDOW_SCALE_MAX ? TCP_WINDOW_SCALE_MAX
								   : option[2];
	} else if (option[0] == OPTION_SACK_PERMITTED && size == 2) {
		h->has_sack_permitted = true;
	} else if (option[0] == OPTION_TIMESTAMPS && size == 10) {
		h->has_timestamps = true;
		h->ts_value = be32_load(option + 2);
		h->ts_echo = be32_load(option + 6);
	} else if (option[0] == OPTION_SACK && blocks > 0 && size == 2 + 8 * blocks) {
		h->sack_count = (uint8_t)blocks;
		h->sack_at = (uint8_t)(TCP_HEADER_BYTES + at + 2);
	}
}

/* A length that cannot be true ends the options, not the segment: what was read before it
 * holds. */
static void options_read(const uint8_t *options, unsigned size, struct tcp_header *h)
{
	unsigned at = 0;
	while (at < size && options[at] != OPTION_END) {
		if (options[at] == OPTION_NOP) {
			at++;
			continue;
		}
		if (size - at < 2)
			return;
		unsigned length = options[at + 1];
		if (length < 2 || length > size - at)
			return;
		option_read(options + at, length, at, h);
		at += length;
	}
}

/* A header's length that cannot be true makes the segment none; what is wrong with an option
 * does not. */
bool tcp_header_parse(struct bytes segment, struct tcp_header *ret)
{
	memset(ret, 0, sizeof *ret);
	if (segment.size < TCP_HEADER_BYTES)
		return false;
	struct tcp_wire w;
	memcpy(&w, segment.data, sizeof w);
	unsigned header_bytes = (w.offset >> 4) * 4u;
	if (header_bytes < TCP_HEADER_BYTES || header_bytes > segment.size)
		return false;
	ret->source_port = be16_get(w.source_port);
	ret->destination_port = be16_get(w.destination_port);
	ret->seq = be32_get(w.seq);
	ret->ack = be32_get(w.ack);
	ret->flags = w.flags;
	ret->window = be16_get(w.window);
	ret->header_bytes = (uint8_t)header_bytes;
	options_read(segment.data + TCP_HEADER_BYTES, header_bytes - TCP_HEADER_BYTES,
		     ret);
	return true;
}

/* Each option with the padding that options_write() puts before it: whole words. */
unsigned tcp_header_size(const struct tcp_header *h)
{
	return TCP_HEADER_BYTES + (h->has_mss ? 4u : 0u) +
	       (h->has_window_scale ? 4u : 0u) + (h->has_sack_permitted ? 4u : 0u) +
	       (h->has_timestamps ? (unsigned)TCP_TIMESTAMP_BYTES : 0u) +
	       tcp_sack_bytes(h->sack_count);
}

/* Each option padded in front to whole words, as most stacks lay them out. */
static void options_write(const struct tcp_header *h, uint8_t *out)
{
	if (h->has_mss) {
		out[0] = OPTION_MSS;
		out[1] = 4;
		be16_store(out + 2, h->mss);
		out += 4;
	}
	if (h->has_window_scale) {
		out[0] = OPTION_NOP;
		out[1] = OPTION_WINDOW_SCALE;
		out[2] = 3;
		out[3] = h->window_scale;
		out += 4;
	}
	if (h->has_sack_permitted) {
		out[0] = OPTION_NOP;
		out[1] = OPTION_NOP;
		out[2] = OPTION_SACK_PERMITTED;
		out[3] = 2;
		out += 4;
	}
	if (h->has_timestamps) {
		out[0] = OPTION_NOP;
		out[1] = OPTION_NOP;
		out[2] = OPTION_TIMESTAMPS;
		out[3] = 10;
		be32_store(out + 4, h->ts_value);
		be32_store(out + 8, h->ts_echo);
		out += TCP_TIMESTAMP_BYTES;
	}
	if (h->sack_count) {
		out[0] = OPTION_NOP;
		out[1] = OPTION_NOP;
		out[2] = OPTION_SACK;
		out[3] = (uint8_t)(tcp_sack_bytes(h->sack_count) - 2);
	}
}

/* A header has only their place and number: most segments have none, and who needs them reads
 * them. */
void tcp_header_sacks(const struct tcp_header *h, const uint8_t *segment, struct tcp_sack *ret)
{
	for (unsigned i = 0; i < h->sack_count; i++) {
		ret[i].from = be32_load(segment + h->sack_at + 8 * i);
		ret[i].to = be32_load(segment + h->sack_at + 8 * i + 4);
	}
}

/* They are the last of the header. */
void tcp_header_emit_sack(const struct tcp_header *h, const struct tcp_sack *blocks, uint8_t *out)
{
	out += tcp_header_size(h) - h->sack_count * sizeof *blocks;
	for (unsigned i = 0; i < h->sack_count; i++) {
		be32_store(out + 8 * i, blocks[i].from);
		be32_store(out + 8 * i + 4, blocks[i].to);
	}
}

unsigned tcp_header_emit(const struct tcp_header *h, uint8_t *out)
{
	unsigned size = tcp_header_size(h);
	struct tcp_wire *w = (struct tcp_wire *)out;
	*w = (struct tcp_wire){
		.source_port = be16_of(h->source_port),
		.destination_port = be16_of(h->destination_port),
		.seq = be32_of(h->seq),
		.ack = be32_of(h->ack),
		.offset = (uint8_t)(size / 4 << 4),
		.flags = h->flags,
		.window = be16_of(h->window),
	};
	options_write(h, out + TCP_HEADER_BYTES);
	return size;
}
