/* recover_report.h - what recovery found, in words for the operator.
 *
 * Core: control.
 */
#ifndef PENSTOCK_RECOVER_REPORT_H
#define PENSTOCK_RECOVER_REPORT_H

#include "dataplane/store/recover_private.h"

/* "FILE: WHAT at position P, offset O" into the message; more may follow. */
void recovery_report(struct recovery *rc, const char *what);
__attribute__((format(printf, 2, 3))) void recovery_add(struct recovery *rc,
							const char *format, ...);
/* The log will be read up to its end and not be written: `fault` is -errno. */
void recovery_condemn(struct recovery *rc, int fault, const char *what);
/* `status`, and which file it is of, said. */
int recovery_fail(struct recovery *rc, const char *path, int status);
void recovery_path(const struct recovery *rc, const struct segment *s, enum segment_file file,
		   char path[FILE_PATH_BYTES_MAX]);

#endif
