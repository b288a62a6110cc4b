/* topic_name.c - a name in, what is wrong with it out; see topic_name.h. */
#include "config/topic_name.h"
#include "config/bounds.h"

#include <ctype.h>
#include <string.h>

/* A broker keeps its cluster's records under it, in a directory of the same place. */
#define METADATA_TOPIC "__cluster_metadata"

static bool is_called(struct bytes name, const char *text)
{
	return name.size == strlen(text) && memcmp(name.data, text, name.size) == 0;
}

bool topic_name_is_internal(struct bytes name)
{
	return is_called(name, TOPIC_NAME_OFFSETS) || is_called(name, "__transaction_state");
}

const char *topic_name_fault(struct bytes name)
{
	if (name.size == 0)
		return "it is empty";
	if (name.size > TOPIC_NAME_BYTES_MAX)
		return "it has more than 249 characters";
	if (name.data[0] == '.' &&
	    (name.size == 1 || (name.size == 2 && name.data[1] == '.')))
		return "it may not be . or ..";
	if (is_called(name, METADATA_TOPIC))
		return "it is that of Kafka's own metadata";
	for (size_t i = 0; i < name.size; i++) {
		if (!name.data[i] ||
		    !(isalnum(name.data[i]) || strchr("._-", name.data[i])))
			return "it may have ASCII letters, digits, '.', '_' and '-' only";
	}
	return "";
}
