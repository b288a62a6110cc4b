/* test_permit.c - listeners with a list: who is taken, who is refused and what he is told, what a
 * platform has to do first. */
#include "dataplane/fleet/gbt32960_permit.h"
#include "dataplane/wire/fleet/gbt32960.h"
#include "dataplane/wire/fleet/gbt32960_account.h"
#include "dataplane/wire/fleet/jt808_answer.h"
#include "tests/unit/session/ingest_rig.h"
#include "tests/unit/wire/fleet/jt808_sample.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { DATA_BYTES = 48 };
#define KNOWN "LPENSTK0000000001"
#define STRANGER "LPENSTK0000000002"
#define PLATFORM "PLATFORM000000000"

static struct vehicle_lists lists;

static struct bytes text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static struct bytes account_text(const char *name, const char *password,
				 uint8_t out[GBT32960_ACCOUNT_BYTES])
{
	struct gbt32960_account a = {text(name), text(password)};
	return gbt32960_account_text(&a, out);
}

/* The rig, whose listener has these names; null: none of the kind. */
static struct rig *rig_with(unsigned listener, const char *vin, const char *account,
			    const char *password)
{
	uint8_t out[GBT32960_ACCOUNT_BYTES];
	struct rig *r = rig_create(NULL);
	struct vehicle_list *l = vehicle_list_create(4);
	if (vin)
		vehicle_list_add(l, NAME_VEHICLE, text(vin));
	if (account)
		vehicle_list_add(l, NAME_ACCOUNT, account_text(account, password, out));
	lists.of[listener] = l;
	r->in.vehicle_lists = &lists;
	return r;
}

static void end(struct rig *r, struct wire *w)
{
	rig_settle(r);
	wire_end(w);
	rig_settle(r);
	wire_free(w);
	rig_destroy(r);
	for (unsigned i = 0; i < LISTENERS_MAX; i++)
		vehicle_list_free(lists.of[i]);
}

struct sent {
	uint8_t start, command, encryption;
	const char *vin, *account, *password;
};

static void send_frame(struct wire *w, struct sent s)
{
	struct {
		struct gbt32960_header h;
		uint8_t data[DATA_BYTES];
		uint8_t bcc;
	} frame = {.h = {.start = {s.start, s.start}, .command = s.command,
			 .flag = GBT32960_COMMAND,
			 .encryption = s.encryption ? s.encryption : GBT32960_PLAIN,
			 .data_bytes = be16_of(DATA_BYTES)},
		   .data = {24, 1, 2, 3, 4, 5}};
	memcpy(frame.h.vin, s.vin, sizeof frame.h.vin);
	if (s.account) {
		memcpy(frame.data + 8, s.account, strlen(s.account));
		memset(frame.data + 20, ' ', 20);
		memcpy(frame.data + 20, s.password, strlen(s.password));
	}
	frame.bcc = gbt32960_bcc(&frame.h, (struct bytes){frame.data, DATA_BYTES});
	wire_send(w, &frame, sizeof frame);
}

/* The flag of the last answer; 0: there is none since. */
static uint8_t last_flag(struct wire *w)
{
	enum { ANSWER_BYTES = GBT32960_FRAME_BYTES_MIN + GBT32960_TIME_BYTES };
	uint8_t flag = w->sent.size >= ANSWER_BYTES
			       ? w->sent.data[w->sent.size - ANSWER_BYTES + GBT32960_FLAG_AT]
			       : 0;
	w->sent.size = 0;
	return flag;
}

static uint64_t refused(const struct rig *r)
{
	return rig_stat(r, STAT_frame_reject_identity);
}

Test(permit, a_terminal_that_is_not_listed_is_refused_and_told)
{
	static const struct {
		uint8_t start, command, flag;
	} rows[] = {{'#', GBT32960_LOGIN, GBT32960_ERROR},
		    {'#', GBT32960_REALTIME, GBT32960_ERROR},
		    {'$', GBT32960_LOGIN, GBT32960_VIN_UNKNOWN},
		    {'$', GBT32960_REISSUE, GBT32960_VIN_UNKNOWN},
		    {'$', GBT32960_ACTIVATION, 0},
		    {'#', 0x30, 0}};
	struct rig *r = rig_with(RIG_TERMINAL, KNOWN, NULL, NULL);
	struct wire *w = wire_open(r, RIG_TERMINAL);
	for (unsigned i = 0; i < array_len(rows); i++) {
		send_frame(w, (struct sent){rows[i].start, rows[i].command, .vin = STRANGER});
		rig_settle(r);
		cr_assert(last_flag(w) == rows[i].flag, "row %u", i);
		cr_assert(refused(r) == i + 1 && r->stored_count == 0);
	}
	send_frame(w, (struct sent){'#', GBT32960_LOGIN, .vin = KNOWN});
	rig_settle(r);
	cr_assert(last_flag(w) == GBT32960_SUCCESS && r->stored_count == 1);
	struct bad_frame bad[8];
	cr_assert(bad_frames_read(&r->in.bad_frames, bad, array_len(bad)) == array_len(rows));
	end(r, w);
}

Test(permit, a_list_with_nobody_on_it_lets_nobody_in)
{
	struct rig *r = rig_with(RIG_TERMINAL, NULL, NULL, NULL);
	struct wire *w = wire_open(r, RIG_TERMINAL);
	send_frame(w, (struct sent){'#', GBT32960_LOGIN, .vin = KNOWN});
	rig_settle(r);
	cr_assert(refused(r) == 1 && r->stored_count == 0);
	end(r, w);
}

Test(permit, a_listener_without_a_list_takes_anybody)
{
	struct rig *r = rig_with(RIG_PLATFORM, KNOWN, NULL, NULL);
	struct wire *w = wire_open(r, RIG_TERMINAL);
	send_frame(w, (struct sent){'#', GBT32960_LOGIN, .vin = STRANGER});
	rig_settle(r);
	cr_assert(refused(r) == 0 && r->stored_count == 1);
	end(r, w);
}

/* All in one segment: what may be taken depends on the frame before. */
Test(permit, a_platform_logs_in_before_it_brings_anything)
{
	struct rig *r = rig_with(RIG_PLATFORM, NULL, "fleet", "secret");
	struct wire *w = wire_open(r, RIG_PLATFORM);
	send_frame(w, (struct sent){'#', GBT32960_REALTIME, .vin = STRANGER});
	send_frame(w, (struct sent){'#', GBT32960_PLATFORM_LOGIN, .vin = PLATFORM,
				    .account = "fleet", .password = "guess"});
	send_frame(w, (struct sent){'#', GBT32960_PLATFORM_LOGIN, GBT32960_AES, PLATFORM,
				    "fleet", "secret"});
	send_frame(w, (struct sent){'#', GBT32960_HEARTBEAT, .vin = PLATFORM});
	rig_settle(r);
	cr_assert(refused(r) == 4 && r->stored_count == 0);
	send_frame(w, (struct sent){'#', GBT32960_PLATFORM_LOGIN, .vin = PLATFORM,
				    .account = "fleet", .password = "secret"});
	send_frame(w, (struct sent){'#', GBT32960_REALTIME, .vin = STRANGER});
	send_frame(w, (struct sent){'#', GBT32960_PLATFORM_LOGOUT, .vin = PLATFORM});
	send_frame(w, (struct sent){'#', GBT32960_REALTIME, .vin = STRANGER});
	rig_settle(r);
	cr_assert(refused(r) == 5 && r->stored_count == 3);
	end(r, w);
}

Test(permit, a_platform_that_has_logged_in_brings_listed_vehicles_where_there_are_some)
{
	struct rig *r = rig_with(RIG_PLATFORM, KNOWN, "fleet", "secret");
	struct wire *w = wire_open(r, RIG_PLATFORM);
	send_frame(w, (struct sent){'#', GBT32960_PLATFORM_LOGIN, .vin = PLATFORM,
				    .account = "fleet", .password = "secret"});
	send_frame(w, (struct sent){'#', GBT32960_REALTIME, .vin = KNOWN});
	send_frame(w, (struct sent){'#', GBT32960_REALTIME, .vin = STRANGER});
	send_frame(w, (struct sent){'#', GBT32960_TIME_SYNC, .vin = PLATFORM});
	rig_settle(r);
	cr_assert(refused(r) == 1 && r->stored_count == 3);
	end(r, w);
}

Test(permit, a_name_and_a_password_are_not_one_word)
{
	uint8_t one[GBT32960_ACCOUNT_BYTES], two[GBT32960_ACCOUNT_BYTES];
	account_text("ab", "c", one);
	account_text("a", "bc", two);
	cr_assert(memcmp(one, two, sizeof one) != 0);
}

/* Ids and results of what a terminal that is not on the list is answered. */
Test(permit, a_phone_that_is_not_listed_is_refused_and_told)
{
	enum { LOCATION = 0x0200, REGISTRATION = 0x0100, UNKNOWN = 4, FAILED = 1 };
	struct soup s = {0};
	struct jt808_sent m = {.id = REGISTRATION, .phone = {0x01, 0x38, 0x12, 0x34, 0x56, 0x78},
			       .body_bytes = 40};
	struct rig *r = rig_with(RIG_JT808_ANY, "13812345679", NULL, NULL);
	struct wire *w = wire_open(r, RIG_JT808_ANY);
	jt808_send(&s, &m);
	m.id = LOCATION;
	m.body_bytes = 28;
	jt808_send(&s, &m);
	m.phone[5] = 0x79;
	jt808_send(&s, &m);
	wire_send(w, s.data, s.size);
	rig_settle(r);
	cr_assert(refused(r) == 2 && r->stored_count == 1);
	const uint8_t *registered = w->sent.data, *told = registered + 1 + 12 + 3 + 1 + 1;
	cr_assert(be16_load(registered + 1) == JT808_REGISTRATION_ANSWER);
	cr_assert(registered[1 + 12 + 2] == UNKNOWN);
	cr_assert(be16_load(told + 1) == JT808_GENERAL_ANSWER && told[1 + 12 + 4] == FAILED);
	free(s.data);
	end(r, w);
}
