/* fuzz_tcp_options.c - any bytes as a TCP header with its options; what was read is written, and
 * reads the same. */
#include "dataplane/wire/net/tcp_header.h"
#include "tests/fuzz/fuzz.h"

static void check_again(const struct tcp_header *h)
{
	uint8_t out[TCP_HEADER_BYTES_MAX];
	struct tcp_header again, wanted = *h;
	unsigned size = tcp_header_emit(h, out);
	require(size == tcp_header_size(h) && size <= sizeof out && size % 4 == 0);
	require(tcp_header_parse((struct bytes){out, size}, &again));
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
		check_again(&h);
	}
	free(segment);
	return 0;
}
