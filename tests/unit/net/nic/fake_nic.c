/* fake_nic.c - see fake_nic.h. */
#include "tests/unit/net/nic/fake_nic.h"
#include "dataplane/base/require.h"

void fake_nic_init(struct nic *n)
{
	*n = (struct nic){
		.caps = {.mac = {{2, 0, 0, 0, 0, 1}},
			 .mtu = 1500,
			 .tx_segment_bytes = 1500},
		.buffers_left = FAKE_FRAMES,
	};
}

const struct nic_caps *nic_caps(const struct nic *n)
{
	return &n->caps;
}

uint8_t *nic_tx_take(struct nic *n, uint32_t size)
{
	require(size <= FAKE_FRAME_BYTES);
	if (n->buffers_left == 0)
		return NULL;
	n->buffers_left--;
	return n->sent[n->sent_count].bytes;
}

void nic_tx_push(struct nic *n, uint32_t size, const struct nic_offload *offload)
{
	n->sent[n->sent_count].size = size;
	n->sent[n->sent_count].offload = *offload;
	n->sent_count++;
}
