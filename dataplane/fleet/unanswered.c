/* unanswered.c - a session's answers in, the names of their requests out; see unanswered.h. */
#include "dataplane/fleet/unanswered.h"

/* The oldest first: its place is the first that is taken again. */
void unanswered_init(struct unanswered *u, const struct session *s)
{
	unsigned left = UNANSWERED_MAX;
	const struct list *node = &s->answers;
	u->count = 0;
	while (left > 0 && node->prev != &s->answers) {
		node = node->prev;
		left--;
	}
	for (; node != &s->answers; node = node->next) {
		const struct answer *a = list_entry(node, struct answer, node);
		if (a->request)
			u->names[u->count++] = a->request;
	}
}
