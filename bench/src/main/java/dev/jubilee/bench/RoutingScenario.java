package dev.jubilee.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.kafka.KafkaEnvelopes;
import dev.jubilee.server.bus.filters.FilterEvent;
import dev.jubilee.server.bus.subscriptions.Selection;
import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.bus.subscriptions.SubscriptionIndex;
import dev.jubilee.server.bus.subscriptions.SubscriptionIndex.Selector;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.ToLongFunction;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.record.TimestampType;

/**
 * Finding out whom an event is for, in this process and on one thread, from the record as it comes
 * from Kafka.
 */
final class RoutingScenario {
    private static final String TOPIC = "game.events";
    private static final String TYPE = "game.match.end";
    private static final int SQUADS = 50;
    private static final int EACH = 2;
    private static final int EVENTS = 1_000;
    private static final int COMPARED = 20;
    private static final int ROUNDS = 5;
    private static final int FLOOR = 100_000;
    private static final List<Integer> OTHERS = List.of(100, 1_000, 10_000);

    private final Stand stand;
    private final Outcome.Notes notes = new Outcome.Notes();
    private final List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();

    private RoutingScenario(Stand stand) {
        this.stand = stand;
        for (int i = 0; i < EVENTS; i++) {
            records.add(record(i));
        }
    }

    static Outcome run(Stand stand) {
        return new RoutingScenario(stand).run();
    }

    private Outcome run() {
        List<Candidate> all = new ArrayList<>();
        all.add(new Candidate("no subscriptions, the events only read", RoutingScenario::read));
        for (int others : OTHERS) {
            all.add(among("%,d that do not match".formatted(others), selectors(others, false)));
        }
        all.add(among("1,000 that want other numbers", selectors(1_000, true)));
        measure(all);
        notes.figure(
                Figure.atLeast(
                        "among 10,000, of what it is among 100",
                        Figure.ratio(all.get(3).rate(), all.get(1).rate()),
                        "×",
                        0.67));
        return notes.of(
                "routing: %,d subscriptions of which each event matches %d, among others"
                        .formatted(SQUADS * EACH, EACH));
    }

    /** Something that is done with events, and how fast it was in each round. */
    private static final class Candidate {
        private final String name;
        private final ToLongFunction<ConsumerRecord<byte[], byte[]>> work;
        private final List<Double> rates = new ArrayList<>();
        private long events;
        private long cpu;

        Candidate(String name, ToLongFunction<ConsumerRecord<byte[], byte[]>> work) {
            this.name = name;
            this.work = work;
        }

        double rate() {
            List<Double> sorted = rates.stream().sorted().toList();
            return sorted.get(sorted.size() / 2);
        }
    }

    private Candidate among(String name, List<Selector> selectors) {
        SubscriptionIndex index = SubscriptionIndex.of(selectors);
        compare(name, index);
        return new Candidate("among " + name, record -> match(index, record, new ArrayList<>()));
    }

    /** In turns, so that what else the machine does is in all of them; the median counts. */
    private void measure(List<Candidate> all) {
        stand.say("warming up");
        all.forEach(one -> round(one, stand.warmUp()));
        for (Candidate one : all) {
            one.rates.clear();
            one.events = 0;
            one.cpu = 0;
        }
        for (int i = 1; i <= ROUNDS; i++) {
            stand.say("round %d of %d".formatted(i, ROUNDS));
            all.forEach(one -> round(one, stand.duration().dividedBy(ROUNDS)));
        }
        for (Candidate one : all) {
            String figure = "events " + one.name;
            boolean bound = one == all.get(2) || one == all.getLast();
            notes.figure(
                    bound
                            ? Figure.atLeast(figure, one.rate(), "/s", FLOOR)
                            : Figure.told(figure, one.rate(), "/s"));
            double micros = one.cpu / 1e3 / Math.max(1, one.events);
            notes.figure(Figure.told("CPU of one", micros, "µs"));
        }
    }

    private void round(Candidate one, Duration duration) {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long start = System.nanoTime();
        long cpu = threads.getCurrentThreadCpuTime();
        long events = 0;
        long found = 0;
        while (System.nanoTime() - start < duration.toNanos()) {
            for (ConsumerRecord<byte[], byte[]> record : records) {
                found += one.work.applyAsLong(record);
            }
            events += records.size();
        }
        if (found == 0) {
            throw new BenchException("Nothing was found in %,d events".formatted(events));
        }
        one.rates.add(events / ((System.nanoTime() - start) / 1e9));
        one.events += events;
        one.cpu += threads.getCurrentThreadCpuTime() - cpu;
    }

    /** Against trying each subscription by itself, for some of the events. */
    private void compare(String name, SubscriptionIndex index) {
        long matches = 0;
        long wrong = 0;
        for (ConsumerRecord<byte[], byte[]> record : records.subList(0, COMPARED)) {
            List<UUID> found = new ArrayList<>();
            match(index, record, found);
            Envelope event = KafkaEnvelopes.read(record);
            Set<UUID> expected = new HashSet<>();
            for (Subscription one : index.all()) {
                if (Selection.mismatches(one, record.topic(), event).isEmpty()) {
                    expected.add(one.id());
                }
            }
            matches += found.size();
            wrong += found.size() == expected.size() && expected.containsAll(found) ? 0 : 1;
        }
        notes.finding(Finding.exactly("matches of 20 events, " + name, COMPARED * EACH, matches));
        notes.finding(Finding.exactly("events that went elsewhere, " + name, 0, wrong));
    }

    private static long read(ConsumerRecord<byte[], byte[]> record) {
        return FilterEvent.of(record.topic(), KafkaEnvelopes.read(record)).size();
    }

    /** As the router does: the envelope, and the payload only where a filter asks for it. */
    private static long match(
            SubscriptionIndex index, ConsumerRecord<byte[], byte[]> record, List<UUID> into) {
        if (!index.mayWant(record.topic(), TYPE)) {
            return 0;
        }
        Envelope event = KafkaEnvelopes.read(record);
        index.match(
                record.topic(),
                event.type(),
                () -> FilterEvent.of(record.topic(), event),
                one -> into.add(one.id()));
        return into.size();
    }

    private static ConsumerRecord<byte[], byte[]> record(int i) {
        String data =
                """
                {"player_id":"p%d","squad":"squad-%d","mode":"battle_royale","duration":1800,\
                "map":{"name":"Neon_City","version":7},"tags":["ranked","weekend"],"note":"%s"}\
                """
                        .formatted(i, i % SQUADS, "x".repeat(120));
        Envelope event =
                Envelope.of("event-" + i, TYPE, "bench", Instant.EPOCH)
                        .partitionKey("p" + i)
                        .correlationId("match-" + i)
                        .json(data.getBytes(UTF_8))
                        .build();
        ProducerRecord<byte[], byte[]> sent = KafkaEnvelopes.record(TOPIC, event);
        return new ConsumerRecord<>(
                TOPIC,
                0,
                i,
                0L,
                TimestampType.CREATE_TIME,
                sent.key() == null ? 0 : sent.key().length,
                sent.value().length,
                sent.key(),
                sent.value(),
                sent.headers(),
                java.util.Optional.empty());
    }

    /** Two for each squad, and so many that want other topics, other types, or other payloads. */
    private static List<Selector> selectors(int others, boolean byNumber) {
        List<Selector> all = new ArrayList<>();
        for (int i = 0; i < SQUADS * EACH; i++) {
            String filter = "{\"data\":{\"squad\":[\"squad-%d\"]}}".formatted(i % SQUADS);
            all.add(new Selector(id(i), "game.*", List.of("game.match.*"), filter));
        }
        for (int i = 0; i < others; i++) {
            UUID id = id(SQUADS * EACH + i);
            if (byNumber) {
                String filter =
                        "{\"data\":{\"duration\":[{\"numeric\":[\">\",%d]}]}}".formatted(1_800 + i);
                all.add(new Selector(id, TOPIC, List.of(), filter));
                continue;
            }
            all.add(
                    switch (i % 4) {
                        case 0 -> new Selector(id, "system.part-" + i + ".*", List.of(), null);
                        case 1 -> new Selector(id, TOPIC, List.of("game.chat-" + i), null);
                        case 2 -> new Selector(id, "game.*", List.of(), elsewhere(i));
                        default -> new Selector(id, TOPIC, List.of(TYPE), elsewhere(i));
                    });
        }
        return all;
    }

    private static String elsewhere(int i) {
        return """
        {"data":{"squad":["nobody-%d"],"duration":[{"numeric":[">",%d]}],"mode":["battle_royale"]}}\
        """
                .formatted(i, i);
    }

    private static UUID id(int number) {
        return new UUID(0, number);
    }
}
