/* address_text.h - addresses and numbers as text, for what is written of every record. IPv4 and
 * numbers are not left to the C library, which goes through a format: 300 cycles each.
 *
 * Core: any; no state.
 */
#ifndef PENSTOCK_ADDRESS_TEXT_H
#define PENSTOCK_ADDRESS_TEXT_H

#include "dataplane/net/pkt.h"

enum {
	ADDRESS_TEXT_BYTES = 46,                       /* INET6_ADDRSTRLEN */
	ENDPOINT_TEXT_BYTES = ADDRESS_TEXT_BYTES + 8,  /* [address]:port */
	DECIMAL_TEXT_BYTES = 20,
};

/* Each writes its text, without an end, and returns its size. */
size_t address_text(char out[ADDRESS_TEXT_BYTES], const struct address *a);
size_t endpoint_text(char out[ENDPOINT_TEXT_BYTES], const struct endpoint *e);
size_t decimal_text(char out[DECIMAL_TEXT_BYTES], uint64_t number);

#endif
