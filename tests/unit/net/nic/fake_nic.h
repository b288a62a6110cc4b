/* fake_nic.h - a port made of two arrays: tests put frames in and read what was sent. */
#ifndef PENSTOCK_TESTS_FAKE_NIC_H
#define PENSTOCK_TESTS_FAKE_NIC_H

#include "dataplane/net/nic/nic.h"

enum { FAKE_FRAMES = 64, FAKE_FRAME_BYTES = 2048 };

struct fake_frame {
	uint32_t size;
	struct nic_offload offload;
	uint8_t bytes[FAKE_FRAME_BYTES];
};

struct nic {
	struct nic_caps caps;
	unsigned sent_count;
	unsigned buffers_left;
	struct fake_frame sent[FAKE_FRAMES];
};

/* MAC 02:00:00:00:00:01, MTU 1500, everything in software. */
void fake_nic_init(struct nic *n);

#endif
