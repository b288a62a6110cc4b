/* registry_settings.c - the gateway's own settings: read at start; job: they change while it
 * runs, on disk first, then for every topic that follows them. */
#include "control/catalog/registry_settings.h"
#include "control/catalog/registry_entry.h"
#include "control/catalog/registry_jobs.h"
#include "control/catalog/registry_offline.h"
#include "control/catalog/registry_publish.h"
#include "control/catalog/registry_round.h"
#include "control/catalog/registry_say.h"
#include "dataplane/base/require.h"
#include "dataplane/wire/kafka/kafka_error.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#define SETTINGS_FILE_NAME ".penstock.settings"

enum { SETTINGS_FILE_BYTES_MAX = 64 * 1024 };

static const char *const scope_names[LIVE_SCOPES] = {
	[LIVE_BROKER] = "broker",
	[LIVE_CLUSTER] = "cluster",
};

/* ---- at start ---------------------------------------------------------------------------- */

static void read_scope(struct registry *r, enum live_scope scope, json_t *values)
{
	const char *key;
	json_t *value;
	json_object_foreach(values, key, value)
	{
		char message[512] = "not a string";
		const char *text = json_string_value(value);
		if (!text ||
		    !live_settings_set(&r->live, scope, key, text, message, sizeof message))
			registry_say(r, "%s/%s: setting %s is not used: %s", r->dir->path,
				     SETTINGS_FILE_NAME, key, message);
	}
}

static int take(struct registry *r, json_t *file, char *message, size_t message_size)
{
	int version;
	json_t *scopes[LIVE_SCOPES];
	json_error_t fault;
	if (json_unpack_ex(file, &fault, 0, "{s:i, s:o, s:o}", "version", &version,
			   scope_names[LIVE_BROKER], &scopes[LIVE_BROKER],
			   scope_names[LIVE_CLUSTER], &scopes[LIVE_CLUSTER]) < 0 ||
	    version != 0) {
		snprintf(message, message_size,
			 "%s/%s is not what the gateway writes; restore it, or move it away: what "
			 "was set while it ran is lost then",
			 r->dir->path, SETTINGS_FILE_NAME);
		return -EBADMSG;
	}
	for (int scope = 0; scope < LIVE_SCOPES; scope++)
		read_scope(r, (enum live_scope)scope, scopes[scope]);
	return 0;
}

int registry_settings_read(struct registry *r, char *message, size_t message_size)
{
	char path[PATH_MAX], *text = NULL;
	log_dir_path(path, r->dir, SETTINGS_FILE_NAME);
	int error = disk_read_file(r->dir->disk, path, SETTINGS_FILE_BYTES_MAX, &text, NULL);
	if (error == -ENOENT)
		return 0;
	if (error) {
		snprintf(message, message_size, "%s: %s", path, strerror(-error));
		return error;
	}
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	free(text);
	error = take(r, json, message, message_size);
	json_decref(json);
	return error;
}

/* ---- while it runs ----------------------------------------------------------------------- */

static json_t *scope_json(const struct live_settings *l, enum live_scope scope)
{
	json_t *values = json_object();
	for (unsigned i = 0; i < gateway_setting_count(); i++)
		if (l->value[scope][i][0])
			json_object_set_new(values, gateway_setting_view(i).key,
					    json_string(l->value[scope][i]));
	return values;
}

static int settings_write(struct registry *r, const struct live_settings *l)
{
	json_t *file = json_pack("{s:i, s:o, s:o}", "version", 0, scope_names[LIVE_BROKER],
				 scope_json(l, LIVE_BROKER), scope_names[LIVE_CLUSTER],
				 scope_json(l, LIVE_CLUSTER));
	require(file);
	char *text = json_dumps(file, JSON_INDENT(2));
	json_decref(file);
	require(text);
	int error = log_dir_replace_file(r->dir, SETTINGS_FILE_NAME, text, strlen(text));
	free(text);
	return error;
}

/* What is asked for, over what holds; false and the job's result filled in. */
static bool settings_after(const struct registry *r, struct job *j, struct live_settings *ret)
{
	*ret = r->live;
	if (j->replaces)
		live_settings_clear(ret, j->scope);
	for (unsigned i = 0; i < j->setting_count; i++) {
		const struct registry_setting *s = &j->settings[i];
		if (live_settings_set(ret, j->scope, s->key, s->value, j->result.message,
				      sizeof j->result.message))
			continue;
		j->result.error = KAFKA_ERROR_INVALID_CONFIG;
		return false;
	}
	return true;
}

/* False and the job's result filled in: the directory is not there, or cannot be written to. */
static bool is_on_disk(struct registry *r, struct job *j, const struct live_settings *l)
{
	bool is_here = directory_is_here(r, r->dir);
	int error = is_here ? settings_write(r, l) : -ESTALE;
	if (error)
		job_fail(j, KAFKA_ERROR_KAFKA_STORAGE_ERROR,
			 "the settings are left as they are: %s/%s cannot be written: %s",
			 r->dir->path, SETTINGS_FILE_NAME,
			 is_here ? strerror(-error) : r->dir->fault);
	return error == 0;
}

static void topics_follow(struct registry *r, struct job *j)
{
	uint32_t count;
	struct partition **all = entry_all_partitions(r, &count);
	for (unsigned i = 0; i < r->entry_count; i++) {
		struct entry *e = r->entries[i];
		topic_settings_follow(&e->shown.settings, &r->live.now);
		entry_apply_settings(e);
		for (uint32_t p = 0; p < e->partition_count; p++)
			e->partitions[p]->admin.options = e->shown.settings.log;
	}
	round_begin(&j->round, ADMIN_ALTER, all, count);
}

static bool start(struct registry *r, struct job *j)
{
	struct live_settings *after = malloc(sizeof *after);
	require(after);
	bool is_changed = settings_after(r, j, after) && !j->validate_only &&
			  is_on_disk(r, j, after);
	if (is_changed) {
		r->live = *after;
		topics_follow(r, j);
	}
	free(after);
	return !is_changed;
}

/* Writers know; now pollers do. */
static bool next(struct registry *r, struct job *j)
{
	free(j->round.partitions);
	registry_publish_soon(r);
	return true;
}

const struct job_kind job_alter_settings = {.is_alone = true, .start = start, .next = next};
