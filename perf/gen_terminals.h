/* gen_terminals.h - terminals of JT/T 808: registration, authentication, then location reports,
 * each connection one phone number.
 *
 * All reports have the size that is asked for, and a byte more for each that needs an escape. Their
 * encoder, and the reader of answers, are our own. The code that a terminal authenticates with is
 * the gateway's: SipHash of its phone number under a key that both are told, so that messages are
 * functions of (connection, number) like all others. Where the gateway takes any code, any key will
 * do.
 */
#ifndef PENSTOCK_GEN_TERMINALS_H
#define PENSTOCK_GEN_TERMINALS_H

#include "perf/gen_load.h"

enum {
	GEN_TERMINAL_FRAME_BYTES_MIN = 2 + 13 + 28, /* a location report */
	GEN_TERMINAL_FRAME_BYTES_MAX = 2 + 13 + 1023,
	GEN_TERMINAL_WIRE_BYTES_MAX = 2 * GEN_TERMINAL_FRAME_BYTES_MAX,
};

struct gen_terminals_options {
	uint32_t frame_bytes; /* of a report, delimiters and all, without its escapes */
	uint64_t code_key[2];
};

struct gen_terminals {
	struct gen_load load;
	struct gen_terminals_options options;
	/* The message that was made last: asked for its size first, then for its bytes. */
	uint32_t conn, message, size;
	uint8_t wire[GEN_TERMINAL_WIRE_BYTES_MAX];
};

void gen_terminals_init(struct gen_terminals *t, const struct gen_terminals_options *options);

#endif
