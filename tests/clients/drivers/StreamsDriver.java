/* StreamsDriver.java - kafka-streams 4 for the suite clients: an application until stdin ends;
 * words in, JSON lines out (../streams.py). */
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

public class StreamsDriver {
    static final Map<String, String> words = new HashMap<>();
    static final Serde<String> text = Serdes.String();

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
            complain(error);
            status = 1;
        }
        Runtime.getRuntime().halt(status);
    }

    static synchronized void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    static void complain(Throwable error) {
        while (error.getCause() != null)
            error = error.getCause();
        String said = error.toString().replaceAll("[\\\\\"\\p{Cntrl}]", " ");
        say("{\"error\": \"" + said + "\"}");
    }

    static void run(String command) throws IOException {
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> split = builder
            .stream(words.get("input"), Consumed.with(text, text))
            .flatMapValues(value -> Arrays.asList(value.split(" ")));
        if (command.equals("count"))
            split = count(split);
        split.to(words.get("output"), Produced.with(text, text));
        try (KafkaStreams streams = new KafkaStreams(builder.build(), settings())) {
            streams.setUncaughtExceptionHandler(error -> {
                complain(error);
                return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
            });
            streams.start();
            while (System.in.read() >= 0) { }
        }
    }

    /* In memory, so that an application that comes back has its changelog and nothing else. */
    static KStream<String, String> count(KStream<String, String> split) {
        Materialized<String, Long, KeyValueStore<Bytes, byte[]>> kept = Materialized
            .<String, Long>as(Stores.inMemoryKeyValueStore("counts"))
            .withKeySerde(text).withValueSerde(Serdes.Long());
        if (words.get("is_logged").equals("no"))
            kept = kept.withLoggingDisabled();
        return split.groupBy((key, word) -> word, Grouped.with(text, text)).count(kept)
            .toStream().mapValues(count -> Long.toString(count));
    }

    /* The defaults, but for what makes a test short. */
    static Properties settings() {
        Properties made = new Properties();
        made.put("bootstrap.servers", words.get("broker"));
        made.put("application.id", words.get("application"));
        made.put("state.dir", words.get("state"));
        made.put("commit.interval.ms", "200");
        return made;
    }
}
