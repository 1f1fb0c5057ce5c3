package dev.jubilee.bench;

import dev.jubilee.bench.client.Answer;
import dev.jubilee.bench.client.Platform;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** Subscriptions that a scenario makes, and takes away when it is done with them. */
final class Subscriptions implements AutoCloseable {
    private final Platform platform;
    private final List<String> ids = new CopyOnWriteArrayList<>();

    Subscriptions(Platform platform) {
        this.platform = platform;
    }

    /** Makes one, without a limit to its rate, tried again soon, and returns what was answered. */
    Answer add(Map<String, Object> fields) {
        Map<String, Object> all = new TreeMap<>(fields);
        all.putIfAbsent("service_name", "bench");
        if ("webhook".equals(all.get("method"))) { // the others are read as fast as one likes
            all.putIfAbsent("rate_limit_per_min", 0);
        }
        all.putIfAbsent("retry_delay", 1);
        Answer answer =
                platform.busPost("/subscriptions", all, Map.of()).expect("Making a subscription");
        ids.add(answer.text("subscription_id"));
        return answer;
    }

    @Override
    public void close() {
        ids.parallelStream()
                .forEach(id ->
                        platform.busDelete("/subscriptions/" + id)
                                .expect("Deleting a subscription"));
    }
}
