/* ack.h - completions of writers and control in; credit back, answers out.
 *
 * Core: poller.
 */
#ifndef PENSTOCK_ACK_H
#define PENSTOCK_ACK_H

#include <stdbool.h>

struct ingest;

/* Takes the writers' completions: credits back, waiters resolved, answers sent, reads and
 * watches given to their fetches. True when there were any. */
bool ack_input(struct ingest *in);

#endif
