/* vehicle_files.c - files of names in, published sets out; see vehicle_files.h. */
#include "control/vehicle_files.h"
#include "dataplane/base/require.h"
#include "dataplane/quiescent.h"
#include "dataplane/wire/fleet/gbt32960.h"
#include "dataplane/wire/fleet/gbt32960_account.h"
#include "dataplane/wire/fleet/jt808.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { LINE_BYTES = 160, WORDS_MAX = 4 };

struct retired_lists {
	struct list node;
	struct vehicle_lists *lists;
	uint64_t token;
};

/* ---- one file ------------------------------------------------------------------------------ */

struct names_file {
	const struct listener *listener;
	struct vehicle_list *list;
	FILE *file;
	unsigned line;
	char *message;
	size_t message_bytes;
};

static bool refuse(const struct names_file *f, const char *why)
{
	const char *path = listener_auth_file(f->listener);
	snprintf(f->message, f->message_bytes, "%s:%u: %s", path, f->line, why);
	return false;
}

static struct bytes text_of(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

static bool add_phone(const struct names_file *f, const char *digits)
{
	while (digits[0] == '0' && digits[1])
		digits++;
	if (strspn(digits, "0123456789") != strlen(digits) ||
	    strlen(digits) > JT808_PHONE_DIGITS_MAX)
		return refuse(f, "expected the digits of a phone number, 20 at most");
	vehicle_list_add(f->list, NAME_VEHICLE, text_of(digits));
	return true;
}

static bool add_vin(const struct names_file *f, const char *vin)
{
	if (strlen(vin) != GBT32960_VIN_BYTES)
		return refuse(f, "expected a VIN of 17 characters, or account NAME PASSWORD");
	vehicle_list_add(f->list, NAME_VEHICLE, text_of(vin));
	return true;
}

static bool add_account(const struct names_file *f, const char *name, const char *password)
{
	struct gbt32960_account account = {text_of(name), text_of(password)};
	uint8_t text[GBT32960_ACCOUNT_BYTES];
	if (f->listener->protocol != PROTOCOL_GBT32960)
		return refuse(f, "accounts are of platforms, which speak GB/T 32960 here");
	if (account.name.size > GBT32960_ACCOUNT_NAME_BYTES ||
	    account.password.size > GBT32960_ACCOUNT_PASSWORD_BYTES)
		return refuse(f, "an account has a name of 12 characters at most, and a password "
				 "of 20");
	vehicle_list_add(f->list, NAME_ACCOUNT, gbt32960_account_text(&account, text));
	return true;
}

/* Cuts the line into its words, and what is behind a # away. Returns how many. */
static unsigned words_of(char *line, char *words[WORDS_MAX])
{
	unsigned count = 0;
	line[strcspn(line, "#\r\n")] = '\0';
	for (char *rest = NULL, *word = strtok_r(line, " \t", &rest); word && count < WORDS_MAX;
	     word = strtok_r(NULL, " \t", &rest))
		words[count++] = word;
	return count;
}

static bool add_line(const struct names_file *f, char *line)
{
	char *words[WORDS_MAX];
	unsigned count = words_of(line, words);
	if (count == 0)
		return true;
	if (count == 3 && strcmp(words[0], "account") == 0)
		return add_account(f, words[1], words[2]);
	if (count != 1)
		return refuse(f, "expected one name, or account NAME PASSWORD");
	return f->listener->protocol == PROTOCOL_JT808 ? add_phone(f, words[0])
						       : add_vin(f, words[0]);
}

/* Whole lines only: a longer one is said, not cut in two. */
static bool read_lines(struct names_file *f)
{
	char line[LINE_BYTES];
	for (f->line = 1; fgets(line, sizeof line, f->file); f->line++) {
		bool is_whole = strchr(line, '\n') || feof(f->file);
		if (!is_whole)
			return refuse(f, "a line is longer than any name");
		if (!add_line(f, line))
			return false;
	}
	return !ferror(f->file) || refuse(f, strerror(errno));
}

static bool count_lines(struct names_file *f, uint32_t *ret)
{
	uint32_t lines = 1;
	for (int c; (c = getc_unlocked(f->file)) != EOF;)
		lines += c == '\n';
	rewind(f->file);
	*ret = lines;
	return lines <= VEHICLE_NAMES_MAX || refuse(f, "there are more lines than 4194304");
}

/* The listener's set; null: why is in the message. */
static struct vehicle_list *read_file(struct names_file *f)
{
	uint32_t lines;
	f->file = fopen(listener_auth_file(f->listener), "re");
	if (!f->file) {
		refuse(f, strerror(errno));
		return NULL;
	}
	bool is_good = count_lines(f, &lines);
	f->list = is_good ? vehicle_list_create(lines) : NULL;
	is_good = is_good && (f->list ? read_lines(f) : refuse(f, strerror(ENOMEM)));
	fclose(f->file);
	if (is_good)
		return f->list;
	vehicle_list_free(f->list);
	return NULL;
}

/* ---- all of them --------------------------------------------------------------------------- */

void vehicle_files_init(struct vehicle_files *v, const struct settings *settings,
			struct rte_rcu_qsbr *rcu)
{
	*v = (struct vehicle_files){.settings = settings, .rcu = rcu};
	list_init(&v->retired);
}

/* The token is taken when the new lists are there: whoever passes it has no use for the old. */
static void publish(struct vehicle_files *v, struct vehicle_lists *lists)
{
	struct vehicle_lists *old = atomic_load_explicit(&v->lists, memory_order_relaxed);
	/* Release: pairs with the acquire of each poller's turn. */
	atomic_store_explicit(&v->lists, lists, memory_order_release);
	if (!old)
		return;
	struct retired_lists *retired = calloc(1, sizeof *retired);
	require(retired);
	retired->lists = old;
	retired->token = quiescent_token(v->rcu);
	list_append(&v->retired, &retired->node);
}

bool vehicle_files_reload(struct vehicle_files *v, char *message, size_t size)
{
	struct vehicle_lists *lists = calloc(1, sizeof *lists);
	bool is_good = true;
	require(lists);
	message[0] = '\0';
	for (unsigned i = 0; i < v->settings->listener_count && is_good; i++) {
		struct names_file f = {.listener = &v->settings->listener[i],
				       .message = message, .message_bytes = size};
		if (!listener_auth_file(f.listener))
			continue;
		lists->of[i] = read_file(&f);
		is_good = lists->of[i] != NULL;
	}
	if (is_good)
		publish(v, lists);
	else
		vehicle_lists_free(lists);
	return is_good;
}

static void retire(struct vehicle_files *v, bool is_over)
{
	while (!list_is_empty(&v->retired)) {
		struct retired_lists *oldest =
			list_entry(v->retired.next, struct retired_lists, node);
		if (!is_over && !quiescent_is_over(v->rcu, oldest->token))
			return;
		list_remove(&oldest->node);
		vehicle_lists_free(oldest->lists);
		free(oldest);
	}
}

void vehicle_files_turn(struct vehicle_files *v)
{
	retire(v, false);
}

void vehicle_files_fini(struct vehicle_files *v)
{
	struct vehicle_lists *lists = atomic_load_explicit(&v->lists, memory_order_relaxed);
	retire(v, true);
	if (lists)
		vehicle_lists_free(lists);
}
