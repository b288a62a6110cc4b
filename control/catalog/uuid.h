/* uuid.h - 16 random bytes as Kafka writes them: 22 characters, base64url, no padding.
 * Core: any; no state. */
#ifndef PENSTOCK_UUID_H
#define PENSTOCK_UUID_H

#include "dataplane/base/base.h"

enum { UUID_BYTES = 16, UUID_TEXT_BYTES = 23 };

/* New, never zero, its text never begins with '-' (a shell would take it for an option). */
void uuid_make(uint8_t ret[UUID_BYTES]);
char *uuid_format(const uint8_t uuid[UUID_BYTES], char out[UUID_TEXT_BYTES]);
/* False unless `text` begins with 22 characters that are a uuid. */
bool uuid_parse(const char *text, uint8_t ret[UUID_BYTES]);

#endif
