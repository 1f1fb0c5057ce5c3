package dev.jubilee.events.micrometer;

import dev.jubilee.events.EventTracker;
import dev.jubilee.events.tck.EventTrackerContract;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.InstantSource;
import org.junit.jupiter.api.Nested;

/** The tracker keeps its word whatever registry it writes to. */
class MicrometerTrackerContractTest {
    @Nested
    class InMemory extends EventTrackerContract {
        @Override
        protected EventTracker open(InstantSource clock) {
            return new MicrometerEventTracker(new SimpleMeterRegistry(), clock);
        }
    }

    @Nested
    class InPrometheus extends EventTrackerContract {
        @Override
        protected EventTracker open(InstantSource clock) {
            return new MicrometerEventTracker(
                    new PrometheusMeterRegistry(PrometheusConfig.DEFAULT), clock);
        }
    }
}
