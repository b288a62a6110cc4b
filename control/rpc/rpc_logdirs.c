/* rpc_logdirs.c - logdir.list: the log directories in, what an operator wants to know of each
 * out. */
#include "control/rpc/rpc_logdirs.h"
#include "dataplane/store/log_dir.h"

/* What lies in one of them. */
struct load {
	json_int_t partitions;
	json_int_t faults;
	json_int_t bytes;
};

static struct load load_of(const struct registry *r, const struct log_dir *d)
{
	struct load load = {0};
	for (unsigned i = 0; i < registry_count(r); i++) {
		const struct registry_topic *t = registry_at(r, i);
		for (uint32_t p = 0; p < t->topic.partitions; p++) {
			struct log_marks m;
			if (registry_directory_of(r, t, p) != d)
				continue;
			registry_marks(r, t, p, &m);
			load.partitions++;
			load.faults += registry_partition_fault(r, t, p)[0] != '\0';
			load.bytes += (json_int_t)m.size_bytes;
		}
	}
	return load;
}

/* What an operator can do, in words; "": nothing has to be done, or nothing can. */
static void way_out(const struct log_dir *d, const struct load *load, char *out, size_t size)
{
	out[0] = '\0';
	if (d->is_lost && d->needs_start)
		snprintf(out, size, "bring it back, then start the gateway again");
	else if (d->is_lost || load->faults > 0)
		snprintf(out, size, "%s, then `penstockctl logdir reopen %s`",
			 d->is_lost ? "bring it back" : "see to the disk", d->path);
}

/* Of one that is lost the disk is not asked. */
static json_t *directory_json(const struct registry *r, const struct log_dir *d)
{
	struct load load = load_of(r, d);
	char words[PATH_MAX + 80];
	way_out(d, &load, words, sizeof words);
	struct disk_space space = {0};
	bool is_known = !d->is_lost && !d->is_stuck &&
			disk_find_space(d->disk, d->path, &space) == 0;
	bool is_short = atomic_load_explicit(&d->is_short, memory_order_relaxed);
	return json_pack("{s:s, s:b, s:b, s:b, s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "path",
			 d->path, "is_offline", (int)d->is_lost, "is_stuck", (int)d->is_stuck,
			 "is_short", (int)is_short, "fault", d->fault, "way_out", words,
			 "partitions", load.partitions, "partition_fault_count", load.faults,
			 "size_bytes", load.bytes, "total_bytes",
			 is_known ? (json_int_t)space.total_bytes : -1, "usable_bytes",
			 is_known ? (json_int_t)space.usable_bytes : -1);
}

void rpc_logdir_list(struct rpc_call *call)
{
	const struct registry *r = call->rpc->options.registry;
	json_t *dirs = json_array();
	for (unsigned i = 0; i < registry_directory_count(r); i++)
		json_array_append_new(dirs, directory_json(r, registry_directory(r, i)));
	call->result = json_pack("{s:o}", "log_dirs", dirs);
}
