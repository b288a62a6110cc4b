/* unbounded_log.h - for tests and benches: options of a log that no age, no count of records and no
 * total of bytes makes roll, sync or lose its head. Its user says how large segments and messages
 * may be.
 *
 *     struct log_options o = {
 *             UNBOUNDED_LOG, .segment_bytes = 1 << 20, .message_bytes_max = 100000};
 */
#ifndef PENSTOCK_TESTS_UNBOUNDED_LOG_H
#define PENSTOCK_TESTS_UNBOUNDED_LOG_H

#include "config/settings_parts.h"

/* The index as in config/settings.def. */
#define UNBOUNDED_LOG \
	.index_interval_bytes = 4096, .segment_index_bytes = 10485760, \
	.flush_messages = INT64_MAX, .flush_ms = INT64_MAX, .segment_ms = INT64_MAX, \
	.retention_ms = -1, .retention_bytes = -1

#endif
