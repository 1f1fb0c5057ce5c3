package dev.jubilee.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Every scenario by its name, in the order in which they are run. */
final class Scenarios {
    private static final Map<String, Scenario> ALL = new LinkedHashMap<>();

    static {
        ALL.put("echo", PublishScenarios::echo);
        ALL.put("events-active", ReadScenarios::active);
        ALL.put("event-get", ReadScenarios::one);
        ALL.put("publish", PublishScenarios::publish);
        ALL.put("publish-batch", PublishScenarios::batch);
        ALL.put("publish-batch-client-ids", PublishScenarios::batchOfClientIds);
        ALL.put("publish-subscribed", SubscribedScenario::publish);
        ALL.put("event-status", ReadScenarios::status);
        ALL.put("join-one", JoinScenarios::one);
        ALL.put("join-100", JoinScenarios::hundred);
        ALL.put("claim", JoinScenarios::claim);
        ALL.put("user-events", ReadScenarios::ofPlayers);
        ALL.put("progress", ProgressScenarios::live);
        ALL.put("progress-drain", ProgressScenarios::drain);
        ALL.put("store-append", EventStoreScenarios::append);
        ALL.put("store-append-16", EventStoreScenarios::appendBesideAlone);
        ALL.put("store-batch", EventStoreScenarios::batch);
        ALL.put("store-lag", EventStoreScenarios::lag);
        ALL.put("rabbitmq", BrokerScenarios::rabbitMq);
        ALL.put("redis", BrokerScenarios::redis);
        ALL.put("store-axon", EventStoreScenarios::besideAxon);
        ALL.put("bus-memory", BusScenarios::memory);
        ALL.put("bus-kafka", BusScenarios::kafka);
        ALL.put("store-catch-up", CatchUpScenario::run);
        ALL.put("routing", RoutingScenario::run);
        ALL.put("deliver-latency", LatencyScenario::run);
        ALL.put("deliver-webhook", WebhookScenario::run);
        ALL.put("replay", ReplayScenario::run);
    }

    private Scenarios() {}

    /** The names, for help and completion. */
    static final class Names extends ArrayList<String> {
        private static final long serialVersionUID = 1;

        Names() {
            super(ALL.keySet());
        }
    }

    /**
     * Those that are wanted; all when none is named.
     *
     * @throws BenchException when one is unknown
     */
    static Map<String, Scenario> named(List<String> names) {
        if (names.isEmpty()) {
            return ALL;
        }
        Map<String, Scenario> wanted = new LinkedHashMap<>();
        for (String name : names) {
            Scenario scenario = ALL.get(name);
            if (scenario == null) {
                throw new BenchException(
                        "There is no scenario \"%s\"; there are %s"
                                .formatted(name, String.join(", ", ALL.keySet())));
            }
            wanted.put(name, scenario);
        }
        return wanted;
    }
}
