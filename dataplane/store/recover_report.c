/* recover_report.c - what recovery found, in words for the operator. */
#include "dataplane/store/recover_report.h"

#include <stdarg.h>
#include <stdio.h>

/* Behind what is there already: who finds more says more. */
void recovery_add(struct recovery *rc, const char *format, ...)
{
	char *message = rc->found->message;
	size_t used = strlen(message);
	va_list args;
	va_start(args, format);
	vsnprintf(message + used, sizeof rc->found->message - used, format, args);
	va_end(args);
}

void recovery_report(struct recovery *rc, const char *what)
{
	const struct log *log = rc->log;
	snprintf(rc->found->message, sizeof rc->found->message,
		 "%s/%020lld.log: %s at position %llu, offset %lld", log->directory,
		 (long long)log->end.base_offset, what, (unsigned long long)log->end.position,
		 (long long)log->end.offset);
}

void recovery_condemn(struct recovery *rc, int fault, const char *what)
{
	rc->found->is_corrupt = true;
	rc->found->fault = fault;
	recovery_report(rc, what);
	recovery_add(rc, "; nothing was changed, the partition is read-only up to there "
			 "(penstock-log repair says what it would cost to write to it again)");
}

/* The failure is all that is told: what was found before it may come of it. */
int recovery_fail(struct recovery *rc, const char *path, int status)
{
	rc->found->message[0] = '\0';
	recovery_add(rc, "%s: %s", path, strerror(-status));
	return status;
}

void recovery_path(const struct recovery *rc, const struct segment *s, enum segment_file file,
		   char path[FILE_PATH_BYTES_MAX])
{
	segment_path(path, FILE_PATH_BYTES_MAX, rc->log->directory, s->base_offset, file);
}
