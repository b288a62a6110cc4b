/* code_key.h - the key file of authentication codes in, their key out. Core: control, at start. */
#ifndef PENSTOCK_CODE_KEY_H
#define PENSTOCK_CODE_KEY_H

#include <stdint.h>
#include <stdio.h>

/* The file begins with 32 hexadecimal digits. Without a path the key is made of chance. -errno,
 * which was said to `messages`. */
int code_key_read(const char *path, uint64_t key[2], FILE *messages);

#endif
