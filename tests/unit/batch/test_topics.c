/* test_topics.c - the topic snapshot. */
#include "dataplane/batch/topics.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { TOPICS = 500 };

static struct bytes bytes_of(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

Test(topics, every_topic_is_found_and_no_other)
{
	static struct topic in[TOPICS];
	static struct partition_ref refs[TOPICS][3];
	for (uint32_t i = 0; i < TOPICS; i++) {
		in[i].name_bytes = (uint16_t)snprintf(in[i].name, sizeof in[i].name, "t%u", i);
		in[i].partitions = i % 3 + 1;
		in[i].id[0] = (uint8_t)i;
		in[i].id[TOPIC_ID_BYTES - 1] = (uint8_t)(i >> 8);
		in[i].refs = refs[i];
		for (uint32_t p = 0; p < in[i].partitions; p++)
			refs[i][p] = (struct partition_ref){i * 3 + p, i};
	}
	struct topics *t = topics_build(in, TOPICS, 7);
	cr_assert(t && t->count == TOPICS && t->version == 7);
	for (uint32_t i = 0; i < TOPICS; i++) {
		const struct topic *topic = topics_find(t, bytes_of(in[i].name));
		cr_assert(topic && topic->partitions == i % 3 + 1, "%s", in[i].name);
		cr_assert(topic->refs != refs[i], "the snapshot has refs of its own");
		cr_assert(topic->refs[i % 3].slot == i * 3 + i % 3);
		cr_assert(topics_find_id(t, in[i].id) == topic);
	}
	const uint8_t nobodys[TOPIC_ID_BYTES] = {1, 1};
	cr_assert(topics_find_id(t, nobodys) == NULL);
	cr_assert(topics_find(t, bytes_of("t500")) == NULL);
	cr_assert(topics_find(t, bytes_of("")) == NULL);
	topics_free(t);
}

Test(topics, an_empty_snapshot_finds_nothing)
{
	struct topics *t = topics_build(NULL, 0, 1);
	cr_assert(t && topics_find(t, bytes_of("x")) == NULL);
	const uint8_t id[TOPIC_ID_BYTES] = {1};
	cr_assert(topics_find_id(t, id) == NULL);
	topics_free(t);
}
