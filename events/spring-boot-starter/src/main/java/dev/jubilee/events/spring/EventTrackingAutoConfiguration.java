package dev.jubilee.events.spring;

import dev.jubilee.events.EventTracker;
import dev.jubilee.events.micrometer.MicrometerEventTracker;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.InstantSource;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/** Counts events in the application's meter registry, if it has one. */
@AutoConfiguration(
        before = EventBusAutoConfiguration.class,
        afterName =
                "org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration")
@ConditionalOnClass({MeterRegistry.class, MicrometerEventTracker.class})
@ConditionalOnBean(MeterRegistry.class)
@ConditionalOnBooleanProperty(name = "jubilee.events.tracking.enabled", matchIfMissing = true)
public final class EventTrackingAutoConfiguration {
    @Bean
    @ConditionalOnMissingBean(EventTracker.class)
    MicrometerEventTracker eventTracker(
            MeterRegistry registry, ObjectProvider<InstantSource> clock) {
        return new MicrometerEventTracker(registry, clock.getIfUnique(InstantSource::system));
    }
}
