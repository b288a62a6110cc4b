/* gateway_files.h - the limits on open files and locked memory. Core: control. */
#ifndef PENSTOCK_GATEWAY_FILES_H
#define PENSTOCK_GATEWAY_FILES_H

#include "control/gateway.h"

/* A step: raises both limits as far as the process may. */
int gateway_files_raise(void *gateway);
/* Descriptors that huge pages must leave. */
unsigned gateway_files_kept(const struct gateway *g);
/* Fills g->writer_descriptors. */
int gateway_files_share(struct gateway *g);

#endif
