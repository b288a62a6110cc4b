/* check_code.h - bytes in, the XOR of them all out: the check code of GB/T 32960 (its BCC) and of
 * JT/T 808 (4.4.4). Core: any. */
#ifndef PENSTOCK_CHECK_CODE_H
#define PENSTOCK_CHECK_CODE_H

#include "dataplane/base/base.h"

uint8_t check_code(const uint8_t *p, size_t size);

#endif
