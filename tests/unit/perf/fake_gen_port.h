/* fake_gen_port.h - a generator's port made of an array: tests read what was sent. */
#ifndef PENSTOCK_TESTS_FAKE_GEN_PORT_H
#define PENSTOCK_TESTS_FAKE_GEN_PORT_H

#include "perf/gen_port.h"

enum { FAKE_SEGMENTS = 64, FAKE_SEGMENT_BYTES = 1500 };

struct fake_segment {
	uint32_t source;
	uint32_t size;
	uint8_t bytes[FAKE_SEGMENT_BYTES];
};

struct fake_gen_port {
	struct gen_port port;
	unsigned room; /* segments it still takes */
	unsigned count;
	struct fake_segment sent[FAKE_SEGMENTS];
};

/* MTU 1500; sources 10.0.0.1 and up, target 10.0.0.2. */
void fake_gen_port_init(struct fake_gen_port *f);

#endif
