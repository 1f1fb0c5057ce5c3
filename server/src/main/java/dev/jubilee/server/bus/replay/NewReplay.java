package dev.jubilee.server.bus.replay;

import dev.jubilee.events.EventId;
import dev.jubilee.events.TopicName;
import dev.jubilee.events.TopicPattern;
import dev.jubilee.server.bus.search.Span;
import dev.jubilee.server.bus.topics.Topic;
import dev.jubilee.server.bus.topics.TopicAction;
import dev.jubilee.server.bus.topics.TopicCatalogue;
import dev.jubilee.server.http.Input;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.security.Principal;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads what somebody wants replayed. */
final class NewReplay {
    private static final int MAX_RATE = 1_000_000;
    private static final Instant LATEST = Instant.parse("9999-12-31T23:59:59.999999999Z");

    private NewReplay() {}

    /**
     * Reads a body, naming every fault at once.
     *
     * @throws dev.jubilee.server.http.ProblemException 403 when the caller may not read the topic
     *     or publish to the target, 404 when there is no such target, 409 when it takes no events
     */
    static Replay read(Input input, Principal who, Replays.Platform platform, InstantSource clock) {
        TopicCatalogue topics = platform.topics();
        Instant now = clock.instant();
        String topic = pattern(input);
        Instant start = input.instant("start_time");
        Instant end = input.optionalInstant("end_time");
        boolean dryRun = input.flag("dry_run", false);
        String target = input.optionalText("target_topic", TopicName.MAX_LENGTH);
        String subscription = input.optionalText("subscription_id", 100);
        boolean file = input.flag("file", false);
        String filter = ReplayFilter.read(input, "filter");
        Long rate = input.optionalInteger("rate_per_second", 1, MAX_RATE);
        if (input.isFine() && end != null && !start.isBefore(end)) {
            input.reject("end_time", "must be after start_time");
        }
        if (start.isBefore(Instant.EPOCH) || start.isAfter(LATEST)) {
            input.reject("start_time", "must be between 1970 and 9999");
        }
        if (target != null && file) {
            input.reject("file", "must not stand beside target_topic");
        }
        if (subscription != null && (target != null || file)) {
            input.reject("subscription_id", "must not stand beside target_topic or file");
        }
        if (!dryRun && target == null && subscription == null && !file) {
            input.reject(
                    "target_topic",
                    "is required, unless there is a subscription_id, or file or dry_run is true");
        }
        input.check();
        Replay.Kind kind = dryRun ? Replay.Kind.NONE : kind(file, subscription);
        if (subscription != null) {
            platform.subscribers().mustTake(subscription);
        }
        if (target != null) {
            mustTakeEvents(target, who, topics);
        }
        // To the next millisecond, so that what was accepted just now is within.
        Instant latest = now.plusMillis(1);
        return new Replay(
                new EventId(clock).next(),
                Replay.Status.PENDING,
                topic,
                excluded(topic, who, topics),
                start,
                end == null || end.isAfter(latest) ? latest : end,
                filter,
                kind,
                kind == Replay.Kind.SUBSCRIPTION ? subscription : target,
                rate == null ? null : rate.intValue(),
                null,
                0,
                0,
                Replay.Source.STORE,
                Span.floor(start),
                null,
                null,
                who.id(),
                now,
                null,
                null);
    }

    private static Replay.Kind kind(boolean file, @Nullable String subscription) {
        if (file) {
            return Replay.Kind.FILE;
        }
        return subscription == null ? Replay.Kind.TOPIC : Replay.Kind.SUBSCRIPTION;
    }

    private static String pattern(Input input) {
        String topic = input.text("topic", TopicName.MAX_LENGTH);
        try {
            if (!topic.isEmpty()) {
                TopicPattern.of(topic);
            }
        } catch (IllegalArgumentException e) {
            input.reject("topic", String.valueOf(e.getMessage()));
        }
        return topic;
    }

    private static void mustTakeEvents(String name, Principal who, TopicCatalogue topics) {
        Topic target = topics.find(name);
        if (target == null) {
            throw Problem.notFound("topic", name).asException();
        }
        if (!topics.allows(who, target, TopicAction.PUBLISH)) {
            throw Problem.forbidden("The caller may not publish to \"" + name + "\".")
                    .asException();
        }
        if (!target.isActive()) {
            throw Problem.conflict("topic_paused", "The topic \"" + name + "\" is paused.")
                    .asException();
        }
    }

    private static List<String> excluded(String topic, Principal who, TopicCatalogue topics) {
        List<String> closed = topics.closedTo(who, TopicAction.READ);
        if (closed.contains(topic)) {
            throw Problem.forbidden("The caller may not read \"" + topic + "\".").asException();
        }
        return closed;
    }
}
