/* writer_services.c - the settings of a writer in, a service for each log directory out; see
 * writer_services.h. */
#include "dataplane/writer_services.h"

/* What one log directory has of what the settings give to a writer. */
static struct writer_settings part_of(const struct writer_settings *all, unsigned dirs)
{
	struct writer_settings part = *all;
	part.buffers = max_u32(all->buffers / dirs, 1);
	part.producer_ids_max = max_u32(all->producer_ids_max / dirs, 1);
	part.tail_bytes = all->tail_bytes / dirs;
	part.scrub_bytes_per_second = (all->scrub_bytes_per_second + dirs - 1) / dirs;
	return part;
}

void writer_services_fini(struct log_service services[LOG_DIRS_MAX], unsigned count)
{
	while (count-- > 0)
		log_service_fini(&services[count]);
}

int writer_services_init(struct log_service services[LOG_DIRS_MAX],
			 const struct writer_options *options, struct stats *stats)
{
	const struct writer_options *o = options;
	struct log_service_options service = {
		.stats = stats,
		.settings = part_of(&o->settings, o->dir_count),
		.descriptors = max_u32(o->descriptors / o->dir_count, 1),
		.writer = o->index,
	};
	for (unsigned d = 0; d < o->dir_count; d++) {
		service.disk = o->disks[d];
		service.dir = &o->dirs[d];
		int status = log_service_init(&services[d], &service);
		if (status != 0) {
			writer_services_fini(services, d);
			return status;
		}
	}
	return 0;
}
