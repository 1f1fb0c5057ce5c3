package dev.jubilee.bench;

import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Ten webhooks, each of which gets a tenth of what is published; in the end one of them hangs. */
final class WebhookScenario {
    private static final String TOPIC = "bench.webhooks";
    private static final int LANES = 10;
    private static final int RATE = 12_000;
    private static final int SLOTS = 8;
    private static final int FLOOR = 10_000;
    private static final double MEMORY_LIMIT = 512;
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final String LOGGED =
            """
            SELECT count(*) FROM bus.event_deliveries
            WHERE status = 'delivered' AND subscription_id = ANY (string_to_array(?, ','))
            """;

    private final Stand stand;
    private final MarkedLoad load;
    private final MarkedPublisher publisher;
    private final Outcome.Notes notes = new Outcome.Notes();
    private final List<Receiver.Webhook> receivers = new ArrayList<>();
    private final List<String> ids = new ArrayList<>();
    private long delivered;
    private long again;

    private WebhookScenario(Stand stand, MarkedLoad load, MarkedPublisher publisher) {
        this.stand = stand;
        this.load = load;
        this.publisher = publisher;
    }

    static Outcome run(Stand stand) {
        stand.topic(TOPIC);
        MarkedLoad load = new MarkedLoad(TOPIC, SLOTS, Bodies.BATCH);
        Vertx vertx = MarkedPublisher.oneLoop();
        try (MarkedPublisher publisher = new MarkedPublisher(stand.platform(), load)) {
            return new WebhookScenario(stand, load, publisher).run(vertx);
        } finally {
            vertx.close().await();
        }
    }

    private Outcome run(Vertx vertx) {
        try (Subscriptions subscriptions = new Subscriptions(stand.platform())) {
            for (int lane = 0; lane < LANES; lane++) {
                Receiver.Webhook receiver = new Receiver.Webhook(vertx);
                receivers.add(receiver);
                ids.add(
                        subscriptions
                                .add(
                                        Map.of(
                                                "topic_pattern",
                                                TOPIC,
                                                "method",
                                                "webhook",
                                                "endpoint",
                                                receiver.url(),
                                                "filter",
                                                MarkedLoad.laneFilter(lane)))
                                .text("subscription_id"));
            }
            measure();
        } finally {
            receivers.forEach(Receiver::close);
        }
        return notes.of(
                "deliver-webhook: to ten webhooks, delivery log on; then one of them hangs");
    }

    private void measure() {
        warmUp();
        int rate = stand.rate(RATE);
        stand.say("%,d/s for ten that answer".formatted(rate));
        Round all;
        try (Meter meter = stand.meter()) {
            all = round(rate, stand.duration(), LANES);
            notes.figure(Figure.told("published", all.published().rate(), "/s"));
            notes.figure(Figure.atLeast("delivered meanwhile", all.rate(LANES), "/s", FLOOR));
            notes.figure(
                    Figure.told("until the rest was delivered", all.rest().toMillis() / 1e3, "s"));
            Phases.cost(notes, meter, "delivery", all.published().events());
            Phases.memory(notes, meter, "", MEMORY_LIMIT);
        }
        findings("ten receivers", all, LANES);
        logged();

        stand.say("%,d/s, and one of the ten hangs".formatted(rate));
        receivers.getLast().hang();
        Round nine = round(rate, stand.duration(), LANES - 1);
        notes.figure(Figure.told("the nine before", all.rate(LANES - 1), "/s"));
        notes.figure(Figure.told("the nine beside one that hangs", nine.rate(LANES - 1), "/s"));
        notes.figure(
                Figure.atLeast(
                        "of what they had",
                        Figure.ratio(nine.rate(LANES - 1), all.rate(LANES - 1)),
                        "×",
                        0.9));
        findings("nine receivers", nine, LANES - 1);
    }

    private void warmUp() {
        Warmth warmth = stand.warmth();
        while (warmth.wantsMore()) {
            stand.say("warming up");
            round(stand.rate(RATE), stand.warmUp(), LANES);
        }
    }

    /**
     * What was published and what each receiver heard.
     *
     * @param meanwhile how much each had when the last was due
     * @param rest how long it then took
     */
    private record Round(
            MarkedPublisher.Published published,
            List<Ledger> ledgers,
            List<Long> meanwhile,
            double seconds,
            Duration rest) {
        double rate(int lanes) {
            return meanwhile.subList(0, lanes).stream().mapToLong(Long::longValue).sum() / seconds;
        }

        long heard(int lanes) {
            return ledgers.subList(0, lanes).stream().mapToLong(Ledger::heard).sum();
        }
    }

    /** Publishes for so long, and waits until the first so many receivers have their part. */
    private Round round(int rate, Duration duration, int lanes) {
        List<Ledger> ledgers = new ArrayList<>();
        for (Receiver receiver : receivers) {
            Ledger ledger = new Ledger(publisher.nextPhase(), load.keys());
            receiver.hear(ledger);
            ledgers.add(ledger);
        }
        long start = System.nanoTime();
        MarkedPublisher.Published published =
                publisher.steady("bench-" + stand.run() + "-webhooks", rate, duration);
        double seconds = (System.nanoTime() - start) / 1e9;
        List<Long> meanwhile = ledgers.stream().map(Ledger::heard).toList();
        Round round = new Round(published, ledgers, meanwhile, seconds, Duration.ZERO);
        long wanted = published.events() / LANES * lanes;
        Duration rest = Waiting.until(PATIENCE, () -> round.heard(lanes) >= wanted);
        delivered += round.heard(lanes);
        again += ledgers.stream().mapToLong(Ledger::again).sum();
        return new Round(published, ledgers, meanwhile, seconds, rest);
    }

    private void findings(String who, Round round, int lanes) {
        long wanted = round.published().events() / LANES * lanes;
        List<Ledger> ledgers = round.ledgers().subList(0, lanes);
        notes.finding(Finding.exactly("requests refused", 0, round.published().errors()));
        notes.finding(Finding.exactly("events of " + who, wanted, round.heard(lanes)));
        notes.finding(
                Finding.exactly(
                        who + ", out of their key's order",
                        0,
                        ledgers.stream().mapToLong(Ledger::outOfTurn).sum()));
        notes.figure(
                Figure.told(
                        who + ", came again",
                        (double) ledgers.stream().mapToLong(Ledger::again).sum(),
                        "events"));
    }

    /** The delivery log has each. */
    private void logged() {
        String subscriptions = String.join(",", ids);
        Waiting.until(
                PATIENCE, () -> stand.installation().count(LOGGED, subscriptions) >= delivered);
        notes.finding(
                new Finding(
                        "deliveries in the delivery log",
                        delivered,
                        delivered + again,
                        stand.installation().count(LOGGED, subscriptions)));
    }
}
