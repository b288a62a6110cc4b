/* ctl_print.c - results of the control socket in, tables on stdout out. */
#include "control/programs/ctl_print.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* A member that is not there prints as nothing, a number as 0: this program and a gateway of
 * another version still understand each other. */
static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));
	return value ? value : "";
}

static long long number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* 1.5 GiB */
static const char *human_bytes(double bytes, char out[32])
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	unsigned unit = 0;
	for (; bytes >= 1024 && unit < 4; unit++)
		bytes /= 1024;
	snprintf(out, 32, unit ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
	return out;
}

/* Twice over the list: the longest name decides how wide its column is. */
void print_topics(const json_t *result)
{
	size_t i;
	json_t *topic;
	int width = 5;
	json_array_foreach(json_object_get(result, "topics"), i, topic)
	{
		int size = (int)strlen(text(topic, "name"));
		width = size > width ? size : width;
	}
	printf("%-*s  %10s  %15s  %10s  %s\n", width, "TOPIC", "PARTITIONS", "RECORDS",
	       "SIZE", "ID");
	json_array_foreach(json_object_get(result, "topics"), i, topic)
	{
		char size[32];
		printf("%-*s  %10lld  %15lld  %10s  %s", width, text(topic, "name"),
		       number(topic, "partitions"), number(topic, "records"),
		       human_bytes((double)number(topic, "size_bytes"), size),
		       text(topic, "id"));
		long long offline = number(topic, "partitions_offline");
		if (offline)
			printf("  %lld OFFLINE", offline);
		printf("\n");
	}
}

static const char *logdir_word(const json_t *dir)
{
	if (json_is_true(json_object_get(dir, "is_offline")))
		return "OFFLINE: ";
	if (json_is_true(json_object_get(dir, "is_stuck")))
		return "STUCK: it does not answer";
	return json_is_true(json_object_get(dir, "is_short"))
		       ? "FULL: no record is taken until there is room"
		       : "";
}

void print_lists(const json_t *result)
{
	json_t *listeners = json_object_get(result, "listeners"), *listener;
	size_t i;
	if (json_array_size(listeners) == 0)
		printf("no listener has a list: anybody may come\n");
	json_array_foreach(listeners, i, listener)
		printf("%s: %lld vehicles, %lld accounts\n", text(listener, "name"),
		       number(listener, "vehicles"), number(listener, "accounts"));
}

/* A path may be long: it comes last, and what is wrong behind it. */
void print_logdirs(const json_t *result)
{
	size_t i;
	json_t *dir;
	printf("%10s  %6s  %10s  %10s  %10s  %s\n", "PARTITIONS", "FAULTS", "SIZE", "LEFT", "OF",
	       "PATH");
	json_array_foreach(json_object_get(result, "log_dirs"), i, dir)
	{
		char size[32], left[32] = "-", of[32] = "-";
		long long total = number(dir, "total_bytes");
		if (total >= 0) {
			human_bytes((double)number(dir, "usable_bytes"), left);
			human_bytes((double)total, of);
		}
		printf("%10lld  %6lld  %10s  %10s  %10s  %s", number(dir, "partitions"),
		       number(dir, "partition_fault_count"),
		       human_bytes((double)number(dir, "size_bytes"), size), left, of,
		       text(dir, "path"));
		const char *word = logdir_word(dir);
		printf("%s%s%s\n", word[0] || text(dir, "fault")[0] ? "  " : "", word,
		       text(dir, "fault"));
		if (text(dir, "way_out")[0])
			printf("%10s  %s\n", "", text(dir, "way_out"));
	}
}

/* A fenced partition can still be read up to where it stands; an offline one cannot. One that has
 * damaged batches is served. */
static const char *fault_word(const json_t *partition)
{
	if (!text(partition, "fault")[0])
		return "";
	if (json_is_true(json_object_get(partition, "is_offline")))
		return "  OFFLINE: ";
	return json_is_true(json_object_get(partition, "is_fenced")) ? "  FENCED: "
								     : "  DAMAGED: ";
}

/* Behind its line, since when it has failed and what can be done; the gateway knows both. */
static void print_way_out(const json_t *partition)
{
	if (text(partition, "failed_since")[0])
		printf("%9s  since %s: %s\n", "", text(partition, "failed_since"),
		       text(partition, "way_out"));
}

/* How much more than its share the fullest partition has got, of all records there ever were: what
 * a partitioner makes of the keys. */
static void print_skew(const json_t *partitions)
{
	size_t i, count = json_array_size(partitions);
	json_t *p;
	long long all = 0, most = 0;
	json_array_foreach(partitions, i, p)
	{
		long long records = number(p, "log_end_offset");
		all += records;
		most = records > most ? records : most;
	}
	if (count > 1 && all > 0)
		printf("the fullest has had %.2f times its share of %lld records\n",
		       (double)most * (double)count / (double)all, all);
}

/* Of what was only to be checked nothing comes back. */
void print_topic(const json_t *result)
{
	size_t i;
	json_t *p, *setting;
	const char *key;
	if (json_object_size(result) == 0) {
		printf("Everything is in order; nothing was changed.\n");
		return;
	}
	const json_t *partitions = json_object_get(result, "partitions");
	printf("%s  %zu partitions  id %s\n\n", text(result, "name"),
	       json_array_size(partitions), text(result, "id"));
	printf("%9s  %15s  %15s  %15s  %10s\n", "PARTITION", "LOG START",
	       "HIGH WATERMARK", "LOG END", "SIZE");
	json_array_foreach(partitions, i, p)
	{
		char size[32];
		printf("%9lld  %15lld  %15lld  %15lld  %10s%s%s\n", number(p, "partition"),
		       number(p, "log_start_offset"), number(p, "high_watermark"),
		       number(p, "log_end_offset"),
		       human_bytes((double)number(p, "size_bytes"), size),
		       fault_word(p), text(p, "fault"));
		print_way_out(p);
	}
	print_skew(partitions);
	printf("\n");
	json_object_foreach(json_object_get(result, "config"), key, setting) printf(
		"%-32s  %s%s\n", key, text(setting, "value"),
		strcmp(text(setting, "source"), "topic") == 0 ? "  (the topic's own)"
							      : "");
}

/* What holds, and by whose will where it is not the default. */
void print_config(const json_t *result)
{
	const char *key;
	json_t *setting;
	json_object_foreach(json_object_get(result, "settings"), key, setting)
	{
		bool is_live = json_is_true(json_object_get(setting, "live"));
		bool is_default = strcmp(text(setting, "source"), "default") == 0;
		printf("%-42s  %s", key, text(setting, "value"));
		if (!is_default || is_live)
			printf("  (%s%s%s)", is_default ? "" : text(setting, "source"),
			       is_default || !is_live ? "" : ", ", is_live ? "live" : "");
		printf("\n");
	}
}

void print_config_set(const json_t *result)
{
	printf("done\n");
}

void print_deleted(const json_t *result)
{
	printf("deleted\n");
}

void print_start(const json_t *result)
{
	printf("partition %lld starts at offset %lld\n", number(result, "partition"),
	       number(result, "log_start_offset"));
}

/* What its recovery has found is told when it is anything. */
void print_reopened(const json_t *result)
{
	size_t i;
	json_t *p;
	if (json_array_size(json_object_get(result, "partitions")) == 0)
		printf("no partition has failed there\n");
	json_array_foreach(json_object_get(result, "partitions"), i, p) printf(
		"%s-%lld is served again, up to offset %lld%s%s\n", text(p, "topic"),
		number(p, "partition"), number(p, "log_end_offset"),
		text(p, "message")[0] ? ": " : "", text(p, "message"));
}

/* Ends that nothing has come to are left out: of a gateway that is well few are left. */
static void print_ledgers(json_t *ledgers)
{
	const char *name, *end;
	json_t *ledger, *count;
	json_object_foreach(ledgers, name, ledger)
	{
		printf("%s: %lld in, %lld in flight\n", name, number(ledger, "in"),
		       number(ledger, "in_flight"));
		json_object_foreach(json_object_get(ledger, "ends"), end, count)
		{
			if (json_integer_value(count))
				printf("  %-32s  %20lld\n", end,
				       (long long)json_integer_value(count));
		}
	}
}

/* The counters are all of them, ends of ledgers too: those were printed with their ledgers. */
static bool is_end(json_t *ledgers, const char *counter)
{
	const char *name;
	json_t *ledger;
	json_object_foreach(ledgers, name, ledger)
	{
		if (json_object_get(json_object_get(ledger, "ends"), counter))
			return true;
	}
	return false;
}

/* Those beside the ledgers that have counted anything. */
static void print_counters(json_t *counters, json_t *ledgers)
{
	const char *name;
	json_t *count;
	printf("counters\n");
	json_object_foreach(counters, name, count)
	{
		if (json_integer_value(count) && !is_end(ledgers, name))
			printf("  %-32s  %20lld\n", name,
			       (long long)json_integer_value(count));
	}
}

/* Of a CPU: what its roles did and found nothing in, and what its core paused and slept. */
static double cycles_of_cpu(const json_t *cores, long long cpu)
{
	size_t i;
	json_t *core;
	double all = 0;
	json_array_foreach(cores, i, core)
	{
		if (number(core, "cpu") == cpu)
			all += (double)(number(core, "cycles_busy") +
					number(core, "cycles_idle"));
	}
	return all;
}

/* A role's share is of its CPU, which it may have to itself or share: two roles of a fused
 * core add up to at most 100 %. */
static void print_cores(const json_t *cores)
{
	size_t i;
	json_t *core;
	printf("cores\n  %-8s %5s  %4s  %16s  %6s\n", "ROLE", "INDEX", "CPU", "TURNS",
	       "BUSY");
	json_array_foreach(cores, i, core)
	{
		double busy = (double)number(core, "cycles_busy");
		double all = cycles_of_cpu(cores, number(core, "cpu"));
		/* One that has not turned yet is busy with nothing. */
		if (number(core, "turns"))
			printf("  %-8s %5lld  %4lld  %16lld  %5.1f%%\n",
			       text(core, "role"), number(core, "index"),
			       number(core, "cpu"), number(core, "turns"),
			       all > 0 ? 100 * busy / all : 0.0);
	}
}

static void print_memory(json_t *memory)
{
	const char *name;
	json_t *part;
	json_object_foreach(memory, name, part)
	{
		char size[32];
		printf("memory of %s: %s, %.0f%% on huge pages\n", name,
		       human_bytes((double)number(part, "bytes"), size),
		       100 * json_number_value(json_object_get(part, "huge_share")));
	}
}

void print_stats(const json_t *result)
{
	const json_t *latency = json_object_get(result, "answer_latency_us");
	json_t *ledgers = json_object_get(result, "ledgers");
	print_ledgers(ledgers);
	print_counters(json_object_get(result, "counters"), ledgers);
	printf("answers: %lld, p50 %lld us, p99 %lld us, p99.9 %lld us, max %lld us\n",
	       number(latency, "count"), number(latency, "p50"), number(latency, "p99"),
	       number(latency, "p999"), number(latency, "max"));
	print_cores(json_object_get(result, "cores"));
	print_memory(json_object_get(result, "memory"));
}

/* Both answers came over one connection, which does not outlive a restart: a counter has not
 * begun again between them. */
static double rate(const json_t *before, const json_t *after, const char *counter,
		   double seconds)
{
	long long grown = number(json_object_get(after, "counters"), counter) -
			  number(json_object_get(before, "counters"), counter);
	return (double)grown / seconds;
}

void print_stats_line(const json_t *before, const json_t *after, double seconds)
{
	char in[32], logged[32];
	printf("%9.0f packets/s  %9.0f frames/s  %9.0f records/s stored  %10s/s in  "
	       "%10s/s logged  "
	       "p99 %lld us\n",
	       rate(before, after, "packets_received", seconds),
	       rate(before, after, "frames_received", seconds),
	       rate(before, after, "records_stored", seconds),
	       human_bytes(rate(before, after, "bytes_received", seconds), in),
	       human_bytes(rate(before, after, "log_bytes", seconds), logged),
	       number(json_object_get(after, "answer_latency_us"), "p99"));
	fflush(stdout);
}

void print_frames(const json_t *result)
{
	size_t i;
	json_t *frame;
	json_array_foreach(json_object_get(result, "frames"), i, frame) {
		printf("%s  %s  %s  %s\n", text(frame, "time"), text(frame, "listener"),
		       text(frame, "peer"), text(frame, "reason"));
		if (json_object_get(frame, "fault"))
			printf("  API %lld version %lld: %s\n", number(frame, "api"),
			       number(frame, "version"), text(frame, "fault"));
		printf("  %lld bytes from byte %lld of the stream: %s\n", number(frame, "size"),
		       number(frame, "offset"), text(frame, "bytes"));
	}
	if (json_array_size(json_object_get(result, "frames")) == 0)
		printf("no broken frames since the start\n");
}

/* How far that is, while it is under way. */
static void print_recovery(const json_t *recovery, const char *done)
{
	if (json_is_object(recovery))
		printf("%lld of %lld partitions %s, %.1f GB read, %lld s so far%s\n",
		       number(recovery, "partitions_opened"), number(recovery, "partitions"),
		       done, (double)number(recovery, "bytes_read") / 1e9,
		       number(recovery, "ms") / 1000,
		       json_is_true(json_object_get(recovery, "is_syncing"))
			       ? "; the disk is synced"
			       : "");
}

/* Of the faults the gateway lists a hundred and counts all. */
void print_state(const json_t *result)
{
	size_t i;
	json_t *p;
	const json_t *faults = json_object_get(result, "partition_faults");
	long long count = number(result, "partition_fault_count");
	printf("%s  node %lld  cluster %s\n", text(result, "state"),
	       number(result, "node_id"), text(result, "cluster_id"));
	print_recovery(json_object_get(result, "recovery"), "recovered");
	print_recovery(json_object_get(result, "reopening"), "reopened");
	if (text(result, "log_dir_fault")[0])
		printf("log.dirs: %s\n", text(result, "log_dir_fault"));
	json_array_foreach(faults, i, p)
		printf("%s-%lld%s%s%s%s\n", text(p, "topic"), number(p, "partition"),
		       fault_word(p), text(p, "fault"), text(p, "way_out")[0] ? "; " : "",
		       text(p, "way_out"));
	if (count > (long long)json_array_size(faults))
		printf("and %lld partitions more\n",
		       count - (long long)json_array_size(faults));
}

void print_version(const json_t *result)
{
	printf("%s %s\n", text(result, "name"), text(result, "version"));
}

void print_methods(const json_t *result)
{
	size_t i;
	json_t *method, *param;
	const char *name;
	json_array_foreach(json_object_get(result, "methods"), i, method)
	{
		printf("%-16s %s%s\n", text(method, "name"), text(method, "help"),
		       json_is_true(json_object_get(method, "changes"))
			       ? " (changes things)"
			       : "");
		json_object_foreach(json_object_get(method, "params"), name, param)
			printf("    %-20s %-8s %s%s\n", name, text(param, "type"),
			       text(param, "help"),
			       json_is_true(json_object_get(param, "required"))
				       ? " (required)"
				       : "");
	}
}
