package dev.jubilee.server.observability;

import dev.jubilee.events.kafka.LoopListener;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Collection;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a consuming loop does: {@code jubilee_consumer_records_total}, {@code
 * jubilee_consumer_batch_seconds}, {@code jubilee_consumer_fenced_total}, {@code
 * jubilee_consumer_failures_total}, {@code jubilee_consumer_lost_records_total}, {@code
 * jubilee_consumer_lost_tail_records_total}, {@code jubilee_consumer_beyond_end_total}, by group.
 */
public final class LoopMetrics implements LoopListener {
    private static final Logger log = LoggerFactory.getLogger(LoopMetrics.class);

    private final String group;
    private final Counter records;
    private final Timer batches;
    private final Counter fenced;
    private final Counter failures;
    private final Counter lost;
    private final Counter lostTail;
    private final Counter beyondEnd;

    /**
     * @param group the consumer group
     */
    public LoopMetrics(String group, MeterRegistry registry) {
        this.group = group;
        this.records =
                Counter.builder("jubilee.consumer.records").tag("group", group).register(registry);
        this.batches =
                Timer.builder("jubilee.consumer.batch").tag("group", group).register(registry);
        this.fenced =
                Counter.builder("jubilee.consumer.fenced").tag("group", group).register(registry);
        this.failures =
                Counter.builder("jubilee.consumer.failures").tag("group", group).register(registry);
        this.lost = counter("jubilee.consumer.lost.records", registry);
        this.lostTail = counter("jubilee.consumer.lost.tail.records", registry);
        this.beyondEnd = counter("jubilee.consumer.beyond.end", registry);
    }

    private Counter counter(String name, MeterRegistry registry) {
        return Counter.builder(name).tag("group", group).register(registry);
    }

    @Override
    public void handled(int count, Duration took) {
        records.increment(count);
        batches.record(took);
    }

    @Override
    public void fenced(Collection<TopicPartition> partitions) {
        fenced.increment();
        log.info("{} was moved on by another consumer: {}", group, partitions);
    }

    @Override
    public void failing(Throwable cause, int times) {
        failures.increment();
        if (times == 1) {
            log.warn("{} cannot go on at the moment, trying again: {}", group, cause.toString());
        }
    }

    @Override
    public void recordsLost(TopicPartition partition, long count) {
        lost.increment((double) count);
        log.error(
                "ALARM: {} lost {} records of {}: Kafka deleted them first",
                group,
                count,
                partition);
    }

    @Override
    public void tailLost(TopicPartition partition, long position, long end) {
        lostTail.increment((double) (position - end));
        log.error(
                "ALARM: Kafka lost {} records from {} of {} on, which {} had consumed",
                position - end,
                end,
                partition,
                group);
    }

    @Override
    public void beyondEnd(TopicPartition partition, long position, long end) {
        failures.increment();
        beyondEnd.increment();
        log.error(
                "ALARM: {} stands at {} of {}, but Kafka ends at {}",
                group,
                position,
                partition,
                end);
    }

    @Override
    public void broken(Exception cause) {
        failures.increment();
        log.warn("{} makes its Kafka client anew: {}", group, cause.toString());
    }
}
