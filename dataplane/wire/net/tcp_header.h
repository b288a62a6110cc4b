/* tcp_header.h - the TCP header and the options we speak (RFC 9293 3.1, 3.2; RFC 7323),
 * in and out. Pure: no state, no allocation.
 *
 * offset size field
 *      0    2  source port
 *      2    2  destination port
 *      4    4  sequence number
 *      8    4  acknowledgement number
 *     12    1  data offset in 4-byte words (high half), reserved
 *     13    1  flags: CWR ECE URG ACK PSH RST SYN FIN
 *     14    2  window
 *     16    2  checksum       (verified and filled by ip.c)
 *     18    2  urgent pointer (never used as an index: bytes stay in band)
 *     20    -  options up to the data offset
 *
 * kind length option
 *    0     -  end of list
 *    1     -  no operation
 *    2     4  maximum segment size
 *    3     3  window scale
 *    4     2  SACK permitted
 *    5     -  SACK: one to four blocks of 8 bytes
 *    8    10  timestamps: value, echo reply
 */
#ifndef PENSTOCK_TCP_HEADER_H
#define PENSTOCK_TCP_HEADER_H

#include "dataplane/base/be.h"

enum tcp_flag {
	TCP_FLAG_FIN = 0x01,
	TCP_FLAG_SYN = 0x02,
	TCP_FLAG_RST = 0x04,
	TCP_FLAG_PSH = 0x08,
	TCP_FLAG_ACK = 0x10,
	TCP_FLAG_URG = 0x20,
};

enum {
	TCP_HEADER_BYTES = 20,
	TCP_HEADER_BYTES_MAX = 60,
	TCP_TIMESTAMP_BYTES = 12,  /* the option and its two NOPs */
	TCP_WINDOW_SCALE_MAX = 14, /* RFC 7323 2.3 */
	TCP_SACKS_MAX = 4,         /* RFC 2018 3; one less beside timestamps */
};

struct tcp_wire {
	struct be16 source_port;
	struct be16 destination_port;
	struct be32 seq;
	struct be32 ack;
	uint8_t offset;
	uint8_t flags;
	struct be16 window;
	struct be16 checksum;
	struct be16 urgent;
};

static_assert(sizeof(struct tcp_wire) == TCP_HEADER_BYTES, "RFC 9293 3.1");
static_assert(offsetof(struct tcp_wire, checksum) == 16, "ip.c fills it there");

/* The header in host order. Options that were not there, or were broken, are absent. */
struct tcp_header {
	uint32_t seq;
	uint32_t ack;
	uint16_t source_port;
	uint16_t destination_port;
	uint16_t window; /* as on the wire, not scaled */
	uint8_t flags;
	uint8_t header_bytes;
	bool has_mss;
	bool has_window_scale;
	bool has_sack_permitted;
	bool has_timestamps;
	uint16_t mss;
	uint8_t window_scale; /* at most TCP_WINDOW_SCALE_MAX */
	uint8_t sack_count;   /* blocks: read, or that tcp_header_emit() leaves room for */
	uint8_t sack_at;      /* read: where in the segment they are */
	uint32_t ts_value;
	uint32_t ts_echo;
};

/* Bytes that have come behind a gap (RFC 2018). */
struct tcp_sack {
	uint32_t from;
	uint32_t to; /* behind the last */
};

/* False when the segment is shorter than its header says. Never reads beyond `segment`;
 * an illegal option ends the list, an unknown one is skipped (MUST-6, MUST-7). */
bool tcp_header_parse(struct bytes segment, struct tcp_header *ret);

/* Bytes tcp_header_emit() will write. */
unsigned tcp_header_size(const struct tcp_header *h);

/* Writes header and options, checksum and urgent pointer zero; returns the bytes written.
 */
unsigned tcp_header_emit(const struct tcp_header *h, uint8_t *out);
/* The blocks of a segment that was read. */
void tcp_header_sacks(const struct tcp_header *h, const uint8_t *segment, struct tcp_sack *ret);
/* The `h->sack_count` blocks, into the header at `out` that was written before. */
void tcp_header_emit_sack(const struct tcp_header *h, const struct tcp_sack *blocks, uint8_t *out);

static inline unsigned tcp_sack_bytes(unsigned count)
{
	return count ? 4 + count * (unsigned)sizeof(struct tcp_sack) : 0;
}

#endif
