/* fuzz_fragments.c - fragments of datagrams by any peers, in any order, over time.
 *
 *     input: [how 1 | who 1 | from 2 | size 2] ...
 *
 * `how` is a step (one fragment, the rest of a datagram, the beginnings of many, time) and what is
 * wrong with it; `who` names one of eight sources and one of 32 datagrams of it, whose bytes are
 * known, as is their size. What a listener gets is what was sent.
 */
#include "dataplane/base/clock.h"
#include "dataplane/net/stack/fragments.h"
#include "dataplane/wire/net/ip4.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/net/stack/fragments_sent.h"

enum {
	TIMEOUT_MS = 2000,
	PACKET_BYTES_MAX = 8960,
	MANY_MAX = 80,
	FIRST_OF_MANY = 1000,
};

enum step { ONE, REST, MANY, TIME, STEPS };
enum { MORE = 4, DAMAGED = 8, TURN = 16, OPTIONS = 32, STOP = 64 };

struct message {
	uint32_t source;
	uint16_t id;
	uint16_t port;
	uint32_t size; /* with UDP's header */
};

static const uint32_t sizes[] = {HEADER,    512,  PIECE,	PIECE + 1,
				 2 * PIECE, 9001, 20 * PIECE, ASSEMBLY_BYTES_MAX};

static uint8_t text[UINT16_MAX + 1 + PACKET_BYTES_MAX]; /* of every datagram, behind its header */
static uint64_t text_sums[array_len(sizes)];
static struct stats stats;
static struct udp udp;
static struct fragments fragments;
static struct pkt_vec in;
static struct pkt pkts[PACKETS_PER_TURN];
static bool any_damage; /* of this input: its sum may be right by chance */
static uint64_t now_ns;

/* Nobody hears a quarter of them. */
static struct message message_of(uint8_t who, uint16_t id)
{
	/* Half of the sources lie in one /24, the others far apart. */
	uint32_t source = who >> 5, net = source < 4 ? 0 : source << 16;
	return (struct message){.source = PEER - 1 + net + source,
				.id = id,
				.port = id / array_len(sizes) % 4 == 3 ? 9 : PORT,
				.size = sizes[id % array_len(sizes)]};
}

static struct udp_wire header_of(const struct message *m)
{
	struct udp_wire h = {.source = be16_of(m->id),
			     .destination = be16_of(m->port),
			     .length = be16_of((uint16_t)m->size)};
	struct ip4_wire ip = {.source = be32_of(m->source), .destination = be32_of(OURS)};
	uint64_t sum = ip4_pseudo_sum(&ip, IP_PROTOCOL_UDP, (uint16_t)m->size);
	sum += text_sums[m->id % array_len(sizes)];
	h.checksum = inet_checksum(inet_sum_add(sum, &h, sizeof h));
	return h;
}

/* `bytes` of a datagram's at `at`; beyond its end there is more of the same. */
static void copy_text(const struct message *m, uint32_t at, uint32_t bytes, uint8_t *out)
{
	memcpy(out, text + at, bytes);
	if (at > 0)
		return;
	struct udp_wire h = header_of(m);
	memcpy(out, &h, min_u32(bytes, HEADER));
}

/* What a listener gets; nothing else may be made of fragments that each are right. */
static void check_datagrams(const struct pkt_vec *whole)
{
	static struct datagram_vec datagrams;
	udp_input(&udp, whole, &datagrams);
	stats_add(&stats, STAT_packets_consumed, datagrams.count);
	for (unsigned i = 0; i < datagrams.count; i++) {
		const struct datagram *d = &datagrams.datagrams[i];
		uint32_t size = sizes[d->from.port % array_len(sizes)] - HEADER;
		uint8_t *copy = fuzz_copy(d->bytes);
		require(any_damage || (d->bytes.size == size &&
				       memcmp(copy, text + HEADER, size) == 0));
		free(copy);
	}
}

static void check_rest(void)
{
	require(ledger_in_flight(&stats, LEDGER_packet) == 0);
	require(ledger_in_flight(&stats, LEDGER_frame) == 0);
	/* Whose time is over has gone. */
	uint64_t idle_ns = fragments_idle_ns(&fragments, now_ns, NS_PER_S);
	require(idle_ns > 0 && idle_ns <= NS_PER_S);
}

static void turn(void)
{
	uint8_t *blocks[PACKETS_PER_TURN];
	unsigned count = in.count;
	struct pkt_vec whole = {0};
	for (unsigned i = 0; i < count; i++)
		blocks[i] = in.pkts[i]->data;
	fragments_input(&fragments, &in, &whole, now_ns);
	in.count = 0;
	for (unsigned i = 0; i < count; i++)
		free(blocks[i]); /* whoever kept a packet reads freed memory */
	check_datagrams(&whole);
	check_rest();
}

static void add(const struct message *m, uint32_t at, uint32_t bytes, uint8_t how)
{
	uint32_t words = how & OPTIONS ? 3 : 0;
	uint32_t head = (uint32_t)sizeof(struct ip4_wire) + 4 * words;
	at = at / FRAGMENT_UNIT_BYTES * FRAGMENT_UNIT_BYTES;
	bytes = min_u32(bytes, PACKET_BYTES_MAX);
	if (at == 0 && !(how & MORE))
		return; /* a whole packet is no fragment */
	uint16_t field = (uint16_t)(at / FRAGMENT_UNIT_BYTES);
	field |= how & MORE ? IP4_MORE_FRAGMENTS : 0;
	struct pkt *p = &pkts[in.count];
	*p = (struct pkt){.data = malloc(head + bytes), .size = head + bytes};
	require(p->data);
	memset(p->data, 1, head);
	*(struct ip4_wire *)p->data =
		(struct ip4_wire){.version_ihl = (uint8_t)(IP4_VERSION_IHL + words),
				  .id = be16_of(m->id),
				  .fragment = be16_of(field),
				  .protocol = IP_PROTOCOL_UDP,
				  .source = be32_of(m->source),
				  .destination = be32_of(OURS)};
	copy_text(m, at, bytes, p->data + head);
	if (how & DAMAGED && bytes > 0)
		p->data[head + bytes / 2] ^= 1;
	any_damage |= how & DAMAGED;
	pkt_vec_push(&in, p);
	stats_add(&stats, STAT_packets_received, 1);
	if (in.count == PACKETS_PER_TURN)
		turn();
}

/* In pieces, from `at` on. */
static void add_rest(const struct message *m, uint32_t at, uint32_t piece, uint8_t how)
{
	piece = max_u32(piece / FRAGMENT_UNIT_BYTES * FRAGMENT_UNIT_BYTES, FRAGMENT_BYTES_MIN);
	at = at / FRAGMENT_UNIT_BYTES * FRAGMENT_UNIT_BYTES;
	for (; at < m->size; at += piece) {
		uint32_t bytes = min_u32(piece, m->size - at);
		bool is_last = at + bytes == m->size;
		add(m, at, bytes, (uint8_t)(is_last ? how & ~MORE : how | MORE));
	}
}

static void step(struct cursor *c)
{
	uint8_t how = fuzz_u8(c), who = fuzz_u8(c);
	uint32_t at = fuzz_u16(c), size = fuzz_u16(c);
	struct message m = message_of(who, who & 31);
	switch ((enum step)(how % STEPS)) {
	case ONE:
		add(&m, at, size, how);
		break;
	case REST:
		add_rest(&m, at, size, how);
		break;
	case MANY:
		for (uint32_t i = 0; i < at % MANY_MAX; i++) {
			m = message_of(who, (uint16_t)(FIRST_OF_MANY + i));
			add(&m, 0, size % PIECE / 8 * 8, how | MORE);
		}
		break;
	case TIME:
	case STEPS:
		turn();
		now_ns += (at | 1) * (NS_PER_MS / 16);
		break;
	}
	if (how & TURN)
		turn();
	if (how & STOP && how & TURN && size == 0)
		fragments_stop(&fragments);
}

static void start(void)
{
	for (uint32_t i = 0; i < sizeof text; i++)
		text[i] = (uint8_t)(1 + (i * 7 + i / 251) % 255);
	for (unsigned i = 0; i < array_len(sizes); i++)
		text_sums[i] = inet_sum_fold(
			inet_sum_add(0, text + HEADER, sizes[i] - HEADER));
	udp_init(&udp, &stats);
	udp_listen(&udp, PORT, 3);
	require(fragments_init(&fragments,
			       &(struct fragments_options){.stats = &stats,
							   .udp = &udp,
							   .memory_bytes = FRAGMENT_MEMORY_MIN,
							   .timeout_ms = TIMEOUT_MS}) == 0);
	fragments.key = (struct siphash_key){0}; /* the same bytes do the same */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_of(data, size);
	if (!fragments.table)
		start();
	memset(&stats, 0, sizeof stats);
	fragments.is_stopped = false; /* and there is nothing in it */
	now_ns = 7 * NS_PER_S;
	any_damage = false;
	while (!fuzz_is_over(&c))
		step(&c);
	turn();
	fragments_stop(&fragments);
	require(fragments.slab.in_use == 0 && fragments.chunks.in_use == 0);
	require(ledger_in_flight(&stats, LEDGER_frame) == 0);
	return 0;
}
