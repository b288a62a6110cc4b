/* registry_store.c - one topic on disk: its file .<topic>.json, and its directories.
 *
 *     write file (ready: old) ─▶ make directories ─▶ write file (ready: all)
 *     write file (deleting)   ─▶ rename directories to <topic>-<n>.<id>-delete, remove them
 *                             ─▶ remove file
 */
#include "control/catalog/registry_store.h"
#include "config/topic_name.h"
#include "control/catalog/registry_entry.h"
#include "control/catalog/registry_say.h"
#include "dataplane/base/require.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

enum { TOPIC_FILE_BYTES_MAX = 64 * 1024 };

char *store_file_name(char out[NAME_MAX + 1], const char *topic)
{
	snprintf(out, NAME_MAX + 1, ".%s.json", topic);
	return out;
}

/* Only what the topic has of its own is written: the rest follows the gateway's settings. */
static json_t *settings_json(const struct topic_settings *s)
{
	json_t *config = json_object();
	for (unsigned i = 0; i < TOPIC_SETTINGS; i++) {
		char text[SETTING_TEXT_BYTES];
		if (s->is_set[i])
			json_object_set_new(
				config, topic_setting_key(i),
				json_string(topic_setting_text(s, i, text, sizeof text)));
	}
	return config;
}

/* `ready` tells directories that a crash kept from being made from those that somebody has taken
 * away: only below it one is missed. */
static char *file_text(const struct entry *e, uint32_t partitions)
{
	char id[UUID_TEXT_BYTES];
	json_t *file = json_pack(
		"{s:i, s:s, s:s, s:i, s:i, s:b, s:o}", "version", 0, "name",
		e->shown.topic.name, "id", uuid_format(e->shown.topic.id, id),
		"partitions", (int)max_u32(partitions, e->left), "ready", (int)e->ready, "deleting",
		(int)e->is_deleting, "config", settings_json(&e->shown.settings));
	require(file);
	char *text = json_dumps(file, JSON_INDENT(2));
	json_decref(file);
	require(text);
	return text;
}

int store_write(struct registry *r, const struct entry *e, uint32_t partitions)
{
	char name[NAME_MAX + 1], *text = file_text(e, partitions);
	int error = log_dir_replace_file(r->dir, store_file_name(name, e->shown.topic.name),
					 text, strlen(text));
	free(text);
	return error;
}

#define STAGED_NAME ".penstock.tmp."

/* A topic's own file ends otherwise, whatever the topic is called. */
bool store_is_staged_name(const char *name)
{
	const char *number = name + sizeof STAGED_NAME - 1;
	return strncmp(name, STAGED_NAME, sizeof STAGED_NAME - 1) == 0 && number[0] &&
	       !number[strspn(number, "0123456789")];
}

int store_stage(struct registry *r, const struct entry *e, uint32_t partitions, struct staged *ret)
{
	char path[PATH_MAX], *text = file_text(e, partitions);
	snprintf(ret->name, sizeof ret->name, STAGED_NAME "%u", r->staged_next++);
	int error = disk_write_file(r->dir->disk, log_dir_path(path, r->dir, ret->name), text,
				    strlen(text));
	free(text);
	if (error)
		disk_remove_file(r->dir->disk, path);
	return error;
}

int store_name_staged(struct registry *r, const struct entry *e, const struct staged *staged,
		      int error)
{
	char from[PATH_MAX], to[PATH_MAX], name[NAME_MAX + 1];
	log_dir_path(from, r->dir, staged->name);
	log_dir_path(to, r->dir, store_file_name(name, e->shown.topic.name));
	if (!error)
		error = file_rename(r->dir->disk, from, to);
	if (error)
		disk_remove_file(r->dir->disk, from);
	return error;
}

/* Settings as the file has them. One that this version does not know is said and dropped.
 */
static void read_settings(struct registry *r, struct entry *e, json_t *config)
{
	const char *key;
	json_t *value;
	json_object_foreach(config, key, value)
	{
		char message[512];
		const char *text = json_string_value(value);
		if (!text || !topic_settings_set(&e->shown.settings, r->options.settings,
						 key, text, message, sizeof message))
			registry_say(r,
				     "topic %s: setting %s of its file is not used: %s",
				     e->shown.topic.name, key,
				     text ? message : "not a string");
	}
	entry_apply_settings(e);
}

static struct entry *entry_from(struct registry *r, json_t *file, char *message,
				size_t message_size)
{
	const char *name, *id;
	int version, partitions, ready, deleting;
	json_t *config;
	json_error_t fault;
	uint8_t uuid[UUID_BYTES];
	if (json_unpack_ex(file, &fault, 0, "{s:i, s:s, s:s, s:i, s:i, s:b, s:o}",
			   "version", &version, "name", &name, "id", &id, "partitions",
			   &partitions, "ready", &ready, "deleting", &deleting, "config",
			   &config) < 0) {
		snprintf(message, message_size, "%s", fault.text);
		return NULL;
	}
	struct bytes name_bytes = {(const uint8_t *)name, strlen(name)};
	if (version != 0 || topic_name_fault(name_bytes)[0] || !uuid_parse(id, uuid) ||
	    partitions < 1 || partitions > PARTITIONS_MAX || ready < 0 ||
	    ready > partitions) {
		snprintf(message, message_size,
			 "version, name, id or partitions make no sense");
		return NULL;
	}
	struct entry *e = entry_new(r, name);
	memcpy(e->shown.topic.id, uuid, UUID_BYTES);
	e->ready = (uint32_t)ready;
	e->is_deleting = deleting;
	read_settings(r, e, config);
	if (entry_resize(r, e, (uint32_t)partitions))
		return e;
	snprintf(message, message_size, "more than %d partitions in all", PARTITIONS_MAX);
	entry_free(r, e);
	return NULL;
}

/* A file under another topic's name is a copy: both would claim the same directories. */
struct entry *store_read(struct registry *r, const char *file, char *message,
			 size_t message_size)
{
	char path[PATH_MAX], *text = NULL;
	log_dir_path(path, r->dir, file);
	int error = disk_read_file(r->dir->disk, path, TOPIC_FILE_BYTES_MAX, &text, NULL);
	if (error) {
		snprintf(message, message_size, "%s", strerror(-error));
		return NULL;
	}
	json_error_t fault;
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &fault);
	free(text);
	if (!json) {
		snprintf(message, message_size, "line %d: %s", fault.line, fault.text);
		return NULL;
	}
	struct entry *e = entry_from(r, json, message, message_size);
	json_decref(json);
	char own[NAME_MAX + 1];
	if (e && strcmp(file, store_file_name(own, e->shown.topic.name)) != 0) {
		snprintf(message, message_size, "it is that of topic %s", e->shown.topic.name);
		entry_free(r, e);
		return NULL;
	}
	return e;
}

static const char not_deleting[] = "\"deleting\": false";

bool store_may_be_deleting(struct registry *r, const struct entry *e)
{
	char name[NAME_MAX + 1], path[PATH_MAX], *text = NULL;
	log_dir_path(path, r->dir, store_file_name(name, e->shown.topic.name));
	if (disk_read_file(r->dir->disk, path, TOPIC_FILE_BYTES_MAX, &text, NULL) != 0)
		return true;
	bool may_be = !strstr(text, not_deleting);
	free(text);
	return may_be;
}

/* The mark is as long as what it replaces, so that the file needs no room. */
int store_mark_deleting(struct registry *r, const struct entry *e)
{
	static const char is[] = "\"deleting\": true ";
	char name[NAME_MAX + 1], path[PATH_MAX], *text = NULL;
	log_dir_path(path, r->dir, store_file_name(name, e->shown.topic.name));
	int error = disk_read_file(r->dir->disk, path, TOPIC_FILE_BYTES_MAX, &text, NULL);
	if (error)
		return error;
	const char *mark = strstr(text, not_deleting);
	error = mark ? disk_overwrite(r->dir->disk, path, (uint64_t)(mark - text), is,
				      sizeof is - 1)
		     : -EBADMSG;
	free(text);
	return error;
}

/* The name is free when the file is durably gone, not earlier. */
int store_forget(const struct log_dir *d, const char *topic)
{
	char name[NAME_MAX + 1], path[PATH_MAX];
	log_dir_path(path, d, store_file_name(name, topic));
	int error = disk_remove_file(d->disk, path);
	return error ? error : log_dir_sync_names(d);
}

bool store_is_deleted_name(const char *name)
{
	enum { HEX_DIGITS = 2 * UUID_BYTES };
	static const char ending[] = "-delete";
	char partition[NAME_MAX + 1], topic[TOPIC_NAME_BYTES_MAX + 1];
	uint32_t number;
	size_t size = strlen(name), tail = 1 + HEX_DIGITS + sizeof ending - 1;
	if (size > NAME_MAX || size <= tail)
		return false;
	const char *dot = name + size - tail;
	snprintf(partition, sizeof partition, "%.*s", (int)(dot - name), name);
	return *dot == '.' && strspn(dot + 1, "0123456789abcdef") == HEX_DIGITS &&
	       strcmp(dot + 1 + HEX_DIGITS, ending) == 0 &&
	       store_split_name(partition, topic, &number);
}

/* Only digits as the gateway writes them: a directory t-01 is somebody else's. */
bool store_split_name(const char *name, char *topic, uint32_t *partition)
{
	const char *dash = strrchr(name, '-');
	if (!dash || dash == name || dash - name > TOPIC_NAME_BYTES_MAX)
		return false;
	char *end;
	unsigned long number = strtoul(dash + 1, &end, 10);
	bool is_plain = dash[1] >= '0' && dash[1] <= '9' && (dash[1] != '0' || !dash[2]);
	if (!is_plain || *end || number >= PARTITIONS_MAX)
		return false;
	snprintf(topic, TOPIC_NAME_BYTES_MAX + 1, "%.*s", (int)(dash - name), name);
	*partition = (uint32_t)number;
	return !topic_name_fault(
		(struct bytes){(const uint8_t *)topic, strlen(topic)})[0];
}
