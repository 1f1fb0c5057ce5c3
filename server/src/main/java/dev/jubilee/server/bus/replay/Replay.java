package dev.jubilee.server.bus.replay;

import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A replay and how far it has come.
 *
 * @param topic a name or a pattern
 * @param excludedTopics those that its creator may not read
 * @param endTime exclusive
 * @param filter a JSON object, see {@link ReplayFilter}
 * @param target the topic or the id of the subscription, when the kind is one
 * @param ratePerSecond null is as fast as it goes
 * @param matched how many events there are to replay; null until they are counted
 * @param skipped how many would match, but are not replayable
 * @param source where the events are read
 * @param position every event of the store before this id is done with
 * @param positions how far it is in each partition, see {@link KafkaPositions}; null when the
 *     position says it
 */
public record Replay(
        UUID replayId,
        Status status,
        String topic,
        List<String> excludedTopics,
        Instant startTime,
        Instant endTime,
        String filter,
        Kind kind,
        @Nullable String target,
        @Nullable Integer ratePerSecond,
        @Nullable Long matched,
        long skipped,
        long replayed,
        Source source,
        UUID position,
        @Nullable String positions,
        @Nullable String error,
        String createdBy,
        Instant createdAt,
        @Nullable Instant startedAt,
        @Nullable Instant finishedAt) {
    /** Where it stands. */
    public enum Status {
        PENDING,
        RUNNING,
        PAUSED,
        COMPLETED,
        CANCELLED,
        FAILED;

        /** As it is written in tables and answers. */
        String text() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }

        static Status of(String text) {
            return valueOf(text.toUpperCase(java.util.Locale.ROOT));
        }
    }

    /** Where the events go. */
    public enum Kind {
        /** They are counted, and no more: a dry run. */
        NONE,
        /** They are there to be downloaded. */
        FILE,
        /** They are forwarded to a topic. */
        TOPIC,
        /** A subscription is owed them once more. */
        SUBSCRIPTION;

        String text() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }

        static Kind of(String text) {
            return valueOf(text.toUpperCase(java.util.Locale.ROOT));
        }
    }

    /** Where events are read. */
    public enum Source {
        /** While Kafka holds all that is meant. */
        KAFKA,
        /** The event store. */
        STORE;

        String text() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }

        static Source of(String text) {
            return valueOf(text.toUpperCase(java.util.Locale.ROOT));
        }
    }

    /** The same, read from Kafka. */
    Replay fromKafka(KafkaPositions from) {
        return new Replay(
                replayId,
                status,
                topic,
                excludedTopics,
                startTime,
                endTime,
                filter,
                kind,
                target,
                ratePerSecond,
                matched,
                skipped,
                replayed,
                Source.KAFKA,
                position,
                from.text(),
                error,
                createdBy,
                createdAt,
                startedAt,
                finishedAt);
    }

    /** How much is done, 0 to 100. */
    double progressPercent() {
        if (status == Status.COMPLETED) {
            return 100;
        }
        if (matched == null || matched == 0) {
            return 0;
        }
        return Math.min(100, Math.round(replayed * 1_000.0 / matched) / 10.0);
    }

    /** Seconds until it is done at the pace so far; null while that is not known. */
    @Nullable Long secondsLeft(Instant now) {
        if (status != Status.RUNNING || startedAt == null || matched == null || replayed == 0) {
            return null;
        }
        double took = Math.max(1, startedAt.until(now, java.time.temporal.ChronoUnit.MILLIS));
        return Math.round((matched - replayed) * took / replayed / 1_000);
    }
}
