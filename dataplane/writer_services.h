/* writer_services.h - what a writer lends its logs, in each log directory.
 *
 * Each has an equal part of what the settings give the writer, and a disk of its own
 * (docs/decisions/0020-directories.md). With one directory nothing is divided.
 *
 * Core: control, before the writer turns and after it has ended. Memory: mapped.
 */
#ifndef PENSTOCK_WRITER_SERVICES_H
#define PENSTOCK_WRITER_SERVICES_H

#include "dataplane/store/log/log_service.h"
#include "dataplane/writer.h"

/* By log directory; -errno: there is none of them. `stats`: where all of them count. */
int writer_services_init(struct log_service services[LOG_DIRS_MAX],
			 const struct writer_options *options, struct stats *stats);
void writer_services_fini(struct log_service services[LOG_DIRS_MAX], unsigned count);

#endif
