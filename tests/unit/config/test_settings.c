/* test_settings.c - values of every type, what is said of wrong ones, listeners and
 * cores. */
#include "config/setting_value.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

static struct settings s;
static char *said;
static size_t said_size;
static char path[64];

/* Messages from here on are in `said`, once the stream is closed. */
static FILE *hear(void)
{
	free(said);
	said = NULL;
	return open_memstream(&said, &said_size);
}

/* Loads `size` bytes as a file; its messages are in `said`. */
static unsigned load_bytes(const char *text, size_t size)
{
	snprintf(path, sizeof path, "/tmp/penstock-settings-XXXXXX");
	int fd = mkstemp(path);
	cr_assert(write(fd, text, size) == (ssize_t)size);
	close(fd);
	FILE *messages = hear();
	settings_init(&s);
	unsigned errors = settings_load(&s, path, messages);
	fclose(messages);
	unlink(path);
	return errors;
}

static unsigned load(const char *text)
{
	return load_bytes(text, strlen(text));
}

static unsigned finish(void)
{
	FILE *messages = hear();
	unsigned errors = settings_finish(&s, messages);
	fclose(messages);
	return errors;
}

#define PORT "penstock.port=net_null0\npenstock.port.address=10.1.2.3/24\n"

/* The message names the file and this line. */
static bool names_line(unsigned line)
{
	char where[96];
	snprintf(where, sizeof where, "%s:%u: ", path, line);
	return strstr(said, where) != NULL;
}

Test(settings, every_type_is_read)
{
	unsigned errors = load("auto.create.topics.enable=FALSE\n"
			       "num.partitions = 8\n"
			       "log.message.timestamp.after.max.ms: 9000000000\n"
			       "log.segment.bytes 2097152\n"
			       "linger.ms=20\n"
			       "penstock.port=net_tap0,iface=x\n"
			       "compression.type=snappy\n");
	cr_assert(errors == 0, "%s", said);
	cr_assert(!s.auto_create_topics_enable);
	cr_assert(s.num_partitions == 8);
	cr_assert(s.log_message_timestamp_after_max_ms == 9000000000);
	cr_assert(s.log_segment_bytes == 2097152);
	cr_assert(s.linger_ms == 20);
	cr_assert(strcmp(s.port, "net_tap0,iface=x") == 0);
	cr_assert(s.compression_type == COMPRESSION_SNAPPY);
	finish();
}

Test(settings, every_default_parses_back_to_itself)
{
	settings_init(&s);
	struct setting_rows rows = setting_rows_gateway();
	for (unsigned i = 0; i < rows.count; i++) {
		char text[SETTING_TEXT_BYTES], again[SETTING_TEXT_BYTES], expected[256];
		setting_format(&rows.rows[i], &s, text, sizeof text);
		cr_assert(
			setting_parse(&rows.rows[i], &s, text, expected, sizeof expected),
			"%s", rows.rows[i].key);
		cr_assert(strcmp(setting_format(&rows.rows[i], &s, again, sizeof again),
				 text) == 0);
	}
}

/* What users know, from Kafka's documentation or ours: written here a second time, for the page
 * that is made of settings.def follows every change of it. */
static const struct known_default {
	const char *key;
	const char *text;
} known_defaults[] = {
	{"listeners", "KAFKA://:9092"},
	{"log.dirs", "/var/lib/penstock"},
	{"num.partitions", "1"},
	{"default.replication.factor", "1"},
	{"auto.create.topics.enable", "true"},
	{"delete.topic.enable", "true"},
	{"log.segment.bytes", "1073741824"},
	{"log.roll.ms", "604800000"},
	{"log.roll.hours", "168"},
	{"log.roll.jitter.ms", "0"},
	{"log.roll.jitter.hours", "0"},
	{"log.retention.ms", "604800000"},
	{"log.retention.minutes", "10080"},
	{"log.retention.hours", "168"},
	{"log.retention.bytes", "-1"},
	{"log.retention.check.interval.ms", "300000"},
	{"log.segment.delete.delay.ms", "60000"},
	{"offsets.topic.segment.bytes", "104857600"},
	{"log.index.interval.bytes", "4096"},
	{"log.index.size.max.bytes", "10485760"},
	{"log.preallocate", "false"},
	{"log.flush.interval.messages", "9223372036854775807"},
	{"log.flush.interval.ms", "9223372036854775807"},
	{"message.max.bytes", "1048588"},
	{"compression.type", "producer"},
	{"log.message.timestamp.before.max.ms", "9223372036854775807"},
	{"log.message.timestamp.after.max.ms", "3600000"},
	{"log.flush.offset.checkpoint.interval.ms", "60000"},
	{"socket.request.max.bytes", "104857600"},
	{"linger.ms", "5"},
	{"batch.size", "65536"},
	{"drain.timeout.ms", "10000"},
	{"penstock.control.socket", "/run/penstock/control.sock"},
	{"penstock.control.socket.mode", "0660"},
	{"penstock.tcp.rto.min.ms", "200"},
	{"penstock.tcp.time.wait.ms", "60000"},
}, known_listener_defaults[] = {
	{"answer.level", "durable"},
	{"answer.body", "time"},
	{"editions", "all"},
	{"link", "terminal"},
	{"key", "auto"},
	{"frame.max.bytes", "65556"},
	{"frame.timeout.ms", "10000"},
};

static void check_default(struct setting_rows rows, const struct known_default *known)
{
	char text[SETTING_TEXT_BYTES];
	const struct setting_row *row = setting_find(rows, known->key);
	cr_assert(row != NULL, "there is no %s any more", known->key);
	setting_format_default(row, text, sizeof text);
	cr_assert(strcmp(text, known->text) == 0, "%s is %s, users know %s", known->key, text,
		  known->text);
}

Test(settings, defaults_are_those_that_users_know)
{
	for (unsigned i = 0; i < array_len(known_defaults); i++)
		check_default(setting_rows_gateway(), &known_defaults[i]);
	for (unsigned i = 0; i < array_len(known_listener_defaults); i++)
		check_default(setting_rows_listener(), &known_listener_defaults[i]);
	settings_init(&s);
	cr_assert(s.num_partitions == 1 && s.poller.message_bytes_max == 1048588);
	cr_assert(s.log_segment_bytes == 1 << 30 && s.poller.request_bytes_max == 100 << 20);
	finish();
}

Test(settings, comments_continuations_and_escapes_are_as_in_a_properties_file)
{
	unsigned errors = load("# a comment \\\n"
			       "! another\n"
			       "\n"
			       "   listeners=KAFKA://:9092,\\\n"
			       "       UDP://:5140  \n"
			       "log.dirs=/tmp/a\\ b\\\\c\r\n");
	cr_assert(errors == 0, "%s", said);
	cr_assert(strcmp(s.listeners, "KAFKA://:9092,UDP://:5140") == 0, "%s",
		  s.listeners);
	cr_assert(strcmp(s.log_dirs, "/tmp/a b\\c") == 0, "%s", s.log_dirs);
	finish();
}

Test(settings, an_unknown_key_names_file_line_and_the_nearest_key)
{
	cr_assert(load("node.id=3\n\nnum.partition=8\n") == 1);
	cr_assert(names_line(3), "%s", said);
	cr_assert(strstr(said, "nearest: num.partitions"), "%s", said);
	finish();
}

Test(settings, the_bounds_of_a_range_belong_to_it)
{
	cr_assert(load("num.partitions=16384\n"
		       "socket.request.max.bytes=1024\n"
		       "penstock.tcp.keepalive.probes=100\n") == 0);
	cr_assert(s.num_partitions == 16384 && s.poller.request_bytes_max == 1024);
	finish();
	cr_assert(load("num.partitions=16385\n"
		       "socket.request.max.bytes=1023\n"
		       "penstock.tcp.keepalive.probes=101\n"
		       "node.id=-1\n") == 4);
	for (unsigned line = 1; line <= 4; line++)
		cr_assert(names_line(line), "line %u: %s", line, said);
	finish();
}

Test(settings, a_bad_value_names_file_line_and_what_is_expected)
{
	cr_assert(load("num.partitions=0\n"
		       "num.partitions=eight\n"
		       "num.partitions=8x\n"
		       "num.partitions=\n"
		       "delete.topic.enable=yes\n"
		       "compression.type=brotli\n"
		       "log.segment.bytes=99999999999999999999\n") == 7);
	for (unsigned line = 1; line <= 7; line++)
		cr_assert(names_line(line), "line %u: %s", line, said);
	cr_assert(strstr(said, "from 1 to 16384 (partitions)"), "%s", said);
	cr_assert(strstr(said, "one of false|true"), "%s", said);
	cr_assert(strstr(said, "gzip|snappy"), "%s", said);
	cr_assert(s.num_partitions == 1);
	finish();
}

Test(settings, keys_of_kafkas_that_mean_nothing_here_are_ignored_with_a_reason)
{
	cr_assert(load("zookeeper.connect=localhost:2181\n"
		       "log.cleaner.threads=1\n"
		       "num.io.threads=8\n"
		       "transaction.state.log.replication.factor=1\n"
		       "listener.name.kafka.ssl.keystore.location=/x\n") == 0,
		  "%s", said);
	cr_assert(names_line(1) &&
		  strstr(said, "zookeeper.connect is ignored: there is no ZooKeeper"));
	cr_assert(names_line(2) && strstr(said, "one thread compacts"));
	cr_assert(names_line(5) && strstr(said, "there is no TLS yet"));
	finish();
}

Test(settings, the_command_line_wins_over_the_file_under_either_name_of_a_key)
{
	cr_assert(load("broker.id=4\n") == 0);
	cr_assert(s.node_id == 4);
	cr_assert(settings_assign(&s, "node.id=9", stderr) == 0);
	cr_assert(s.node_id == 9);
	FILE *messages = hear();
	cr_assert(settings_assign(&s, "nodeid=9", messages) == 1);
	cr_assert(settings_assign(&s, "node.id", messages) == 1);
	fclose(messages);
	cr_assert(strstr(said, "--set: error: nodeid: no such key; nearest: node.id"),
		  "%s", said);
	cr_assert(strstr(said, "expected key=value"), "%s", said);
	finish();
}

Test(settings, listeners_take_protocol_topic_and_settings_by_name)
{
	cr_assert(load("listeners=PLAINTEXT://:9092,FLEET://10.1.2.3:32960,udp://"
		       "0.0.0.0:9092\n"
		       "listener.protocol.map=FLEET:GBT32960\n"
		       "listener.name.fleet.topic=vehicles\n"
		       "listener.name.fleet.link=platform\n"
		       "listener.name.fleet.answer.level=written\n"
		       "listener.name.udp.key=address\n" PORT) == 0,
		  "%s", said);
	cr_assert(finish() == 0, "%s", said);
	cr_assert(s.listener_count == 3);
	cr_assert(s.listener[0].protocol == PROTOCOL_KAFKA && s.listener[0].port == 9092);
	cr_assert(s.listener[1].protocol == PROTOCOL_GBT32960);
	cr_assert(strcmp(s.listener[1].topic, "vehicles") == 0);
	cr_assert(s.listener[1].link == LINK_PLATFORM);
	cr_assert(s.listener[1].answer_level == ACK_WRITTEN);
	cr_assert(s.listener[1].frame_bytes_max == GBT32960_FRAME_BYTES_MAX);
	cr_assert(s.listener[2].protocol == PROTOCOL_UDP &&
		  s.listener[2].key == RECORD_KEY_ADDRESS);
	cr_assert(strcmp(s.listener[2].topic, "udp") == 0);
}

/* Lines of which the first must fail settings_finish() with `sentence`. */
static void refuses(const char *line, const char *sentence)
{
	char text[512];
	snprintf(text, sizeof text, PORT "%s\n", line);
	cr_assert(load(text) == 0, "%s", said);
	cr_assert(finish() >= 1, "%s was taken", line);
	cr_assert(names_line(3), "%s", said);
	cr_assert(strstr(said, sentence), "%s", said);
}

Test(settings, wrong_listeners_are_refused_where_they_are_written)
{
	refuses("listeners=KAFKA:9092", "expected NAME://[host]:port");
	refuses("listeners=KAFKA://:0", "expected NAME://[host]:port");
	refuses("listeners=KAFKA://:70000", "expected NAME://[host]:port");
	refuses("listeners=FLEET://:32960", "give the name one with listener.protocol.map");
	refuses("listeners=KAFKA://:9092,GBT32960://:9092", "is taken by another listener");
	refuses("listeners=KAFKA://:9092,kafka://:9093", "is there twice");
	refuses("listeners=KAFKA://192.0.2.7:9092", "is not the port's");
	refuses("advertised.listeners=OTHER://h:1", "is not in listeners");
	refuses("listener.name.other.topic=x", "no listener other in listeners");
}

Test(settings, what_means_nothing_to_a_listener_is_refused)
{
	static const struct {
		const char *setting, *whose;
	} of_t_boxes[] = {{"answer.body=echo", "KAFKA, and this is of GBT32960 only"},
			  {"link=platform", "KAFKA, and this is of GBT32960 only"},
			  {"frame.max.bytes=4096", "this is of GBT32960 and JT808 only"},
			  {"frame.timeout.ms=1000", "this is of GBT32960 and JT808 only"},
			  {"phone.zeroes=keep", "this is of JT808 only"}};
	char line[160];
	for (unsigned i = 0; i < array_len(of_t_boxes); i++) {
		snprintf(line, sizeof line, "listener.name.kafka.%s", of_t_boxes[i].setting);
		refuses(line, of_t_boxes[i].whose);
		snprintf(line, sizeof line, "listener.name.d.%s\nlisteners=D://:5140\n"
			 "listener.protocol.map=D:UDP", of_t_boxes[i].setting);
		refuses(line, strstr(of_t_boxes[i].whose, "this"));
	}
	refuses("listener.name.jt808.link=platform\nlisteners=JT808://:808",
		"listener JT808 speaks JT808, and this is of GBT32960 only");
	refuses("listener.name.kafka.topic=t", "this is of GBT32960, JT808 and UDP only");
	refuses("listener.name.kafka.answer.level=written", "of GBT32960, JT808 and UDP only");
	refuses("listener.name.kafka.key=address", "this is of GBT32960, JT808 and UDP only");
	refuses("listener.name.udp.topic.live=t\nlisteners=UDP://:5140",
		"listener UDP speaks UDP, and this is of GBT32960 and JT808 only");
	refuses("advertised.listeners=UDP://h:5140\nlisteners=KAFKA://:9092,UDP://:5140",
		"UDP speaks UDP, and only Kafka's clients");
}

Test(settings, an_advertised_host_that_nobody_can_come_back_to_is_refused)
{
	refuses("advertised.listeners=KAFKA://0.0.0.0:9092", "no address to come back to");
	refuses("advertised.listeners=KAFKA://[::]:9092", "no address to come back to");
	refuses("advertised.listeners=KAFKA://:9092", "there is no host");
	refuses("advertised.listeners=KAFKA://239.1.1.1:9092", "no address of one host");
	refuses("advertised.listeners=KAFKA://255.255.255.255:9092", "of one host");
	refuses("advertised.listeners=KAFKA://[ff02::1]:9092", "no address of one host");
	refuses("advertised.listeners=KAFKA://10.0.0.256:9092", "neither an IPv4 address");
	refuses("advertised.listeners=KAFKA://0:9092", "neither an IPv4 address");
	refuses("advertised.listeners=KAFKA://2001:db8::1:9092", "written in brackets");
	refuses("advertised.listeners=KAFKA://[2001:db8::x]:9092", "no IPv6 address");
	refuses("advertised.listeners=KAFKA://my host:9092", "ASCII letters, digits");
	refuses("advertised.listeners=KAFKA:// host:9092", "ASCII letters, digits");
	refuses("advertised.listeners=KAFKA://host :9092", "ASCII letters, digits");
	refuses("advertised.listeners=KAFKA://g\303\274tz.example:9092", "ASCII letters");
	refuses("advertised.listeners=KAFKA://host/path:9092", "ASCII letters, digits");
	refuses("advertised.listeners=KAFKA://http://host:9092", "there are two ://");
	refuses("advertised.listeners=KAFKA://-a.example:9092", "begins or ends with -");
	refuses("advertised.listeners=KAFKA://a..example:9092", "between the dots");
	refuses("advertised.listeners=http://host", "expected NAME://host:port");
	refuses("advertised.listeners=http://host:9092", "http is not in listeners");
	refuses("advertised.listeners=KAFKA://host:0", "a number from 1 to 65535");
	refuses("advertised.listeners=KAFKA://host: 9092", "a number from 1 to 65535");
	refuses("advertised.listeners=KAFKA://host:+9092", "a number from 1 to 65535");
	refuses("advertised.listeners=KAFKA://a:1,kafka://b:2", "KAFKA is there twice");
	refuses("advertised.listeners=KAFKA://h:1,A://H:1\n"
		"listeners=KAFKA://:9092,A://:9093\nlistener.protocol.map=A:KAFKA",
		"KAFKA and A are both H:1");
}

Test(settings, an_advertised_host_that_is_too_long_is_refused)
{
	char line[512];
	snprintf(line, sizeof line, "advertised.listeners=KAFKA://%064d.example:9092", 0);
	refuses(line, "1 to 63 characters");
	snprintf(line, sizeof line, "advertised.listeners=KAFKA://%0254d:9092", 0);
	refuses(line, "at most 253 characters");
}

/* What clients are told when the only line is `item`. */
static void tells(const char *item, const char *host)
{
	char text[512], out[SETTING_HOST_BYTES];
	snprintf(text, sizeof text, PORT "advertised.listeners=%s\n", item);
	cr_assert(load(text) == 0, "%s", said);
	cr_assert(finish() == 0, "%s: %s", item, said);
	cr_assert(strcmp(settings_advertised_host(&s, 0, out, sizeof out), host) == 0, "%s",
		  out);
}

Test(settings, an_advertised_host_that_can_be_is_taken)
{
	tells("KAFKA://gateway-1.example.com:9092", "gateway-1.example.com");
	tells("KAFKA://gateway.example.com.:9092", "gateway.example.com.");
	tells("KAFKA://kafka_1:9092", "kafka_1");
	tells("KAFKA://192.0.2.10:9092", "192.0.2.10");
	tells("KAFKA://4you.example:65535", "4you.example");
	tells("KAFKA://[2001:db8::1]:9092", "2001:db8::1");
	cr_assert(said_size == 0, "%s", said);
	tells("KAFKA://localhost:9092", "localhost");
	cr_assert(names_line(3) && strstr(said, "warning: advertised.listeners"), "%s", said);
}

Test(settings, maps_and_topics_of_listeners_that_cannot_be_are_refused)
{
	refuses("listeners=KAFKA:// :9092", "is not the port's");
	refuses("listeners=KAFKA://: 9092", "a number from 1 to 65535");
	refuses("listeners=KAFKA://[::]:9092", "is not the port's");
	refuses("listeners=K A://:9092", "1 to 63 letters, digits");
	refuses("listener.protocol.map=FLEET", "expected NAME:PROTOCOL");
	refuses("listener.protocol.map=FLEET:GBT32690", "no such protocol");
	refuses("listener.protocol.map=A:UDP,a:KAFKA", "a is there twice");
	refuses("listener.security.protocol.map=A:SSL,A:SSL", "A is there twice");
	refuses("listener.name.udp.topic=a/b\nlisteners=UDP://:1", "ASCII letters, digits");
	refuses("listener.name.udp.topic=..\nlisteners=UDP://:1", "may not be . or ..");
	refuses("listener.name.udp.topic=\nlisteners=UDP://:1", "it is empty");
	refuses("listener.name.udp.topic=__cluster_metadata\nlisteners=UDP://:1", "metadata");
	refuses("listeners=__Cluster_Metadata://:1\nlistener.protocol.map=__Cluster_Metadata:UDP",
		"that of Kafka's own metadata");
}

Test(settings, an_address_that_no_host_can_have_is_refused)
{
	static const struct {
		const char *address;
		const char *sentence;
	} cases[] = {
		{"0.0.0.0/24", "no host on a network"},
		{"127.0.0.1/8", "no host on a network"},
		{"239.0.0.1/24", "no host on a network"},
		{"10.1.2.0/24", "the name of the network"},
		{"10.1.2.255/24", "the broadcast address"},
		{"10.1.2.3/ 24", "expected a.b.c.d/bits"},
		{"10.1.2.3/0", "expected a.b.c.d/bits"},
	};
	for (unsigned i = 0; i < array_len(cases); i++) {
		char text[128];
		snprintf(text, sizeof text,
			 "penstock.port=net_null0\npenstock.port.address=%s\n",
			 cases[i].address);
		cr_assert(load(text) == 0);
		cr_assert(finish() == 1 && names_line(2), "%s: %s", cases[i].address, said);
		cr_assert(strstr(said, cases[i].sentence), "%s", said);
	}
	cr_assert(load("penstock.port=net_null0\npenstock.port.address=10.1.2.0/31\n") == 0);
	cr_assert(finish() == 0, "%s", said);
}

Test(settings, a_nul_byte_is_an_error_of_its_line)
{
	static const char text[] = "node.id=3\nlog.dirs=/tmp/a\0b\nnum.partitions=4\n";
	cr_assert(load_bytes(text, sizeof text - 1) == 1);
	cr_assert(names_line(2) && strstr(said, "NUL byte"), "%s", said);
	cr_assert(s.node_id == 3 && s.num_partitions == 4);
	cr_assert(strcmp(s.log_dirs, "/var/lib/penstock") == 0, "%s", s.log_dirs);
	finish();
}

Test(settings, a_mark_of_utf8_is_skipped_and_one_of_utf16_is_refused)
{
	cr_assert(load("\xef\xbb\xbfnode.id=3\n") == 0, "%s", said);
	cr_assert(s.node_id == 3);
	finish();
	static const char text[] = "\xff\xfe" "n\0o\0d\0e\0";
	cr_assert(load_bytes(text, sizeof text - 1) == 1);
	cr_assert(strstr(said, "UTF-16"), "%s", said);
	finish();
	cr_assert(load("\xef\xbbnode.id=3\n") == 1 && strstr(said, "no UTF-8"), "%s", said);
	finish();
}

Test(settings, control_characters_are_refused_wherever_they_are_written)
{
	cr_assert(load("log.dirs=/tmp/\033[31m\n"
		       "node.\001id=3\n"
		       "log.dirs=/tmp/a\\nb\n"
		       "listener.name.kafka.topic=a\177\n"
		       "node.id=7\rnum.partitions=9\n") == 5);
	for (unsigned line = 1; line <= 5; line++)
		cr_assert(names_line(line), "line %u: %s", line, said);
	cr_assert(strstr(said, "log.dirs: there is a control character (0x1b)"), "%s", said);
	cr_assert(!strchr(said, '\033') && !strchr(said, '\001'));
	FILE *messages = hear();
	cr_assert(settings_assign(&s, "log.dirs=/tmp/\007", messages) == 1);
	fclose(messages);
	cr_assert(strstr(said, "control character (0x07)"), "%s", said);
	finish();
}

Test(settings, lines_end_as_any_editor_ends_them)
{
	cr_assert(load("node.id=3\r\nnum.partitions=4\r\n\r\nlinger.ms=7") == 0, "%s", said);
	cr_assert(s.node_id == 3 && s.num_partitions == 4 && s.linger_ms == 7);
	cr_assert(said_size == 0, "%s", said);
	finish();
}

Test(settings, a_key_that_is_given_twice_holds_as_it_was_given_last_and_is_named)
{
	cr_assert(load("broker.id=3\n\nnode.id=4\n"
		       "listener.name.udp.topic=a\nlistener.name.UDP.topic=b\n"
		       "listeners=UDP://:5140\n" PORT) == 0, "%s", said);
	cr_assert(names_line(3) && strstr(said, "node.id was given at"), "%s", said);
	cr_assert(names_line(5) && strstr(said, "listener.name.UDP.topic was given at"),
		  "%s", said);
	cr_assert(s.node_id == 4);
	FILE *messages = hear();
	cr_assert(settings_assign(&s, "node.id=5", messages) == 0);
	fclose(messages);
	cr_assert(said_size == 0, "the command line may: %s", said);
	cr_assert(finish() == 0, "%s", said);
	cr_assert(strcmp(s.listener[0].topic, "b") == 0);
}

Test(settings, a_line_that_is_too_long_is_named_however_long_its_file_s_name_is)
{
	static char text[3000], deep[600];
	snprintf(text, sizeof text, "\nlog.dirs=/%02500d\n", 0);
	cr_assert(load(text) == 1);
	cr_assert(names_line(2) && strstr(said, "at most 1023 characters"));
	finish();
	memset(deep, '/', 300);
	snprintf(deep + 300, 300, "tmp/penstock-settings-deep-%d", (int)getpid());
	FILE *file = fopen(deep, "w");
	fputs("\n\nnode.id=x\n", file);
	fclose(file);
	FILE *messages = hear();
	settings_init(&s);
	cr_assert(settings_load(&s, deep, messages) == 1);
	fclose(messages);
	unlink(deep);
	cr_assert(strstr(said, ":3: error: node.id=x"), "%s", said);
	finish();
}

Test(settings, a_directory_is_no_settings_file)
{
	FILE *messages = hear();
	settings_init(&s);
	cr_assert(settings_load(&s, "/tmp", messages) == 1);
	fclose(messages);
	cr_assert(strstr(said, "/tmp: error: cannot be read: Is a directory"), "%s", said);
	finish();
}

Test(settings, log_dirs_is_a_list_as_kafkas)
{
	static const char *const expected[] = {"/a", "/b b", "/c"};
	char dir[SETTING_TEXT_BYTES];
	settings_init(&s);
	cr_assert(settings_assign(&s, "log.dirs=/a , /b b,,/c", stderr) == 0);
	for (unsigned i = 0; i < array_len(expected); i++) {
		cr_assert(settings_log_dir(&s, i, dir));
		cr_assert(strcmp(dir, expected[i]) == 0, "%s", dir);
	}
	cr_assert(!settings_log_dir(&s, array_len(expected), dir));
}

Test(settings, wrong_combinations_are_refused_where_they_are_written)
{
	refuses("penstock.cores=fused:x", "expected poller:CPU");
	refuses("penstock.cores=poller:1", "no writer");
	refuses("penstock.cores=coordinator:0,coordinator:1", "2 coordinators: there is one");
	refuses("penstock.cores=writer:1", "no poller");
	refuses("penstock.cores=poller:1,writer:1", "is there twice");
	refuses("penstock.cores=poller:1,poller:2,writer:3", "one queue so far");
	refuses("penstock.control.socket.mode=rw", "expected octal");
	refuses("log.dirs= , ,", "expected a directory");
	refuses("log.dirs=/a, /b ,/a", "/a is named twice");
	refuses("log.dirs=/a,/b,/c,/d,/e,/f,/g,/h,/i,/j,/k,/l,/m,/n,/o,/p,/q",
		"17 directories; at most 16");
	refuses("penstock.writer.buffer.bytes=65537", "multiple of 4096");
	refuses("penstock.partition.credit.bytes=65536", "would wait for ever");
	refuses("socket.request.max.bytes=1000000", "would cost its producer the connection");
	refuses("penstock.receive.memory.bytes=1000", "1048576 at least");
	refuses("penstock.answers.max=10", "64 at least");
	refuses("penstock.cores=fused:+1", "expected poller:CPU");
	refuses("penstock.cores=fused:-1", "expected poller:CPU");
	refuses("penstock.cores=fused:1024", "expected poller:CPU");
	refuses("penstock.control.socket.mode=-1", "expected octal");
	refuses("penstock.control.socket.mode=0o660", "expected octal");
	refuses("penstock.port.address=10.0.0.1", "expected a.b.c.d/bits");
	refuses("penstock.port.address=10.0.0.1/33", "expected a.b.c.d/bits");
}

Test(settings, a_window_that_no_whole_frame_fits_is_refused)
{
	cr_assert(load(PORT "listeners=GBT32960://:32960\n"
			    "socket.receive.buffer.bytes=65555\n") == 0);
	cr_assert(finish() == 1 && names_line(4), "%s", said);
	cr_assert(strstr(said, "frame.max.bytes 65556 of listener GBT32960"), "%s", said);
	cr_assert(load(PORT "listeners=GBT32960://:32960\n"
			    "socket.receive.buffer.bytes=65555\n"
			    "listener.name.gbt32960.frame.max.bytes=65000\n") == 0);
	cr_assert(finish() == 0, "%s", said);
}

Test(settings, a_reordered_window_is_kept_whole_unless_told_otherwise)
{
	settings_init(&s);
	cr_assert(s.tcp.out_of_order_bytes >= s.tcp.receive_buffer_bytes,
		  "what is dropped for its order looks like loss to the peer");
}

Test(settings, a_port_and_its_address_must_be_set)
{
	settings_init(&s);
	cr_assert(finish() == 2, "%s", said);
	cr_assert(strstr(said, "penstock.port is not set"), "%s", said);
	cr_assert(strstr(said, "penstock.port.address is not set"), "%s", said);
}

Test(settings, cores_and_address_are_taken_apart)
{
	cr_assert(load(PORT "penstock.cores=poller:2, writer:3,coordinator:0\n") == 0);
	cr_assert(finish() == 0, "%s", said);
	cr_assert(s.core_count == 3 && s.core[2].role == CORE_COORDINATOR && s.core[2].cpu == 0);
	cr_assert(s.core[0].role == CORE_POLLER && s.core[0].cpu == 2);
	cr_assert(s.core[1].role == CORE_WRITER && s.core[1].cpu == 3);
	cr_assert(s.port_ip4 == 0x0a010203 && s.port_prefix_bits == 24);
	cr_assert(s.control_mode == 0660);
	char host[64];
	cr_assert(strcmp(settings_advertised_host(&s, 0, host, sizeof host),
			 "10.1.2.3") == 0);
}

Test(settings, a_missing_file_is_an_error_that_names_it)
{
	FILE *messages = hear();
	settings_init(&s);
	cr_assert(settings_load(&s, "/nonexistent/penstock.conf", messages) == 1);
	fclose(messages);
	cr_assert(strstr(
		said, "/nonexistent/penstock.conf: error: cannot be read: No such file"));
}

Test(settings, a_topic_takes_the_gateways_values_until_told_otherwise)
{
	char message[256];
	struct topic_settings t;
	settings_init(&s);
	s.linger_ms = 77;
	topic_settings_init(&t, &s);
	cr_assert(t.topic.linger_ms == 77 && t.log.segment_bytes == 1073741824);
	cr_assert(topic_settings_set(&t, &s, "linger.ms", "3", message, sizeof message));
	cr_assert(t.topic.linger_ms == 3 && t.is_set[TOPIC_SETTING_linger_ms]);
	cr_assert(topic_settings_set(&t, &s, "linger.ms", NULL, message, sizeof message));
	cr_assert(t.topic.linger_ms == 77 && !t.is_set[TOPIC_SETTING_linger_ms]);
	cr_assert(!topic_settings_set(&t, &s, "lingerms", "3", message, sizeof message));
	cr_assert(strstr(message, "nearest: linger.ms"), "%s", message);
}

Test(settings, the_annotated_example_is_taken_without_a_word)
{
	FILE *messages = hear();
	settings_init(&s);
	unsigned errors = settings_load(&s, getenv("PENSTOCK_CONF"), messages);
	errors += settings_finish(&s, messages);
	fclose(messages);
	cr_assert(errors == 0 && said_size == 0, "%s", said);
	cr_assert(s.listener_count == 3);
}
