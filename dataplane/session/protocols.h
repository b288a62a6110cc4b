/* protocols.h - the rows of the protocol table (session.c), one per stream protocol.
 * Datagrams have no session. */
#ifndef PENSTOCK_PROTOCOLS_H
#define PENSTOCK_PROTOCOLS_H

#include "dataplane/session/session.h"

extern const struct protocol protocol_kafka;    /* kafka_session.c */
extern const struct protocol protocol_gbt32960; /* gbt32960_session.c */
extern const struct protocol protocol_jt808;    /* jt808_session.c */

#endif
