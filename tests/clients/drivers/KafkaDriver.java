/* KafkaDriver.java - kafka-clients 2.3 to 4.x for the suite clients; words in, JSON lines out. */
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.AdminClient;
import org.apache.kafka.clients.admin.DescribeTopicsResult;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public class KafkaDriver {
    static final Map<String, String> words = new HashMap<>();

    public static void main(String[] arguments) {
        for (int i = 1; i < arguments.length; i++) {
            String[] pair = arguments[i].split("=", 2);
            words.put(pair[0], pair[1]);
        }
        int status = 0;
        try {
            run(arguments[0]);
            say("{\"done\": true}");
        } catch (Throwable error) {
            Throwable cause = error.getCause() == null ? error : error.getCause();
            say("{\"error\": " + quote(cause.toString()) + "}");
            status = 1;
        }
        Runtime.getRuntime().halt(status);
    }

    static void run(String command) throws Exception {
        switch (command) {
        case "version": say("{\"version\": " + quote(System.getProperty("version")) + "}"); break;
        case "create": case "grow": case "delete": case "describe": admin(command); break;
        case "produce": produce(); break;
        case "consume": consume(); break;
        case "group": group(); break;
        default: say("{\"unsupported\": " + quote(command) + "}");
        }
    }

    static String quote(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char c : text.toCharArray())
            quoted.append(c == '"' || c == '\\' ? "\\" + c : c < ' ' ? " " : String.valueOf(c));
        return quoted.append('"').toString();
    }

    static synchronized void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    static int number(String key) {
        return Integer.parseInt(words.get(key));
    }

    static Properties properties(String... pairs) {
        Properties made = new Properties();
        made.put("bootstrap.servers", words.get("broker"));
        for (int i = 0; i < pairs.length; i += 2)
            made.put(pairs[i], pairs[i + 1]);
        return made;
    }

    /* ---- admin ----------------------------------------------------------------------------- */

    static void admin(String command) throws Exception {
        String topic = words.get("topic");
        try (AdminClient admin = AdminClient.create(properties("request.timeout.ms", "15000",
                                                              "default.api.timeout.ms", "20000"))) {
            if (command.equals("create"))
                admin.createTopics(List.of(new NewTopic(topic, number("partitions"), (short) 1)))
                    .all().get(30, TimeUnit.SECONDS);
            else if (command.equals("grow"))
                admin.createPartitions(
                    Map.of(topic, NewPartitions.increaseTo(number("partitions"))))
                    .all().get(30, TimeUnit.SECONDS);
            else if (command.equals("delete"))
                admin.deleteTopics(List.of(topic)).all().get(30, TimeUnit.SECONDS);
            else
                describe(admin, topic);
        }
    }

    /* Version 4 has dropped the call of 2.3 for the one that came with 3.1. */
    @SuppressWarnings("unchecked")
    static void describe(AdminClient admin, String topic) throws Exception {
        DescribeTopicsResult result = admin.describeTopics(List.of(topic));
        boolean isNew = Arrays.stream(DescribeTopicsResult.class.getMethods())
            .anyMatch(method -> method.getName().equals("topicNameValues"));
        Map<String, KafkaFuture<TopicDescription>> values =
            (Map<String, KafkaFuture<TopicDescription>>) DescribeTopicsResult.class
                .getMethod(isNew ? "topicNameValues" : "values").invoke(result);
        TopicDescription told = values.get(topic).get(30, TimeUnit.SECONDS);
        say("{\"partitions\": " + told.partitions().size() + "}");
    }

    /* ---- records --------------------------------------------------------------------------- */

    static void produce() throws Exception {
        Properties settings = properties("compression.type", words.get("codec"), "linger.ms", "5",
                                         "acks", words.get("acks"));
        if (words.get("idempotence").equals("on"))
            settings.put("enable.idempotence", "true");
        int first = number("first"), count = number("count"), rate = number("rate");
        int partitions = number("partitions");
        long begin = System.nanoTime();
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                 settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            for (int i = 0; i < count; i++) {
                if (rate > 0)
                    Thread.sleep(Math.max(0, (begin + i * 1_000_000_000L / rate - System.nanoTime())
                                          / 1_000_000));
                send(producer, first + i, partitions);
            }
            producer.flush();
        }
    }

    static void send(KafkaProducer<byte[], byte[]> producer, int number, int partitions) {
        byte[] value = new byte[number("size")];
        Arrays.fill(value, (byte) 'x');
        byte[] begin = (number + " ").getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(begin, 0, value, 0, begin.length);
        byte[] key = ("k" + number % 50).getBytes(StandardCharsets.US_ASCII);
        Integer partition = partitions > 0 ? number % partitions : null;
        producer.send(new ProducerRecord<>(words.get("topic"), partition, key, value),
            (told, error) -> {
                if (error != null)
                    say("{\"failed\": " + number + ", \"error\": " + quote(error.toString()) + "}");
                else
                    say("{\"acked\": " + number + ", \"partition\": " + told.partition()
                        + ", \"offset\": " + told.offset() + "}");
            });
    }

    static KafkaConsumer<byte[], byte[]> consumer(Properties settings) {
        settings.put("enable.auto.commit", "false");
        return new KafkaConsumer<>(settings, new ByteArrayDeserializer(),
                                   new ByteArrayDeserializer());
    }

    static int show(ConsumerRecords<byte[], byte[]> records) {
        for (ConsumerRecord<byte[], byte[]> record : records) {
            String begin = new String(record.value(), 0, Math.min(12, record.value().length),
                                      StandardCharsets.US_ASCII).split(" ")[0];
            say("{\"read\": " + begin + ", \"partition\": " + record.partition() + ", \"offset\": "
                + record.offset() + ", \"size\": " + record.value().length + "}");
        }
        return records.count();
    }

    static void consume() {
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(properties())) {
            List<TopicPartition> partitions = consumer.partitionsFor(words.get("topic")).stream()
                .map(p -> new TopicPartition(p.topic(), p.partition()))
                .collect(Collectors.toList());
            consumer.assign(partitions);
            seek(consumer, partitions, words.get("from"));
            say("{\"ready\": true}");
            long deadline = System.nanoTime() + number("seconds") * 1_000_000_000L;
            for (int left = number("count"); left > 0 && System.nanoTime() < deadline; )
                left -= show(consumer.poll(Duration.ofMillis(500)));
        }
    }

    static void seek(KafkaConsumer<byte[], byte[]> consumer, List<TopicPartition> partitions,
                     String from) {
        if (from.equals("beginning")) {
            consumer.seekToBeginning(partitions);
        } else if (from.equals("latest")) {
            consumer.seekToEnd(partitions);
            partitions.forEach(consumer::position);
        } else {
            Map<TopicPartition, Long> times = new HashMap<>();
            partitions.forEach(p -> times.put(p, Long.parseLong(from)));
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            for (Map.Entry<TopicPartition, OffsetAndTimestamp> found
                     : consumer.offsetsForTimes(times).entrySet())
                consumer.seek(found.getKey(), found.getValue() == null
                              ? ends.get(found.getKey()) : found.getValue().offset());
        }
    }

    static void group() {
        Properties settings = properties("group.id", words.get("group"), "auto.offset.reset",
            "earliest", "session.timeout.ms", "6000", "heartbeat.interval.ms", "1000",
            "metadata.max.age.ms", "2000");
        Thread stop = new Thread(KafkaDriver::awaitEndOfInput);
        stop.setDaemon(true);
        stop.start();
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(settings)) {
            consumer.subscribe(List.of(words.get("topic")), new ConsumerRebalanceListener() {
                public void onPartitionsRevoked(Collection<TopicPartition> partitions) { }

                public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
                    TreeSet<Integer> all = new TreeSet<>();
                    consumer.assignment().forEach(p -> all.add(p.partition()));
                    say("{\"assigned\": " + all + "}");
                }
            });
            while (stop.isAlive())
                if (show(consumer.poll(Duration.ofMillis(200))) > 0)
                    consumer.commitSync();
        }
    }

    static void awaitEndOfInput() {
        try {
            while (System.in.read() >= 0) { }
        } catch (IOException ended) {
            return;
        }
    }
}
