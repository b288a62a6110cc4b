/* durable_mark.c - an offset in, the text of the durable mark out, and back. */
#include "dataplane/store/durable_mark.h"

#include <stdio.h>

const char log_mark_name[] = "durable-offset-checkpoint";

void log_mark_print(char *out, int64_t offset)
{
	snprintf(out, LOG_MARK_BYTES + 1, "0\n1\n%020lld\n", (long long)offset);
}

int64_t log_mark_parse(const char *text)
{
	long long offset;
	return sscanf(text, "0\n1\n%20lld\n", &offset) == 1 && offset >= 0 ? offset : -1;
}
