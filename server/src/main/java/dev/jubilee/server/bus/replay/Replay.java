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
 * @param target the topic, when the kind is one
 * @param ratePerSecond null is as fast as it goes
 * @param matched how many events there are to replay; null until they are counted
 * @param skipped how many would match, but are not replayable
 * @param position every event before this id is done with
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
        UUID position,
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

    /** What becomes of the events. */
    public enum Kind {
        /** They are counted, and no more: a dry run. */
        NONE,
        /** They are there to be downloaded. */
        FILE,
        /** They are forwarded to a topic. */
        TOPIC;

        String text() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }

        static Kind of(String text) {
            return valueOf(text.toUpperCase(java.util.Locale.ROOT));
        }
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
