package dev.jubilee.bench;

import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** From the moment at which an event was to be published until a subscriber has it. */
final class LatencyScenario {
    private static final String TOPIC = "bench.latency";
    private static final int KEYS = 1_000;
    private static final int RATE = 2_000;
    private static final double MEMORY_LIMIT = 512;
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final double MICROS = 1e3;

    private final Stand stand;
    private final MarkedPublisher publisher;
    private final Vertx vertx;
    private final Outcome.Notes notes = new Outcome.Notes();
    private final int rate;

    /** How a subscriber gets its events. */
    private enum Method {
        WEBHOOK("webhook"),
        STREAM("sse"),
        GROUP("kafka");

        private final String text;

        Method(String text) {
            this.text = text;
        }
    }

    private LatencyScenario(Stand stand, MarkedPublisher publisher, Vertx vertx) {
        this.stand = stand;
        this.publisher = publisher;
        this.vertx = vertx;
        this.rate = stand.rate(RATE);
    }

    static Outcome run(Stand stand) {
        stand.topic(TOPIC);
        Vertx vertx = MarkedPublisher.oneLoop();
        MarkedLoad load = new MarkedLoad(TOPIC, KEYS, 1);
        try (MarkedPublisher publisher = new MarkedPublisher(stand.platform(), load)) {
            return new LatencyScenario(stand, publisher, vertx).run();
        } finally {
            vertx.close().await();
        }
    }

    private Outcome run() {
        for (Method method : Method.values()) {
            measure(method.text, List.of(method), true);
        }
        measure("all three", List.of(Method.values()), false);
        return notes.of("deliver-latency: from publishing to a webhook, a stream, a consumer");
    }

    private void measure(String name, List<Method> methods, boolean bound) {
        List<Receiver> receivers = new ArrayList<>();
        try (Subscriptions subscriptions = new Subscriptions(stand.platform())) {
            for (Method method : methods) {
                receivers.add(receiver(method, subscriptions));
            }
            stand.say("warming up " + name);
            Warmth warmth = stand.warmth();
            while (warmth.wantsMore()) {
                phase(receivers, stand.warmUp());
            }
            stand.say("%s at %,d/s".formatted(name, rate));
            try (Meter meter = stand.meter()) {
                Heard heard = phase(receivers, stand.duration());
                for (int i = 0; i < receivers.size(); i++) {
                    String who = bound ? name : methods.get(i).text + " beside the others";
                    latency(who, heard.ledgers().get(i).latency(), bound);
                    findings(who, heard.ledgers().get(i), heard.published());
                }
                Phases.cost(notes, meter, "event to " + name, heard.published().events());
                Phases.memory(notes, meter, "with " + name, MEMORY_LIMIT);
            }
        } finally {
            receivers.forEach(Receiver::close);
        }
    }

    private Receiver receiver(Method method, Subscriptions subscriptions) {
        return switch (method) {
            case WEBHOOK -> {
                Receiver.Webhook webhook = new Receiver.Webhook(vertx);
                subscriptions.add(
                        Map.of(
                                "topic_pattern",
                                TOPIC,
                                "method",
                                "webhook",
                                "endpoint",
                                webhook.url()));
                yield webhook;
            }
            case STREAM -> {
                String id =
                        subscriptions
                                .add(
                                        Map.of(
                                                "topic_pattern",
                                                TOPIC,
                                                "method",
                                                "sse",
                                                "requires_ack",
                                                false))
                                .text("subscription_id");
                yield new Receiver.Stream(vertx, stand.platform(), id);
            }
            case GROUP -> {
                String group =
                        subscriptions
                                .add(Map.of("topic_pattern", TOPIC, "method", "kafka"))
                                .text("consumer_group");
                yield new Receiver.Group(stand.installation(), TOPIC, group);
            }
        };
    }

    /** What was published, and what each receiver heard of it. */
    private record Heard(MarkedPublisher.Published published, List<Ledger> ledgers) {}

    /** Publishes for so long and waits until everybody has everything. */
    private Heard phase(List<Receiver> receivers, Duration duration) {
        List<Ledger> ledgers = new ArrayList<>();
        for (Receiver receiver : receivers) {
            Ledger ledger = new Ledger(publisher.nextPhase(), KEYS);
            receiver.hear(ledger);
            ledgers.add(ledger);
        }
        MarkedPublisher.Published published =
                publisher.steady("bench-" + stand.run() + "-latency", rate, duration);
        Waiting.until(
                PATIENCE,
                () -> ledgers.stream().allMatch(one -> one.heard() >= published.events()));
        return new Heard(published, ledgers);
    }

    private void latency(String who, Latency latency, boolean bound) {
        double p50 = latency.p50() / MICROS;
        double p99 = latency.p99() / MICROS;
        notes.figure(
                bound
                        ? Figure.below(who + ", p50", p50, "ms", 10)
                        : Figure.told(who + ", p50", p50, "ms"));
        notes.figure(
                bound
                        ? Figure.below(who + ", p99", p99, "ms", 50)
                        : Figure.told(who + ", p99", p99, "ms"));
        notes.figure(Figure.told(who + ", p99.9", latency.p999() / MICROS, "ms"));
    }

    private void findings(String who, Ledger ledger, MarkedPublisher.Published published) {
        notes.finding(Finding.exactly(who + ", requests refused", 0, published.errors()));
        notes.finding(Finding.exactly(who + ", events", published.events(), ledger.heard()));
        notes.finding(Finding.exactly(who + ", out of their key's order", 0, ledger.outOfTurn()));
        notes.figure(Figure.told(who + ", came again", (double) ledger.again(), "events"));
    }
}
