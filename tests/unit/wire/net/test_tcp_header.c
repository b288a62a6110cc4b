/* test_tcp_header.c - the header codec: what is written is read, and no option list, however
 * broken, is read beyond its end. */
#include "dataplane/wire/net/tcp_header.h"

#include <criterion/criterion.h>
#include <stdlib.h>

/* Parses a header of 20 bytes and `options`, in a block of exactly that size. */
static bool parse(const uint8_t *options, unsigned size, unsigned misalign,
		  struct tcp_header *ret)
{
	struct tcp_header plain = {.source_port = 1, .destination_port = 2, .flags = TCP_FLAG_SYN};
	uint8_t *block = malloc(misalign + TCP_HEADER_BYTES + size);
	uint8_t *data = block + misalign;
	tcp_header_emit(&plain, data);
	data[12] = (uint8_t)((TCP_HEADER_BYTES + size) / 4 << 4);
	if (size)
		memcpy(data + TCP_HEADER_BYTES, options, size);
	bool is_good = tcp_header_parse((struct bytes){data, TCP_HEADER_BYTES + size}, ret);
	free(block);
	return is_good;
}

Test(tcp_header, what_is_written_is_read)
{
	struct tcp_header h = {
		.seq = 0xfffffff0, .ack = 0x80000001, .source_port = 40000,
		.destination_port = 9092, .window = 0x1234,
		.flags = TCP_FLAG_SYN | TCP_FLAG_ACK, .has_mss = true, .mss = 1460,
		.has_window_scale = true, .window_scale = 7, .has_timestamps = true,
		.ts_value = 0xdeadbeef, .ts_echo = 0xfeedface,
	};
	uint8_t out[TCP_HEADER_BYTES_MAX];
	unsigned size = tcp_header_emit(&h, out);
	struct tcp_header back;
	cr_assert(size == 40 && size == tcp_header_size(&h));
	cr_assert(tcp_header_parse((struct bytes){out, size}, &back));
	h.header_bytes = (uint8_t)size;
	cr_assert(back.seq == h.seq && back.ack == h.ack && back.flags == h.flags);
	cr_assert(back.source_port == 40000 && back.destination_port == 9092);
	cr_assert(back.window == 0x1234 && back.header_bytes == 40);
	cr_assert(back.has_mss && back.mss == 1460);
	cr_assert(back.has_window_scale && back.window_scale == 7);
	cr_assert(back.has_timestamps && back.ts_value == h.ts_value && back.ts_echo == h.ts_echo);
}

Test(tcp_header, a_data_offset_beyond_the_segment_or_below_five_is_refused)
{
	uint8_t segment[TCP_HEADER_BYTES] = {0};
	struct tcp_header h;
	for (unsigned words = 0; words < 16; words++) {
		segment[12] = (uint8_t)(words << 4);
		bool is_good = tcp_header_parse((struct bytes){segment, sizeof segment}, &h);
		cr_assert(is_good == (words == 5), "%u words", words);
	}
	segment[12] = 5 << 4;
	for (unsigned size = 0; size < TCP_HEADER_BYTES; size++)
		cr_assert(!tcp_header_parse((struct bytes){segment, size}, &h));
}

struct option_case {
	const char *what;
	uint8_t options[12];
	unsigned size;
	bool has_mss;
	uint16_t mss;
	bool has_scale;
	uint8_t scale;
	bool has_timestamps;
};

static const struct option_case cases[] = {
	{"none", {0}, 0, false, 0, false, 0, false},
	{"mss", {2, 4, 5, 0xb4}, 4, true, 1460, false, 0, false},
	{"mss of length 3 is unknown", {2, 3, 5, 1}, 4, false, 0, false, 0, false},
	{"length 0 ends the list", {254, 0, 2, 4, 5, 0xb4, 0, 0}, 8, false, 0, false, 0, false},
	{"length 1 ends the list", {254, 1, 2, 4, 5, 0xb4, 0, 0}, 8, false, 0, false, 0, false},
	{"length past the header", {2, 5, 5, 0xb4}, 4, false, 0, false, 0, false},
	{"kind without a length", {1, 1, 1, 3}, 4, false, 0, false, 0, false},
	{"early end hides the rest", {0, 2, 4, 5, 0xb4, 0, 0, 0}, 8, false, 0, false, 0, false},
	{"unaligned after one NOP", {1, 2, 4, 5, 0xb4, 1, 1, 1}, 8, true, 1460, false, 0, false},
	{"unknown is skipped", {253, 4, 9, 9, 2, 4, 2, 0x18}, 8, true, 536, false, 0, false},
	{"scale above 14 is 14", {3, 3, 200, 1}, 4, false, 0, true, 14, false},
	{"the last of two counts", {2, 4, 1, 1, 2, 4, 2, 0x18}, 8, true, 536, false, 0, false},
	{"timestamps", {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2}, 12, false, 0, false, 0, true},
	{"timestamps cut short", {8, 10, 0, 0, 0, 1, 0, 0}, 8, false, 0, false, 0, false},
};

Test(tcp_header, options_are_read_as_the_table_says)
{
	for (unsigned i = 0; i < array_len(cases); i++) {
		const struct option_case *c = &cases[i];
		struct tcp_header h;
		cr_assert(parse(c->options, c->size, i % 3, &h), "%s", c->what);
		cr_assert(h.has_mss == c->has_mss && h.mss == c->mss, "%s", c->what);
		cr_assert(h.has_window_scale == c->has_scale, "%s", c->what);
		cr_assert(h.window_scale == c->scale, "%s", c->what);
		cr_assert(h.has_timestamps == c->has_timestamps, "%s", c->what);
	}
}

/* Under a sanitizer this proves that nothing is read beyond the block. */
Test(tcp_header, random_options_of_every_length_are_survived)
{
	srandom(1);
	unsigned with_mss = 0;
	for (unsigned round = 0; round < 20000; round++) {
		uint8_t options[40];
		unsigned size = (unsigned)(random() % 11) * 4;
		for (unsigned i = 0; i < size; i++)
			options[i] = (uint8_t)(random() % 3 ? random() % 12 : random());
		struct tcp_header h;
		cr_assert(parse(options, size, round % 4, &h));
		cr_assert(h.window_scale <= TCP_WINDOW_SCALE_MAX);
		with_mss += h.has_mss;
	}
	cr_assert(with_mss > 100, "the generator makes valid options too");
}

/* Not only whole words: the parser itself is bounded by the data offset. */
Test(tcp_header, every_truncation_of_a_header_with_options_is_refused)
{
	struct tcp_header h = {.has_mss = true, .mss = 1460, .has_timestamps = true,
			       .has_window_scale = true, .flags = TCP_FLAG_SYN};
	uint8_t whole[TCP_HEADER_BYTES_MAX];
	unsigned size = tcp_header_emit(&h, whole);
	for (unsigned n = 0; n < size; n++) {
		uint8_t *cut = malloc(n ? n : 1);
		memcpy(cut, whole, n);
		struct tcp_header back;
		cr_assert(!tcp_header_parse((struct bytes){cut, n}, &back));
		free(cut);
	}
}
