/* handoff.c - messages in at one core, out at the other; see handoff.h.
 *
 * Both rings are rte_ring objects on memory of our own. Waking: the sender posts after the
 * message is in the ring; wake.h says why neither side sleeps through it.
 */
#include "dataplane/handoff.h"
#include "dataplane/base/map.h"
#include "dataplane/base/require.h"

#include <errno.h>
#include <rte_ring.h>

static const uint32_t budgets[HANDOFF_KINDS] = {
	[HANDOFF_APPEND] = HANDOFF_APPENDS_MAX, [HANDOFF_READ] = HANDOFF_READS_MAX,
	[HANDOFF_WATCH] = HANDOFF_WATCHES_MAX,  [HANDOFF_ADMIN] = HANDOFF_ADMINS_MAX,
	[HANDOFF_CALL] = HANDOFF_CALLS_MAX,     [HANDOFF_SEND] = INBOX_SENDS_MAX,
	[HANDOFF_CLOSE] = INBOX_CLOSES_MAX,     [HANDOFF_FENCE] = INBOX_FENCES_MAX,
	[HANDOFF_PACKET] = INBOX_PACKETS_MAX,
};

/* rte_ring_empty() with atomic loads: the other end stores these at any time. Acquire, so
 * that who sees a message here finds it in the dequeue. */
static bool ring_has(const struct rte_ring *ring)
{
	return __atomic_load_n(&ring->prod.tail, __ATOMIC_ACQUIRE) !=
	       __atomic_load_n(&ring->cons.tail, __ATOMIC_RELAXED);
}

/* ---- requester --------------------------------------------------------------------- */

bool handoff_has_room(const struct handoff *h, enum handoff_kind kind)
{
	return h->outstanding[kind] < budgets[kind];
}

void handoff_send(struct handoff *h, struct handoff_msg *give)
{
	require(give->kind < HANDOFF_KINDS && handoff_has_room(h, give->kind));
	h->outstanding[give->kind]++;
	/* Release of the ring's tail; pairs with the acquire in handoff_pull(). */
	int full = rte_ring_sp_enqueue(h->down, give);
	require(!full);
	wake_post(h->server_wake);
}

unsigned handoff_reap(struct handoff *h, struct handoff_msg **ret, unsigned max)
{
	/* Acquire; pairs with the release in handoff_complete(). */
	unsigned count = rte_ring_sc_dequeue_burst(h->up, (void **)ret, max, NULL);
	for (unsigned i = 0; i < count; i++) {
		require(h->outstanding[ret[i]->kind] > 0);
		h->outstanding[ret[i]->kind]--;
	}
	return count;
}

bool handoff_has_up(const struct handoff *h)
{
	return ring_has(h->up);
}

/* ---- server ------------------------------------------------------------------------ */

/* Acquire; pairs with the release in handoff_send(). */
unsigned handoff_pull(struct handoff *h, struct handoff_msg **ret, unsigned max)
{
	return rte_ring_sc_dequeue_burst(h->down, (void **)ret, max, NULL);
}

/* Release; pairs with the acquire in handoff_reap(). What comes up once went down: within the
 * budgets there is a place for it. */
void handoff_complete(struct handoff *h, struct handoff_msg *give)
{
	int full = rte_ring_sp_enqueue(h->up, give);
	require(!full);
	wake_post(h->requester_wake);
}

bool handoff_has_down(const struct handoff *h)
{
	return ring_has(h->down);
}

/* ---- start and stop ---------------------------------------------------------------- */

static size_t ring_bytes(void)
{
	return (size_t)rte_ring_get_memsize(HANDOFF_RING_SLOTS);
}

static int ring_take(struct rte_ring **ret, const char *name)
{
	struct rte_ring *ring = map_take(ring_bytes());
	if (!ring)
		return -ENOMEM;
	*ret = ring;
	return rte_ring_init(ring, name, HANDOFF_RING_SLOTS,
			     RING_F_SP_ENQ | RING_F_SC_DEQ);
}

int handoff_init(struct handoff *h, struct wake *requester, struct wake *server)
{
	*h = (struct handoff){.server_wake = server, .requester_wake = requester};
	int error = ring_take(&h->down, "down");
	if (!error)
		error = ring_take(&h->up, "up");
	if (error)
		handoff_fini(h);
	return error;
}

void handoff_fini(struct handoff *h)
{
	map_give(h->down, ring_bytes());
	map_give(h->up, ring_bytes());
	h->down = NULL;
	h->up = NULL;
}
