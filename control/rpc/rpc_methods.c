/* rpc_methods.c - the table of methods, and those that say what this gateway is. */
#include "control/rpc/rpc_call.h"
#include "control/rpc/rpc_config.h"
#include "control/rpc/rpc_frames.h"
#include "control/rpc/rpc_listeners.h"
#include "control/rpc/rpc_logdirs.h"
#include "control/rpc/rpc_records.h"
#include "control/rpc/rpc_reopen.h"
#include "control/rpc/rpc_stats.h"
#include "control/rpc/rpc_topics.h"

static void system_version(struct rpc_call *call)
{
	call->result = json_pack("{s:s, s:s}", "name", "penstockd", "version",
				 call->rpc->options.version);
}

/* A disk that fails takes all its partitions with it: their number is told in full, their list
 * is bounded. */
enum { FAULTS_SHOWN_MAX = 100 };

/* Partitions that are offline, take no more records or have damaged batches; how many there are.
 */
static json_int_t list_faults(const struct registry *r, json_t *faults)
{
	json_int_t count = 0;
	for (unsigned i = 0; i < registry_count(r); i++) {
		const struct registry_topic *t = registry_at(r, i);
		for (uint32_t p = 0; p < t->topic.partitions; p++) {
			struct log_marks m;
			char way_out[REGISTRY_WAY_OUT_BYTES];
			const char *fault = registry_partition_fault(r, t, p);
			if (!fault[0] || ++count > FAULTS_SHOWN_MAX)
				continue;
			registry_marks(r, t, p, &m);
			json_array_append_new(
				faults, json_pack("{s:s, s:i, s:b, s:b, s:s, s:s}", "topic",
						  t->topic.name, "partition", (int)p,
						  "is_offline",
						  (int)registry_is_offline(r, t, p),
						  "is_fenced", (int)m.is_fenced, "fault",
						  fault, "way_out",
						  registry_way_out(r, t, p, way_out)));
		}
	}
	return count;
}

typedef bool recovery_asker(const struct registry *r, struct recovery_progress *ret);

/* Null when nothing is recovered. */
static json_t *recovery_json(const struct registry *r, recovery_asker *ask)
{
	struct recovery_progress p;
	if (!ask(r, &p))
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:I, s:b}", "partitions", (json_int_t)p.partitions,
			 "partitions_opened", (json_int_t)p.opened, "bytes_read",
			 (json_int_t)p.bytes_read, "ms", (json_int_t)(p.since_ns / 1000000),
			 "is_syncing", (int)p.is_syncing);
}

/* Answered from control's first turn on, before the topics are served: `topics_ready` says
 * whether they are. */
static void system_state(struct rpc_call *call)
{
	const struct rpc_options *o = &call->rpc->options;
	json_t *faults = json_array();
	json_int_t count = list_faults(o->registry, faults);
	call->result =
		json_pack("{s:s, s:b, s:o, s:o, s:s, s:i, s:s, s:I, s:o}", "state",
			  o->state(o->owner), "topics_ready",
			  (int)registry_is_ready(o->registry), "recovery",
			  recovery_json(o->registry, registry_progress), "reopening",
			  recovery_json(o->registry, registry_reopening), "cluster_id",
			  registry_cluster_id(o->registry), "node_id",
			  (int)registry_node_id(o->registry), "log_dir_fault",
			  registry_directory_fault(o->registry), "partition_fault_count",
			  count, "partition_faults", faults);
}

static json_t *params_json(const struct rpc_method *m)
{
	json_t *params = json_object();
	for (unsigned i = 0; i < array_len(m->params) && m->params[i].name; i++) {
		const struct rpc_param *p = &m->params[i];
		json_object_set_new(params, p->name,
				    json_pack("{s:s, s:b, s:s}", "type",
					      rpc_type_name(p->type), "required",
					      (int)p->is_required, "help", p->help));
	}
	return params;
}

/* From the table that calls are looked up in: what is listed is what there is. */
static void rpc_methods(struct rpc_call *call)
{
	json_t *methods = json_array();
	for (unsigned i = 0; i < rpc_method_count; i++) {
		const struct rpc_method *m = &rpc_method_table[i];
		json_array_append_new(methods, json_pack("{s:s, s:s, s:b, s:o}", "name",
							 m->name, "help", m->help,
							 "changes", (int)m->is_for_admins,
							 "params", params_json(m)));
	}
	call->result = json_pack("{s:o}", "methods", methods);
}

#define NAME                                                                             \
	{                                                                                \
		"name", JSON_STRING, true, "the topic"                                   \
	}

const struct rpc_method rpc_method_table[] = {
	{"topic.create",
	 true,
	 true,
	 "Makes a topic; answers with its description",
	 rpc_topic_create,
	 {NAME,
	  {"partitions", JSON_INTEGER, false, "how many; default num.partitions"},
	  {"replication_factor", JSON_INTEGER, false, "copies: 1"},
	  {"config", JSON_OBJECT, false, "settings of its own: key to value"},
	  {"validate_only", JSON_TRUE, false, "check everything, change nothing"}}},
	{"topic.list", false, true, "All topics by name", rpc_topic_list, {{0}}},
	{"topic.describe",
	 false,
	 true,
	 "One topic: id, partitions, settings",
	 rpc_topic_describe,
	 {NAME}},
	{"topic.alter",
	 true,
	 true,
	 "More partitions, other settings, or both",
	 rpc_topic_alter,
	 {NAME,
	  {"partitions", JSON_INTEGER, false,
	   "how many from now on: more than there are"},
	  {"config", JSON_OBJECT, false, "key to value; null: the gateway's own again"},
	  {"validate_only", JSON_TRUE, false, "check everything, change nothing"}}},
	{"topic.delete",
	 true,
	 true,
	 "Removes a topic and its records",
	 rpc_topic_delete,
	 {NAME}},
	{"records.delete",
	 true,
	 true,
	 "Removes the records of a partition below an offset",
	 rpc_records_delete,
	 {NAME,
	  {"partition", JSON_INTEGER, true, "which"},
	  {"offset", JSON_INTEGER, true,
	   "of the first record that stays; -1: all go up to the high watermark"}}},
	{"partition.reopen",
	 true,
	 true,
	 "Recovers partitions that have failed, and serves them again",
	 rpc_partition_reopen,
	 {NAME,
	  {"partitions", JSON_ARRAY, false, "which; default all that have failed"}}},
	{"config.get",
	 false,
	 false,
	 "The gateway's settings, and whose values they are",
	 rpc_config_get,
	 {{"key", JSON_STRING, false, "one of them; default all"}}},
	{"config.set",
	 true,
	 true,
	 "Sets settings that are live, or takes them back",
	 rpc_config_set,
	 {{"config", JSON_OBJECT, true, "key to value; null: as it was started with"},
	  {"validate_only", JSON_TRUE, false, "check everything, change nothing"}}},
	{"listener.reload",
	 true,
	 false,
	 "Reads the lists of all listeners again (auth=list:FILE)",
	 rpc_listener_reload,
	 {{0}}},
	{"logdir.list",
	 false,
	 true,
	 "The log directories: what lies there, what is left, what is wrong",
	 rpc_logdir_list,
	 {{0}}},
	{"logdir.reopen",
	 true,
	 true,
	 "The same of all partitions of a log directory that have failed",
	 rpc_logdir_reopen,
	 {{"path", JSON_STRING, true, "as log.dirs names it"}}},
	{"stats.get",
	 false,
	 false,
	 "Ledgers, counters, cores, answer times, memory",
	 rpc_stats_get,
	 {{0}}},
	{"frames.bad",
	 false,
	 false,
	 "The last broken frames, newest first",
	 rpc_frames_bad,
	 {{"limit", JSON_INTEGER, false, "at most so many"}}},
	{"system.version",
	 false,
	 false,
	 "Name and version of the gateway",
	 system_version,
	 {{0}}},
	{"system.state",
	 false,
	 false,
	 "recovering, starting, running, draining; who we are",
	 system_state,
	 {{0}}},
	{"rpc.methods", false, false, "This list", rpc_methods, {{0}}},
};

const unsigned rpc_method_count = array_len(rpc_method_table);
