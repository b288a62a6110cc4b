/* settings_routing.c - a list, names of topics and a partitioner in, what is wrong with them out;
 * see settings_routing.h. */
#include "config/settings_routing.h"
#include "config/topic_name.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>

/* Where a listener got a setting: the last line about it, or with its own name. */
static const char *where_of(const struct settings *s, const struct listener *l, const char *key)
{
	for (unsigned i = s->draft ? s->draft->line_count : 0; i-- > 0;) {
		const struct listener_line *line = &s->draft->lines[i];
		if (strcasecmp(line->name, l->name) == 0 && strcmp(line->row->key, key) == 0)
			return line->where;
	}
	return settings_where(s, "listeners");
}

static void check_topic(const struct settings *s, const struct listener *l, const char *key,
			const char *topic, struct settings_report *report)
{
	struct bytes name = {(const uint8_t *)topic, strlen(topic)};
	const char *fault = topic_name_fault(name);
	if (topic_name_is_internal(name))
		fault = "it is one of the broker's own";
	if (fault[0])
		settings_error(report, where_of(s, l, key),
			       "listener.name.%s.%s=%s: that is no name of a topic: %s",
			       l->name, key, topic, fault);
}

static void check_topics(const struct settings *s, const struct listener *l,
			 struct settings_report *report)
{
	const struct {
		const char *key, *topic;
	} of_class[] = {
		{"topic.live", l->topic_live},       {"topic.reissue", l->topic_reissue},
		{"topic.alarm", l->topic_alarm},     {"topic.session", l->topic_session},
		{"topic.other", l->topic_other},
	};
	check_topic(s, l, "topic", l->topic, report);
	for (unsigned i = 0; i < array_len(of_class); i++)
		if (of_class[i].topic[0])
			check_topic(s, l, of_class[i].key, of_class[i].topic, report);
}

/* "fixed:N". */
static bool read_fixed(struct listener *l, const char *number)
{
	char *end;
	errno = 0;
	unsigned long long n = strtoull(number, &end, 10);
	if (!isdigit((unsigned char)number[0]) || *end || errno || n >= PARTITIONS_MAX)
		return false;
	l->partitioner_kind = PARTITIONER_FIXED;
	l->fixed_partition = (uint32_t)n;
	return true;
}

static bool read_partitioner(struct listener *l)
{
	static const char fixed[] = "fixed:";
	static const char *const names[] = {
		[PARTITIONER_MURMUR2] = "murmur2",
		[PARTITIONER_ROUNDROBIN] = "roundrobin",
		[PARTITIONER_STICKY] = "sticky",
		[PARTITIONER_CONSISTENT] = "consistent",
	};
	if (strncasecmp(l->partitioner, fixed, sizeof fixed - 1) == 0)
		return read_fixed(l, l->partitioner + sizeof fixed - 1);
	for (unsigned i = 0; i < array_len(names); i++) {
		if (strcasecmp(l->partitioner, names[i]) == 0) {
			l->partitioner_kind = (uint8_t)i;
			return true;
		}
	}
	return false;
}

static void check_auth(const struct settings *s, const struct listener *l,
		       struct settings_report *report)
{
	const char *file = listener_auth_file(l);
	if (file ? file[0] == '\0' : strcasecmp(l->auth, "none") != 0)
		settings_error(report, where_of(s, l, "auth"),
			       "listener.name.%s.auth=%s: expected none or list:FILE", l->name,
			       l->auth);
}

void settings_routing(const struct settings *s, struct listener *l,
		      struct settings_report *report)
{
	check_topics(s, l, report);
	check_auth(s, l, report);
	if (!read_partitioner(l))
		settings_error(report, where_of(s, l, "partitioner"),
			       "listener.name.%s.partitioner=%s: expected murmur2, roundrobin, "
			       "sticky, consistent or fixed:N, N from 0 to %d",
			       l->name, l->partitioner, PARTITIONS_MAX - 1);
}
