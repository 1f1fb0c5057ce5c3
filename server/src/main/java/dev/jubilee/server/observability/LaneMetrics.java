package dev.jubilee.server.observability;

import dev.jubilee.events.postgres.LaneListener;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;

/**
 * What a lane of group commits does: {@code jubilee_lane_batch_items}, {@code
 * jubilee_lane_commit_seconds}, {@code jubilee_lane_retried_total}, {@code
 * jubilee_lane_poisoned_total}, {@code jubilee_lane_dropped_total}, by lane.
 */
public final class LaneMetrics implements LaneListener {
    private final DistributionSummary items;
    private final Timer commits;
    private final Counter retried;
    private final Counter poisoned;
    private final Counter dropped;

    /**
     * @param lane its name, such as {@code participation}
     */
    public LaneMetrics(String lane, MeterRegistry registry) {
        this.items =
                DistributionSummary.builder("jubilee.lane.batch.items")
                        .tag("lane", lane)
                        .register(registry);
        this.commits = Timer.builder("jubilee.lane.commit").tag("lane", lane).register(registry);
        this.retried = Counter.builder("jubilee.lane.retried").tag("lane", lane).register(registry);
        this.poisoned =
                Counter.builder("jubilee.lane.poisoned").tag("lane", lane).register(registry);
        this.dropped = Counter.builder("jubilee.lane.dropped").tag("lane", lane).register(registry);
    }

    @Override
    public void committed(int count, Duration took) {
        items.record(count);
        commits.record(took);
    }

    @Override
    public void retrying(int count, Throwable cause) {
        retried.increment(count);
    }

    @Override
    public void poisoned(Throwable cause) {
        poisoned.increment();
    }

    @Override
    public void dropped(int count) {
        dropped.increment(count);
    }
}
