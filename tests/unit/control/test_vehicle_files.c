/* test_vehicle_files.c - files of names: what a line may be, what is said of one that is not, and
 * that what was there stays then. */
#include "control/vehicle_files.h"
#include "dataplane/quiescent.h"
#include "dataplane/wire/fleet/gbt32960_account.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct settings settings;
static struct vehicle_files files;
static struct rte_rcu_qsbr *rcu;
static char path[] = "/tmp/penstock-names-XXXXXX";
static char message[256];

static void write_file(const char *lines)
{
	FILE *file = fopen(path, "w");
	cr_assert(file && fputs(lines, file) >= 0);
	fclose(file);
}

/* Listener 1 speaks `protocol` and has the file; listener 0 has none. */
static void start(enum protocol_id protocol)
{
	struct listener *l = &settings.listener[1];
	close(mkstemp(path));
	settings.listener_count = 2;
	l->protocol = (uint8_t)protocol;
	snprintf(l->auth, sizeof l->auth, "list:%s", path);
	snprintf(settings.listener[0].auth, sizeof l->auth, "none");
	rcu = quiescent_create(1);
	quiescent_join(rcu, 0);
	vehicle_files_init(&files, &settings, rcu);
}

static void end(void)
{
	vehicle_files_fini(&files);
	quiescent_destroy(rcu, 1);
	unlink(path);
}

static bool reload(const char *lines)
{
	write_file(lines);
	return vehicle_files_reload(&files, message, sizeof message);
}

static bool has(enum vehicle_name kind, const void *name, size_t size)
{
	struct bytes bytes = {name, size};
	return vehicle_list_has(atomic_load(&files.lists)->of[1], kind, bytes);
}

static bool has_vehicle(const char *name)
{
	return has(NAME_VEHICLE, name, strlen(name));
}

Test(vehicle_files, a_line_is_a_vin_or_an_account)
{
	start(PROTOCOL_GBT32960);
	cr_assert(reload("# the fleet\n\nLPENSTK0000000001\n  LPENSTK0000000002 # of the north\r\n"
			 "account fleet secret\nLPENSTK0000000003"),
		  "%s", message);
	cr_assert(has_vehicle("LPENSTK0000000001") && has_vehicle("LPENSTK0000000002") &&
		  has_vehicle("LPENSTK0000000003") && !has_vehicle("LPENSTK0000000004"));
	const struct vehicle_lists *lists = atomic_load(&files.lists);
	cr_assert(lists->of[0] == NULL && lists->of[1]->count[NAME_ACCOUNT] == 1);
	cr_assert(lists->of[1]->count[NAME_VEHICLE] == 3);
	uint8_t out[GBT32960_ACCOUNT_BYTES];
	struct gbt32960_account a = {{(const uint8_t *)"fleet", 5}, {(const uint8_t *)"secret", 6}};
	struct bytes account = gbt32960_account_text(&a, out);
	cr_assert(has(NAME_ACCOUNT, account.data, account.size));
	end();
}

Test(vehicle_files, zeroes_before_a_phone_number_do_not_count)
{
	start(PROTOCOL_JT808);
	cr_assert(reload("013812345678\n13812345679\n000\n"), "%s", message);
	cr_assert(has_vehicle("13812345678") && has_vehicle("13812345679") && has_vehicle("0"));
	cr_assert(!has_vehicle("013812345678"));
	end();
}

Test(vehicle_files, a_wrong_line_is_said_and_what_was_there_stays)
{
	static const struct {
		const char *lines, *sentence;
	} rows[] = {
		{"LPENSTK0000000001\nLPENSTK1\n", ":2: expected a VIN of 17 characters"},
		{"LPENSTK0000000001 x\n", ":1: expected one name, or account NAME PASSWORD"},
		{"account fleet\n", ":1: expected one name, or account NAME PASSWORD"},
		{"account thirteenbytes x\n", ":1: an account has a name of 12"},
		{"account fleet 123456789012345678901\n", ":1: an account has a name of 12"},
		{"account a b c\n", ":1: expected one name"},
	};
	char long_line[400] = "";
	start(PROTOCOL_GBT32960);
	cr_assert(reload("LPENSTK0000000009\n"), "%s", message);
	const struct vehicle_lists *before = atomic_load(&files.lists);
	for (unsigned i = 0; i < array_len(rows); i++) {
		cr_assert(!reload(rows[i].lines));
		cr_assert(strstr(message, rows[i].sentence), "%s", message);
		cr_assert(strncmp(message, path, strlen(path)) == 0);
	}
	memset(long_line, 'L', sizeof long_line - 1);
	cr_assert(!reload(long_line) && strstr(message, "a line is longer than any name"));
	unlink(path);
	cr_assert(!vehicle_files_reload(&files, message, sizeof message));
	cr_assert(strstr(message, "No such file"), "%s", message);
	cr_assert(atomic_load(&files.lists) == before && has_vehicle("LPENSTK0000000009"));
	end();
}

Test(vehicle_files, phones_are_digits_and_have_no_accounts)
{
	start(PROTOCOL_JT808);
	cr_assert(!reload("1381234567x\n") && strstr(message, "expected the digits"));
	cr_assert(!reload("123456789012345678901\n") && strstr(message, "expected the digits"));
	cr_assert(!reload("account fleet secret\n") &&
		  strstr(message, "accounts are of platforms"));
	end();
}

Test(vehicle_files, what_a_poller_may_still_read_is_not_freed)
{
	start(PROTOCOL_GBT32960);
	cr_assert(reload("LPENSTK0000000001\n") && reload("LPENSTK0000000002\n"));
	vehicle_files_turn(&files);
	cr_assert(!list_is_empty(&files.retired));
	quiescent_pass(rcu, 0);
	vehicle_files_turn(&files);
	cr_assert(list_is_empty(&files.retired));
	cr_assert(has_vehicle("LPENSTK0000000002") && !has_vehicle("LPENSTK0000000001"));
	end();
}
