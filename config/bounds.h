/* bounds.h - the compile-time limits, each with its reason and, where it leans on another,
 * the proof. Limits an operator may move are in settings.def instead. */
#ifndef PENSTOCK_BOUNDS_H
#define PENSTOCK_BOUNDS_H

#include <assert.h>
#include <stdint.h>

enum {
	/* Packets one poller turn takes from the port: the burst DPDK drivers favour. */
	PACKETS_PER_TURN = 32,

	/* IP bytes of one frame. A driver's buffer is up to 65,535 bytes long, and one for jumbo
	 * frames so many pages: net_af_packet's rings have frames of whole pages, which begin with
	 * some bytes of the kernel's. Less than the least is no link of IPv4's (RFC 1122 3.3.2). */
	PORT_MTU_MAX = 60000,
	PORT_MTU_MIN = 576,
	PORT_FRAME_HEAD_BYTES = 18, /* Ethernet header and a VLAN's tag */
	PORT_RING_HEAD_BYTES = 128,
	PORT_PAGE_BYTES = 4096,

	/* Cores of each role; a handle has 8 bits for its poller. */
	POLLERS_MAX = 16,
	WRITERS_MAX = 16,

	/* Partitions of one gateway: slots of every poller's lane table (128 B each). */
	PARTITIONS_MAX = 16384,
	TOPICS_MAX = 4096,
	/* Of both, what a client cannot have created by naming it: an operator still can. */
	TOPICS_KEPT = TOPICS_MAX / 8,
	PARTITIONS_KEPT = PARTITIONS_MAX / 8,
	/* Threads that recover the logs of a directory: more would ask a disk for more at a time
	 * than any has to give. */
	CREW_THREADS_MAX = 64,
	TOPIC_NAME_BYTES_MAX = 249, /* Kafka's own limit (Topic.java) */
	TOPIC_ID_BYTES = 16, /* KIP-516 */

	/* Directories that partitions lie in: each costs every writer a ring and memory of its own,
	 * and more disks are rarely in one machine. */
	LOG_DIRS_MAX = 16,

	LISTENERS_MAX = 16,

	/* GB/T 32960.3-2016 t.2: 24 header bytes, 65,531 data bytes, BCC. */
	GBT32960_FRAME_BYTES_MAX = 24 + 65531 + 1,
	GBT32960_FRAME_BYTES_MIN = 25,

	/* Messages in flight per (poller, writer), by kind. One ring holds them all. */
	APPENDS_OF_KIND = 4096, /* handoff.h: producers' batches, frames, datagrams */
	APPENDS_PACKED_MAX = 1024, /* and producers' batches that are opened first */
	HANDOFF_APPENDS_MAX = 3 * APPENDS_OF_KIND + APPENDS_PACKED_MAX,
	HANDOFF_READS_MAX = 1024,
	HANDOFF_WATCHES_MAX = PARTITIONS_MAX, /* one per lane: a fetch always finds one */
	HANDOFF_ADMINS_MAX = 1023,
	/* Calls go over rings of their own, poller to control and poller to coordinator. */
	HANDOFF_CALLS_MAX = 1024,
	/* Messages that a poller did not ask for, under way to it from one sender, by kind; one
	 * ring of the sender's holds them all. What is more waits on the sender's own list. */
	INBOX_SENDS_MAX = 512,
	INBOX_CLOSES_MAX = 256,
	INBOX_FENCES_MAX = 256,
	INBOX_PACKETS_MAX = 256,
	/* Of each sender in a turn. */
	INBOX_PER_TURN = 64,
	/* Control, the coordinator, and whoever passes packets on: the other pollers. */
	INBOX_SENDERS_MAX = POLLERS_MAX + 1,
	HANDOFF_RING_SLOTS = 32768,

	/* Requests that wait at control, or at the coordinator, for somebody else, and what they
	 * keep of their bytes; who comes later is answered at once, with an error that makes a
	 * client ask again. */
	PARKED_REQUESTS_MAX = 65536,
	PARKED_BYTES_MAX = 64 << 20,
	/* The list before an inbox: all that is parked may be answered at once, and those who
	 * are closed, fenced or passed on find as much room again. */
	OUTBOX_WAITING_MAX = 2 * PARKED_REQUESTS_MAX,

	/* Producer ids that are taken at a time, as by Kafka, and the least time between two
	 * blocks: whoever asks for ids without end leaves control, and the disk, to others; and no
	 * count of ids grows by more than so many in a millisecond. */
	PRODUCER_ID_BLOCK = 1000,
	PRODUCER_ID_BLOCK_PAUSE_MS = 10,
	PRODUCER_IDS_A_MS = 128,

	/* Kafka requests of one connection that may be unanswered: librdkafka sends up to a
	 * million, we stop reading at this many. */
	KAFKA_IN_FLIGHT_MAX = 128,
	/* Partitions one produce or fetch request may name. */
	KAFKA_REQUEST_PARTITIONS_MAX = PARTITIONS_MAX,

	/* The last broken frames kept per poller for `frames.bad`, and the bytes of each. */
	BAD_FRAMES_KEPT = 64,
	BAD_FRAME_BYTES = 256,

	/* io_uring entries of a writer. */
	DISK_QUEUE_ENTRIES = 1024,
	/* Direct I/O: block and alignment of every write and read. */
	DISK_BLOCK_BYTES = 4096,
};

static_assert(HANDOFF_APPENDS_MAX + HANDOFF_READS_MAX + HANDOFF_WATCHES_MAX +
			      HANDOFF_ADMINS_MAX <= HANDOFF_RING_SLOTS - 1,
	      "an enqueue never waits: a ring of n slots holds n - 1 messages");
static_assert(HANDOFF_CALLS_MAX <= HANDOFF_RING_SLOTS - 1, "the same for calls");
static_assert(INBOX_SENDS_MAX + INBOX_CLOSES_MAX + INBOX_FENCES_MAX + INBOX_PACKETS_MAX <=
		      HANDOFF_RING_SLOTS - 1, "the same for an inbox");
static_assert((int)PARKED_REQUESTS_MAX <= (int)OUTBOX_WAITING_MAX,
	      "who is parked finds a place for his answer");
static_assert(PRODUCER_ID_BLOCK <= PRODUCER_ID_BLOCK_PAUSE_MS * PRODUCER_IDS_A_MS,
	      "a count that was lost goes on ahead of itself (producer_id_file.h)");
static_assert((int)INBOX_SENDERS_MAX <= UINT8_MAX, "handoff_msg.sender");
static_assert(POLLERS_MAX <= 256, "8 bits in a connection handle");

#endif
