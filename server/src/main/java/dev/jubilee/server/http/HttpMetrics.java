package dev.jubilee.server.http;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * How many requests a port answered and how long that took, by route and status: {@code
 * http_server_requests_seconds}. Paths are those of routes, so that nobody can make new labels.
 * Thread-safe.
 */
public final class HttpMetrics {
    private static final Duration[] BUCKETS =
            Stream.of(5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000)
                    .map(Duration::ofMillis)
                    .toArray(Duration[]::new);

    private final MeterRegistry registry;
    private final String port;

    /**
     * @param port what tells this port's from those of others
     */
    public HttpMetrics(MeterRegistry registry, String port) {
        this.registry = registry;
        this.port = port;
    }

    /** Metrics that nobody reads. */
    static HttpMetrics unread() {
        return new HttpMetrics(new SimpleMeterRegistry(), "none");
    }

    /** For one event loop. */
    Recorder recorder() {
        return new Recorder();
    }

    private Timer timer(Router.@Nullable Route route, int status) {
        return Timer.builder("http.server.requests")
                .description("From the first byte of a request until it was answered")
                .tag("port", port)
                .tag("method", route == null ? "other" : route.method().name())
                .tag("uri", route == null ? "none" : route.path())
                .tag("status", Integer.toString(status))
                .serviceLevelObjectives(BUCKETS)
                .register(registry);
    }

    /** Knows the timers that its event loop has met. Not thread-safe. */
    final class Recorder {
        private final IdentityHashMap<Router.Route, Map<Integer, Timer>> known =
                new IdentityHashMap<>();
        private final Map<Integer, Timer> unmatched = new HashMap<>();

        private Recorder() {}

        /**
         * @param route null when there was none that fits
         */
        void answered(Router.@Nullable Route route, int status, long nanos) {
            Map<Integer, Timer> timers =
                    route == null
                            ? unmatched
                            : known.computeIfAbsent(route, met -> new HashMap<>());
            timers.computeIfAbsent(status, met -> timer(route, met))
                    .record(nanos, TimeUnit.NANOSECONDS);
        }
    }
}
