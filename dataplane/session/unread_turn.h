/* unread_turn.h - do those who were sent much take it? Who does not ends, and the memory of his
 * answers is others'.
 *
 *     readers ─▶ unread_turn ─┬─ has taken all ─▶ no reader
 *                             ├─ nothing for a stall timeout ─▶ reset, always
 *                             ├─ less than the least rate, over a stall timeout in which others
 *                             │  waited ─▶ reset
 *                             └─ the slowest with the most, while others wait ─▶ reset, one a turn
 *
 * The last sort is what counts: a stall timeout is far too long for others to wait. It is asked of
 * those that would not be through within a stall timeout at the rate they have had of late; of
 * one whose window is shut after SHUT_MS, of one whose window is open, so that the path may be to
 * blame, after OPEN_MS. As long as anybody waits one goes in every turn, in the order of how long
 * what he holds would take; so who reads at all stays while somebody who does not holds memory.
 *
 * Time in which a connection waits for the port is nobody's.
 *
 * Core: poller, once a turn. Cost: READERS_PER_LOOK looks, ten milliseconds apart while somebody
 * waits, in each turn in which one went or has taken all; without want a second apart.
 */
#ifndef PENSTOCK_UNREAD_TURN_H
#define PENSTOCK_UNREAD_TURN_H

#include <stdint.h>

struct ingest;

void unread_turn(struct ingest *in);
/* The next look is then, or after `limit_ns`. */
uint64_t unread_idle_ns(const struct ingest *in, uint64_t now_ns, uint64_t limit_ns);

#endif
