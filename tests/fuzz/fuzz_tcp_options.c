/* fuzz_tcp_options.c - any bytes as a TCP header with its options; what was read is written, and
 * reads the same. */
#include "dataplane/wire/net/tcp_header.h"
#include "tests/fuzz/fuzz.h"

static void check_again(const struct tcp_header *h, const uint8_t *segment)
{
	uint8_t out[TCP_HEADER_BYTES_MAX];
	struct tcp_header again, wanted = *h;
	struct tcp_sack blocks[TCP_SACKS_MAX], blocks_again[TCP_SACKS_MAX];
	tcp_header_sacks(h, segment, blocks);
	unsigned size = tcp_header_emit(h, out);
	require(size == tcp_header_size(h) && size <= sizeof out && size % 4 == 0);
	if (h->sack_count > 0)
		tcp_header_emit_sack(h, blocks, out);
	require(tcp_header_parse((struct bytes){out, size}, &again));
	tcp_header_sacks(&again, out, blocks_again);
	require(again.sack_count == h->sack_count);
	require(memcmp(blocks, blocks_again, h->sack_count * sizeof blocks[0]) == 0);
	wanted.header_bytes = (uint8_t)size;
	require(again.seq == wanted.seq && again.ack == wanted.ack && again.flags == wanted.flags);
	require(again.window == wanted.window && again.header_bytes == wanted.header_bytes);
	require(again.has_mss == wanted.has_mss && again.mss == wanted.mss);
	require(again.has_window_scale == wanted.has_window_scale);
	require(again.window_scale == wanted.window_scale);
	require(again.has_timestamps == wanted.has_timestamps);
	require(again.ts_value == wanted.ts_value && again.ts_echo == wanted.ts_echo);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tcp_header h;
	uint8_t *segment = fuzz_copy((struct bytes){data, size});
	if (tcp_header_parse((struct bytes){segment, size}, &h)) {
		require(h.header_bytes >= TCP_HEADER_BYTES && h.header_bytes <= size);
		require(!h.has_window_scale || h.window_scale <= TCP_WINDOW_SCALE_MAX);
		/* What a SYN says and what came behind a gap may be more than a header holds. */
		if (tcp_header_size(&h) > TCP_HEADER_BYTES_MAX)
			h.sack_count = 0;
		check_again(&h, segment);
	}
	free(segment);
	return 0;
}
