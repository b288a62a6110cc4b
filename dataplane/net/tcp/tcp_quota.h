/* tcp_quota.h - how many connections there may be: in all, of a listener, of an address.
 *
 *     newcomer ─▶ tcp_quota_reached ─▶ none │ all or his listener's: one gives way, or he waits
 *                                            │ his address': refused
 *
 * Kafka's max.connections and its listeners' keep a newcomer waiting, max.connections.per.ip sends
 * him away; so it is here. An address is counted only when addresses have a limit: else nothing is
 * mapped and nothing looked up. Counted from when a connection opens until it is CLOSED.
 *
 * Core: poller. The port is driven with one queue: what this poller counts is all there is.
 * Memory: with a limit, 24 bytes and 16 of table for each address that has a connection.
 */
#ifndef PENSTOCK_TCP_QUOTA_H
#define PENSTOCK_TCP_QUOTA_H

#include "dataplane/net/tcp/tcp_conn.h"

enum tcp_quota { TCP_QUOTA_NONE, TCP_QUOTA_ALL, TCP_QUOTA_LISTENER, TCP_QUOTA_ADDRESS };

/* False: there is no memory. */
bool tcp_quota_init(struct tcp *t, uint32_t connections);
void tcp_quota_fini(struct tcp *t);

/* What keeps a newcomer out; his address' limit before the others. */
enum tcp_quota tcp_quota_reached(const struct tcp *t, uint8_t listener,
				  const struct address *from);
void tcp_quota_take(struct tcp *t, const struct tcp_conn *c);
void tcp_quota_give(struct tcp *t, const struct tcp_conn *c);

#endif
